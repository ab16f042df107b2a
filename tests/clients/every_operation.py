"""Every operation of the agents' document, called as a model calls it, through a library that imports the document.

The tests of a library derive a class from `EveryOperation` and define the fixture `call`: a coroutine function that
takes an operationId and the arguments of the operation, and returns the response that the model reads, parsed as JSON,
or None for an empty response.
"""

import base64
import re
import urllib.error
import urllib.request
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

Call = Callable[..., Awaitable[Any]]

SALES = b"region,amount\nNorth,42\nSouth,17\nNorth,8\n"
SALES_BY_REGION = """
import pandas as pd
sales = pd.read_csv("/mnt/data/sales.csv")
sales.groupby("region")["amount"].sum().to_dict()
"""

TEXT, INTEGER, BOOLEAN, LIST = "string", "integer", "boolean", "array"
ARGUMENTS = [
    (
        "ExecutePythonCode",
        {"pythonCode": TEXT},
        {
            "sessionId": TEXT,
            "timeoutInSeconds": INTEGER,
            "waitInSeconds": INTEGER,
            "idempotencyKey": TEXT,
            "includeContent": TEXT,
            "workspaceId": TEXT,
        },
    ),
    ("GetExecution", {"executionId": TEXT, "sessionId": TEXT}, {"includeContent": TEXT}),
    ("CancelExecution", {"executionId": TEXT, "sessionId": TEXT}, {"includeContent": TEXT}),
    ("UploadFile", {"files": LIST}, {"sessionId": TEXT, "folder": TEXT, "workspaceId": TEXT}),
    (
        "ListFiles",
        {"sessionId": TEXT},
        {"folder": TEXT, "recursive": BOOLEAN, "maxItems": INTEGER, "continuationToken": TEXT},
    ),
    ("GetFile", {"fileName": TEXT, "sessionId": TEXT}, {"folder": TEXT}),
    ("DeleteFile", {"fileName": TEXT, "sessionId": TEXT}, {"folder": TEXT}),
    (
        "ShareFile",
        {"fileName": TEXT, "sessionId": TEXT},
        {"folder": TEXT, "lifetimeInSeconds": INTEGER, "waitInSeconds": INTEGER},
    ),
    ("CreateUploadUrl", {"fileName": TEXT}, {"sessionId": TEXT, "folder": TEXT}),
    (
        "ImportFile",
        {},
        {
            "blobUrl": TEXT,
            "fileUrl": TEXT,
            "openaiFileIdRefs": LIST,
            "sessionId": TEXT,
            "folder": TEXT,
            "fileName": TEXT,
            "waitInSeconds": INTEGER,
        },
    ),
    (
        "ExportFile",
        {"sessionId": TEXT, "fileName": TEXT},
        {"folder": TEXT, "blobName": TEXT, "ifExists": TEXT, "waitInSeconds": INTEGER},
    ),
    ("SaveWorkspace", {"workspaceId": TEXT, "sessionId": TEXT}, {"eTag": TEXT, "waitInSeconds": INTEGER}),
    ("GetWorkspace", {"workspaceId": TEXT}, {}),
    ("DeleteWorkspace", {"workspaceId": TEXT}, {}),
    ("RestoreWorkspace", {"workspaceId": TEXT}, {"sessionId": TEXT, "waitInSeconds": INTEGER}),
    ("GetSession", {"sessionId": TEXT}, {}),
    ("EndSession", {"sessionId": TEXT}, {}),
    ("CheckConnection", {}, {}),
]
"""Each operation with its required and its optional arguments, which are its parameters and the members of its body."""

for_each_operation = pytest.mark.parametrize(
    ("operation_id", "required", "optional"), ARGUMENTS, ids=[operation_id for operation_id, *_ in ARGUMENTS]
)


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path and entry of each operation of a document, by operationId, in its order."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def dereferenced(node: Any, document: dict[str, Any]) -> Any:
    """The node with what its references to components of the document refer to."""
    if isinstance(node, dict):
        if "$ref" in node:
            section, name = node["$ref"].split("/")[-2:]
            return dereferenced(document["components"][section][name], document)
        return {name: dereferenced(value, document) for name, value in node.items()}
    return [dereferenced(item, document) for item in node] if isinstance(node, list) else node


