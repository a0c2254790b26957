"""How allauth behaves here: nobody signs up, second factors lie encrypted."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Accounts are made by a team lead; there is no public sign-up."""
        return False


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Without this, TOTP secrets and recovery seeds lie in plain text."""

    def _fernet(self) -> MultiFernet | None:
        keys = [Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS]
        return MultiFernet(keys) if keys else None

    def encrypt(self, text: str) -> str:
        fernet = self._fernet()
        return fernet.encrypt(text.encode()).decode() if fernet else text

    def decrypt(self, encrypted_text: str) -> str:
        fernet = self._fernet()
        return fernet.decrypt(encrypted_text.encode()).decode() if fernet else encrypted_text
