"""Settings. All values that differ between machines come from environment variables, which are read in this file only.

`.env.example` explains each variable, and a test compares the two. A `.env` file next to `manage.py` is read as well.
With `ENVIRONMENT=production`, an unsafe or missing value is an error that names the variable. Longer parts that depend
on few variables are in `instagram.config`.
"""

import base64
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

from common import limits, local_servers
from instagram.config import celery, logs, security, servers, storage
from instagram.config.env import choices, count, env, flag

BASE_DIR = Path(__file__).resolve().parent.parent

env.read_env(BASE_DIR / ".env")

# --- Environment -------------------------------------------------------------------------------------------------

ENVIRONMENT = env.str("ENVIRONMENT", default="development")
if ENVIRONMENT not in {"development", "production"}:
    raise ImproperlyConfigured(f"ENVIRONMENT must be development or production, not {ENVIRONMENT!r}.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = flag("DEBUG", default=False)
TESTING = "pytest" in sys.modules

SECRET_KEY = env.str("SECRET_KEY", default=security.INSECURE_SECRET_KEY)

HOST = env.str("HOST", default="127.0.0.1")
PORT = count("PORT", default=8000, least=1)
# Far from PORT, because a second site is often started on the next port.
REALTIME_PORT = count("REALTIME_PORT", default=PORT + 10_000 if PORT < 50_000 else PORT - 10_000, least=1)
SITE_NAME = env.str("SITE_NAME", default="Everyframe")
SITE_ORIGIN = env.str("SITE_ORIGIN", default=f"http://localhost:{PORT}").rstrip("/")
# Django compares names without ports. SITE_HOST of docker-compose.yml may have one.
ALLOWED_HOSTS = [re.sub(r":\d+$", "", name) for name in env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_ORIGIN])
TRUSTED_PROXY_COUNT = count("TRUSTED_PROXY_COUNT", default=0)
# A proxy forwards /ws/ to the socket server. Without one, pages open sockets at REALTIME_PORT.
REALTIME_IS_BEHIND_PROXY = TRUSTED_PROXY_COUNT > 0

if PRODUCTION:
    security.check_production(
        secret_key=SECRET_KEY,
        debug=DEBUG,
        site_origin=SITE_ORIGIN,
        allowed_hosts=ALLOWED_HOSTS,
        email_url=env.str("EMAIL_URL", default=""),
        field_keys=env.str("FIELD_KEYS", default=""),
        field_hash_key=env.str("FIELD_HASH_KEY", default=""),
    )

DATA_DIR = Path(env.str("DATA_DIR", default=".data")).expanduser()
DATA_DIR = DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR

WEB_WORKERS = count("WEB_WORKERS", default=os.cpu_count() or 1, least=1)
WEB_THREADS = count("WEB_THREADS", default=16, least=1)
WORKER_CONCURRENCY = count("WORKER_CONCURRENCY", default=1, least=1)

DEMO = flag("DEMO", default=not PRODUCTION)
RATE_LIMITS = flag("RATE_LIMITS", default=True)
FAN_OUT_MAX_FOLLOWERS = count("FAN_OUT_MAX_FOLLOWERS", default=100_000, least=1)
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
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "csp",
    "ninja",  # for its static files
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.middleware.CompressPagesMiddleware",
    "common.middleware.ContentSecurityPolicyMiddleware",
    "instagram.cors.CorsMiddleware",
    "instagram.api_middleware.ApiProblemsMiddleware",
    "common.middleware.SaneRequestMiddleware",
    "common.middleware.PrivatePagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.middleware.SessionPersonMiddleware",
    # Precedes the CSRF check, which reads the body: pages that need a session refuse visitors without reading it.
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
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["common.template_loader.FilesystemLoader", "common.template_loader.AppDirectoriesLoader"],
                )
            ],
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

DATABASES = servers.databases(
    env.str("DATABASE_URL", default="") or local_servers.postgres_url(DATA_DIR),
    replica_urls=[url.strip() for url in env.list("READ_DATABASE_URLS", default=[]) if url.strip()],
    pooler=env.str("DATABASE_POOLER", default=""),
    direct_url=env.str("DIRECT_DATABASE_URL", default=""),
)
# Pages that may be read from replicas (common.replicas), by the namespaces of their URLs. A file needs one small query,
# which costs the primary no more than asking for its position.
REPLICA_NAMESPACES = {"feed", "posts", "social", "search", "notifications", "api"}
PRIMARY_VIEWS = {"posts:file"}
if "replica_1" in DATABASES:
    DATABASE_ROUTERS = ["common.replicas.ReplicaRouter"]
    MIDDLEWARE.append("common.replicas.ReplicaMiddleware")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="") or local_servers.valkey_url(DATA_DIR)
REDIS_TIMEOUT_SECONDS = servers.REDIS_TIMEOUT_SECONDS
# Timelines and cache can have servers of their own, or clusters. Rate limits and tasks stay on REDIS_URL.
TIMELINE_URL = servers.valkey_url("TIMELINE_URL", env.str("TIMELINE_URL", default="") or REDIS_URL)
CACHE_URL = servers.valkey_url("CACHE_URL", env.str("CACHE_URL", default="") or REDIS_URL)
CACHES = {"default": servers.cache_config(CACHE_URL)}
# Sessions are not cached: signing out must be final, even if a cached session cannot be deleted.
SESSION_ENGINE = "accounts.sessions"

