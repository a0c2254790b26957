"""Places for scans: set up, free days of one scan, and booking several at once."""

from patients.capacity.views.booking import bulk_schedule
from patients.capacity.views.places import capacity_change, capacity_list, capacity_new, free_places

__all__ = ["bulk_schedule", "capacity_change", "capacity_list", "capacity_new", "free_places"]
