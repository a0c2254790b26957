"""Reading wishes, documents, people, contradictions and reviews of one patient; stored files that wait."""

from patients.wishes.queries.files import documents_folder, path_of, same_file, waiting_scans
from patients.wishes.queries.now import (
    CONFLICT_STEP,
    ConflictNow,
    People,
    ReviewNow,
    SideNow,
    WishNow,
    conflicts_of,
    documents_of,
    history_of,
    holding,
    people_of,
    review_of,
    shown_limits,
    wish_now,
)

__all__ = [
    "CONFLICT_STEP",
    "ConflictNow",
    "People",
    "ReviewNow",
    "SideNow",
    "WishNow",
    "conflicts_of",
    "documents_folder",
    "documents_of",
    "history_of",
    "holding",
    "path_of",
    "people_of",
    "review_of",
    "same_file",
    "shown_limits",
    "waiting_scans",
    "wish_now",
]
