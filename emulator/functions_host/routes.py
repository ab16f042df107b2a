"""The functions of an app by route: which ones the host serves, and which one a request reaches.

`host` in a comment is Azure/azure-functions-host, whose class is named where a rule is not evident. Knows no HTTP
beyond method and path.
"""

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .route_template import RouteTemplate

logger = logging.getLogger(__package__)

RESERVED_ROUTES = ("admin", "runtime")
"""First segments of paths that are reserved for the host."""


@dataclass(frozen=True)
class HttpFunction:
    """One function with an HTTP trigger, as the host sees it."""

    name: str
    route: str  # without the prefix
    methods: frozenset[str] | None  # upper case; None allows every method
    auth_level: str  # ANONYMOUS, FUNCTION or ADMIN
    template: RouteTemplate = field(repr=False)
    user_function: Callable[..., Any] = field(repr=False)
    request_parameter: str = field(repr=False)
    takes_context: bool = field(repr=False)

    @property
    def directory(self) -> str:
        return str(Path(inspect.getfile(self.user_function)).parent)

    def allows(self, method: str) -> bool:
        return self.methods is None or method in self.methods

    def conflicts_with(self, other: "HttpFunction") -> bool:
        """True if both claim the same route with a method in common (host: ScriptHost.HttpRoutesConflict)."""
        if self.template.text.lower() != other.template.text.lower():
            return False
        return self.methods is None or other.methods is None or bool(self.methods & other.methods)


def served(functions: Iterable[HttpFunction]) -> list[HttpFunction]:
    """The functions that the host accepts, by name; each of the others is logged as an error (host: ScriptHost)."""
    accepted: list[HttpFunction] = []
    for function in sorted(functions, key=_name_order):
        rival = next((other for other in accepted if function.conflicts_with(other)), None)
        if function.route.strip("/").lower().startswith(RESERVED_ROUTES):
            logger.error("Function '%s' is not served: the host reserves the route '%s'", function.name, function.route)
        elif rival:
            logger.error("Function '%s' is not served: '%s' has the same route", function.name, rival.name)
        else:
            accepted.append(function)
    return accepted


class RouteTable:
    """Finds the function for a request."""

    def __init__(self, functions: Iterable[HttpFunction]) -> None:
        self._by_precedence = sorted(functions, key=lambda function: function.template.precedence)
        self._warned: set[tuple[str, str]] = set()

    def find(self, path: str, method: str) -> tuple[HttpFunction, dict[str, str]] | None:
        """The function and its route values, or None.

        A route that does not allow the method does not match: the host answers 404, not 405
        (host: WebScriptHostHttpRoutesManager).
        """
        matches = [
            (function, values)
            for function in self._by_precedence
            if function.allows(method) and (values := function.template.match(path)) is not None
        ]
        if not matches:
            return None
        self._warn_if_azure_differs([function for function, _ in matches])
        return matches[0]

    def _warn_if_azure_differs(self, candidates: list[HttpFunction]) -> None:
        """The host sorts the functions by name and takes the first that matches (host: FunctionMetadataManager)."""
        chosen, azure_would_choose = candidates[0].name, min(candidates, key=_name_order).name
        if chosen != azure_would_choose and (chosen, azure_would_choose) not in self._warned:
            self._warned.add((chosen, azure_would_choose))
            logger.warning(
                "A request matched the functions '%s' and '%s'. Here the more specific route '%s' answers; Azure takes "
                "the first by name, so '%s' would answer there. Rename one of them, or constrain its route.",
                chosen,
                azure_would_choose,
                candidates[0].route,
                azure_would_choose,
            )


def _name_order(function: HttpFunction) -> str:
    return function.name.upper()
