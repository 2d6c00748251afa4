"""Settings, all from the environment.

| variable | meaning | default |
| --- | --- | --- |
| DATABASE_URL | PostgreSQL | the embedded server, while `make demo` runs |
| STATEMENT_SECONDS | how long a statement may take; 0: as it takes | 15: web, sockets; 100: worker; 0: commands |
| REDIS_URL | cache, channel layer, limits | likewise |
| BROKER_URL | Celery's broker | REDIS_URL |
| SECRET_KEY | signs tokens, encrypts API secrets | none: refuses to start without |
| DEBUG | Django's debug pages | off |
| BOURSE_DEMO | demo users, faucet, agents | off |
| BOURSE_DATA_DIR | where `make demo` keeps its servers' data and its log | .data in the checkout |
| HOST, PORT | where `make demo` listens | 127.0.0.1, 8000 |
| ALLOWED_HOSTS | comma-separated | this machine, in demo mode or with DEBUG; else none |
| CSRF_TRUSTED_ORIGINS | comma-separated | none |
| TLS | clients come by https only: secure cookies, redirects, HSTS | on, but off in demo mode or with DEBUG |
| HSTS_SUBDOMAINS | with TLS, browsers are told that all names below this one speak https | off |
| HSTS_PRELOAD | with TLS, browsers may list this name as one that speaks https | off |
| TRUST_PROXY | the client's address is what the proxy says (X-Real-IP) | off |
| ACCESS_TOKEN_MINUTES | how long an access token counts | 60 |
| RATE_LIMIT | `off` lifts the request limits, in demo mode only | on |
| LIMIT_ANONYMOUS | requests a minute per address, of those without a token | 100 |
| LIMIT_BEGINNER, LIMIT_INTERMEDIATE, LIMIT_ADVANCED | requests a minute per key or user, by tier | 100, 300, 1200 |
| LIMIT_ORDERS_BEGINNER, ..._INTERMEDIATE, ..._ADVANCED | orders a minute, likewise | 100, 300, 1200 |
| LIMIT_CANCELS_BEGINNER, ..._INTERMEDIATE, ..._ADVANCED | cancels a minute, likewise | 200, 600, 2400 |
| LIMIT_SIGN_INS | sign-ins, refreshed tokens and sign-outs a minute per address | 100 |
| LIMIT_USER_KEYS | all keys of a user together: so many times what one of them may, of each of the above | 5 |
| LIMIT_ADDRESS | requests and orders a minute from one address, whoever asks; as many cancels besides | 3000 |
| LIMIT_PAGES | pages a minute per address, of the site, the admin and the log-in | 200 |
| LIMIT_SOCKETS | open WebSockets per address, in one process | 100 |
| LIMIT_LOGIN | failed log-ins a minute from one address | 10 |
| LIMIT_LOGIN_USER | failed log-ins a minute to one account, from all addresses together | 100 |
| PRICE_FEED | auto, binance (only from outside) or simulation | auto |
| INDEX_FEEDS | comma-separated, the sources of prices from outside: binance, kraken, coinbase | binance |
| BINANCE_URL | where Binance is asked for prices | https://api.binance.com |
| KRAKEN_URL | where Kraken is | https://api.kraken.com |
| COINBASE_URL | where Coinbase is | https://api.exchange.coinbase.com |
| PRICE_TICK_SECONDS | how often prices are refreshed | 1 |
| PRICE_FEED_SEED | the simulation's course: the same seed, the same prices | 7 |
| STATIC_ROOT | where `collectstatic` puts the page's files | static in BOURSE_DATA_DIR |
| PROBE_URL | what the heartbeat asks: the front door's /ready | none: the worker looks at the parts itself |
| METRICS_ALLOW | comma-separated addresses and networks that may read /metrics | this machine |
| METRICS_PORT | where a worker, beat or the agents answer /metrics | nowhere |
| METRICS_HOST | on which of the machine's addresses they do | all |
| LOG_LEVEL | the least that is logged | WARNING |
| LOG_FORMAT | line, or json: as the request log, in names of the Elastic Common Schema | line |
| REQUEST_LOG | where requests are logged, a line of JSON each: a file, - (standard output), off | -, in demo mode off |
| REQUEST_LOG_MEGABYTES | how long that file may get; four full ones are kept | 50 |
| SERVICE_NAME | what logs call this exchange | bourse |
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from exchange_site.api_settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401
from exchange_site.beat import beat_table
from exchange_site.costs import COSTS, by_tier
from exchange_site.database_settings import database
from exchange_site.logs import logging_table

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
DATA_DIR = Path(env.str("BOURSE_DATA_DIR", str(BASE_DIR / ".data")))
if not env.str("DATABASE_URL", ""):
    # Written by `make demo` while its embedded servers run, so that manage.py works beside it.
    environ.Env.read_env(str(DATA_DIR / "runtime.env")) if (DATA_DIR / "runtime.env").exists() else None

DEBUG = env.bool("DEBUG", False)
DEMO = env.bool("BOURSE_DEMO", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set (`make demo` sets a random one by itself)")
    SECRET_KEY = "only-for-development-with-debug-on-0123456789"

LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=LOCAL_HOSTS if DEMO or DEBUG else [])
PORT = env.int("PORT", 8000)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "exchange_site",
    "kpi",
    "agents",
    "trading",
    "risk",
    "accounts",
    "market",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "exchange_site.admin_config.OperatorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "kpi.watching.RequestWatchMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.api.middleware.UnavailableMiddleware",
    "common.api.page_limits.PageLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.BrowserSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "exchange_site.urls"
WSGI_APPLICATION = "exchange_site.wsgi.application"
ASGI_APPLICATION = "exchange_site.asgi.application"
APPEND_SLASH = False

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
            ]
        },
    }
]

# ---- PostgreSQL -----------------------------------------------------------------------------------------
if not env.str("DATABASE_URL", ""):
    raise ImproperlyConfigured("no database: start `make demo`, or set DATABASE_URL")
DATABASES = {"default": database(env)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Redis ----------------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "common.cache.FallbackRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        "KEY_PREFIX": "bourse",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "bourse"},
    }
}

# ---- Celery ---------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("BROKER_URL", REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TASK_TIME_LIMIT = 120
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# ---- People ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.GuardedBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.BoundedArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", 60)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": False,
    "CHECK_REVOKE_TOKEN": True,
}
OTP_TOTP_ISSUER = "Bourse"  # the name that an authenticator app shows
OTP_TOTP_SYNC = False  # a clock that is off by more than a step is set right by its owner
LOGIN_URL = "/api-auth/login/"
LOGIN_REDIRECT_URL = "/api/v1/"

# ---- The API --------------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# ---- Limits ---------------------------------------------------------------------------------------------
RATE_LIMIT_ENABLED = not (DEMO and env.str("RATE_LIMIT", "on").lower() == "off")
# A minute, per API key (or user) by tier; those without a token count per address. Cancels have more room: who may
# not do anything else any more may still get out.
REQUEST_LIMITS = by_tier(env, "LIMIT", anonymous=100, beginner=100, intermediate=300, advanced=1200)
ORDER_LIMITS = by_tier(env, "LIMIT_ORDERS", beginner=100, intermediate=300, advanced=1200)
CANCEL_LIMITS = by_tier(env, "LIMIT_CANCELS", beginner=200, intermediate=600, advanced=2400)
SIGN_IN_LIMITS = {"anonymous": env.int("LIMIT_SIGN_INS", 100)}
USER_KEYS = env.int("LIMIT_USER_KEYS", 5)  # times a key's limit
ADDRESS_LIMIT = env.int("LIMIT_ADDRESS", 3000)
PAGE_LIMIT = env.int("LIMIT_PAGES", 200)
SOCKET_LIMIT = env.int("LIMIT_SOCKETS", 100)
REQUEST_COSTS = COSTS
LIMITS_PREFIX = "bourse:limit"
LOGIN_LIMIT = env.int("LIMIT_LOGIN", 10)
LOGIN_USER_LIMIT = env.int("LIMIT_LOGIN_USER", 100)
RATELIMIT_ENABLE = RATE_LIMIT_ENABLED
# nginx (the only way in) sets X-Real-IP itself; without a proxy in front this must be off.
TRUST_PROXY = env.bool("TRUST_PROXY", False)

# ---- Prices and the demo --------------------------------------------------------------------------------
PRICE_FEED = env.str("PRICE_FEED", "auto")
PRICE_FEED_SEED = env.int("PRICE_FEED_SEED", 7)
PRICE_TICK_SECONDS = env.float("PRICE_TICK_SECONDS", 1.0)
CELERY_BEAT_SCHEDULE = beat_table(PRICE_TICK_SECONDS)
INDEX_FEEDS = env.list("INDEX_FEEDS", default=["binance"])
BINANCE_URL = env.str("BINANCE_URL", "https://api.binance.com")
KRAKEN_URL = env.str("KRAKEN_URL", "https://api.kraken.com")
COINBASE_URL = env.str("COINBASE_URL", "https://api.exchange.coinbase.com")
FAUCET_AMOUNTS = {"USDT": Decimal(100_000), "BTC": Decimal(1), "ETH": Decimal(20)}
FAUCET_CLAIMS = 10

# ---- Metrics --------------------------------------------------------------------------------------------
METRICS_ALLOW = env.list("METRICS_ALLOW", default=["127.0.0.1", "::1"])

# ---- KPIs -----------------------------------------------------------------------------------------------
PROBE_URL = env.str("PROBE_URL", "")

# ---- Pages ----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Browsers ask each time and mostly get "not changed": old and new modules must not mix after an upgrade.
WHITENOISE_MAX_AGE = 0
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
TLS = env.bool("TLS", not (DEMO or DEBUG))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
# Asked from inside, by whoever watches the processes; nginx lets nobody else come to them without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(health|ready|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
# These speak for names that are not the exchange's alone, and are hard to take back: the operator's choice.
SECURE_HSTS_INCLUDE_SUBDOMAINS = TLS and env.bool("HSTS_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = TLS and env.bool("HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# ---- Logs -----------------------------------------------------------------------------------------------
SERVICE_NAME = env.str("SERVICE_NAME", "bourse")
REQUEST_LOG = env.str("REQUEST_LOG", "off" if DEMO else "-")
REQUEST_LOG_BYTES = env.int("REQUEST_LOG_MEGABYTES", 50) * 1_000_000
LOGGING = logging_table(env.str("LOG_LEVEL", "WARNING"), env.str("LOG_FORMAT", "line"))
