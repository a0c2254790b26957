"""The worklists of a team on paper, made every night, for when the system is down."""
