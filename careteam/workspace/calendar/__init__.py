"""Calendars for programs outside: what stands in a feed, the page where its links are made."""
