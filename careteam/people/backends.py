"""Sign-in without Django's own permissions."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class ActivePeopleBackend(ModelBackend):
    """Signs in active people; grants no Django permission to anybody (roles do that)."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:  # noqa: ARG002
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:  # noqa: ARG002
        return set()