STORAGES: dict[str, dict[str, Any]] = storage.local_storages(DATA_DIR) | {
    "staticfiles": {
        "BACKEND": storage.staticfiles_backend(is_production=PRODUCTION, is_unbuilt=DEBUG or TESTING),
    },
}

AWS_STORAGE_BUCKET_NAME = env.str("AWS_STORAGE_BUCKET_NAME", default="")
# The prefix under which the front server keeps the renditions; X-Accel-Redirect names the one to send.
MEDIA_ACCEL_PREFIX = env.str("MEDIA_ACCEL_PREFIX", default="")

if AWS_STORAGE_BUCKET_NAME:
    STORAGES |= storage.s3_storages(
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
# The source maps of /api/docs are rarely loaded, and would be half of the work of compressing.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]

# Formats whose decoder is switched off, for example after a security report: uploads and workers refuse them.
DECODERS_OFF = choices("DECODERS_OFF", of={"jpeg", "png", "webp", "avif", "heic", "gif", "video"})

# Larger files are streamed to disk, so a photo is never held in memory completely.
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = limits.MAX_FORM_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
# More than a post may have, so that one too many is answered with our message and not with a bare 400.
DATA_UPLOAD_MAX_NUMBER_FILES = limits.MAX_SLIDES * 5

# --- Background tasks --------------------------------------------------------------------------------------------

CELERY_BROKER_URL = celery.broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = celery.TRANSPORT_OPTIONS
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = celery.TASK_ROUTES
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = celery.BEAT_SCHEDULE

# --- Accounts and messages ---------------------------------------------------------------------------------------

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
# This browser stays signed in; the changed session hash ends all other sessions.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# The limits of signing in are in accounts.sign_ins.
ACCOUNT_RATE_LIMITS = {"signup": "20/m/ip", "confirm_email": "1/1m/key"} if RATE_LIMITS else False
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

EMAIL_URL = env.str("EMAIL_URL", default="")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10
_email = env.email_url_config(EMAIL_URL) if EMAIL_URL else {"EMAIL_BACKEND": "common.mail.ConsoleAndFolderBackend"}
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _email.get("EMAIL_FILE_PATH") or DATA_DIR / "mail"
EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))

# Text messages with codes go to an HTTPS gateway. In development they are printed and kept as files, like mails.
SMS_URL = env.str("SMS_URL", default="")
if SMS_URL and urlsplit(SMS_URL).scheme != "https":
    raise ImproperlyConfigured("SMS_URL must be like https://user:password@gateway.example.org/send.")
SMS_FILE_PATH = DATA_DIR / "sms"
SMS_BACKEND = "common.sms.HttpGateway" if SMS_URL else "" if PRODUCTION else "common.sms.ConsoleAndFolder"

# Keys for encrypted fields (common.sealing). Development derives them from SECRET_KEY; a database with real mobile
# numbers needs its own.
FIELD_KEYS = [key.strip() for key in env.list("FIELD_KEYS", default=[]) if key.strip()] or [
    base64.urlsafe_b64encode(hashlib.sha256(f"fields:{SECRET_KEY}".encode()).digest()).decode()
]
FIELD_HASH_KEY = env.str("FIELD_HASH_KEY", default="") or f"hashes:{SECRET_KEY}"
security.check_field_keys(FIELD_KEYS)

# --- Security ----------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = security.content_security_policy(
    realtime_port=None if REALTIME_IS_BEHIND_PROXY else REALTIME_PORT,
    upload_url=STORAGES["incoming"]["OPTIONS"].get("upload_url", ""),
    media_url="" if MEDIA_ACCEL_PREFIX else storage.public_media_url(STORAGES["default"]["OPTIONS"]),
)

SECURE_SSL = flag("SECURE_SSL", default=PRODUCTION)
SECURE_SSL_REDIRECT = SECURE_SSL
# Load balancers request these over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SSL
SECURE_HSTS_PRELOAD = SECURE_SSL
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Browsers share cookies between ports, so two copies on one laptop would sign each other out without the suffix.
_cookie_suffix = "" if SECURE_SSL else f"_{PORT}"
SESSION_COOKIE_NAME = ("__Host-session" if SECURE_SSL else "session") + _cookie_suffix
CSRF_COOKIE_NAME = ("__Host-csrf" if SECURE_SSL else "csrf") + _cookie_suffix
# Identifies a browser that has signed in before, which other people's guesses do not lock out (accounts.sign_ins).
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
LOGGING = logs.logging_config(LOG_LEVEL)

SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    logs.start_sentry(SENTRY_DSN, ENVIRONMENT)

if DEBUG and not TESTING:
    INSTALLED_APPS.append("debug_toolbar")
    MIDDLEWARE.insert(3, "debug_toolbar.middleware.DebugToolbarMiddleware")
    INTERNAL_IPS = ["127.0.0.1", "::1"]
