"""The one settings file: strict defaults, everything that differs between sites comes from the environment.

Importing it needs no server. `docs/operations.md` lists the variables.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def env_bool(name: str, *, default: bool = False) -> bool:
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def env_list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in env(name, default).split(",") if item.strip()]


# PRODUCTION=1 is set by the Docker image; the embedded run leaves it unset.
PRODUCTION = env_bool("PRODUCTION")
DEBUG = env_bool("DJANGO_DEBUG")
SECRET_KEY = env("DJANGO_SECRET_KEY") or (
    "" if PRODUCTION else "embedded-run-only-never-used-in-production-" + "x" * 20
)
if not SECRET_KEY:
    raise ImproperlyConfigured("DJANGO_SECRET_KEY must be set in production.")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
SITE_URL = env("SITE_URL", "http://localhost:" + env("PORT", "8000"))

INSTALLED_APPS = [
    "careteam.apps.CareteamConfig",
    "patients.apps.PatientsConfig",
    "tumorboard.apps.TumorboardConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.admin",
    "django_htmx",
    "template_partials",
    "pgtrigger",
    "pghistory",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "careteam.web.middleware.NoStoreMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "careteam.access.middleware.SessionLimitsMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "careteam.audit.middleware.ReadAuditMiddleware",
]

ROOT_URLCONF = "careteam.urls"
WSGI_APPLICATION = "careteam.wsgi.application"
ASGI_APPLICATION = "careteam.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["careteam.web.templatetags.ui", "template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "careteam.workspace.shell.shell",
            ],
        },
    }
]


def database(url: str) -> dict[str, Any]:
    """Django's settings for a `postgresql://user:password@host:port/name?host=/socket/folder` URL."""
    parts = urlparse(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or (parts.hostname or ""),
        "PORT": query.pop("port", "") or (str(parts.port) if parts.port else ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # a pooled connection may have outlived a restart of the database
        "OPTIONS": dict(query),
    }


DATABASES = {"default": database(env("DATABASE_URL", "postgresql://postgres@localhost/careteam"))}
# Nearly half of a word's trigrams must match: forgives two swapped letters in a name (the default of 0.6 does not).
# And the working set of a team lies in memory, where an index costs what it reads (the default is a disk's).
_options = "-c pg_trgm.word_similarity_threshold=0.45 -c random_page_cost=1.1"
DATABASES["default"]["OPTIONS"]["options"] = _options
if TESTING:
    # The flush of transactional tests is a TRUNCATE; the guards on clinical tables let it pass only here.
    DATABASES["default"]["OPTIONS"]["options"] = f"{_options} -c careteam.allow_truncate=on"
    DATABASES["default"]["TEST"] = {"NAME": "test_careteam" + env("TEST_SUFFIX")}
elif not env_bool("NO_DATABASE_POOL"):
    # Web workers x max_size + Celery must stay below max_connections (100).
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 2, "max_size": int(env("DATABASE_POOL", "10")), "timeout": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", "redis://localhost:6379/0")


def redis_url(database_number: int, *, celery: bool = False) -> str:
    """`REDIS_URL` with another database number, in redis-py's spelling or in kombu's (`redis+socket://`)."""
    base = REDIS_URL.replace("redis+socket://", "unix://").split("?", maxsplit=1)[0]
    if base.startswith("unix://"):
        if celery:
            return base.replace("unix://", "redis+socket://") + f"?virtual_host={database_number}"
        return f"{base}?db={database_number}"
    parts = urlparse(base)
    return parts._replace(path=f"/{database_number}").geturl()


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_url(0),
        "KEY_PREFIX": "careteam" + env("CACHE_SUFFIX"),
    }
}

CELERY_BROKER_URL = redis_url(1, celery=True)
PUBSUB_URL = redis_url(2)

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    *(["django.contrib.auth.hashers.MD5PasswordHasher"] if TESTING else []),
]
if TESTING:
    PASSWORD_HASHERS.reverse()  # thousands of test users: MD5 first, in tests only
AUTH_USER_MODEL = "careteam.User"
AUTHENTICATION_BACKENDS = [
    "careteam.people.backends.ActivePeopleBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "careteam.people.queries.display_name"
ACCOUNT_ADAPTER = "careteam.people.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by the team lead, not by signing up
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "reset_password": "10/m/ip,5/m/key",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ALLAUTH_TRUSTED_PROXY_COUNT = int(env("TRUSTED_PROXIES", "0"))
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_ADAPTER = "careteam.people.adapter.MfaAdapter"
FIELD_ENCRYPTION_KEYS = env_list("FIELD_ENCRYPTION_KEYS")  # Fernet keys, newest first
SOCIALACCOUNT_ONLY = False
USERSESSIONS_TRACK_ACTIVITY = False  # careteam.access.middleware keeps the activity, without extending it by polling

# Toasts wait in the session: in a cookie their words would travel and stay with the browser.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # a flushed Redis signs nobody out
SESSION_IDLE_SECONDS = int(env("SESSION_IDLE_SECONDS", str(30 * 60)))
SESSION_ABSOLUTE_SECONDS = int(env("SESSION_ABSOLUTE_SECONDS", str(12 * 3600)))
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "careteam.workspace.shell.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION and env_bool("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if env_bool("BEHIND_TLS_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"  # every team has its own; see careteam.people.models.Team
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG or TESTING  # a test's client is new each time, and would read all files at its start
# Uploads and printouts: outside the web root, never served by path.
PRIVATE_ROOT = Path(env("PRIVATE_ROOT", str(BASE_DIR / ".local" / "private")))
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Scans of documents (POLST, advance directive …): PDF only, refused while they are read.
DOCUMENT_MAX_BYTES = int(env("DOCUMENT_MAX_MB", "10")) * 1024 * 1024
UPLOAD_LIMITS = {"scan": DOCUMENT_MAX_BYTES}  # by the name of the form's field
FILE_UPLOAD_HANDLERS = [
    "careteam.web.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Virus scan of stored documents, e.g. "clamdscan --no-summary --fdpass"; gets the path, says 0 clean, 1 infected.
SCAN_COMMAND = env("SCAN_COMMAND")
IMPORT_MAX_BYTES = 200 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 2000  # an export of single resources is a folder of many small files

DEFAULT_FROM_EMAIL = env("EMAIL_FROM", "NET care team <no-reply@localhost>")
if TESTING:
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
elif env("EMAIL_URL"):  # smtp://user:password@host:587?tls=1
    _mail = urlparse(env("EMAIL_URL"))
    EMAIL_BACKEND = "careteam.notifications.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or 25
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_TLS = "tls=1" in _mail.query
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = env("EMAIL_FILE_PATH", str(BASE_DIR / ".local" / "mail"))

# Clinical decision support (docs/adr): a site without clearance for it switches it off.
DECISION_SUPPORT_ENABLED = env_bool("DECISION_SUPPORT_ENABLED", default=True)

PGHISTORY_APPEND_ONLY = True
PGTRIGGER_INSTALL_ON_MIGRATE = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"tokens": {"()": "careteam.web.logs.HideTokens"}},
    "formatters": {
        "plain": {"()": "careteam.logs.PlainFormatter", "fmt": "{levelname} {name}: {message}", "style": "{"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "WARNING")},
    "loggers": {
        **{name: {"level": "INFO"} for name in ("careteam", "patients", "tumorboard")},
        # These name the address of a request, and the address of a calendar is its key.
        **{name: {"filters": ["tokens"]} for name in ("django.request", "django.server")},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
