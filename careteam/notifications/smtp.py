"""Mail over SMTP that knows whether an answer was lost before the server had the whole message, or after."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends import smtp


class AnswerLost(Exception):
    """The server was given the whole message and did not say whether it took it: it may arrive, it may not."""


class _Listening:
    """Remembers that the server has asked for the message's text (354)."""

    text_is_asked = False

    def getreply(self) -> tuple[int, bytes]:
        code, answer = super().getreply()  # type: ignore[misc]
        self.text_is_asked = code == 354
        return code, answer

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.text_is_asked = False
        try:
            answered: tuple[int, bytes] = super().data(msg)  # type: ignore[misc]
        except OSError as error:  # smtplib's own errors are OSErrors too
            if self.text_is_asked:
                raise AnswerLost(f"{type(error).__name__}: {error}") from error
            raise
        return answered


class _Plain(_Listening, smtplib.SMTP):
    pass


class _Tls(_Listening, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """Django's, but for `AnswerLost`."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Tls if self.use_ssl else _Plain
