"""Template tags of the tumorboard app."""
