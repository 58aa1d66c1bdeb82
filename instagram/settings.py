"""Settings: everything that differs between machines comes from the environment, typed and with its default here.

`.env.example` explains each variable; a test holds the two together. A `.env` file beside `manage.py` is read too.
`ENVIRONMENT=production` is strict: it refuses to start with an unsafe or missing value and names the variable.
"""

import base64
import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry
from whitenoise.compress import Compressor

from common import limits, local_servers

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")


def flag(name: str, *, default: bool) -> bool:
    """A switch: 1, on, yes, true or 0, off, no, false."""
    text = env.str(name, default="on" if default else "off").strip().lower()
    if text in {"1", "on", "yes", "true"}:
        return True
    if text in {"", "0", "off", "no", "false"}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {text!r}.")


def count(name: str, *, default: int, least: int = 0) -> int:
    """A whole number of at least `least`."""
    text = env.str(name, default=str(default)).strip() or str(default)
    if not text.isdigit() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}, not {text!r}.")
    return int(text)


def choices(name: str, *, of: set[str]) -> frozenset[str]:
    """Some of the words `of`, with commas."""
    words = frozenset(word.strip().lower() for word in env.list(name, default=[]) if word.strip())
    if words - of:
        raise ImproperlyConfigured(
            f"{name} must be some of {', '.join(sorted(of))}, not {', '.join(sorted(words - of))}."
        )
    return words


# --- What kind of run this is ------------------------------------------------------------------------------------

ENVIRONMENT = env.str("ENVIRONMENT", default="development")
if ENVIRONMENT not in {"development", "production"}:
    raise ImproperlyConfigured(f"ENVIRONMENT must be development or production, not {ENVIRONMENT!r}.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = flag("DEBUG", default=False)
TESTING = "pytest" in sys.modules

INSECURE_SECRET_KEY = "insecure-and-only-for-development-" + "x" * 30
SECRET_KEY = env.str("SECRET_KEY", default=INSECURE_SECRET_KEY)

HOST = env.str("HOST", default="127.0.0.1")
PORT = count("PORT", default=8000, least=1)
SITE_NAME = env.str("SITE_NAME", default="Everyframe")
SITE_ORIGIN = env.str("SITE_ORIGIN", default=f"http://localhost:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_ORIGIN])
TRUSTED_PROXY_COUNT = count("TRUSTED_PROXY_COUNT", default=0)

if PRODUCTION:
    if SECRET_KEY == INSECURE_SECRET_KEY or len(SECRET_KEY) < 50:
        raise ImproperlyConfigured(
            "Set SECRET_KEY to a random text of at least 50 characters: production needs its own."
        )
    if DEBUG:
        raise ImproperlyConfigured("Set DEBUG=0: debug pages show settings and data to everybody.")
    if urlsplit(SITE_ORIGIN).hostname in {"localhost", None}:
        raise ImproperlyConfigured("Set SITE_ORIGIN to the address of this site, such as https://photos.example.org.")
    if not env.str("EMAIL_URL", default=""):
        raise ImproperlyConfigured("Set EMAIL_URL to a mail server: new people must confirm their addresses.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names of this site, such as photos.example.org.")

    for name in ("FIELD_KEYS", "FIELD_HASH_KEY"):
        if not env.str(name, default=""):
            raise ImproperlyConfigured(f"Set {name}: mobile numbers are encrypted. .env.example says how.")

DATA_DIR = Path(env.str("DATA_DIR", default=".data")).expanduser()
DATA_DIR = DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR

WEB_WORKERS = count("WEB_WORKERS", default=os.cpu_count() or 1, least=1)
WEB_THREADS = count("WEB_THREADS", default=16, least=1)
WORKER_CONCURRENCY = count("WORKER_CONCURRENCY", default=1, least=1)

DEMO = flag("DEMO", default=not PRODUCTION)
RATE_LIMITS = flag("RATE_LIMITS", default=True)
MAX_PAGE_READS = count("MAX_PAGE_READS", default=1500, least=1)
MAX_SUGGESTION_READS = count("MAX_SUGGESTION_READS", default=400, least=1)
MAX_MEDIA_READS = count("MAX_MEDIA_READS", default=15_000, least=1)
REQUIRE_EMAIL_CONFIRMATION = flag("REQUIRE_EMAIL_CONFIRMATION", default=PRODUCTION)

# --- Applications ------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "instagram",
    "launcher",
    "common",
    "accounts",
    "personal_data",
    "api_access",
    "social",
    "posts",
    "feed",
    "search",
    "notifications",
    "allauth",
    "allauth.account",
    "common.apps.ModerationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "csp",
    # For its static files.
    "ninja",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.middleware.CompressPagesMiddleware",
    "csp.middleware.CSPMiddleware",
    "instagram.cors.CorsMiddleware",
    "instagram.api_middleware.ApiProblemsMiddleware",
    "common.middleware.SaneRequestMiddleware",
    "common.middleware.PrivatePagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Before the check of the CSRF token, which reads the body, so that closed pages turn strangers away unread.
    "accounts.middleware.SignInRequiredMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "instagram.api_middleware.ApiMiddleware",
    "common.middleware.RequestBodyMiddleware",
    "common.middleware.WriteLimitMiddleware",
    "common.middleware.ReadLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.LastSeenMiddleware",
    "accounts.middleware.OldUsernameMiddleware",
]

ROOT_URLCONF = "instagram.urls"
WSGI_APPLICATION = "instagram.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.site",
                "notifications.context.badge",
                "social.context.requests",
            ],
        },
    },
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# --- Data --------------------------------------------------------------------------------------------------------


