"""What drf-spectacular cannot see: the Idempotency-Key, problems, and who may enter a door."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from apps.core.callers import Door


class EngineSchema(AutoSchema):
    """Adds the conventions that every door of the engine shares."""

    def get_override_parameters(self) -> list[Any]:
        doors = getattr(self.view, "doors", ())
        parameters = []
        if self.method == "POST" and doors:
            parameters.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    required=Door.PUBLIC not in doors,
                    description="Any string of up to 255 characters; the same one on a retry.",
                )
            )
        if Door.MEMBER in doors:
            parameters.append(
                OpenApiParameter(
                    "On-Behalf-Of",
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    description="With a server key: the external_id of the member who acts.",
                )
            )
        return parameters

    def get_auth(self) -> list[dict[str, Any]]:
        doors = getattr(self.view, "doors", ())
        names = {Door.SERVER: "serverKey", Door.MEMBER: "memberToken"}
        schemes: list[dict[str, Any]] = [{names[door]: []} for door in doors if door in names]
        return [*schemes, {}] if Door.PUBLIC in doors else schemes

    def get_tags(self) -> list[str]:
        return [str(self.view.__module__.split(".")[1])]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        bodies["default"] = self._get_response_for_code(
            OpenApiResponse(PROBLEM, "A problem (RFC 9457)"),
            "default",
            ["application/problem+json"],
        )
        return bodies


PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; switch on this."},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def add_security_schemes(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A spectacular post-processing hook: the two bearer schemes of the engine."""
    schemes = result.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["serverKey"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "A shop backend's key, `sk_live_…` or `sk_test_…`. Never inside an app.",
    }
    schemes["memberToken"] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A member's short-lived token from `POST /client-tokens`.",
    }
    return result
