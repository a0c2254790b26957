"""Who comes on a day, with what is open for each; visits are booked and closed here."""