def database_config(url: str) -> dict[str, object]:
    """Django's form of DATABASE_URL. The message shows nothing of the URL: it may hold a password."""
    config: dict[str, object] = {}
    if url.partition("://")[0] in {"postgres", "postgresql"}:
        with suppress(ValueError):
            config = env.db_url_config(url)
    if not config.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL must be like postgresql://user:password@host:5432/name.")
    return config


DATABASES: dict[str, dict[str, Any]] = {
    "default": database_config(env.str("DATABASE_URL", default="") or local_servers.postgres_url(DATA_DIR))
}
DATABASES["default"] |= {
    "ENGINE": "django.db.backends.postgresql",
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="") or local_servers.valkey_url(DATA_DIR)
# A hanging server costs one request this, twice when it publishes a task; then all go on without it (common.valkey).
REDIS_TIMEOUT_SECONDS = 1

CACHES = {
    "default": {
        "BACKEND": "common.cache.FaultTolerantCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {
            "socket_timeout": REDIS_TIMEOUT_SECONDS,
            "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
            # The library's own retries would wait seconds each.
            "retry": Retry(NoBackoff(), 0),
        },
    },
}
# Not cached: a log-out must be final, also while Valkey is away and a cached session could not be deleted.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media", "base_url": None, "file_permissions_mode": 0o644},
    },
    "originals": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "originals", "base_url": None, "file_permissions_mode": 0o600},
    },
    "incoming": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "incoming", "base_url": None, "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": (
            "common.staticfiles.CompressedStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG or TESTING
            else "common.staticfiles.QuicklyCompressedStaticFilesStorage"
        ),
    },
}

AWS_STORAGE_BUCKET_NAME = env.str("AWS_STORAGE_BUCKET_NAME", default="")
# Where the server in front has the renditions, for itself alone: it is told with X-Accel-Redirect which one to send.
MEDIA_ACCEL_PREFIX = env.str("MEDIA_ACCEL_PREFIX", default="")


def bucket_address(name: str, *, endpoint_url: object = None, region_name: object = None, **_: object) -> str:
    """Where browsers find a bucket."""
    if endpoint_url:
        return f"{str(endpoint_url).rstrip('/')}/{name}"
    return f"https://{name}.s3.{region_name}.amazonaws.com" if region_name else f"https://{name}.s3.amazonaws.com"


