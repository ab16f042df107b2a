"""The sign-in with Entra ID in the derived documents.

It replaces the function key: of several security schemes, importers take the first, or none.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class EntraId:
    """`authority` is the address of Entra ID's host; `tenant_id` is that of the callers."""

    authority: str
    tenant_id: str

    def agents(self, document: Json) -> Json:
        """The agents' document with a token in a header, which the agent's host must obtain."""
        scheme = {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of Entra ID for the app registration of the connector.",
        }
        components = {**document["components"], "securitySchemes": {"entra": scheme}}
        return {**document, "components": components, "security": [{"entra": []}]}

    def makers(self, document: Json) -> Json:
        """The makers' document with the sign-in that custom connectors support."""
        address = f"{self.authority}/{self.tenant_id}/oauth2"
        scheme = {
            "type": "oauth2",
            "flow": "accessCode",
            "authorizationUrl": f"{address}/authorize",
            "tokenUrl": f"{address}/token",
            "scopes": {},
        }
        return {**document, "securityDefinitions": {"entra": scheme}, "security": [{"entra": []}]}
