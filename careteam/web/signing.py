"""Signing asks for the password again: the field, and its check under the rate limit of signing in again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.core import ratelimit
from django import forms

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

TOO_OFTEN = "Too many attempts. Wait a minute and try again; nothing you wrote is lost."


class PasswordForm(forms.Form):
    """Asks for the password of the person who signs."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password to sign."},
    )

    def __init__(self, *args: Any, user: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.wrong_password = False

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            self.wrong_password = True
            raise forms.ValidationError("That is not your password. Nothing was signed; the text is kept.")
        return password


def password_status(request: HttpRequest, form: PasswordForm) -> int:
    """Checks the form with its password under the rate limit of signing in again: 200 when valid, 422 when not, 429
    when tried too often (the form then says so)."""
    if not ratelimit.consume(request, action="reauthenticate", user=request.user, dry_run=True):
        form.full_clean()
        form.errors.clear()
        form.add_error("password", TOO_OFTEN)
        return 429
    if form.is_valid():
        return 200
    if form.wrong_password:
        ratelimit.consume(request, action="reauthenticate", user=request.user)
    return 422