def s3_storages(
    bucket: str, originals_bucket: str, *, upload_url: str = "", **store: object
) -> dict[str, dict[str, object]]:
    """The storages in buckets: renditions in one, originals and what is on its way to them in the other.

    `store` says where and as whom (media.s3.Bucket); `upload_url` is where browsers send, by default to the store.
    """
    store |= {"addressing_style": "path" if store.get("endpoint_url") else "virtual"}
    private = store | {"bucket_name": originals_bucket}
    public = store | {"bucket_name": bucket}
    incoming = private | {
        "location": "incoming/",
        "upload_url": upload_url or bucket_address(originals_bucket, **store),
    }
    return {
        "default": {"BACKEND": "media.s3.Bucket", "OPTIONS": public},
        "originals": {"BACKEND": "media.s3.Bucket", "OPTIONS": private},
        "incoming": {"BACKEND": "media.incoming.s3.IncomingBucket", "OPTIONS": incoming},
    }


if AWS_STORAGE_BUCKET_NAME:
    STORAGES |= s3_storages(
        AWS_STORAGE_BUCKET_NAME,
        env.str("AWS_ORIGINALS_BUCKET_NAME", default="") or f"{AWS_STORAGE_BUCKET_NAME}-originals",
        upload_url=env.str("AWS_S3_UPLOAD_URL", default="").rstrip("/"),
        endpoint_url=env.str("AWS_S3_ENDPOINT_URL", default="") or None,
        region_name=env.str("AWS_S3_REGION_NAME", default="") or None,
        access_key=env.str("AWS_ACCESS_KEY_ID", default="") or None,
        secret_key=env.str("AWS_SECRET_ACCESS_KEY", default="") or None,
    )

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder", "common.staticfiles.AppsFinder"]
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = DEBUG or TESTING
WHITENOISE_AUTOREFRESH = DEBUG or TESTING
WHITENOISE_MAX_AGE = 60
# Only who looks into the scripts of /api/docs fetches their maps, and they are half the work of compressing.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]

# Kinds of files whose decoder is not trusted just now: refused at once, and by the worker too.
DECODERS_OFF = choices("DECODERS_OFF", of={"jpeg", "png", "webp", "avif", "heic", "gif", "video"})

# Files stream to disk above this; a photo is never held in memory whole.
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = limits.MAX_FORM_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
# Some more than a post may have, so that one too many gets our sentence and not a bare 400.
DATA_UPLOAD_MAX_NUMBER_FILES = limits.MAX_SLIDES * 5

# --- Work in the background --------------------------------------------------------------------------------------


