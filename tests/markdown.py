"""What the tests read from a page in Markdown: its sections, tables, links, and commands with their responses."""

import itertools
import re
from typing import NamedTuple

_PATH_PARAMETER = re.compile(r"\{\w+\}")


class Step(NamedTuple):
    """A block of commands, and the block below it that shows the response to the last of them, if there is one."""

    commands: str
    shown: str
    kind: str  # json, text, or "" where no response is shown


def section(text: str, title: str) -> str:
    """The text below a heading of the second level."""
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> list[tuple[str, ...]]:
    """The rows of the first table, without its header; a cell that is only code is returned without backticks."""
    lines = itertools.takewhile(
        lambda line: line.startswith("|"), itertools.dropwhile(lambda line: not line.startswith("|"), text.splitlines())
    )
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    return [tuple(re.sub(r"^`([^`]*)`$", r"\1", cell) for cell in row) for row in rows[2:]]


def steps(text: str) -> list[Step]:
    """The blocks of bash commands, each with its response; other blocks before the first command are skipped."""
    found: list[Step] = []
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if language == "bash":
            found.append(Step(block, "", ""))
        elif language in ("json", "text") and found:
            assert not found[-1].kind, f"two responses below one block:\n{block}"
            found[-1] = found[-1]._replace(shown=block, kind=language)
    return found


def calls(commands: str) -> list[tuple[str, str]]:
    """The HTTP method and the path of each curl command that calls $API."""
    return [
        (_method(line), path)
        for line in commands.splitlines()
        for path in re.findall(r"\bcurl .*\$API(/[^\s\"?]+)", line)
    ]


def _method(curl: str) -> str:
    if named := re.search(r" -\w*X (\w+)", curl):
        return named[1]
    methods = {" -I ": "HEAD", " -T ": "PUT", " -d ": "POST", " -F ": "POST"}
    return next((method for option, method in methods.items() if option in curl), "GET")


def address_of(path: str) -> re.Pattern[str]:
    """What the addresses of an operation look like. Only {path} has slashes."""
    return re.compile(_PATH_PARAMETER.sub(lambda found: ".+" if found[0] == "{path}" else "[^/]+", path))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def links(text: str) -> list[str]:
    """The targets of links and images."""
    return re.findall(r"\]\(([^)]+)\)", text)
