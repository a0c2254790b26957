"""Writes histories into the tables, by COPY, a batch of patients in a transaction."""
