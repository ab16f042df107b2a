"""Finds flows in folders."""

from pathlib import Path

from workflow_player.errors import FlowError
from workflow_player.flow import Flow
from workflow_player.play_file import ROOT, PlayFailed

OTHERS = {"play.json", "host.json", "connections.json", "parameters.json"}


def flows_in(folder: Path) -> list[Flow]:
    """Every flow in a folder and below it, in the order of their paths."""
    found = []
    for file in sorted(folder.rglob("*.json")):
        if file.name in OTHERS:
            continue
        try:
            found.append(Flow.read(file))
        except FlowError:
            continue
    return found


def flow_at(given: str) -> tuple[Flow, list[Flow]]:
    """The flow that somebody means by a file or a folder, and the others there. Raises PlayFailed."""
    path = Path(given)
    if not path.exists() and (ROOT / path).exists():
        path = ROOT / path
    if path.is_file():
        try:
            return Flow.read(path), []
        except FlowError as mistake:
            raise PlayFailed(str(mistake)) from None
    found = flows_in(path) if path.is_dir() else []
    if found:
        return found[0], found[1:]
    raise PlayFailed(f"there is no flow {given!r}. " + known_flows())


def known_flows() -> str:
    """A list of the folders that have flows to play."""
    folders = sorted({flow.path.parent.relative_to(ROOT) for flow in flows_in(ROOT / "examples")})
    return "There are:\n" + "\n".join(f"    make play FLOW={folder}" for folder in folders)