def broker_url(redis_url: str) -> str:
    """The form that Celery's transport takes: a Unix socket is redis+socket://, with the database in the query."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={database}"


CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the longest task, or a task would run twice at once. Rows and sweepers recover sooner.
    "visibility_timeout": 2400,
    "socket_timeout": REDIS_TIMEOUT_SECONDS,
    "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
    "max_retries": 0,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "posts.process_media": {"queue": "media"},
    "posts.process_video": {"queue": "video"},
    "accounts.process_avatar": {"queue": "media"},
    # As long as a film, and as patient.
    "personal_data.build_export": {"queue": "video"},
    "feed.*": {"queue": "feed"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    # Each finds in the database what a lost message left undone, so nothing depends on the queue surviving.
    "sweep posts": {"task": "posts.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep avatars": {"task": "accounts.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep exports and deletions": {"task": "personal_data.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep API access": {"task": "api_access.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep follow requests": {"task": "social.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep notifications": {"task": "notifications.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "delete expired sessions": {
        "task": "accounts.delete_expired_sessions",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "sweep feeds": {"task": "feed.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "delete expired rate limits": {
        "task": "common.delete_expired_rate_limits",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "sweep files": {"task": "common.sweep_files", "schedule": 60.0, "options": {"expires": 60}},
    "fold counters": {"task": "common.fold_counters", "schedule": 2.0, "options": {"expires": 2}},
}

# --- People ------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.OneHashBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "feed:home"
LOGOUT_REDIRECT_URL = "feed:home"

ACCOUNT_ADAPTER = "personal_data.adapter.SiteAccountAdapter"
ACCOUNT_FORMS = {
    "signup": "accounts.forms.sign_in.SignupForm",
    "login": "accounts.forms.sign_in.LoginForm",
    "add_email": "accounts.forms.contact.ChangeEmailForm",
    "change_password": "accounts.forms.sign_in.ChangePasswordForm",
    "reset_password": "accounts.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.sign_in.ResetPasswordKeyForm",
    "reauthenticate": "accounts.forms.sign_in.ReauthenticateForm",
    "set_password": "accounts.forms.sign_in.SetPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if REQUIRE_EMAIL_CONFIRMATION else "optional"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_GET = False
# This browser stays signed in; the session hash ends all others.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# Those of sign-in are ours (accounts.sign_ins).
ACCOUNT_RATE_LIMITS = {"signup": "20/m/ip", "confirm_email": "1/1m/key"} if RATE_LIMITS else False
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

EMAIL_URL = env.str("EMAIL_URL", default="")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_BACKEND = "common.mail.ConsoleAndFolderBackend"
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))

# Text messages, for codes to mobile phones: to an HTTPS gateway; in development printed and kept as files, as mails.
SMS_URL = env.str("SMS_URL", default="")
if SMS_URL and urlsplit(SMS_URL).scheme != "https":
    raise ImproperlyConfigured("SMS_URL must be like https://user:password@gateway.example.org/send.")
SMS_FILE_PATH = DATA_DIR / "sms"
SMS_BACKEND = "common.sms.HttpGateway" if SMS_URL else "" if PRODUCTION else "common.sms.ConsoleAndFolder"

# What is encrypted in the database (common.sealing). In development from SECRET_KEY; a database with real numbers in
# it needs keys of its own.
FIELD_KEYS = [key.strip() for key in env.list("FIELD_KEYS", default=[]) if key.strip()] or [
    base64.urlsafe_b64encode(hashlib.sha256(f"fields:{SECRET_KEY}".encode()).digest()).decode()
]
FIELD_HASH_KEY = env.str("FIELD_HASH_KEY", default="") or f"hashes:{SECRET_KEY}"
for _key in FIELD_KEYS:
    try:
        Fernet(_key)
    except ValueError:
        raise ImproperlyConfigured(
            "FIELD_KEYS must be keys of 32 bytes in URL-safe base 64, with commas. .env.example says how to make one."
        ) from None

# --- Security ----------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
if AWS_STORAGE_BUCKET_NAME:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["connect-src"].append(STORAGES["incoming"]["OPTIONS"]["upload_url"])
    if not MEDIA_ACCEL_PREFIX:
        for directive in ("img-src", "media-src"):
            address = bucket_address(AWS_STORAGE_BUCKET_NAME, **STORAGES["default"]["OPTIONS"])
            CONTENT_SECURITY_POLICY["DIRECTIVES"][directive].append(f"{address}/")

SECURE_SSL = flag("SECURE_SSL", default=PRODUCTION)
SECURE_SSL_REDIRECT = SECURE_SSL
# Load balancers ask for these over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SSL
SECURE_HSTS_PRELOAD = SECURE_SSL
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Cookies do not know ports: two copies on one laptop would sign each other out under one name.
_cookie_suffix = "" if SECURE_SSL else f"_{PORT}"
SESSION_COOKIE_NAME = ("__Host-session" if SECURE_SSL else "session") + _cookie_suffix
CSRF_COOKIE_NAME = ("__Host-csrf" if SECURE_SSL else "csrf") + _cookie_suffix
# Names a browser in which somebody has signed in before: strangers' guesses do not lock it out (accounts.sign_ins).
DEVICE_COOKIE_NAME = ("__Host-device" if SECURE_SSL else "device") + _cookie_suffix
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "instagram.errors.csrf_failure"

# --- Language, time, logs ----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "filters": {"no_traceback_of_clients": {"()": "instagram.errors.NoTracebackOfClients"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        # What a client does wrong is one line of django.request, without the traceback (Django logs it as an error).
        "django.security": {"level": "CRITICAL"},
        "django.security.csrf": {"level": "WARNING"},
        "django.request": {"filters": ["no_traceback_of_clients"]},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "PIL": {"level": "WARNING"},
    },
}

SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    import sentry_sdk

    # Without local variables: what is secret or somebody's own goes by too many names to be crossed out by name.
    sentry_sdk.init(
        dsn=SENTRY_DSN,
        environment=ENVIRONMENT,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
    )

if DEBUG and not TESTING:
    INSTALLED_APPS.append("debug_toolbar")
    MIDDLEWARE.insert(3, "debug_toolbar.middleware.DebugToolbarMiddleware")
    INTERNAL_IPS = ["127.0.0.1", "::1"]
