"""The screen for Power Apps calls the connector as its document says, and shows what came out."""

import re
from collections import ChainMap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jsonschema import Draft202012Validator

from tests.conftest import Api
from tests.examples.power_fx.connector_actions import ConnectorActions, actions_of, has_member
from tests.examples.power_fx.evaluation import CallRefused, Scope, value_of
from tests.examples.power_fx.formulas import Call, Member, Name, Node, Record, nodes, parsed
from workflow_player.services.code_interpreter import code_interpreter

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "power_apps"
SOURCE = yaml.safe_load((EXAMPLE / "AnalyzeAFile.pa.yaml").read_text(encoding="utf-8"))
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")
SCREEN = SOURCE["Screens"]["AnalyzeAFile"]

SALES = b"month,region,amount\nJanuary,North,500.25\nJanuary,South,200\nFebruary,North,650\n"
ATTACHED = {"Name": "sales.csv", "Value": SALES}
ENUMERATIONS: dict[str, Any] = {
    "Align": {"Right": "right"},
    "DisplayMode": {"Disabled": "disabled", "Edit": "edit"},
    "NotificationType": {"Error": "error"},
}
RESULTS = {"varUpload": "UploadFile", "varRun": "ExecutePythonCode", "varLink": "ShareFile"}
"""Variables, and the operations whose results they are."""

FORM = """
type: object
additionalProperties: false
required: [Screens]
properties:
  Screens:
    type: object
    additionalProperties:
      type: object
      additionalProperties: false
      properties: {Properties: {$ref: "#/$defs/Properties"}, Children: {$ref: "#/$defs/Children"}}
$defs:
  Properties: {type: object, additionalProperties: {type: string, pattern: "^="}}
  Children:
    type: array
    items:
      type: object
      minProperties: 1
      maxProperties: 1
      additionalProperties:
        type: object
        required: [Control]
        additionalProperties: false
        properties:
          Control: {type: string, pattern: '^([A-Z][a-zA-Z0-9]*/)?[A-Z][a-zA-Z0-9]*(@\\d+\\.\\d+\\.\\d+)?$'}
          Variant: {type: string}
          Properties: {$ref: "#/$defs/Properties"}
          Children: {$ref: "#/$defs/Children"}
"""
"""The form of the file, in other words than those of schemas/pa-yaml/v3.0/pa.schema.yaml of microsoft/PowerApps-Tooling
(August 2026), against which the file was checked by hand."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document(api: Api) -> Json:
    found: Json = api.call("GET", "/swagger.json").json()
    return found


def controls(children: list[Json]) -> Iterator[tuple[str, Json]]:
    for child in children:
        for name, control in child.items():
            yield name, control
            yield from controls(control.get("Children", []))


CONTROLS = dict(controls(SCREEN["Children"]))


def formulas() -> Iterator[tuple[str, Node]]:
    """All formulas of the screen, by the name of the control and the property."""
    for name, control in [("AnalyzeAFile", SCREEN), *CONTROLS.items()]:
        for property_name, formula in control["Properties"].items():
            yield f"{name}.{property_name}", parsed(formula)


class Screen:
    """Runs the formulas of the screen, as the app does: `notes` and `opened` are what the user gets to see."""

    def __init__(self, api: Api, document: Json, *attachments: Json) -> None:
        self.connector = ConnectorActions(code_interpreter(api.url), document)
        self.notes: list[str] = []
        self.opened: list[str] = []
        set_by_formulas = {name for _, node in formulas() for name in variables_set_by(node)}
        self.variables: Json = {name: [] if name.startswith("col") else None for name in set_by_formulas}
        self.attachments = list(attachments)
        self.run("AnalyzeAFile", "OnVisible")

    def run(self, control: str, property_name: str, row: Json | None = None) -> Any:
        """The value of a property, or what its formula does."""
        owner = SCREEN if control == "AnalyzeAFile" else CONTROLS[control]
        own = {"attFiles": {"Attachments": self.attachments}, "ThisItem": row}
        names = ChainMap(self.variables, own, ENUMERATIONS)
        scope = Scope(names, {"CodeInterpreter": self.connector.call_formula}, self._effects())
        return value_of(parsed(owner["Properties"][property_name]), scope)

    def _effects(self) -> dict[str, Callable[[Scope, tuple[Node, ...]], Any]]:
        def assign(scope: Scope, arguments: tuple[Node, ...]) -> None:
            """Keeps an error as the value of the variable, and is none itself."""
            try:
                value: Any = value_of(arguments[1], scope)
            except CallRefused as refused:
                value = refused
            self.variables[_name(arguments[0])] = value

        def clear(_: Scope, arguments: tuple[Node, ...]) -> None:
            self.variables[_name(arguments[0])] = []

        def reset(_: Scope, arguments: tuple[Node, ...]) -> None:
            assert _name(arguments[0]) == "attFiles"
            self.attachments.clear()

        return {
            "Set": assign,
            "ClearCollect": assign,
            "Clear": clear,
            "Reset": reset,
            "Notify": lambda scope, arguments: self.notes.append(value_of(arguments[0], scope)),
            "Launch": lambda scope, arguments: self.opened.append(value_of(arguments[0], scope)),
        }


def _name(node: Node) -> str:
    assert isinstance(node, Name)
    return node.name


def variables_set_by(node: Node) -> list[str]:
    calls = [each for each in nodes(node) if isinstance(each, Call) and isinstance(each.function, Name)]
    return [_name(each.arguments[0]) for each in calls if _name(each.function) in ("Set", "ClearCollect", "Clear")]


def test_the_file_has_the_published_form():
    """It is a screen with controls that have formulas as properties; no name occurs twice."""
    Draft202012Validator(yaml.safe_load(FORM)).validate(SOURCE)
    assert len(CONTROLS) == len(list(controls(SCREEN["Children"])))


def test_calls_have_the_parameters_of_their_operations(document):
    """Required ones in the order of Power Fx, and a record with parameters that the operation has."""
    actions, found = actions_of(document), []
    for place, formula in formulas():
        for node in nodes(formula):
            if not (isinstance(node, Call) and isinstance(node.function, Member)):
                continue
            assert node.function.owner == Name("CodeInterpreter"), place
            action = actions[node.function.name]
            required = action.required()
            assert len(node.arguments) - len(required) in (0, 1), place
            for record in node.arguments[len(required) :]:
                assert isinstance(record, Record)
                optional = {parameter.name for parameter in action.parameters} - set(required)
                assert {name for name, _ in record.members} <= optional, place
            found.append(action.operation_id)
    assert found == ["UploadFile", "ExecutePythonCode", "DownloadFile", "ShareFile", "EndSession"]


def test_formulas_read_members_of_results(document):
    """A member that a formula reads from a variable is one of the operation's result."""
    actions, found = actions_of(document), set()
    for place, formula in formulas():
        for node in nodes(formula):
            path: list[str] = []
            while isinstance(node, Member):
                path.insert(0, node.name)
                node = node.owner
            if path and isinstance(node, Name) and node.name in RESULTS:
                assert has_member(actions[RESULTS[node.name]].result, ".".join(path)), place
                found.add(node.name)
    assert found == RESULTS.keys()


