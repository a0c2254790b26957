"""The only writers of wishes, documents, stored files and reviews."""

from patients.wishes.commands.conflicts import answer_conflict, follow_conflicts, follow_expired, follow_patient
from patients.wishes.commands.conversations import give_back_conversation, take_from_conversation
from patients.wishes.commands.documents import add_document, change_document, document_in_error, move_document
from patients.wishes.commands.files import add_file, file_in_error, scan_file, sweep_files, too_large
from patients.wishes.commands.reviews import review_for_procedure
from patients.wishes.commands.wishes import end_wish, say, withdraw

__all__ = [
    "add_document",
    "add_file",
    "answer_conflict",
    "change_document",
    "document_in_error",
    "end_wish",
    "file_in_error",
    "follow_conflicts",
    "follow_expired",
    "follow_patient",
    "give_back_conversation",
    "move_document",
    "review_for_procedure",
    "say",
    "scan_file",
    "sweep_files",
    "take_from_conversation",
    "too_large",
    "withdraw",
]
