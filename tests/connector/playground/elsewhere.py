"""Runs the texts of "Use it elsewhere" as they stand, where they are for.

What a reader has to fill in is filled in: the key, the session ID, the content of a file. Nothing else is changed.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from jsonschema import Draft202012Validator
from playwright._impl._driver import compute_driver_executable

from tests.conftest import Api
from workflow_player.flow import Flow
from workflow_player.player import Player
from workflow_player.services import code_interpreter
from workflow_player.services.sharepoint import SITE, SharePoint

Json = dict[str, Any]

PROGRAMS = ("curl", "python", "javascript")
"""They print what they got; the others return it."""

KINDS = (*PROGRAMS, "logic-apps", "power-automate", "agent")
WORKFLOWS: Json = json.loads(
    (Path(__file__).parents[2] / "examples" / "logic_apps" / "workflow.schema.json").read_text(encoding="utf-8")
)
FILE_STEP = "Get_file_content"
NODE = compute_driver_executable()[0]


@dataclass(frozen=True)
class Elsewhere:
    """`folder` has the files of programs; `content` is that of the file in workflows and tool calls."""

    api: Api
    session_id: str
    folder: Path
    content: bytes = b""

    def run(self, kind: str, text: str, settings: str = "") -> Any:
        """What the text prints, or what the call that it describes returns."""
        if kind in PROGRAMS:
            return self.printed(kind, text, settings)
        (name,) = [key for key in ("logic-apps", "power-automate", "agent") if key == kind]
        return {"logic-apps": self.acted, "power-automate": self.stepped, "agent": self.called}[name](text)

    def printed(self, kind: str, text: str, settings: str) -> str:
        program = self.folder / {"curl": "call.sh", "python": "call.py", "javascript": "call.mjs"}[kind]
        program.write_text(text, encoding="utf-8")
        interpreter = {"curl": "bash", "python": sys.executable, "javascript": NODE}[kind]
        filled_in = settings.replace("YOUR-KEY", str(self.api.key)).replace("YOUR-SESSION-ID", self.session_id)
        completed = subprocess.run(
            ["bash", "-c", f"{filled_in}\n'{interpreter}' {program.name}"],
            cwd=self.folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            timeout=60,
        )
        assert completed.returncode == 0, completed.stdout.decode() + completed.stderr.decode()
        return completed.stdout.decode()

    def acted(self, text: str) -> Any:
        """The body that the action returns in a workflow."""
        actions = json.loads(text)
        Draft202012Validator({"$ref": "#/$defs/actions", "$defs": WORKFLOWS["$defs"]}).validate(actions)
        (name,) = actions
        assert actions[name]["inputs"]["uri"].startswith(self.api.url)
        return self._played({}, actions, name)

    def stepped(self, text: str) -> Any:
        """What the connector made of swagger.json returns for the step in a cloud flow."""
        ((name, step),) = json.loads(text).items()
        inputs = step["inputs"]
        assert step["type"] == "OpenApiConnection"
        assert inputs["authentication"] == "@parameters('$authentication')"
        assert inputs["host"]["connectionName"] == inputs["host"]["apiId"].rpartition("/")[2]
        reference = {"api": {"name": "codeinterpreter"}}
        inputs["host"]["apiId"] = ""  # it is another one in each environment
        document = {"properties": {"connectionReferences": {inputs["host"]["connectionName"]: reference}}}
        return self._played(document, {name: step}, name)

    def _played(self, flow: Json, actions: Json, name: str) -> Any:
        """The body that an action returns in a flow, in which a step before it has got the file from SharePoint."""
        definition = {
            "triggers": {"manual": {"type": "Request", "kind": "Button"}},
            "parameters": {"functionKey": {"type": "SecureString"}, "sessionId": {"type": "String"}},
            "actions": actions,
        }
        if "properties" in flow:
            references = flow["properties"]["connectionReferences"]
            references["shared_sharepointonline"] = {"api": {"name": "shared_sharepointonline"}}
            flow["properties"]["definition"] = definition
        else:
            connection = {"id": "/managedApis/sharepointonline", "connectionId": "test"}
            flow["parameters"] = {"$connections": {"value": {"sharepointonline": connection}}}
            flow["definition"] = definition
        if actions[name].get("runAfter"):
            definition["actions"] = {FILE_STEP: _file_step("properties" in flow), **actions}
        site = self.folder / "site"
        site.mkdir(exist_ok=True)
        (site / "file.bin").write_bytes(self.content)
        player = Player(
            Flow.of(flow),
            {
                "codeinterpreter": code_interpreter(self.api.url, {"x-functions-key": str(self.api.key)}),
                "sharepointonline": SharePoint(site),
            },
            {"functionKey": self.api.key, "sessionId": self.session_id},
        )
        played = player.play()
        assert played.status == "Succeeded", played.actions[name].error
        return played.actions[name].outputs["body"]

    def called(self, text: str) -> Any:
        """What the MCP server's tool returns as text; for calls that are none of its tools, the response to the call
        that a framework sends, with the tools of openapi.json."""
        call = json.loads(text.replace("YOUR-SESSION-ID", self.session_id))
        schemas = {tool["name"]: tool["inputSchema"] for tool in self._mcp("tools/list", {})["tools"]}
        if call["name"] in schemas:
            Draft202012Validator({**schemas[call["name"]], "additionalProperties": False}).validate(call["arguments"])
            content = self._mcp("tools/call", call)["content"]
            return "\n".join(part["text"] for part in content if part["type"] == "text")
        document = requests.get(f"{self.api.url}/openapi.json", timeout=10).json()
        path, method, operation = _operation(document, call["name"])
        sent: dict[str, Json] = {"path": {}, "query": {}}
        arguments = dict(call["arguments"])
        for parameter in operation.get("parameters", []):
            assert not parameter.get("required") or parameter["name"] in arguments
            if parameter["name"] in arguments:
                value = arguments.pop(parameter["name"])
                Draft202012Validator(parameter["schema"]).validate(value)
                sent[parameter["in"]][parameter["name"]] = value
        if "requestBody" in operation:
            Draft202012Validator(operation["requestBody"]["content"]["application/json"]["schema"]).validate(arguments)
        else:
            assert not arguments
        return self._sent(method, path, sent["path"], sent["query"], arguments or None)

    def _mcp(self, method: str, params: Json) -> Json:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"x-functions-key": str(self.api.key), "MCP-Protocol-Version": "2025-11-25"}
        response = self.api.call("POST", "/mcp", json=message, headers=headers)
        result: Json = response.json()["result"]
        return result

    def _sent(self, method: str, path: str, in_path: Json, query: Json, body: Json | None) -> Any:
        for name, value in in_path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        headers = {"x-functions-key": str(self.api.key)}
        response = self.api.call(method, path, params=query, json=body, headers=headers)
        assert response.ok, response.text
        if not response.content:
            return None
        is_json = response.headers["Content-Type"].startswith("application/json") and not path.endswith("/content")
        return response.json() if is_json else response.content


def _file_step(cloud: bool) -> Json:
    """SharePoint's "Get file content using path", in a cloud flow or in Logic Apps."""
    if cloud:
        host = {"connectionName": "shared_sharepointonline", "operationId": "GetFileContentByPath"}
        return {
            "type": "OpenApiConnection",
            "inputs": {"host": host, "parameters": {"dataset": SITE, "path": "/file.bin"}},
        }
    return {
        "type": "ApiConnection",
        "inputs": {
            "host": {"connection": {"name": "@parameters('$connections')['sharepointonline']['connectionId']"}},
            "method": "get",
            "path": f"/datasets/@{{encodeURIComponent(encodeURIComponent('{SITE}'))}}/GetFileContentByPath",
            "queries": {"path": "/file.bin"},
        },
    }


def _operation(document: Json, operation_id: str) -> tuple[str, str, Json]:
    ((path, method, operation),) = [
        (path, method.upper(), operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["operationId"] == operation_id
    ]
    return path, method, operation


def said(execution: Json) -> str:
    """What the programs print of an execution."""
    lines = [execution["status"], execution["stdout"], execution["result"]]
    if "error" in execution:
        lines.append(f"{execution['error']['name']} {execution['error']['message']}")
    return "\n".join(lines) + "\n"


def listed(files: Json) -> str:
    """What the programs print of a list of files."""
    return "".join(f"{file['folder']} {file['fileName']} {file['size']}\n" for file in files["files"])
