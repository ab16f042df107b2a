"""The values of a flow's parameters: those of the play, of the file or project, or their defaults."""

from collections.abc import Mapping
from typing import Any

from workflow_player.errors import FlowError
from workflow_player.flow import Flow
from workflow_player.templates import evaluated

OF_THE_PLATFORM = {"$connections", "$authentication"}


def parameter_values(flow: Flow, given: Mapping[str, Any], app_settings: Mapping[str, str]) -> dict[str, Any]:
    """Every declared parameter with its value; those without one fail when they are read."""
    unknown = given.keys() - flow.parameters.keys() - OF_THE_PLATFORM
    if unknown:
        known = ", ".join(flow.parameters) or "none"
        raise FlowError(f"the flow has no parameter {', '.join(sorted(unknown))}; there are: {known}")

    def of_settings(text: str) -> Any:
        name = text.removeprefix("appsetting('").removesuffix("')")
        if text != f"appsetting('{name}')" or name not in app_settings:
            raise FlowError(f"parameters.json: the app setting of @{text} has no value in the play")
        return app_settings[name]

    values: dict[str, Any] = {
        "$connections": {name: {"connectionId": f"/connections/{name}"} for name in flow.connections},
        "$authentication": {},
    }
    for name, declared in flow.parameters.items():
        if name in given:
            values[name] = given[name]
        elif name in flow.values and name not in OF_THE_PLATFORM:
            values[name] = evaluated(flow.values[name], of_settings)
        elif "defaultValue" in declared and name not in OF_THE_PLATFORM:
            values[name] = declared["defaultValue"]
    return values
