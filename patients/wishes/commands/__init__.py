"""The only writers of wishes, documents and reviews."""

from patients.wishes.commands.conversations import give_back_conversation, take_from_conversation

__all__ = ["give_back_conversation", "take_from_conversation"]
