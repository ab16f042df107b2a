"""How what a page shows of an answer is compared with the answer."""

from typing import Any

DIFFERS = {
    "createdTime",
    "durationInMilliseconds",
    "executionId",
    "expiresTime",
    "lastModifiedTime",
    "lastUsedTime",
    "sessionId",
    "version",
}
"""Members whose value is another one each time; what a page shows of them is of the same kind."""

REST = "..."
"""Stands at the end of a text that goes on, for the other items of a list, and for the other members of an object."""


def assert_shown(shown: Any, answer: Any, place: str = "", *, whole: bool = False) -> None:
    """All that is shown is in the answer, and with `whole` nothing else but what REST stands for."""
    if isinstance(shown, dict):
        names = shown.keys() - {REST}
        assert isinstance(answer, dict), place
        assert not names - answer.keys(), f"{place} has not all of {list(names)}: {answer}"
        assert not whole or REST in shown or names == answer.keys(), f"{place} has more than {list(names)}: {answer}"
        for name in names:
            if name in DIFFERS:
                assert type(answer[name]) is type(shown[name]), f"{place}.{name}"
            else:
                assert_shown(shown[name], answer[name], f"{place}.{name}", whole=whole)
    elif isinstance(shown, list) and shown[-1:] == [REST]:
        assert isinstance(answer, list) and len(answer) >= len(shown), f"{place}: {answer}"
        for item in shown[:-1]:
            assert any(_is_shown(item, other, whole=whole) for other in answer), f"{place} has no {item}: {answer}"
    elif isinstance(shown, list):
        assert isinstance(answer, list) and len(answer) == len(shown), f"{place}: {answer}"
        for index, item in enumerate(shown):
            assert_shown(item, answer[index], f"{place}[{index}]", whole=whole)
    elif isinstance(shown, str) and shown.endswith(REST):
        assert isinstance(answer, str) and answer.startswith(shown.removesuffix(REST)), f"{place}: {answer}"
    else:
        assert answer == shown and type(answer) is type(shown), place


def assert_lines_shown(shown: str, output: str) -> None:
    """Each line that is shown is there, in this order; others may stand between them."""
    rest = iter([line.strip() for line in output.splitlines()])
    for line in filter(None, (line.strip() for line in shown.splitlines())):
        assert line in rest, f"{line!r} is not there, or not in its place, in:\n{output}"


def _is_shown(shown: Any, answer: Any, *, whole: bool) -> bool:
    try:
        assert_shown(shown, answer, whole=whole)
    except AssertionError:
        return False
    return True
