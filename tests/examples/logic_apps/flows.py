"""What the tests of these flows share: where the flows are, and how they are played."""

import json
import re
from pathlib import Path
from typing import Any

from tests.conftest import Api
from workflow_player.flow import Flow
from workflow_player.player import Player
from workflow_player.results import Played
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.operations import Service
from workflow_player.services.outlook import Mail

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "examples" / "logic_apps"
CODE = ROOT / "examples" / "workflow_code"
PROJECT = FOLDER / "standard"

IN_STANDARD = {
    "scheduled_report": "ScheduledReport",
    "clean_up_file": "CleanUpFile",
    "approve_expenses": "ApproveExpenses",
}
"""The name of each flow's workflow in the Standard project."""

PNG = b"\x89PNG\r\n\x1a\n"


def files(name: str) -> dict[str, Path]:
    """Those of a flow, by plan."""
    return {
        "consumption": FOLDER / name / "consumption.json",
        "standard": PROJECT / IN_STANDARD[name] / "workflow.json",
    }


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def connector(api: Api) -> CodeInterpreter:
    return CodeInterpreter(api.url, {"x-functions-key": api.key} if api.key else {})


def player(flow: Path, *services: Service, **options: Any) -> Player:
    """With services, by their APIs. Pauses are short, and the clock of the play goes on as if they were not."""
    return Player(
        Flow.read(flow),
        {service.api: service for service in services},
        longest_pause_seconds=options.pop("longest_pause_seconds", 0.3),
        **options,
    )


def ran(played: Played) -> dict[str, int]:
    """The actions that have run, and how often."""
    return {name: result.times for name, result in played.actions.items() if result.status != "Skipped"}


def counts(played: Played) -> str:
    """How many actions a play takes, in the words of the READMEs."""
    of_connectors = sum(
        result.times
        for result in played.actions.values()
        if result.status != "Skipped" and result.type.startswith("ApiConnection")
    )
    return f"{sum(ran(played).values())} actions, {of_connectors} of them calls of connectors"


def visible(played: Played, flow: Path) -> str:
    """What the run history shows of a play: inputs and outputs, without those that the flow hides."""
    hidden = {
        name: action.definition.get("runtimeConfiguration", {}).get("secureData", {}).get("properties", [])
        for name, action in Flow.read(flow).all_actions().items()
    }
    shown = []
    for name, result in played.actions.items():
        for one in result.repetitions or [result]:
            is_compose = one.type == "Compose"
            if "inputs" not in hidden[name]:
                shown.append(one.inputs)
            if "outputs" not in hidden[name] and not (is_compose and "inputs" in hidden[name]):
                shown.append(one.outputs)
    return json.dumps(shown, default=str)


def link_in(mail: Mail) -> str:
    return re.findall('<a href="([^"]*)"', mail.body)[0]
