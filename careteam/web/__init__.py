"""The ground layer of every page: words, template tags, paging, htmx answers, headers, drawing arithmetic.

Imports nothing else of this project.
"""
