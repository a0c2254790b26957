"""Uploads that grow too large are given up while they are read, whatever the browser said of their size."""

from __future__ import annotations

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

_NOTED = "careteam.too_large"


class LimitedUpload(FileUploadHandler):
    """First of the handlers: fields named in `UPLOAD_LIMITS` are dropped once more than their bytes have come. What
    comes after is read from the line and kept nowhere; `was_too_large` tells the view."""

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]
        self.limit = settings.UPLOAD_LIMITS.get(self.field_name or "")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if self.limit is not None and start + len(raw_data) > self.limit:
            if self.request is not None:
                self.request.META.setdefault(_NOTED, set()).add(self.field_name)
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:  # noqa: ARG002  # the handlers behind this one keep the file
        return None


def was_too_large(request: HttpRequest, field: str) -> bool:
    """Whether the file of that field was given up for its size. Reads the body."""
    return bool(request.FILES is not None and field in request.META.get(_NOTED, ()))
