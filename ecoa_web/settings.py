"""Django's settings, derived from ecoa_web.config."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.csp import CSP

from ecoa_web.accounts.providers import openid_origins, openid_provider, smtp_mailer
from ecoa_web.config import read_config
from ecoa_web.db.dsn import django_database
from ecoa_web.secret import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
CONFIG = read_config()
BASE_URL = urlsplit(CONFIG.base_url)

SECRET_KEY = secret_key(CONFIG.data_dir)
DEBUG = CONFIG.debug
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [BASE_URL.hostname or "localhost", *LOOPBACK]
# The public address, and the same port by loopback's other names: `up` prints localhost, people type 127.0.0.1.
CSRF_TRUSTED_ORIGINS = sorted({CONFIG.base_url, *(f"http://{host}:{CONFIG.port}" for host in LOOPBACK)})

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    *(["allauth.mfa"] if CONFIG.mfa else []),
    "ecoa_web.accounts",
    "ecoa_web",
    "traces",
    "pipelines",
]

MIDDLEWARE = [
    "ecoa_web.accounts.middleware.HostAndHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ecoa_web.accounts.middleware.SessionAgeMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # default-deny; open views say so
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "ecoa_web.zone.zone_middleware",  # times in the zone of the browser
]

ROOT_URLCONF = "ecoa_web.urls"
ASGI_APPLICATION = "ecoa_web.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ecoa_web.frame.frame",
            ],
        },
    },
]

DATABASES = {"default": django_database(CONFIG)}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "ecoa_web.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]  # the adapter closes sign-up; allauth wants to know
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by an owner, not by whoever types an address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = CONFIG.smtp_url is not None
ACCOUNT_SESSION_REMEMBER = True  # no "remember me": SESSION_COOKIE_AGE holds for everyone
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session goes on, the others end
ACCOUNT_FORMS = {
    "change_password": "ecoa_web.accounts.forms.ChangePasswordForm",
    "reset_password_from_key": "ecoa_web.accounts.forms.ResetPasswordKeyForm",
}
MFA_ADAPTER = "ecoa_web.accounts.two_factor.TwoFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "ECOA"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are vouched for by who invited them
SOCIALACCOUNT_ADAPTER = "ecoa_web.accounts.openid.OpenIdAdapter"
SOCIALACCOUNT_PROVIDERS = openid_provider(CONFIG)
MAILERS = {"default": smtp_mailer(CONFIG)}
DEFAULT_FROM_EMAIL = CONFIG.mail_from or f"ecoa@{BASE_URL.hostname}"

# Rate limits of sign-in count here: in each process, or in Redis for all of them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CONFIG.redis_url,
        "KEY_PREFIX": "ecoa",
    }
    if CONFIG.redis_url
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 50_000}}
}

SESSION_COOKIE_NAME = "__Host-ecoa_session" if BASE_URL.scheme == "https" else "ecoa_session"
CSRF_COOKIE_NAME = "__Host-ecoa_csrf" if BASE_URL.scheme == "https" else "ecoa_csrf"
CSRF_COOKIE_HTTPONLY = True  # scripts read the token from the page
SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.scheme == "https"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    # Browsers hold a form's redirects to this too, and signing in with OpenID is one.
    "form-action": [CSP.SELF, *openid_origins(CONFIG)],
}

STATIC_URL = "/static/"
STATIC_ROOT = CONFIG.data_dir / "static"  # collected when the web server starts
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {"staticfiles": {"BACKEND": "ecoa_web.static_storage.StaticStorage"}}
WHITENOISE_ALLOW_ALL_ORIGINS = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "ecoa_web.accounts.authentication.KeyAuthentication",  # first: its header makes refusals 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["ecoa_web.api_rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ecoa_web.api_parsing.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "ecoa_web.api_errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ECOA",
    "DESCRIPTION": "Traces of LLM-agent pipelines, figures about them, runs of pipelines, and reviews.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_NAME_OVERRIDES": {
        "TraceStatus": "traces.serializers.TRACE_STATUSES",
        "SpanStatus": "traces.serializers.SPAN_STATUSES",
        "SpanKind": "traces.serializers.SPAN_KINDS",
        "PartType": "traces.serializers.PART_TYPES",
        "RunStatus": "pipelines.api.serializers.RUN_STATUSES",
        "NodeStatus": "pipelines.api.serializers.NODE_STATUSES",
        "ReviewStatus": "pipelines.api.serializers.REVIEW_STATUSES",
        "Decision": "pipelines.api.serializers.DECISIONS",
        "BreakerState": "pipelines.api.serializers.BREAKER_STATES",
    },
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

CHANNEL_LAYERS: dict[str, dict[str, object]] = {
    "default": (
        {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [CONFIG.redis_url]}}
        if CONFIG.redis_url
        else {"BACKEND": "ecoa_web.live.layer.LatestValueLayer"}
    ),
}
