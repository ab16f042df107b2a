"""Every operation of the agents' document, called as a model calls it, through what an importer made of the document.

The tests of an importer derive a class from `EveryOperation` and have the fixture `call`: a coroutine function that
takes an operationId and the operation's arguments, and returns what the model is told, read as JSON: None where that
is empty.
"""

import base64
import re
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

TEXT, WHOLE_NUMBER, BOOLEAN, LIST = "string", "integer", "boolean", "array"
ARGUMENTS = [
    (
        "ExecutePythonCode",
        {"pythonCode": TEXT},
        {
            "sessionId": TEXT,
            "timeoutInSeconds": WHOLE_NUMBER,
            "waitInSeconds": WHOLE_NUMBER,
            "idempotencyKey": TEXT,
            "includeContent": TEXT,
        },
    ),
    ("GetExecution", {"executionId": TEXT, "sessionId": TEXT}, {"includeContent": TEXT}),
    ("CancelExecution", {"executionId": TEXT, "sessionId": TEXT}, {"includeContent": TEXT}),
    ("UploadFile", {"files": LIST}, {"sessionId": TEXT, "folder": TEXT}),
    ("ListFiles", {"sessionId": TEXT}, {"folder": TEXT, "recursive": BOOLEAN}),
    ("GetFile", {"fileName": TEXT, "sessionId": TEXT}, {"folder": TEXT}),
    ("DeleteFile", {"fileName": TEXT, "sessionId": TEXT}, {"folder": TEXT}),
    ("GetSession", {"sessionId": TEXT}, {}),
    ("EndSession", {"sessionId": TEXT}, {}),
    ("CheckConnection", {}, {}),
]
"""Each operation with the arguments that it needs and those that may be left out, parameters and body in one."""

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