def snake_case(operation_id: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", operation_id).lower()


def file(name: str, content: bytes) -> dict[str, str]:
    """A file as UploadFile takes it."""
    return {"fileName": name, "fileContent": base64.b64encode(content).decode()}


def without_key(method: str, url: str, content: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of the response to a request by whoever was given the URL."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, content, method=method)
    try:
        with direct.open(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


async def new_session(call: Call, *files: dict[str, str], **arguments: Any) -> str:
    """The ID of a new session that has these files."""
    uploaded = await call("UploadFile", files=list(files or [file("sales.csv", SALES)]), **arguments)
    return str(uploaded["sessionId"])


class EveryOperation:
    """At least one test for each operation; the name of a test starts with that of the operation."""

    pytestmark = pytest.mark.anyio

    def test_all_operations_are_tested(self, connector):
        """Every operation of the document has a test here, and its arguments are listed above."""
        assert [operation_id for operation_id, *_ in ARGUMENTS] == list(operations(connector.document))
        for operation_id in operations(connector.document):
            start = f"test_{snake_case(operation_id)}_"
            assert [name for name in dir(self) if name.startswith(start)], operation_id

    async def test_upload_file_creates_a_session(self, call):
        """Files are sent as base64; without a session ID, a new session is created."""
        uploaded = await call("UploadFile", files=[file("sales.csv", SALES), file("empty.txt", b"")])
        assert re.fullmatch("[0-9a-f]{32}-[0-9a-f]{8}", uploaded["sessionId"])
        assert [(each["fileName"], each["folder"], each["size"]) for each in uploaded["files"]] == [
            ("sales.csv", "", len(SALES)),
            ("empty.txt", "", 0),
        ]

    async def test_upload_file_stores_files_in_a_session_and_folder(self, call):
        """The session exists already, and the folder is created."""
        session_id = await new_session(call)
        uploaded = await call("UploadFile", files=[file("q1.csv", b"1")], sessionId=session_id, folder="reports/2026")
        assert uploaded["sessionId"] == session_id
        assert [(each["fileName"], each["folder"]) for each in uploaded["files"]] == [("q1.csv", "reports/2026")]

    async def test_execute_python_code_reads_an_uploaded_file(self, call):
        """The value of the last line is returned, and variables persist for the next run."""
        session_id = await new_session(call)
        execution = await call("ExecutePythonCode", pythonCode=SALES_BY_REGION, sessionId=session_id)
        assert (execution["status"], execution["result"]) == ("Succeeded", "{'North': 50, 'South': 17}")
        assert execution["sessionId"] == session_id
        execution = await call(
            "ExecutePythonCode", pythonCode="print('rows')\nlen(sales)", sessionId=session_id, timeoutInSeconds=30
        )
        assert (execution["stdout"], execution["result"], execution["value"]) == ("rows\n", "3", 3)

    async def test_execute_python_code_reports_errors_of_the_code(self, call):
        """Code that fails is a normal response: the model reads what to fix, and has the session ID."""
        execution = await call("ExecutePythonCode", pythonCode="rows = []\nrows[0]")
        assert (execution["status"], execution["error"]["name"], execution["error"]["line"]) == (
            "Failed",
            "IndexError",
            2,
        )
        assert "list index out of range" in execution["stderr"]
        assert (await call("ExecutePythonCode", pythonCode="rows", sessionId=execution["sessionId"]))["result"] == "[]"

    async def test_execute_python_code_returns_a_chart(self, call):
        """`outputs` has a chart as base64."""
        code = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()"
        (chart,) = (await call("ExecutePythonCode", pythonCode=code))["outputs"]
        assert chart["contentType"] == "image/png"
        assert base64.b64decode(chart["content"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")

    async def test_get_execution_returns_an_earlier_run(self, call):
        """It has the result of the run, and the code does not run again."""
        session_id = await new_session(call)
        code = "open('/mnt/data/runs', 'a').write('x')"
        execution = await call("ExecutePythonCode", pythonCode=code, sessionId=session_id)
        again = await call("GetExecution", executionId=execution["executionId"], sessionId=session_id)
        assert again["executionId"] == execution["executionId"]
        assert (again["status"], again["result"]) == ("Succeeded", "1")
        (runs,) = [
            each for each in (await call("ListFiles", sessionId=session_id))["files"] if each["fileName"] == "runs"
        ]
        assert runs["size"] == 1

    async def test_cancel_execution_stops_a_background_run(self, call):
        """The run is reported as Running, and as Canceled once it is canceled."""
        session_id = await new_session(call)
        code = "import time\nprint('started')\ntime.sleep(600)"
        execution = await call(
            "ExecutePythonCode", pythonCode=code, sessionId=session_id, timeoutInSeconds=900, waitInSeconds=1
        )
        assert (execution["status"], execution["stdout"]) == ("Running", "started\n")
        canceled = await call("CancelExecution", executionId=execution["executionId"], sessionId=session_id)
        assert (canceled["status"], canceled["stdout"]) == ("Canceled", "started\n")

    async def test_list_files_lists_uploaded_and_written_files(self, call):
        """Files in subfolders are listed with `recursive`, or by their folder."""
        session_id = await new_session(call)
        code = "import os\nos.makedirs('/mnt/data/out')\nopen('/mnt/data/out/total.txt', 'w').write('67')"
        await call("ExecutePythonCode", pythonCode=code, sessionId=session_id)

        async def listed(**arguments):
            response = await call("ListFiles", sessionId=session_id, **arguments)
            return sorted((each["folder"], each["fileName"]) for each in response["files"])

        assert await listed() == [("", "sales.csv")]
        assert await listed(recursive=True) == [("", "sales.csv"), ("out", "total.txt")]
        assert await listed(folder="out", recursive=False) == [("out", "total.txt")]

    @pytest.mark.parametrize("name", ["sales.csv", "two words.csv", "Übersicht März.csv"])
    async def test_get_file_returns_the_content(self, call, name):
        """The bytes are returned as base64, for names with any letters."""
        every_byte = bytes(range(256))
        session_id = await new_session(call, file(name, every_byte))
        response = await call("GetFile", sessionId=session_id, fileName=name)
        assert (response["fileName"], response["size"], response["contentType"]) == (name, 256, "text/csv")
        assert base64.b64decode(response["fileContent"], validate=True) == every_byte

    async def test_get_file_finds_a_file_in_a_folder(self, call):
        """The folder is a separate argument."""
        session_id = await new_session(call, file("q1.csv", b"1"), folder="reports/2026")
        response = await call("GetFile", sessionId=session_id, fileName="q1.csv", folder="reports/2026")
        assert (response["folder"], response["fileContent"]) == ("reports/2026", "MQ==")

    async def test_delete_file_deletes_one_file(self, call):
        """The response is empty, and the other files are kept."""
        session_id = await new_session(call, file("a.txt", b"a"), file("two words.txt", b"b"))
        assert await call("DeleteFile", sessionId=session_id, fileName="two words.txt") is None
        remaining = (await call("ListFiles", sessionId=session_id))["files"]
        assert [each["fileName"] for each in remaining] == ["a.txt"]

    async def test_share_file_returns_a_link_for_people(self, call):
        """The model writes it into its answer; the person needs no key, and may open it after the session has ended."""
        session_id = await new_session(call, file("two words.csv", SALES), folder="reports")
        shared = await call(
            "ShareFile", sessionId=session_id, fileName="two words.csv", folder="reports", lifetimeInSeconds=600
        )
        assert (shared["fileName"], shared["folder"], shared["size"]) == ("two words.csv", "reports", len(SALES))
        assert shared["isDurable"] is True
        await call("EndSession", sessionId=session_id)
        assert without_key("GET", shared["fileUrl"]) == (200, SALES)

    async def test_create_upload_url_takes_a_file_that_no_message_holds(self, call):
        """The model hands the URL to whoever has the file."""
        created = await call("CreateUploadUrl", fileName="sales.csv", folder="in")
        assert without_key("PUT", created["uploadUrl"], SALES)[0] == 200
        assert without_key("PUT", created["uploadUrl"], b"again")[0] == 404
        (stored,) = (await call("ListFiles", sessionId=created["sessionId"], folder="in"))["files"]
        assert (stored["fileName"], stored["size"]) == ("sales.csv", len(SALES))

    async def test_export_file_stores_a_file_beyond_the_session(self, call):
        """The blob has the name that the model chooses, and is not replaced by accident."""
        session_id = await new_session(call)
        name = f"every-operation/{session_id}.csv"
        exported = await call("ExportFile", sessionId=session_id, fileName="sales.csv", blobName=name)
        assert (exported["blobName"], exported["size"]) == (f"exports/{name}", len(SALES))
        again = await call("ExportFile", sessionId=session_id, fileName="sales.csv", blobName=name, ifExists="replace")
        assert again["blobUrl"] == exported["blobUrl"]

    async def test_import_file_copies_a_blob_into_a_session(self, call):
        """The model passes on the address alone; without a session ID, a new session is created."""
        session_id = await new_session(call)
        blob_name = f"every-operation/{session_id}-imported.csv"
        exported = await call("ExportFile", sessionId=session_id, fileName="sales.csv", blobName=blob_name)
        imported = await call("ImportFile", blobUrl=exported["blobUrl"], folder="in", fileName="sales.csv")
        (file_in_session,) = imported["files"]
        assert (file_in_session["fileName"], file_in_session["folder"]) == ("sales.csv", "in")
        assert file_in_session["size"] == len(SALES)
        assert imported["sessionId"] != session_id

    async def test_save_workspace_and_restore_it_in_another_session(self, call):
        """The files are there again after the session has ended."""
        session_id = await new_session(call)
        workspace_id = f"every-{session_id}"
        saved = await call("SaveWorkspace", workspaceId=workspace_id, sessionId=session_id)
        assert (saved["workspaceId"], saved["fileCount"]) == (workspace_id, 1)
        await call("EndSession", sessionId=session_id)
        restored = await call("RestoreWorkspace", workspaceId=workspace_id)
        execution = await call("ExecutePythonCode", pythonCode=SALES_BY_REGION, sessionId=restored["sessionId"])
        assert execution["value"] == {"North": 50, "South": 17}

    async def test_restore_workspace_into_a_session(self, call):
        """Files of the session that the workspace does not have are kept."""
        workspace_id = f"every-{uuid.uuid4()}"
        await call("SaveWorkspace", workspaceId=workspace_id, sessionId=await new_session(call))
        session_id = await new_session(call, file("notes.txt", b"n"))
        await call("RestoreWorkspace", workspaceId=workspace_id, sessionId=session_id)
        listed = (await call("ListFiles", sessionId=session_id))["files"]
        assert [each["fileName"] for each in listed] == ["notes.txt", "sales.csv"]

    async def test_get_workspace_returns_its_version(self, call):
        """The version changes each time that the workspace is saved."""
        session_id = await new_session(call)
        workspace_id = f"every-{session_id}"
        saved = await call("SaveWorkspace", workspaceId=workspace_id, sessionId=session_id)
        found = await call("GetWorkspace", workspaceId=workspace_id)
        assert (found["eTag"], found["fileCount"], found["size"]) == (saved["eTag"], 1, saved["size"])

    async def test_delete_workspace_keeps_the_session(self, call):
        """What was saved is deleted, and the response is empty."""
        session_id = await new_session(call)
        workspace_id = f"every-{session_id}"
        await call("SaveWorkspace", workspaceId=workspace_id, sessionId=session_id)
        assert await call("DeleteWorkspace", workspaceId=workspace_id) is None
        assert [each["fileName"] for each in (await call("ListFiles", sessionId=session_id))["files"]] == ["sales.csv"]

    async def test_execute_python_code_continues_in_a_workspace(self, call):
        """A run in a new session finds the files that a run in another session has left."""
        workspace_id = f"every-{uuid.uuid4()}"
        code = "import pathlib\nlog = pathlib.Path('/mnt/data/log.txt')\n"
        first = await call("ExecutePythonCode", pythonCode=code + "log.write_text('first')", workspaceId=workspace_id)
        await call("EndSession", sessionId=first["sessionId"])
        execution = await call("ExecutePythonCode", pythonCode=code + "log.read_text()", workspaceId=workspace_id)
        assert execution["value"] == "first"

    async def test_get_session_returns_its_times(self, call):
        """When it was created, when it was last used, and when it expires."""
        session_id = await new_session(call)
        session = await call("GetSession", sessionId=session_id)
        assert session["sessionId"] == session_id
        created, used, expires = (
            datetime.fromisoformat(session[name]) for name in ("createdTime", "lastUsedTime", "expiresTime")
        )
        assert created <= used < expires

    async def test_end_session_deletes_its_files(self, call):
        """The same ID then refers to a new, empty session."""
        session_id = await new_session(call)
        assert await call("EndSession", sessionId=session_id) is None
        assert (await call("ListFiles", sessionId=session_id))["files"] == []

    async def test_check_connection_lists_the_packages(self, call):
        """The model reads which packages its code can import."""
        connection = await call("CheckConnection")
        assert connection["status"] == "Connected"
        assert {"pandas", "numpy", "matplotlib"} <= {package["name"] for package in connection["packages"]}
