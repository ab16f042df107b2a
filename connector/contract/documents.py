"""The documents that are derived from openapi.yaml: OpenAPI 3.0 for agents and for clients, Swagger 2.0 for makers
and for Copilot Studio, which calls the MCP server.

`source` is openapi.yaml, as `validation.read_document` returns it.
"""

from functools import cached_property
from typing import Any

from ..errors import InvalidRequest
from .sign_in import EntraId, FunctionKey, SignIn

Json = dict[str, Any]


class Documents:
    """All documents. Each is derived on its first use, as is what derives it, so that a cold start does not wait."""

    def __init__(self, source: Json, sign_in: SignIn | None = None) -> None:
        """Without `sign_in`, callers authenticate with function keys."""
        self._source = source
        self._sign_in = sign_in or FunctionKey()

    def agents(self, base_url: str) -> Json:
        """OpenAPI 3.0. `base_url` is where callers reach the operations, or its path if the rest is unknown."""
        return {**self._agents, "servers": [{"url": base_url}]}

    def users(self, base_url: str) -> Json:
        """That for agents, of a host that signs in each of its users with Entra ID. `base_url` as for `agents`. Raises
        InvalidRequest if callers authenticate with function keys.
        """
        return {**self._users, "servers": [{"url": base_url}]}

    def clients(self, base_url: str) -> Json:
        """OpenAPI 3.0 with all operations, for generators. `base_url` as for `agents`."""
        return {**self._clients, "servers": [{"url": base_url}]}

    def makers(self, base_url: str) -> Json:
        """Swagger 2.0. `base_url` as for `agents`."""
        return _addressed(self._makers, base_url)

    def mcp(self, base_url: str) -> Json:
        """Swagger 2.0 with the MCP server alone. `base_url` as for `agents`."""
        return _addressed(self._mcp, base_url)

    @cached_property
    def _agents(self) -> Json:
        return self._sign_in.agents(self._agents_of_any_sign_in)

    @cached_property
    def _users(self) -> Json:
        if not isinstance(self._sign_in, EntraId):
            raise InvalidRequest(
                "Callers of this connector authenticate with a function key. Omit signIn.", target="signIn"
            )
        return self._sign_in.users(self._agents_of_any_sign_in)

    @cached_property
    def _agents_of_any_sign_in(self) -> Json:
        from .agents import agents_document

        return agents_document(self._source)

    @cached_property
    def _clients(self) -> Json:
        from .clients import clients_document

        return self._sign_in.clients(clients_document(self._source))

    @cached_property
    def _makers(self) -> Json:
        from .makers import makers_document

        return self._sign_in.makers(makers_document(self._source))

    @cached_property
    def _mcp(self) -> Json:
        from .mcp import mcp_document

        return self._sign_in.makers(mcp_document(self._source))


def _addressed(document: Json, base_url: str) -> Json:
    from .makers import address

    return {name: value for name, value in {**document, **address(base_url)}.items() if value is not None}
