"""`make deploy-autogen` and `make remove-autogen`, with a script in place of azd, which records what it is told."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "autogen_web_api"
NAME = "demo-autogen"
ACCOUNT = "/subscriptions/2/resourceGroups/rg-models/providers/Microsoft.CognitiveServices/accounts/models"
CLIENT_ID = "33333333-3333-3333-3333-333333333333"

CONNECTOR = {
    "AZURE_ENV_NAME": "demo",
    "AZURE_LOCATION": "westeurope",
    "AZURE_SUBSCRIPTION_ID": "subscription",
    "AZURE_RESOURCE_GROUP": "rg-demo",
    "AZURE_FUNCTION_NAME": "func-demo",
    "CONNECTOR_URL": "https://func-demo.azurewebsites.net",
    "CONNECTOR_AUTH": "key",
}
WITH_ENTRA = {**CONNECTOR, "CONNECTOR_AUTH": "entra", "ENTRA_CLIENT_ID": CLIENT_ID, "ENTRA_ALLOWED_CALLERS": "one,two"}
OUTPUTS = {"AZURE_RESOURCE_GROUP": f"rg-{NAME}", "APP_PRINCIPAL_ID": "principal", "WEB_URL": "https://web.example"}

AZD = f"""#!{sys.executable}
import json, os, pathlib, sys

here = pathlib.Path(__file__).parent
state = json.loads((here / "state.json").read_text())
words = sys.argv[1:]
folder = words[words.index("--cwd") + 1] if "--cwd" in words else ""
named = words[words.index("--environment") + 1] if "--environment" in words else ""
assert "--no-prompt" in words, words
match words:
    case ["auth", "login", "--check-status", *_]:
        print(json.dumps({{"status": state["status"]}}))
    case ["env", "get-values", *_] if folder == {str(ROOT)!r}:
        print(json.dumps(state["connector"])) if state["connector"] else sys.exit("no environment")
    case ["env", "get-values", *_] if folder == {str(EXAMPLE)!r}:
        print(json.dumps(state["environments"][named]))
    case ["env", "list", *_] if folder == {str(EXAMPLE)!r}:
        print(json.dumps([{{"Name": name, "IsDefault": True}} for name in state["environments"]]))
    case [command, *_] if folder == {str(EXAMPLE)!r}:
        call = " ".join(word for word in words if word not in ("--cwd", folder, "--no-prompt"))
        key = os.environ.get("OPENAI_API_KEY", "") if command == "up" else ""
        with (here / "calls").open("a") as calls:
            print(call + (f" with the key {{key}}" if key else ""), file=calls)
        if command == state["fails"]:
            sys.exit("azd: it does not work")
        if words[:2] == ["env", "new"]:
            state["environments"][words[2]] = {{}}
        if words[:2] == ["env", "set"]:
            pairs = words[2 : words.index("--environment")]
            state["environments"][named].update(pair.split("=", 1) for pair in pairs)
        if command == "up":
            state["environments"][named].update(state["outputs"])
        (here / "state.json").write_text(json.dumps(state))
    case _:
        sys.exit(f"unexpected: {{words}}")
