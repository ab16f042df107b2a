"""Compares what a page shows of a response with the response."""

from typing import Any

DIFFERS = {
    "blobUrl",
    "containerUrl",
    "createdTime",
    "durationInMilliseconds",
    "eTag",
    "executionId",
    "expirationTime",
    "expiresTime",
    "fileUrl",
    "lastModifiedTime",
    "lastUsedTime",
    "sessionId",
    "tag",
    "uploadUrl",
    "version",
}
"""Members whose value differs each time: only its type is compared."""

REST = "..."
"""A placeholder for the rest of a text, the other items of a list, or the other members of an object."""


def assert_shown(shown: Any, response: Any, place: str = "", *, complete: bool = False) -> None:
    """The response has everything that is shown; if `complete`, it has nothing else, except where REST is shown."""
    if isinstance(shown, dict):
        names = shown.keys() - {REST}
        assert isinstance(response, dict), place
        assert not names - response.keys(), f"{place} lacks some of {list(names)}: {response}"
        if complete and REST not in shown:
            assert names == response.keys(), f"{place} has more than {list(names)}: {response}"
        for name in names:
            if name in DIFFERS:
                assert type(response[name]) is type(shown[name]), f"{place}.{name}"
            else:
                assert_shown(shown[name], response[name], f"{place}.{name}", complete=complete)
    elif isinstance(shown, list) and shown[-1:] == [REST]:
        assert isinstance(response, list) and len(response) >= len(shown), f"{place}: {response}"
        for item in shown[:-1]:
            assert any(_is_shown(item, other, complete=complete) for other in response), (
                f"{place} lacks {item}: {response}"
            )
    elif isinstance(shown, list):
        assert isinstance(response, list) and len(response) == len(shown), f"{place}: {response}"
        for index, item in enumerate(shown):
            assert_shown(item, response[index], f"{place}[{index}]", complete=complete)
    elif isinstance(shown, str) and shown.endswith(REST):
        assert isinstance(response, str) and response.startswith(shown.removesuffix(REST)), f"{place}: {response}"
    else:
        assert response == shown and type(response) is type(shown), place


def assert_lines_shown(shown: str, output: str) -> None:
    """The output has each line that is shown, in this order; other lines may come between them."""
    rest = iter([line.strip() for line in output.splitlines()])
    for line in filter(None, (line.strip() for line in shown.splitlines())):
        assert line in rest, f"{line!r} is missing, or not in its place, in:\n{output}"


def _is_shown(shown: Any, response: Any, *, complete: bool) -> bool:
    try:
        assert_shown(shown, response, complete=complete)
    except AssertionError:
        return False
    return True
