"""How the documents say that callers sign in with Entra ID.

That stands in the place of the function key: importers take one security scheme, the first or none of several.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class EntraId:
    """`authority` is the address of Entra ID's host, and the tenant is the one that callers belong to."""

    authority: str
    tenant_id: str

    def agents(self, document: Json) -> Json:
        """The agents' document with a token in the header; whoever runs the agent fetches it."""
        scheme = {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of Entra ID for the app registration of the connector.",
        }
        components = {**document["components"], "securitySchemes": {"entra": scheme}}
        return {**document, "components": components, "security": [{"entra": []}]}

    def makers(self, document: Json) -> Json:
        """The makers' document with the sign-in that custom connectors know."""
        address = f"{self.authority}/{self.tenant_id}/oauth2"
        scheme = {
            "type": "oauth2",
            "flow": "accessCode",
            "authorizationUrl": f"{address}/authorize",
            "tokenUrl": f"{address}/token",
            "scopes": {},
        }
        return {**document, "securityDefinitions": {"entra": scheme}, "security": [{"entra": []}]}