"""


class Machine:
    """A machine on which azd is the script above. `state` is what azd knows, `calls` what it was asked to change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.state = {"status": "success", "connector": CONNECTOR, "environments": {}, "outputs": OUTPUTS, "fails": ""}

    def run(self, command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        (self._folder / "state.json").write_text(json.dumps(self.state))
        (self._folder / "calls").write_text("")
        environment = {"PATH": f"{self._folder}:{os.environ['PATH']}", "HOME": str(self._folder)}
        target = ["make", "--silent", f"PYTHON={sys.executable}", f"{command}-autogen"]
        assignments = [f"{name}={value}" for name, value in settings.items()]
        done = subprocess.run(
            [*target, *assignments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )
        self.state = json.loads((self._folder / "state.json").read_text())
        return done

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()

    @property
    def settings(self) -> dict[str, str]:
        """What azd stored for the web API, without its outputs."""
        return {key: value for key, value in self.state["environments"][NAME].items() if key not in OUTPUTS}


@pytest.fixture
def machine(tmp_path):
    program = tmp_path / "azd"
    program.write_text(AZD)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Machine(tmp_path)


FOR_A_NEW_ACCOUNT = {
    "AZURE_SUBSCRIPTION_ID": "subscription",
    "AZURE_LOCATION": "westeurope",
    "CONNECTOR_URL": "https://func-demo.azurewebsites.net",
    "CONNECTOR_NAME": "func-demo",
    "CONNECTOR_RESOURCE_GROUP": "rg-demo",
    "CONNECTOR_AUDIENCE": "",
    "AZURE_OPENAI_ID": "",
    "AZURE_OPENAI_MODEL": "gpt-5-mini",
    "OPENAI_MODEL": "",
    "AZURE_OPENAI_DEPLOYMENT": "model",
    "AZURE_OPENAI_API_VERSION": "",
    "AZURE_OPENAI_MODEL_VERSION": "",
    "OPENAI_BASE_URL": "",
    "ALLOWED_ADDRESSES": "",
    "SIGN_IN_CLIENT_ID": "",
}


def test_a_first_deployment(machine):
    """One command creates an environment beside the connector's, fills it in, and deploys; nobody else may call."""
    done = machine.run("deploy", AZURE_OPENAI_MODEL="gpt-5-mini")
    assert done.returncode == 0, done.stderr
    assert machine.calls == [
        f"env new {NAME} --subscription subscription --location westeurope",
        f"env set {' '.join(f'{key}={value}' for key, value in FOR_A_NEW_ACCOUNT.items())} --environment {NAME}",
        f"up --environment {NAME}",
    ]
    assert machine.settings == FOR_A_NEW_ACCOUNT
    assert done.stdout.splitlines() == [
        "web API     https://web.example/docs",
        "callers     only apps in the same Container Apps environment. To open it to your own address:",
        "            make deploy-autogen ALLOWED_ADDRESSES=YOUR-ADDRESS/32",
    ]


def test_a_later_deployment_keeps_the_settings(machine):
    """Settings that are given again replace the stored ones; an empty one takes a caller away."""
    machine.run("deploy", AZURE_OPENAI_ID=ACCOUNT, AZURE_OPENAI_DEPLOYMENT="gpt", ALLOWED_ADDRESSES="203.0.113.7")
    first = machine.settings
    assert first["ALLOWED_ADDRESSES"] == "203.0.113.7/32"
    done = machine.run("deploy")
    assert [call.split()[:2] for call in machine.calls] == [["env", "set"], ["up", "--environment"]]
    assert machine.settings == first
    assert "callers     from 203.0.113.7/32" in done.stdout
    machine.run("deploy", AZURE_OPENAI_MODEL="gpt-5-mini", ALLOWED_ADDRESSES="")
    assert machine.settings == FOR_A_NEW_ACCOUNT


def test_the_key_of_a_model_is_not_stored(machine):
    """azd gets it in the environment of the deployment alone, and no output shows it."""
    done = machine.run("deploy", OPENAI_API_KEY="sk-secret", OPENAI_MODEL="a", OPENAI_BASE_URL="https://m.example/v1")
    assert machine.calls[-1] == f"up --environment {NAME} with the key sk-secret"
    assert "sk-secret" not in "".join(machine.calls[:-1]) + done.stdout + done.stderr
    assert (machine.settings["OPENAI_MODEL"], machine.settings["OPENAI_BASE_URL"]) == ("a", "https://m.example/v1")
    again = machine.run("deploy")
    assert again.returncode != 0 and machine.calls == []
    assert again.stderr.startswith("OPENAI_API_KEY is missing. Set it at every deployment")


def test_the_key_is_not_passed_for_another_model(machine):
    """With a key in the environment, Azure OpenAI is still called with the identity."""
    machine.run("deploy", AZURE_OPENAI_MODEL="gpt-5-mini", OPENAI_API_KEY="sk-secret", OPENAI_MODEL="a")
    assert machine.calls[-1] == f"up --environment {NAME}"
    assert machine.settings == FOR_A_NEW_ACCOUNT


def test_a_connector_with_entra_id(machine):
    """The web API requests tokens, and the command states how the connector accepts its identity."""
    machine.state["connector"] = WITH_ENTRA
    done = machine.run("deploy", AZURE_OPENAI_MODEL="gpt-5-mini", SIGN_IN_CLIENT_ID=CLIENT_ID)
    assert machine.settings["CONNECTOR_AUDIENCE"] == f"api://{CLIENT_ID}"
    assert done.stdout.splitlines()[-4:] == [
        "            https://web.example/.auth/login/aad/callback, and it must issue ID tokens",
        "to do       the connector must accept the web API's identity:",
        '            azd env set ENTRA_ALLOWED_CALLERS "one,two,principal"',
        "            azd provision",
    ]
    machine.state["connector"] = {**WITH_ENTRA, "ENTRA_ALLOWED_CALLERS": "one,principal"}
    assert "to do" not in machine.run("deploy").stdout


BEFORE_ANYTHING_IS_CREATED = {
    "not signed in": ({"status": "unauthenticated"}, {}, "You are not signed in to Azure. Run `azd auth login`."),
    "no environment": ({"connector": {}}, {}, "No connector has been deployed from this folder: azd has no AZURE_S"),
    "no connector": (
        {
            "connector": {
                name: CONNECTOR[name] for name in ("AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID")
            }
        },
        {},
        "No connector has been deployed from this folder: azd has no CONNECTOR_URL. Run `azd up` first.",
    ),
    "no model": ({}, {}, "No model is given. Set AZURE_OPENAI_ID and AZURE_OPENAI_DEPLOYMENT for an existing account"),
    "no key": ({}, {"OPENAI_MODEL": "a"}, "OPENAI_API_KEY is missing."),
    "no model of the key": ({}, {"OPENAI_API_KEY": "sk-secret"}, "No model is given."),
    "an account by its name": (
        {},
        {"AZURE_OPENAI_ID": "models", "AZURE_OPENAI_DEPLOYMENT": "gpt"},
        "AZURE_OPENAI_ID is not the resource ID of an Azure OpenAI account.",
    ),
    "no deployment": ({}, {"AZURE_OPENAI_ID": ACCOUNT}, "AZURE_OPENAI_DEPLOYMENT is missing."),
    "a wrong address": (
        {},
        {"AZURE_OPENAI_MODEL": "a", "ALLOWED_ADDRESSES": "203.0.113.7, 203.0.113.300"},
        "ALLOWED_ADDRESSES is wrong: Octet 300 (> 255) not permitted in '203.0.113.300'.",
    ),
    "a wrong client ID": (
        {},
        {"AZURE_OPENAI_MODEL": "a", "SIGN_IN_CLIENT_ID": "api://x"},
        "SIGN_IN_CLIENT_ID is not the client ID of an app registration",
    ),
}


@pytest.mark.parametrize("case", BEFORE_ANYTHING_IS_CREATED)
def test_what_is_wrong_is_found_before_anything_is_created(machine, case):
    """The message states the problem and the remedy."""
    state, settings, message = BEFORE_ANYTHING_IS_CREATED[case]
    machine.state.update(state)
    done = machine.run("deploy", **settings)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr.startswith(message)
    assert machine.calls == [] and machine.state["environments"] == {}


@pytest.mark.parametrize("command", ["deploy", "remove"])
def test_without_azd_nothing_is_done(tmp_path, command):
    """The message states what to install. Python has its standard library alone."""
    program = [sys.executable, "-S", "-m", "examples.autogen_web_api.deployment", command]
    done = subprocess.run(program, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "The Azure Developer CLI (azd) is not installed. Install version 1.24.1 or later.\n"


def test_a_failed_deployment_is_not_reported_as_done(machine):
    """azd's message stays visible, and the command can be repeated."""
    machine.state["fails"] = "up"
    done = machine.run("deploy", AZURE_OPENAI_MODEL="gpt-5-mini")
    assert done.returncode != 0 and done.stdout == ""
    assert "azd: it does not work\n`azd up` failed; its message is above." in done.stderr
    machine.state["fails"] = ""
    assert machine.run("deploy").returncode == 0


def test_removing(machine):
    """Only the environment of the web API is taken down: folder and name are given, and are not the connector's."""
    machine.run("deploy", AZURE_OPENAI_MODEL="gpt-5-mini")
    done = machine.run("remove")
    assert machine.calls == [f"down --environment {NAME} --force --purge"]
    assert done.stdout == f"removed     the resource group rg-{NAME}; the connector was not changed\n"


def test_what_remains_elsewhere_is_named(machine):
    """A role on an account of another resource group, and a caller of the connector."""
    machine.state["connector"] = {**WITH_ENTRA, "ENTRA_ALLOWED_CALLERS": "one,principal"}
    machine.run("deploy", AZURE_OPENAI_ID=ACCOUNT, AZURE_OPENAI_DEPLOYMENT="gpt")
    assert machine.run("remove").stdout.splitlines()[1:] == [
        "remains     the role on the Azure OpenAI account, listed as 'Identity not found': delete it there",
        "remains     principal in the connector's ENTRA_ALLOWED_CALLERS: remove it there, and `azd provision`",
    ]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, f"There is nothing to remove: azd has no environment {NAME} for the AutoGen web API."),
        ({"connector": {}}, "azd has no environment in this folder, and so no connector."),
        ({"status": "unauthenticated"}, "You are not signed in to Azure."),
        (
            {"environments": {NAME: {"AZURE_RESOURCE_GROUP": "rg-demo"}}},
            f"The environment {NAME} is for the resource group rg-demo, and not for rg-{NAME}.",
        ),
    ],
)
def test_nothing_else_is_removed(machine, state, message):
    """Least of all the resource group of the connector."""
    machine.state.update(state)
    done = machine.run("remove")
    assert done.returncode != 0 and done.stderr.startswith(message)
    assert machine.calls == []


def test_the_longest_name_of_an_environment(machine):
    """azd accepts 64 characters."""
    machine.state["connector"] = {**CONNECTOR, "AZURE_ENV_NAME": "e" * 64}
    machine.run("deploy", AZURE_OPENAI_MODEL="gpt-5-mini")
    assert list(machine.state["environments"]) == ["e" * 56 + "-autogen"]
