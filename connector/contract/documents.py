"""The documents that are derived from openapi.yaml: OpenAPI 3.0 for agents, Swagger 2.0 for makers.

`source` is openapi.yaml, as `validation.read_document` returns it.
"""

from functools import cached_property
from typing import Any

from .agents import agents_document
from .makers import address, makers_document
from .sign_in import EntraId

Json = dict[str, Any]


class Documents:
    """Both documents. Each is derived on its first use, so that a cold start does not wait for them."""

    def __init__(self, source: Json, entra: EntraId | None = None) -> None:
        """Without `entra`, callers authenticate with function keys, as in `source`."""
        self._source = source
        self._entra = entra

    def agents(self, base_url: str) -> Json:
        """OpenAPI 3.0. `base_url` is where callers reach the operations, or its path if the rest is unknown."""
        return {**self._agents, "servers": [{"url": base_url}]}

    def makers(self, base_url: str) -> Json:
        """Swagger 2.0. `base_url` as for `agents`."""
        return {name: value for name, value in {**self._makers, **address(base_url)}.items() if value is not None}

    @cached_property
    def _agents(self) -> Json:
        document = agents_document(self._source)
        return document if self._entra is None else self._entra.agents(document)

    @cached_property
    def _makers(self) -> Json:
        document = makers_document(self._source)
        return document if self._entra is None else self._entra.makers(document)
