"""ASP.NET Core route templates: how the `route` of a function is written, and which paths it matches.

Pure text in, text out: it knows no HTTP methods, no functions and no server. The rules are those of the router that the
Functions host uses (dotnet/aspnetcore, src/Http/Routing: RoutePatternParser, RoutePatternMatcher, Constraints).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .route_constraints import Constraint, constraint


class InvalidTemplate(ValueError):
    """The text is not a route template; the message states why."""

    def __init__(self, template: str, reason: str) -> None:
        super().__init__(f"route '{template}': {reason}")


class RouteTemplate:
    """One parsed template, such as `api/items/{kind:alpha}/{id:int?}`."""

    def __init__(self, text: str) -> None:
        """Raises InvalidTemplate."""
        self.text = text
        self._segments = _parse(text)
        self._parameters = [parameter for segment in self._segments for parameter in segment.parameters]

    @property
    def precedence(self) -> tuple[int, ...]:
        """A sort key: smaller is more specific. Literals come before parameters, and parameters before a catch-all."""
        return tuple(segment.precedence for segment in self._segments)

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters by name when `path` (as `decoded_path` returns it) matches, else None.

        Values are always text. An optional parameter, or an empty catch-all, is absent from them.
        """
        values = self._captured(path.removeprefix("/"))
        if values is None or not all(parameter.accepts(values) for parameter in self._parameters):
            return None
        return values

    def _captured(self, rest: str) -> dict[str, str] | None:
        values = {parameter.name: parameter.default for parameter in self._parameters if parameter.default is not None}
        for segment in self._segments:
            if not rest:
                if segment.required:
                    return None
                continue
            head, _, tail = rest.partition("/")  # a trailing slash is tolerated
            found = segment.match(rest if segment.catch_all else head)
            if not head or found is None:
                return None
            values |= found
            rest = "" if segment.catch_all else tail
        return None if rest else values


def decoded_path(raw_path: bytes) -> str:
    """The path of a request target as Kestrel passes it to the router.

    Percent escapes are decoded, except %2F and those that are not UTF-8, which stay as they are; then dot segments are
    removed (Kestrel: UrlDecoder.cs, PathNormalizer.cs).
    """
    path = _ESCAPES.sub(_unescaped, raw_path.decode("latin-1"))
    return _without_dot_segments(path) if "/." in path else path


_ESCAPES = re.compile(r"(?:%(?!2[Ff])[0-9A-Fa-f]{2})+")


def _unescaped(escapes: re.Match[str]) -> str:
    try:
        return bytes.fromhex(escapes[0].replace("%", "")).decode("utf-8")
    except UnicodeDecodeError:
        return escapes[0]


