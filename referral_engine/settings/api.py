"""The API: how it is read, and how it describes itself."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.members.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.parsers.EngineJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "apps.core.openapi.EngineSchema",
    "EXCEPTION_HANDLER": "apps.core.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Referral engine",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": (
        "Share links, referral chains, group-buy rooms and rewards beside a shop's own orders. "
        "Amounts are integers in minor units of their currency; instants are RFC 3339 in UTC; "
        "errors are RFC 9457 problems with a stable `code`."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "AccountPurposeEnum": "apps.points.models.Account.Purpose",
        "PayoutStatusEnum": "apps.obligations.models.Payout.Status",
        "FulfilmentStatusEnum": "apps.obligations.models.Fulfilment.Status",
        "RoomStatusEnum": ["pending", "open", "closing", "completed", "failed", "cancelled"],
        "AwardKindEnum": ["points", "coupon", "growth", "payable", "custom"],
        "FactKindEnum": "apps.facts.models.Fact.Kind",
        "CouponKindEnum": "apps.coupons.models.Template.Kinds",
        "TransferKindEnum": "apps.points.models.Transfer.Kind",
        "BenefitKindEnum": "apps.tiers.models.Benefit.Kind",
        "TierChangeKindEnum": "apps.tiers.models.TierChange.Kind",
        "LinkKindEnum": [
            *("member", "offer", "store", "live", "community", "assistant", "partner"),
        ],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.openapi.add_security_schemes",
    ],
}
