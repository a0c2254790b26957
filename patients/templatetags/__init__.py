"""Tag libraries of the patients app."""