def snake_case(operation_id: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", operation_id).lower()


def file(name: str, content: bytes) -> dict[str, str]:
    """One of the files that UploadFile takes."""
    return {"fileName": name, "fileContent": base64.b64encode(content).decode()}


async def new_session(call: Call, *files: dict[str, str], **arguments: Any) -> str:
    """The ID of a session that has these files."""
    uploaded = await call("UploadFile", files=list(files or [file("sales.csv", SALES)]), **arguments)
    return str(uploaded["sessionId"])


class EveryOperation:
    """One test for each operation at least; a test begins with the operation's name."""

    pytestmark = pytest.mark.anyio

    def test_no_operation_of_the_document_is_left_out(self, connector):
        """An operation that is new in the document has a test here, and its arguments stand above."""
        assert [operation_id for operation_id, *_ in ARGUMENTS] == list(operations(connector.document))
        for operation_id in operations(connector.document):
            start = f"test_{snake_case(operation_id)}_"
            assert [name for name in dir(self) if name.startswith(start)], operation_id

    async def test_upload_file_makes_a_session(self, call):
        """Files go up as base64; without a session ID there is a new session."""
        uploaded = await call("UploadFile", files=[file("sales.csv", SALES), file("empty.txt", b"")])
        assert re.fullmatch("[0-9a-f]{32}", uploaded["sessionId"])
        assert [(each["fileName"], each["folder"], each["size"]) for each in uploaded["files"]] == [
            ("sales.csv", "", len(SALES)),
            ("empty.txt", "", 0),
        ]

    async def test_upload_file_puts_files_into_a_session_and_a_folder(self, call):
        """The session is one that is there, and the folder is made."""
        session_id = await new_session(call)
        uploaded = await call("UploadFile", files=[file("q1.csv", b"1")], sessionId=session_id, folder="reports/2026")
        assert uploaded["sessionId"] == session_id
        assert [(each["fileName"], each["folder"]) for each in uploaded["files"]] == [("q1.csv", "reports/2026")]

    async def test_execute_python_code_reads_an_uploaded_file(self, call):
        """The value of the last line comes back, and variables stay for the next run."""
        session_id = await new_session(call)
        ran = await call("ExecutePythonCode", pythonCode=SALES_BY_REGION, sessionId=session_id)
        assert (ran["status"], ran["result"]) == ("Succeeded", "{'North': 50, 'South': 17}")
        assert ran["sessionId"] == session_id
        ran = await call(
            "ExecutePythonCode", pythonCode="print('rows')\nlen(sales)", sessionId=session_id, timeoutInSeconds=30
        )
        assert (ran["stdout"], ran["result"], ran["value"]) == ("rows\n", "3", 3)

    async def test_execute_python_code_tells_why_code_failed(self, call):
        """Code that fails is an answer like others: the model reads what to mend, and knows the session."""
        ran = await call("ExecutePythonCode", pythonCode="rows = []\nrows[0]")
        assert (ran["status"], ran["error"]["name"], ran["error"]["line"]) == ("Failed", "IndexError", 2)
        assert "list index out of range" in ran["stderr"]
        assert (await call("ExecutePythonCode", pythonCode="rows", sessionId=ran["sessionId"]))["result"] == "[]"

    async def test_execute_python_code_returns_a_chart(self, call):
        """A chart is base64 in `outputs`."""
        code = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()"
        (chart,) = (await call("ExecutePythonCode", pythonCode=code))["outputs"]
        assert chart["contentType"] == "image/png"
        assert base64.b64decode(chart["content"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")

    async def test_get_execution_reads_a_run_again(self, call):
        """It is what the run answered, and the code does not run again."""
        session_id = await new_session(call)
        code = "open('/mnt/data/runs', 'a').write('x')"
        ran = await call("ExecutePythonCode", pythonCode=code, sessionId=session_id)
        again = await call("GetExecution", executionId=ran["executionId"], sessionId=session_id)
        assert again["executionId"] == ran["executionId"]
        assert (again["status"], again["result"]) == ("Succeeded", "1")
        (runs,) = [
            each for each in (await call("ListFiles", sessionId=session_id))["files"] if each["fileName"] == "runs"
        ]
        assert runs["size"] == 1

    async def test_cancel_execution_stops_a_run_that_goes_on(self, call):
        """It is told as long as it goes on, and then that it was stopped."""
        session_id = await new_session(call)
        code = "import time\nprint('begun')\ntime.sleep(600)"
        ran = await call(
            "ExecutePythonCode", pythonCode=code, sessionId=session_id, timeoutInSeconds=900, waitInSeconds=1
        )
        assert (ran["status"], ran["stdout"]) == ("Running", "begun\n")
        stopped = await call("CancelExecution", executionId=ran["executionId"], sessionId=session_id)
        assert (stopped["status"], stopped["stdout"]) == ("Canceled", "begun\n")

    async def test_list_files_lists_what_was_uploaded_and_written(self, call):
        """Folders below are listed when that is asked for, or by their own name."""
        session_id = await new_session(call)
        code = "import os\nos.makedirs('/mnt/data/out')\nopen('/mnt/data/out/total.txt', 'w').write('67')"
        await call("ExecutePythonCode", pythonCode=code, sessionId=session_id)

        async def listed(**arguments):
            answer = await call("ListFiles", sessionId=session_id, **arguments)
            return sorted((each["folder"], each["fileName"]) for each in answer["files"])

        assert await listed() == [("", "sales.csv")]
        assert await listed(recursive=True) == [("", "sales.csv"), ("out", "total.txt")]
        assert await listed(folder="out", recursive=False) == [("out", "total.txt")]

    @pytest.mark.parametrize("name", ["sales.csv", "two words.csv", "Übersicht März.csv"])
    async def test_get_file_returns_the_content(self, call, name):
        """The bytes come back as base64, whatever letters the name has."""
        every_byte = bytes(range(256))
        session_id = await new_session(call, file(name, every_byte))
        got = await call("GetFile", sessionId=session_id, fileName=name)
        assert (got["fileName"], got["size"], got["contentType"]) == (name, 256, "text/csv")
        assert base64.b64decode(got["fileContent"], validate=True) == every_byte

    async def test_get_file_finds_a_file_in_a_folder(self, call):
        """The folder is an argument of its own."""
        session_id = await new_session(call, file("q1.csv", b"1"), folder="reports/2026")
        got = await call("GetFile", sessionId=session_id, fileName="q1.csv", folder="reports/2026")
        assert (got["folder"], got["fileContent"]) == ("reports/2026", "MQ==")

    async def test_delete_file_deletes_one_file(self, call):
        """There is nothing to tell of it; the other files stay."""
        session_id = await new_session(call, file("a.txt", b"a"), file("two words.txt", b"b"))
        assert await call("DeleteFile", sessionId=session_id, fileName="two words.txt") is None
        left = (await call("ListFiles", sessionId=session_id))["files"]
        assert [each["fileName"] for each in left] == ["a.txt"]

    async def test_get_session_tells_its_times(self, call):
        """When it was made, when it was last used, and when it will end."""
        session_id = await new_session(call)
        session = await call("GetSession", sessionId=session_id)
        assert session["sessionId"] == session_id
        made, used, ends = (
            datetime.fromisoformat(session[name]) for name in ("createdTime", "lastUsedTime", "expiresTime")
        )
        assert made <= used < ends

    async def test_end_session_ends_it_with_its_files(self, call):
        """Under the same ID there is a new, empty session then."""
        session_id = await new_session(call)
        assert await call("EndSession", sessionId=session_id) is None
        assert (await call("ListFiles", sessionId=session_id))["files"] == []

    async def test_check_connection_names_the_packages(self, call):
        """A model sees what its code can import."""
        checked = await call("CheckConnection")
        assert checked["status"] == "Connected"
        assert {"pandas", "numpy", "matplotlib"} <= {package["name"] for package in checked["packages"]}
