"""Stand-ins for pac and paconn, which accept what these accept and nothing else, and write down what they were given.

Options of pac: learn.microsoft.com/power-platform/developer/cli/reference, its pages connector, auth and env; its
message without a profile, as reported by users. paconn: the source of version 0.0.21 (PyPI), including that it refuses
to create a connector with sign-in without a secret, and where it writes settings.json.

A program runs as `python stand_ins.py LOG pac ARGUMENTS`. In LOG, which has one line of JSON per call, `files` are the
contents of files among the options. The command that the variable REFUSE names, such as "pac env who", fails.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

SECRET = "a~secret.with_$igns and \"quotes\" \\ 'more'"
PAC_ID, PACONN_ID = "3b0f1f8e-0000-4000-8000-00000000c0de", "shared_code-20interpreter-5fb1e6"
NO_PROFILE = "Error: No profiles were found on this computer. Please run 'pac auth create' to create one."

Command = tuple[str, ...]
_FILES = ("api_definition_file", "api_properties_file", "icon_file", "api_def", "api_prop", "icon")
_PAC = (
    "--api-definition-file -df",
    "--api-properties-file -pf",
    "--environment -env",
    "--icon-file -if",
    "--script-file -sf",
    "--settings-file",
    "--solution-unique-name -sol",
)
_PACONN = (
    "--api-def -d",
    "--api-prop -p",
    "--env -e",
    "--icon -i",
    "--pau -u",
    "--pav -v",
    "--script -x",
    "--secret -r",
)
OPTIONS: dict[str, dict[Command, tuple[str, ...]]] = {
    "pac": {
        ("auth", "create"): ("--environment -env", "--name -n", "--deviceCode -dc"),
        ("connector", "list"): ("--environment -env", "--json"),
        ("env", "who"): ("--environment -env", "--json"),
        ("connector", "create"): _PAC,
        ("connector", "update"): (*_PAC, "--connector-id -id"),
    },
    "paconn": {
        ("login",): ("--clid -i", "--tenant -t", "--authority_url -a", "--resource -r", "--settings -s", "--force -f"),
        ("create",): (*_PACONN, "--settings -s", "--overwrite-settings -w"),
        ("update",): (*_PACONN, "--settings -s", "--cid -c"),
    },
}
_SWITCHES = ("--json", "--force -f", "--overwrite-settings -w")


def install(folder: Path, log: Path, *tools: str) -> None:
    """Writes programs with the names of the tools."""
    folder.mkdir(exist_ok=True)
    for tool in tools:
        program = folder / tool
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{log}" {tool} "$@"\n', encoding="utf-8")
        program.chmod(0o755)


def calls(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def main(log: str, tool: str, *arguments: str) -> int:
    command = next((each for each in OPTIONS[tool] if arguments[: len(each)] == each), None)
    if command is None:
        print(f"Error: Not a valid command: {arguments}", file=sys.stderr)
        return 1
    given = _parsed(tool, command, arguments[len(command) :])
    files = {name: Path(given[name]).read_text("utf-8", "replace") for name in _FILES if given.get(name)}
    call = {"command": " ".join((tool, *command)), "options": given, "files": files, "folder": os.getcwd()}
    with Path(log).open("a", encoding="utf-8") as written:
        written.write(json.dumps(call) + "\n")
    if os.environ.get("REFUSE") == call["command"]:
        print(NO_PROFILE if command == ("env", "who") else "Error: Forbidden", file=sys.stderr)
        return 1
    return _done(call)


def _parsed(tool: str, command: Command, arguments: tuple[str, ...]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog=" ".join((tool, *command)), allow_abbrev=False)
    for names in OPTIONS[tool][command]:
        parser.add_argument(*names.split(), action="store_true" if names in _SWITCHES else "store")
    return {name: value for name, value in vars(parser.parse_args(arguments)).items() if value}


def _done(call: dict[str, Any]) -> int:
    """What the tool prints, and writes, when it has done it."""
    options, files = call["options"], call["files"]
    match call["command"]:
        case "pac env who":
            print("Connected as maker@contoso.example\nOrganization Information\n  Friendly Name: Contoso")
        case "pac connector create" | "pac connector update":
            json.loads(files["api_definition_file"]), json.loads(files["api_properties_file"])
            print(f"Connector created with ID {PAC_ID}" if call["command"].endswith("create") else "Connector updated")
        case "paconn create" | "paconn update":
            json.loads(files["api_def"])
            is_new = call["command"] == "paconn create"
            if is_new and '"oauthSetting"' in files["api_prop"] and not options.get("secret"):
                print("Please provide OAuth2 client secret using the --secret argument.", file=sys.stderr)
                return 1
            if is_new:
                assert options.get("overwrite_settings"), "paconn would ask whether to overwrite settings.json"
                written = {"connectorId": PACONN_ID, "environment": options.get("env", "the chosen one")}
                Path("settings.json").write_text(json.dumps(written, indent=2, separators=(",", ": ")), "utf-8")
            print(f"{PACONN_ID} {'created' if is_new else 'updated'} successfully.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
