"""Headers that ask for the same as members of ExecutePythonCode's body: Idempotency-Key and Prefer.

`Idempotency-Key` is that of the IETF's draft "The Idempotency-Key HTTP Header Field", whose values are in quotes.
`Repeatability-Request-ID` is the same in the OASIS specification "Repeatable Requests", which also has the header
`Repeatability-First-Sent`: it is not needed, because a session remembers its runs until it ends. `Prefer` is RFC 7240.
"""

import re
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidRequest
from ..settings import LONGEST_WAIT_SECONDS

_KEY_HEADERS = ("Idempotency-Key", "Repeatability-Request-ID")

_LONGEST_PREFER = 500
"""Characters that are read: for each open quote, the regular expression searches to the end."""

_PREFERENCE = re.compile(r'(?:[^,;"]|"(?:[^"\\]|\\.)*")+')
_WAIT = re.compile(r'respond-async|wait=("?)([0-9]{1,9})\1')


def with_members(body: Any, headers: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
    """The body with the members that the headers set, and the headers of the response that state what was applied.

    Raises InvalidRequest for two different keys. A preference is only that: the body may have another wait.
    """
    if not isinstance(body, dict):
        return body, {}
    applied: dict[str, str] = {}
    members = {"idempotencyKey": _key(body, headers), "waitInSeconds": None}
    if headers.get("repeatability-request-id"):
        applied["Repeatability-Result"] = "accepted"
    preference, seconds = _wait(headers.get("prefer", ""))
    if preference and body.get("waitInSeconds") in (None, ""):
        members["waitInSeconds"] = seconds
        applied["Preference-Applied"] = preference
    return {**body, **{name: value for name, value in members.items() if value is not None}}, applied


def _key(body: dict[str, Any], headers: Mapping[str, str]) -> Any:
    """The one idempotency key of the request, if it has any. Raises InvalidRequest."""
    found = "the member idempotencyKey"
    key = body.get("idempotencyKey") or None
    for name in _KEY_HEADERS:
        sent = _unquoted(headers.get(name.lower(), ""))
        if sent and key not in (None, sent):
            raise InvalidRequest(
                f"The header {name} and {found} have different values. Send one of them, or the same value in both.",
                target=name,
            )
        if sent:
            key, found = sent, f"the header {name}"
    return key


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _wait(header: str) -> tuple[str, int]:
    """The preference for a wait, and its seconds; ("", 0) if there is none."""
    preferences = _PREFERENCE.findall(header[:_LONGEST_PREFER].lower().replace(" ", ""))
    for preference in sorted(preferences, key=lambda text: text == "respond-async"):  # `wait` is more precise
        if (wait := _WAIT.fullmatch(preference)) is not None:
            return preference.replace('"', ""), min(int(wait[2]), LONGEST_WAIT_SECONDS) if wait[2] else 0
    return "", 0
