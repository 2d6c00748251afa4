"""The settings of the REST API and of its description, which do not depend on the environment."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.signing.SignatureAuthentication",
        "accounts.api.authentication.BearerAuthentication",
        "accounts.api.authentication.BrowsableSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["common.api.throttling.RequestThrottle"],
    "DEFAULT_PARSER_CLASSES": ["common.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.api.exceptions.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bourse",
    "DESCRIPTION": "The API of this exchange. Prices and quantities are decimal strings, times are "
    "milliseconds since the epoch, UTC.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "exchange_site.openapi.tell_costs",
    ],
    "ENUM_NAME_OVERRIDES": {
        "MarketStatus": "market.models.Market.Status", "OrderStatus": "trading.models.Order.Status",
        "OrderType": "trading.models.Order.Type", "OrderSide": "trading.models.Order.Side",
        "TradeSide": ["long", "short", "buy", "sell"],
        "EntryType": ["limit", "market"],
        "LiquidationStatus": "risk.models.Liquidation.Status",
        "LiquidationStepKind": "risk.models.LiquidationStep.Kind",
        "OwnAccount": ["main", "margin"],
        "TakeProfitType": ["limit", "take_profit_limit", "take_profit_market"],
        "StopLossType": ["stop_limit", "stop_market", "trailing_stop"],
    },
}  # fmt: skip
