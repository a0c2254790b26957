"""Celery tasks of the tumorboard app: keyword ids only, the clock is read here, one command each, safe to run twice."""