def test_a_file_becomes_rows_a_chart_and_a_link(api, document):
    """The user attaches a file and selects Analyze."""
    screen = Screen(api, document, ATTACHED)
    assert screen.run("btnAnalyze", "DisplayMode") == "edit"
    screen.run("btnAnalyze", "OnSelect")
    assert (screen.notes, screen.run("lblStatus", "Text")) == ([], "Succeeded")
    rows = screen.run("galRows", "Items")
    assert rows == [{"region": "North", "amount": 1150.25}, {"region": "South", "amount": 200.0}]
    assert [screen.run("lblAmount", "Text", row) for row in rows] == ["1,150.25", "200.00"]
    assert screen.run("imgChart", "Image").startswith(b"\x89PNG")
    screen.run("btnOpenChart", "OnSelect")
    assert requests.get(screen.opened[0], timeout=30).content == screen.run("imgChart", "Image")


def test_a_second_file_joins_the_first(api, document):
    """Analyze again uses the session of the last run; Start over ends it."""
    screen = Screen(api, document, ATTACHED)
    screen.run("btnAnalyze", "OnSelect")
    screen.attachments[:] = [{"Name": "east.csv", "Value": b"month,region,amount\nMarch,East,9\n"}]
    screen.run("btnAnalyze", "OnSelect")
    assert [row["region"] for row in screen.run("galRows", "Items")] == ["North", "South", "East"]
    session = screen.variables["varSession"]
    screen.run("btnStartOver", "OnSelect")
    assert api.call("GET", f"/sessions/{session}").status_code == 404
    assert (screen.run("galRows", "Items"), screen.run("imgChart", "Image")) == (None, None)
    assert {screen.run(name, "DisplayMode") for name in ("btnAnalyze", "btnStartOver", "btnOpenChart")} == {"disabled"}


def test_code_that_fails_says_why(api, document):
    """The line, the message and the hint are on the screen, in place of rows, chart and link."""
    screen = Screen(api, document, {"Name": "other.csv", "Value": b"country,amount\nFrance,1\n"})
    screen.run("btnAnalyze", "OnSelect")
    status = screen.run("lblStatus", "Text")
    assert re.match(r"The code failed in line 5: .*region", status), status
    assert (screen.run("galRows", "Items"), screen.variables["varLink"], screen.notes) == (None, None, [])


def test_a_refused_call_is_a_notification(api, document):
    """It has the status alone: the connector's message does not reach a formula."""
    screen = Screen(api, document, {"Name": "a/b.csv", "Value": b"x"})
    screen.run("btnAnalyze", "OnSelect")
    assert screen.notes == ["The upload was refused: The server returned an HTTP error with code 400"]
    assert screen.run("btnAnalyze", "DisplayMode") == "edit"


def test_a_refused_file_leaves_no_old_answer(api, document):
    """No code runs on the files of the last time, and nothing of it stays on the screen; the session does."""
    screen = Screen(api, document, ATTACHED)
    screen.run("btnAnalyze", "OnSelect")
    screen.attachments[:] = [{"Name": "a/b.csv", "Value": b"x"}]
    screen.run("btnAnalyze", "OnSelect")
    assert len(screen.notes) == 1
    assert [screen.run(*shown) for shown in SHOWN] == [None, None, None]
    screen.attachments[:] = [{"Name": "east.csv", "Value": b"month,region,amount\nMarch,East,9\n"}]
    screen.run("btnAnalyze", "OnSelect")
    assert [row["region"] for row in screen.run("galRows", "Items")] == ["North", "South", "East"]


SHOWN = (("galRows", "Items"), ("imgChart", "Image"), ("lblStatus", "Text"))


def test_readme_shows_the_formulas_of_the_screen():
    """Each formula in README is, without its indentation, one of the screen."""
    shown = re.findall(r"```powerfx\n(.*?)```", README, re.DOTALL)
    screen = {_plain(formula) for name in CONTROLS for formula in CONTROLS[name]["Properties"].values()}
    assert shown and all(any(_plain(each) in formula for formula in screen) for each in shown)


def _plain(formula: str) -> str:
    return " ".join(formula.removeprefix("=").split())
