"""How callers authenticate, in the derived documents: with a function key, or with Entra ID.

openapi.yaml has the schemes of both. A document has those of its connector alone, and those for agents and makers only
one: of several, importers take the first, or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .published import JSON_TYPE

Json = dict[str, Any]

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
"""The address of Entra ID's host, outside of sovereign clouds."""

_EMPTY_TYPE = "text/plain"
"""Of the Functions host's response to a wrong key, in openapi.yaml."""


class SignIn(Protocol):
    """Returns each document with its security schemes."""

    def agents(self, document: Json) -> Json: ...

    def clients(self, document: Json) -> Json: ...

    def makers(self, document: Json) -> Json: ...


@dataclass(frozen=True)
class FunctionKey:
    """A key in a header. Generated clients can also send it in the query."""

    def agents(self, document: Json) -> Json:
        return _with_schemes(_with_unauthorized(document, _EMPTY_TYPE), _keys(document)[:1])

    def clients(self, document: Json) -> Json:
        return _with_schemes(_with_unauthorized(document, _EMPTY_TYPE), _keys(document))

    def makers(self, document: Json) -> Json:
        name = next(name for name, scheme in document["securityDefinitions"].items() if scheme["type"] == "apiKey")
        schemes = {name: document["securityDefinitions"][name]}
        return {**document, "securityDefinitions": schemes, "security": [{name: []}]}


@dataclass(frozen=True)
class EntraId:
    """`authority` is the address of Entra ID's host, `tenant_id` the callers' tenant, and `scope` what they request
    tokens for.
    """

    authority: str
    tenant_id: str
    scope: str

    def users(self, document: Json) -> Json:
        """The agents' document for a host that signs in its users. With a scheme for tokens, Microsoft 365 Copilot
        would store one for all of them, like a key.
        """
        address = f"{self.authority}/{self.tenant_id}/oauth2/v2.0"
        flow = {
            "authorizationUrl": f"{address}/authorize",
            "tokenUrl": f"{address}/token",
            "refreshUrl": f"{address}/token",
            "scopes": {self.scope: "Run code, and use files, as yourself."},
        }
        scheme = {"type": "oauth2", "flows": {"authorizationCode": flow}}
        components = {**self.agents(document)["components"], "securitySchemes": {"entra": scheme}}
        return {**document, "components": components, "security": [{"entra": [self.scope]}]}

    def agents(self, document: Json) -> Json:
        """With a token in a header, which the agent's host must obtain."""
        return self.clients(document)

    def clients(self, document: Json) -> Json:
        schemes: Json = document["components"]["securitySchemes"]
        tokens = [name for name, scheme in schemes.items() if scheme["type"] == "http"]
        return _with_schemes(_with_unauthorized(document, JSON_TYPE), tokens)

    def makers(self, document: Json) -> Json:
        """With the sign-in that custom connectors support."""
        address = f"{self.authority}/{self.tenant_id}/oauth2"
        scheme = {
            "type": "oauth2",
            "flow": "accessCode",
            "authorizationUrl": f"{address}/authorize",
            "tokenUrl": f"{address}/token",
            "scopes": {},
        }
        return {**document, "securityDefinitions": {"entra": scheme}, "security": [{"entra": []}]}


def scope_of(audiences: Sequence[str]) -> str:
    """What to request tokens for, of those that the connector accepts: all permissions for an application ID URI, if
    there is one.
    """
    return f"{sorted(audiences, key=lambda audience: '://' not in audience)[0]}/.default"


def _keys(document: Json) -> list[str]:
    schemes: Json = document["components"]["securitySchemes"]
    return [name for name, scheme in schemes.items() if scheme["type"] == "apiKey"]


def _with_schemes(document: Json, names: list[str]) -> Json:
    """The document with these schemes of its own, each of which is enough."""
    schemes = {name: document["components"]["securitySchemes"][name] for name in names}
    components = {**document["components"], "securitySchemes": schemes}
    return {**document, "components": components, "security": [{name: []} for name in names]}


def _with_unauthorized(document: Json, media_type: str) -> Json:
    """The document with one type of the responses to callers who are not authenticated."""
    responses: Json = document["components"].get("responses", {})
    one_type = {
        name: {**responses[name], "content": {media_type: responses[name]["content"][media_type]}}
        for name in ("Unauthorized", "McpUnauthorized")
        if name in responses
    }
    return {**document, "components": {**document["components"], "responses": {**responses, **one_type}}}
