"""play.json: what a flow's stand-ins start with. README.md describes it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NAME = "play.json"
PLACES = ("sharepoint", "azureblob", "web")
MEMBERS = {"about", "file", "files", "trigger", "parameters", "app_settings", "answer", "agent"}
_PLACEHOLDER = re.compile(r"\$\{([\w.]+)\}")


class PlayFailed(Exception):
    """A play cannot begin. The message says what to do."""


@dataclass(frozen=True)
class Place:
    """Where a file is: a service of PLACES, and a path in it."""

    service: str
    path: str

    @staticmethod
    def of(text: str, source: Path) -> "Place":
        """A path that ends with a slash keeps the name of the source."""
        service, colon, path = text.partition(":")
        if service not in PLACES or not colon or not path.startswith("/"):
            raise PlayFailed(f"{NAME}: {text!r} is no place such as sharepoint:/Shared Documents/sales.csv")
        return Place(service, path + source.name if path.endswith("/") else path)


@dataclass(frozen=True)
class Start:
    """What a play starts with. `file` is the one that somebody replaces by their own."""

    about: str
    files: dict[Place, Path]
    file: Place | None
    trigger: Any
    parameters: dict[str, Any]
    app_settings: dict[str, str]
    answer: str
    agent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def services(self) -> set[str]:
        """Where there are files."""
        return {place.service for place in self.files}


def start_of(flow: Path, file: Path | None, answer: str | None) -> Start:
    """What is in the play.json of a flow, with a file and an answer in place of its own. Raises PlayFailed."""
    found = next((folder / NAME for folder in flow.resolve().parents if (folder / NAME).is_file()), None)
    if found is None or not found.is_relative_to(ROOT):
        raise PlayFailed(f"there is no {NAME} beside {flow}; workflow_player/README.md says what is in it")
    try:
        members: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    except ValueError as mistake:
        raise PlayFailed(f"{found} is not JSON: {mistake}") from None
    unknown = members.keys() - MEMBERS
    if unknown:
        raise PlayFailed(f"{found} has unknown members: {', '.join(sorted(unknown))}")
    files = {Place.of(place, ROOT / source): ROOT / source for place, source in members.get("files", {}).items()}
    own = members.get("file")
    if file and not own:
        raise PlayFailed("this flow reads no file, so --file cannot replace one")
    place = None
    if own:
        source = file or ROOT / own["sample"]
        place = Place.of(own["put"], source)
        files[place] = source
    missing = [source for source in files.values() if not source.is_file()]
    if missing:
        raise PlayFailed(f"there is no file {missing[0]}")
    return Start(
        members.get("about", ""),
        files,
        place,
        members.get("trigger"),
        members.get("parameters", {}),
        members.get("app_settings", {}),
        answer or members.get("answer", "Approve"),
        members.get("agent", []),
    )


def filled_in(value: Any, known: Mapping[str, str]) -> Any:
    """The value with its placeholders replaced. Raises PlayFailed for one that is not known."""
    if isinstance(value, dict):
        return {name: filled_in(member, known) for name, member in value.items()}
    if isinstance(value, list):
        return [filled_in(item, known) for item in value]
    if not isinstance(value, str):
        return value

    def replaced(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise PlayFailed(f"{NAME}: there is no ${{{found[1]}}}; there are: {', '.join(known)}")
        return known[found[1]]

    return _PLACEHOLDER.sub(replaced, value)
