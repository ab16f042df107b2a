"""What a service offers: operations, found by operationId (Power Automate) or by method and path (Logic Apps)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from workflow_player.errors import FlowError
from workflow_player.messages import Request, Response


@dataclass(frozen=True)
class Parameter:
    """Of an operation. `times` is how often its value is encoded in a path (x-ms-url-encoding: single or double)."""

    name: str
    location: str
    required: bool = False
    times: int = 1
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Operation:
    """`path` has the names of parameters in braces. A webhook is answered later, a trigger starts flows."""

    operation_id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    webhook: bool = False
    trigger: bool = False
    takes_chunks: bool = False
    """Whether its content may come in chunks."""

    def parameter(self, location: str, name: str) -> Parameter | None:
        return next((found for found in self.parameters if (found.location, found.name) == (location, name)), None)

    def of_location(self, location: str) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.location == location]

    def path_values(self, path: str) -> dict[str, str] | None:
        """The values in a path as it is sent, decoded; None if it is not that of the operation."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        if not found:
            return None
        values = {}
        for name, value in found.groupdict().items():
            parameter = self.parameter("path", name)
            for remaining in range(parameter.times if parameter else 1, 0, -1):
                if remaining == 1 and "/" in value:
                    raise FlowError(f"the value of {name} in the path is encoded once; it has to be encoded twice")
                value = unquote(value)
            values[name] = value
        return values


class Service:
    """A service with its operations. `send` answers one request, whose URL is the path of an operation."""

    def __init__(self, api: str, operations: Iterable[Operation]) -> None:
        self.api = api
        self.operations = tuple(operations)

    def send(self, request: Request, seconds: float) -> Response:
        raise NotImplementedError

    def by_id(self, operation_id: str) -> Operation:
        for operation in self.operations:
            if operation.operation_id == operation_id:
                return operation
        known = ", ".join(sorted(operation.operation_id for operation in self.operations))
        raise FlowError(f"{self.api} has no operation {operation_id}; there are: {known}")

    def by_path(self, method: str, path: str) -> Operation:
        for operation in self.operations:
            if operation.method == method.upper() and operation.path_values(path) is not None:
                return operation
        known = ", ".join(f"{operation.method} {operation.path}" for operation in self.operations)
        raise FlowError(f"{self.api} has no operation {method.upper()} {path}; there are: {known}")
