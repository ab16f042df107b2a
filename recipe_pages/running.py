"""Runs a recipe through a connector as a user would: upload its files, run its code, get what it made, end the session.

Raises RecipeFailed with what the code printed, if it fails, and for any response that is not a success.
"""

import base64
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from connector.recipes.catalog import Recipe

DATA = Path(__file__).resolve().parents[1] / "docs" / "recipes" / "data"
"""The files of recipes."""

_SECONDS = 200


class RecipeFailed(Exception):
    """A recipe did not run; the message says why."""


@dataclass(frozen=True)
class MadeFile:
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Run:
    """What a recipe returned: the text that it printed, the rows of the data frame on its last line, if there is one,
    its charts as PNG, and the files that it wrote, by name.
    """

    printed: str
    table: list[dict[str, Any]]
    charts: list[bytes]
    files: dict[str, MadeFile]


def run(recipe: Recipe, api_url: str, key: str | None = None) -> Run:
    """Runs `recipe` in a session of its own on the connector at `api_url`, such as `http://127.0.0.1:7071/api`."""
    session_id = f"recipe-{uuid.uuid4()}"
    with requests.Session() as http:
        http.trust_env = False
        if key is not None:
            http.headers["x-functions-key"] = key
        try:
            if recipe.files:
                _upload(recipe, http, api_url, session_id)
            return _execute(recipe, http, api_url, session_id)
        finally:
            http.delete(f"{api_url}/sessions/{session_id}", timeout=_SECONDS)


def _upload(recipe: Recipe, http: requests.Session, api_url: str, session_id: str) -> None:
    files = [
        {"fileName": name, "fileContent": base64.b64encode((DATA / name).read_bytes()).decode()}
        for name in recipe.files
    ]
    _succeeded(http.post(f"{api_url}/files", json={"sessionId": session_id, "files": files}, timeout=_SECONDS))


def _execute(recipe: Recipe, http: requests.Session, api_url: str, session_id: str) -> Run:
    request = {"sessionId": session_id, "pythonCode": recipe.python_code, "includeContent": "never"}
    execution = _succeeded(http.post(f"{api_url}/executions", json=request, timeout=_SECONDS)).json()
    if execution["status"] != "Succeeded":
        error = execution.get("error") or {}
        raise RecipeFailed(f"{recipe.name} {execution['status']}: {error.get('message')}\n{execution['stdout']}")

    def content(file: dict[str, Any]) -> bytes:
        url = f"{api_url}/files/{file['fileName']}/content"
        query = {"sessionId": session_id, "folder": file.get("folder", "")}
        return _succeeded(http.get(url, params=query, timeout=_SECONDS)).content

    made = [file for file in execution["files"] if file["fileName"] in recipe.creates]
    charts = [output for output in execution["outputs"] if output["contentType"] == "image/png"]
    value = execution.get("value")
    return Run(
        printed=execution["stdout"],
        table=value if _is_table(value) else [],
        charts=[content(output) for output in charts],
        files={file["fileName"]: MadeFile(file["contentType"], content(file)) for file in made},
    )


def _succeeded(response: requests.Response) -> requests.Response:
    if not response.ok:
        raise RecipeFailed(f"{response.request.method} {response.url} returned {response.status_code}: {response.text}")
    return response


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
