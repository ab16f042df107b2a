"""python -m examples.autogen_web_api.deployment deploy|remove

The folder above is a project of azd, with an environment of its own: the name of the connector's, and `-autogen`.
Mistakes in the settings are reported before anything is created.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from .azd import Project, Refused, require_sign_in
from .settings import audience, caller_settings, model_settings

EXAMPLE = Path(__file__).resolve().parent.parent
WEB_API = Project(EXAMPLE)
CONNECTOR = Project(EXAMPLE.parent.parent)

FROM_THE_CONNECTOR = ("AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION", "CONNECTOR_URL")
"""Values of the connector's environment that the web API's has too, with the same names."""


def main() -> int:
    commands = {"deploy": deploy, "remove": remove}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    try:
        commands[sys.argv[1]](os.environ)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def deploy(environment: Mapping[str, str]) -> None:
    """Raises Refused, and prints the address of the web API and what remains to be done."""
    require_sign_in()
    connector = CONNECTOR.values()
    missing = [name for name in (*FROM_THE_CONNECTOR, "AZURE_FUNCTION_NAME") if not connector.get(name)]
    if missing:
        raise Refused(f"No connector has been deployed from this folder: azd has no {missing[0]}. Run `azd up` first.")
    name = environment_name(connector)
    exists = name in WEB_API.environments()
    stored = WEB_API.values(name) if exists else {}
    settings = {
        **{value: connector[value] for value in FROM_THE_CONNECTOR},
        "CONNECTOR_NAME": connector["AZURE_FUNCTION_NAME"],
        "CONNECTOR_RESOURCE_GROUP": connector["AZURE_RESOURCE_GROUP"],
        "CONNECTOR_AUDIENCE": audience(connector),
        **model_settings(environment, stored),
        **caller_settings(environment, stored),
    }
    if not exists:
        options = ["--subscription", settings["AZURE_SUBSCRIPTION_ID"], "--location", settings["AZURE_LOCATION"]]
        WEB_API.run("env", "new", name, *options)
    pairs = [f"{key}={value}" for key, value in settings.items()]
    WEB_API.run("env", "set", *pairs, "--environment", name)
    # The key is passed in the environment of this one command, and not stored: azd's own file would have it in clear.
    key = environment.get("OPENAI_API_KEY", "") if settings["OPENAI_MODEL"] else ""
    WEB_API.run("up", "--environment", name, OPENAI_API_KEY=key)
    print(*_report(connector, WEB_API.values(name)), sep="\n")


def remove(environment: Mapping[str, str]) -> None:
    """Deletes the resource group of the web API, and nothing of the connector. Raises Refused."""
    require_sign_in()
    connector = CONNECTOR.values()
    name = environment_name(connector)
    if name not in WEB_API.environments():
        raise Refused(f"There is nothing to remove: azd has no environment {name} for the AutoGen web API.")
    values = WEB_API.values(name)
    group = f"rg-{name}"
    if values.get("AZURE_RESOURCE_GROUP", group) != group:
        raise Refused(
            f"The environment {name} is for the resource group {values['AZURE_RESOURCE_GROUP']}, and not for {group}. "
            "Nothing was removed; delete what is yours in the Azure portal."
        )
    WEB_API.run("down", "--environment", name, "--force", "--purge")
    print(f"removed     the resource group {group}; the connector was not changed")
    principal = values.get("APP_PRINCIPAL_ID", "")
    if values.get("AZURE_OPENAI_ID"):
        print("remains     the role on the Azure OpenAI account, listed as 'Identity not found': delete it there")
    if principal and principal in connector.get("ENTRA_ALLOWED_CALLERS", ""):
        print(f"remains     {principal} in the connector's ENTRA_ALLOWED_CALLERS: remove it there, and `azd provision`")


def environment_name(connector: Mapping[str, str]) -> str:
    """Of the web API's azd environment, which has at most 64 characters. Raises Refused."""
    name = connector.get("AZURE_ENV_NAME", "")
    if not name:
        raise Refused(
            "azd has no environment in this folder, and so no connector. Run `azd up` first, or `azd env select`."
        )
    return f"{name[:56]}-autogen"


def _report(connector: Mapping[str, str], values: Mapping[str, str]) -> list[str]:
    """What was deployed, who may call it, and what remains to be done."""
    url = values["WEB_URL"]
    lines = [f"web API     {url}/docs"]
    if values.get("SIGN_IN_CLIENT_ID"):
        lines.append("callers     people who sign in with the app registration; its redirect URI must be")
        lines.append(f"            {url}/.auth/login/aad/callback, and it must issue ID tokens")
    if values.get("ALLOWED_ADDRESSES"):
        lines.append(f"callers     from {values['ALLOWED_ADDRESSES']}")
    if not values.get("SIGN_IN_CLIENT_ID") and not values.get("ALLOWED_ADDRESSES"):
        lines.append("callers     only apps in the same Container Apps environment. To open it to your own address:")
        lines.append("            make deploy-autogen ALLOWED_ADDRESSES=YOUR-ADDRESS/32")
    principal = values["APP_PRINCIPAL_ID"]
    callers = connector.get("ENTRA_ALLOWED_CALLERS", "")
    if audience(connector) and principal not in callers:
        lines.append("to do       the connector must accept the web API's identity:")
        lines.append(f'            azd env set ENTRA_ALLOWED_CALLERS "{",".join(filter(None, (callers, principal)))}"')
        lines.append("            azd provision")
    return lines


if __name__ == "__main__":
    sys.exit(main())
