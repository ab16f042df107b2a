"""Files of every dialect are read as the same flow."""

import json

import pytest

from tests.workflow_player.flows import compose
from workflow_player.errors import FlowError
from workflow_player.flow import Flow, api_name

DEFINITION = {
    "triggers": {"manual": {"type": "Request"}},
    "parameters": {"a": {"type": "String", "defaultValue": "x"}},
    "actions": {
        "Check": {
            "type": "If",
            "expression": "@true",
            "actions": {"Yes": compose("@{1}")},
            "else": {"actions": {"No": compose("plain")}},
        },
        "Each": {"type": "Foreach", "foreach": "@json('[]')", "actions": {"Inner": compose(1)}},
    },
}
API = "/subscriptions/x/providers/Microsoft.Web/locations/y/managedApis/office365"


def test_consumption(tmp_path):
    """Its connections are the value of $connections."""
    file = tmp_path / "report.json"
    connections = {"value": {"mail": {"id": API, "connectionId": "x"}}}
    file.write_text(json.dumps({"definition": DEFINITION, "parameters": {"$connections": connections}}))
    flow = Flow.read(file)
    assert (flow.dialect, flow.name, flow.connections) == ("consumption", "report", {"mail": "office365"})


def test_standard(tmp_path):
    """Connections and values of parameters are in the files of its project."""
    file = tmp_path / "Report" / "workflow.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"definition": DEFINITION, "kind": "Stateful"}))
    (tmp_path / "parameters.json").write_text(json.dumps({"b": {"type": "String", "value": "@appsetting('B')"}}))
    built_in = {"serviceProvider": {"id": "/serviceProviders/acasession"}}
    managed = {"managedApiConnections": {"m": {"api": {"id": API}}}, "serviceProviderConnections": {"p": built_in}}
    (tmp_path / "connections.json").write_text(json.dumps(managed))
    flow = Flow.read(file)
    assert (flow.dialect, flow.kind, flow.name) == ("standard", "Stateful", "Report")
    assert flow.connections == {"m": "office365", "p": "acasession"}
    assert set(flow.parameters) == {"a", "b"}


def test_power_automate():
    """Connection references lead to APIs."""
    references = {"shared_x": {"api": {"name": "shared_sharepointonline"}}}
    document = {
        "properties": {"connectionReferences": references, "definition": DEFINITION},
        "schemaVersion": "1.0.0.0",
    }
    flow = Flow.of(document)
    assert (flow.dialect, flow.connections) == ("power-automate", {"shared_x": "sharepointonline"})


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "/subscriptions/x/customApis/code-interpreter"},
        {"api": {"name": "shared_cic-5fcodeinterpreter-5f4f28a03582b35180"}},
        {"api": {"name": "shared_code-20interpreter-5fabc"}},
    ],
)
def test_the_custom_connector_is_known_by_one_name(entry):
    """However its API is called where it was created."""
    assert api_name(entry) == "codeinterpreter"


def test_actions_and_expressions_of_all_levels():
    """With what is around each action."""
    flow = Flow.of({"definition": DEFINITION})
    assert {name: action.inside for name, action in flow.all_actions().items()} == {
        "Check": (),
        "Yes": ("Check",),
        "No": ("Check",),
        "Each": (),
        "Inner": ("Each",),
    }
    assert list(flow.expressions()) == ["true", "1", "json('[]')"]


@pytest.mark.parametrize("text", ["{", "{}", '{"properties": {}}'])
def test_what_is_no_flow(tmp_path, text):
    """The message has the file."""
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(FlowError, match="x.json"):
        Flow.read(file)


def test_a_name_is_used_once():
    """In the whole flow."""
    actions = {"A": compose(1), "S": {"type": "Scope", "actions": {"A": compose(2)}}}
    with pytest.raises(FlowError, match="two actions"):
        Flow.of({"definition": {"actions": actions}}).all_actions()