def _without_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4."""
    kept: list[str] = []
    segments = path.removeprefix("/").split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")  # "/a/." is "/a/"
    return "/" + "/".join(kept)


@dataclass(frozen=True)
class _Parameter:
    name: str
    constraints: tuple[Constraint, ...]
    default: str | None
    optional: bool
    catch_all: bool

    def accepts(self, values: dict[str, str]) -> bool:
        """An absent value passes only if it is optional or has no constraints (OptionalRouteConstraint.cs)."""
        value = values.get(self.name)
        if value is None:
            return self.optional or not self.constraints
        return all(accepts(value) for accepts in self.constraints)


class _Segment:
    """The text between two slashes: a literal, a parameter, or a mix such as `{name}.{extension?}`."""

    def __init__(self, parts: Sequence[str | _Parameter]) -> None:
        self.parameters = [part for part in parts if isinstance(part, _Parameter)]
        self._alone = parts[0] if len(parts) == 1 and isinstance(parts[0], _Parameter) else None
        patterns = [_pattern(parts)]
        if len(parts) > 1 and self.parameters and self.parameters[-1].optional:
            shorter = [*parts[:-2], str(parts[-2]).removesuffix(".")]
            patterns.append(_pattern(shorter) + r"(?<!\.)")
        self._patterns = [re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in patterns]

    @property
    def catch_all(self) -> bool:
        return self._alone is not None and self._alone.catch_all

    @property
    def required(self) -> bool:
        alone = self._alone
        return alone is None or not (alone.optional or alone.catch_all or alone.default is not None)

    @property
    def precedence(self) -> int:
        """The digit that ASP.NET Core gives it (RoutePrecedence.cs, inbound)."""
        if not self.parameters:
            return 1
        if self._alone is None:
            return 2
        return (5 if self._alone.catch_all else 3) - bool(self._alone.constraints)

    def match(self, text: str) -> dict[str, str] | None:
        for pattern in self._patterns:
            found = pattern.fullmatch(text)
            if found:
                return {
                    parameter.name: value for parameter, value in zip(self.parameters, found.groups(), strict=False)
                }
        return None


def _pattern(parts: Sequence[str | _Parameter]) -> str:
    """Greedy, as the router is: it looks for each literal from the right, so the leftmost parameter takes the most."""
    return "".join("(.+)" if isinstance(part, _Parameter) else re.escape(part) for part in parts)


_TOKEN = re.compile(
    r"""  \{ (?!\{) (?P<parameter> (?: [^{}] | \{\{ | \}\} )* ) \}
      |   (?P<slash> / )
      |   (?P<literal> (?: [^{}/?] | \{\{ | \}\} )+ )""",
    re.VERBOSE,
)
_PARAMETER = re.compile(
    r"""(?P<stars> \*{0,2} )
        (?P<name> [^:=?*/{}]+ )
        (?P<constraints> (?: : [^:=?(]+ (?: \( .*? \) (?= [:=?] | $ ) )? )* )
        (?: = (?P<default> .*? ) )?
        (?P<optional> \?? )""",
    re.VERBOSE | re.DOTALL,
)
_CONSTRAINT = re.compile(r":([^:=?(]+)(?:\((.*?)\)(?=[:=?]|$))?", re.DOTALL)


def _parse(template: str) -> list[_Segment]:
    segments = _split(template)
    if not all(segments):
        raise InvalidTemplate(template, "two slashes are adjacent")
    parameters = [part for parts in segments for part in parts if isinstance(part, _Parameter)]
    names = [parameter.name.lower() for parameter in parameters]
    if len(set(names)) < len(names):
        raise InvalidTemplate(template, "a parameter occurs twice")
    for number, parts in enumerate(segments, start=1):
        _check_order(template, parts, is_last=number == len(segments))
    return [_Segment(parts) for parts in segments]


def _split(template: str) -> list[list[str | _Parameter]]:
    text = template.removeprefix("~").removeprefix("/").removesuffix("/")
    segments: list[list[str | _Parameter]] = [[]] if text else []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise InvalidTemplate(template, f"'{text[position]}' cannot come before '{text[position + 1 :]}'")
        if token["slash"]:
            segments.append([])
        elif token["literal"]:
            segments[-1].append(_unbraced(token["literal"]))
        else:
            segments[-1].append(_parameter(template, _unbraced(token["parameter"])))
        position = token.end()
    return segments


def _unbraced(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def _parameter(template: str, text: str) -> _Parameter:
    found = _PARAMETER.fullmatch(text)
    if found is None:
        raise InvalidTemplate(template, f"'{{{text}}}' is not a parameter")
    optional, catch_all = bool(found["optional"]), bool(found["stars"])
    if optional and (catch_all or found["default"] is not None):
        raise InvalidTemplate(template, f"'{found['name']}' cannot be optional and a catch-all or have a default")
    try:
        constraints = tuple(constraint(*written) for written in _CONSTRAINT.findall(found["constraints"]))
    except (ValueError, re.error) as error:
        raise InvalidTemplate(template, str(error)) from None
    return _Parameter(found["name"], constraints, found["default"], optional, catch_all)


def _check_order(template: str, parts: list[str | _Parameter], *, is_last: bool) -> None:
    for left, right in zip(parts, parts[1:], strict=False):
        if isinstance(left, _Parameter) and (isinstance(right, _Parameter) or left.optional):
            raise InvalidTemplate(template, f"'{left.name}' needs a literal after it, and cannot be optional there")
        if isinstance(right, _Parameter) and right.optional and not str(left).endswith("."):
            raise InvalidTemplate(template, f"'{right.name}' is optional, so a '.' must precede it")
    for part in parts:
        if isinstance(part, _Parameter) and part.catch_all and not (is_last and len(parts) == 1):
            raise InvalidTemplate(template, f"the catch-all '{part.name}' must be the entire last segment")
