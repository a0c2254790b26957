"""Files that a worker makes: a table says what waits, the page how far it is."""
