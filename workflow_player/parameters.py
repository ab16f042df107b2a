"""The values of a flow's parameters: those of the play, of the file or project, or their defaults."""

import contextlib
from collections.abc import Mapping
from typing import Any

from workflow_player.errors import FlowError
from workflow_player.flow import Flow
from workflow_player.templates import evaluated


class _NoSetting(Exception):
    pass


OF_THE_PLATFORM = {"$connections", "$authentication"}


def parameter_values(flow: Flow, given: Mapping[str, Any], app_settings: Mapping[str, str]) -> dict[str, Any]:
    """Every declared parameter with its value; those without one fail when they are read."""
    unknown = given.keys() - flow.parameters.keys() - OF_THE_PLATFORM
    if unknown:
        known = ", ".join(flow.parameters) or "none"
        raise FlowError(f"the flow has no parameter {', '.join(sorted(unknown))}; there are: {known}")

    def of_settings(text: str) -> Any:
        name = text.removeprefix("appsetting('").removesuffix("')")
        if text != f"appsetting('{name}')":
            raise FlowError(f"parameters.json: @{text} is no app setting, which is all that it may have")
        if name not in app_settings:
            raise _NoSetting
        return app_settings[name]

    values: dict[str, Any] = {
        "$connections": {name: {"connectionId": f"/connections/{name}"} for name in flow.connections},
        "$authentication": {},
    }
    for name, declared in flow.parameters.items():
        if name in given:
            values[name] = given[name]
        elif name in flow.values and name not in OF_THE_PLATFORM:
            with contextlib.suppress(_NoSetting):  # a project has the parameters of all its workflows
                values[name] = evaluated(flow.values[name], of_settings)
        elif "defaultValue" in declared and name not in OF_THE_PLATFORM:
            values[name] = declared["defaultValue"]
    return values
