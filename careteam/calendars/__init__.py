"""Calendar feeds: links that calendar programs read, without a sign-in and without data of patients."""
