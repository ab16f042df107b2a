"""The built-in connector of the Standard plan for session pools, `acasession`, on a pool such as the emulator's.

Sources: Microsoft's reference of the built-in connector, and its generated class in the workflows SDK: executeCode
returns status, result, stdout, stderr and sessionId, all texts; fileUpload takes an array of files and returns
filename, size, lastModifiedTime and sessionId of one; fileDownload and fileDelete need fileName and sessionId. Without
a session ID, one is made. How it calls the pool is not published: here as the pool's interface of 2025-10-02-preview
has it.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import requests

from workflow_player.content import bytes_of, text_of
from workflow_player.messages import Request, Response
from workflow_player.services.operations import Operation, Service
from workflow_player.services.stand_ins import Json, answer, body, error

API_VERSION = "2025-10-02-preview"
_TEXT = {"type": "string"}
_FILE = {
    "type": "object",
    "required": ["fileName", "fileContent"],
    "properties": {"fileName": _TEXT, "fileContent": {}},
    "additionalProperties": False,
}


class AcaSession(Service):
    """`endpoint` is the poolManagementEndpoint; `token` returns a token of somebody who may use the pool."""

    def __init__(self, endpoint: str, token: Callable[[], str]) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._token = token
        named = ["fileName", "sessionId"]
        super().__init__(
            "acasession",
            (
                _operation("executeCode", ["pythonCode"], {"pythonCode": _TEXT, "sessionId": _TEXT}),
                _operation("fileUpload", ["files"], {"files": {"type": "array", "items": _FILE}, "sessionId": _TEXT}),
                _operation("fileDownload", named, dict.fromkeys(named, _TEXT)),
                _operation("fileDelete", named, dict.fromkeys(named, _TEXT)),
            ),
        )

    def send(self, request: Request, seconds: float) -> Response:
        given = json.loads(request.body)
        session_id = given.get("sessionId") or str(uuid.uuid4())
        match request.url.removeprefix("/"):
            case "executeCode":
                code = {"code": given["pythonCode"], "codeInputType": "Inline", "executionType": "Synchronous"}
                return self._passed_on("POST", "executions", session_id, seconds, _executed, json=code)
            case "fileUpload":
                uploaded = error(400, "there are no files")
                for file in given["files"]:
                    sent = {"file": (file["fileName"], bytes_of(file["fileContent"]))}
                    uploaded = self._passed_on("POST", "files", session_id, seconds, _uploaded, files=sent)
                    if not uploaded.ok:
                        break
                return uploaded
            case "fileDownload":
                path = f"files/{quote(given['fileName'], safe='')}/content"
                return self._passed_on("GET", path, session_id, seconds)
            case _:
                return self._passed_on("DELETE", f"files/{quote(given['fileName'], safe='')}", session_id, seconds)

    def _passed_on(
        self,
        method: str,
        path: str,
        session_id: str,
        seconds: float,
        shown: Callable[[Json], Json] | None = None,
        **content: Any,
    ) -> Response:
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method,
                f"{self._endpoint}/{path}",
                params={"api-version": API_VERSION, "identifier": session_id},
                headers={"Authorization": f"Bearer {self._token()}"},
                timeout=seconds,
                **content,
            )
        if response.ok and shown:
            return answer({**shown(response.json()), "sessionId": session_id})
        return Response(response.status_code, dict(response.headers), response.content)


def _operation(operation_id: str, required: list[str], properties: Json) -> Operation:
    schema = {"type": "object", "required": required, "properties": properties, "additionalProperties": False}
    return Operation(operation_id, "POST", f"/{operation_id}", (body("body", schema),))


def _executed(execution: Json) -> Json:
    result = execution.get("result") or {}
    return {
        "status": execution["status"],
        "result": text_of(result.get("executionResult")),
        "stdout": result.get("stdout", ""),
        "stderr": result.get("stderr", ""),
    }


def _uploaded(file: Json) -> Json:
    return {"filename": file["name"], "size": file["sizeInBytes"], "lastModifiedTime": file["lastModifiedAt"]}
