"""What requests and sessions send is read in time linear in its length, and in memory bounded by it.

Each cost is compared with that of an input four times as long, so that it does not depend on the machine.
"""

import base64
import gzip
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest

from connector.app import Connector
from connector.errors import FileTooLarge
from connector.executions.direct import direct_execution
from connector.executions.hints import remarks_on, with_hint
from connector.executions.submitted_code import code_to_run
from connector.executions.terminal import shown, with_cells, without_escapes
from connector.in_session.report import read_record, read_stdout
from connector.in_session.session_json import read_value
from connector.models import ExecutionError
from connector.session_pool.client import read_content
from connector.session_pool.wire import Run, UnreadableResponse, read_json
from tests.connector.in_session.test_report import CLAIM, NONCE, REPORT
from tests.connector.test_hostile_sessions import response

SLACK_SECONDS = 0.02
JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=x"}
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"'
CONNECTOR = Connector({"POOL_MANAGEMENT_ENDPOINT": "https://pool.example/x", "SIGNING_KEY": "k" * 32})

Work = Callable[[], Any]


def sent(operation: str, body: bytes, headers: dict[str, str] = JSON, query: str = "") -> Work:
    """A request that is refused."""
    url = f"https://host/api/files/executions?{query}"
    request = func.HttpRequest("POST", url, headers=headers, params={}, route_params={}, body=body)

    def respond() -> None:
        assert CONNECTOR.respond(operation, request).status_code in (400, 413), operation

    return respond


def run(body: str, **headers: str) -> Work:
    return sent("ExecutePythonCode", body.encode(), {**JSON, **headers})


def upload(content: str) -> Work:
    files = [{"fileName": "a.txt", "fileContent": content}, {"fileName": "", "fileContent": ""}]
    return sent("UploadFile", json.dumps({"files": files}).encode())


def form(body: bytes) -> Work:
    return sent("UploadFile", body, FORM)


def failed(message: str, traceback: str = "", facts: Any = None) -> Work:
    error = ExecutionError("KeyError", message, line=1, traceback=traceback)
    return lambda: with_hint(error, facts or [])


def record(ending: str) -> Work:
    return lambda: read_record(CLAIM + ending.encode() + b"\n")


def directly(stderr: str, value: Any = "") -> Work:
    return lambda: direct_execution("s", "e", Run("Failed", stderr, stderr, value, 1))


INPUTS: dict[str, Callable[[int], Work]] = {
    # Bodies in JSON.
    "unique members": lambda n: run("{" + ",".join(f'"a{i}":1' for i in range(n // 8)) + "}"),
    "duplicate member": lambda n: run("{" + ",".join(f'"a{i}":1' for i in range(n // 8)) + ',"a7":1}'),
    "objects": lambda n: run('{"a":[' + '{"a":1,"b":2},' * n + "1]}"),
    "empty lists": lambda n: run("[" + "[]," * n + "1]"),
    "nesting": lambda n: run("[" * n),
    "many digits": lambda n: run('{"timeoutInSeconds":' + "1" * n + "}"),
    "an exponent": lambda n: run('{"timeoutInSeconds":1e' + "1" * n + "}"),
    "a number as text": lambda n: run('{"pythonCode":"1","timeoutInSeconds":"5.' + "0" * n + 'x"}'),
    "texts without separators": lambda n: run('{"a":[' + ",1" * 10_001 + '""' * n),
    "backslashes": lambda n: run('{"a":"' + "\\\\" * n + "\\x"),
    "a text without an end": lambda n: run('{"pythonCode":"' + "a" * n),
    "spaces before a mistake": lambda n: run('{"a":1' + " " * n + "x"),
    "a long name": lambda n: run('{"' + "a-" * n + '":1}'),
    "a long session ID": lambda n: run('{"pythonCode":"1","sessionId":"' + "a!" * n + '"}'),
    "many files": lambda n: sent("UploadFile", b'{"files":[' + b'{"fileNam":1},' * n + b"1]}"),
    # Base64.
    "spaces in base64": lambda n: upload("a\na" + " " * n + "a"),
    "lines of base64": lambda n: upload("YQ\r\n \t" * n + "!"),
    "blank lines": lambda n: upload("a\n " + "\r\n" * n + "!"),
    "percent signs": lambda n: upload("data:," + "%41" * n + "%"),
    "data URIs": lambda n: upload("data:" * n),
    "a wrapped file": lambda n: upload('{"$content":' + "[1," * n),
    # Forms.
    "files of a form": lambda n: form((PART + b"\r\n\r\nx\r\n") * n + b"--x--"),
    "fields of a form": lambda n: form(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * n + b"--x--"),
    "parts without headers": lambda n: form(b"--x\r\n\r\n" * n + b"--x--"),
    "almost a boundary": lambda n: form(PART + b"\r\n\r\n" + b"\r\n--x-" * n),
    "a boundary and spaces": lambda n: form(PART + b"\r\n\r\n" + (b"\r\n--x" + b" " * 50) * (n // 50)),
    "line breaks in a part": lambda n: form(PART + b"\r\n\r\n" + b"\r\n" * n),
    "headers of a part": lambda n: form(b"--x\r\n" + b"a: b\r\n" * n),
    "parameters of a part": lambda n: form(PART + b"; a=b" * n + b"\r\n\r\n"),
    "backslashes of a name": lambda n: form(PART + b'; filename="' + b"\\\\ " * n + b'"\r\n\r\n'),
    "spaces in base64 of a part": lambda n: form(
        PART + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"a " * n + b"!\r\n--x--"
    ),
    # Headers, queries and compression.
    "query parameters": lambda n: sent("ListFiles", b"", query="&".join(f"a{i}=1" for i in range(n))),
    "a long parameter": lambda n: sent("ListFiles", b"", query="a" * n + "=1&" + "a" * n + "=1"),
    "a preference": lambda n: run('{"pythonCode":5}', prefer='"' * n),
    "a quoted key": lambda n: run('{"pythonCode":5}', **{"idempotency-key": '"' + "\\" * n + '"'}),
    "members of gzip": lambda n: sent("UploadFile", gzip.compress(b"") * n, {**JSON, "content-encoding": "gzip"}),
    # Code.
    "a fence and tabs": lambda n: lambda: code_to_run("```" + "\t" * n + "`\nx\n```"),
    "a fence and spaces": lambda n: lambda: code_to_run("```python " + " " * n + "!\nx\n```"),
    "inline code": lambda n: lambda: code_to_run("`py" + " " * n + "`x"),
    "backticks": lambda n: lambda: code_to_run("`" * n + "a"),
    "attributes of a fence": lambda n: lambda: code_to_run("```python " + " a={" * n + "\nx\n```"),
    "fences": lambda n: lambda: code_to_run("```python\n" * n),
    "empty lines and an indent": lambda n: lambda: code_to_run("\n" * n + " " * n + "1"),
    # What runs write.
    "returns": lambda n: lambda: shown("\r" * n + "x"),
    "erased lines": lambda n: lambda: shown("\r" + "a" * n + "\x1b[2Kx" * n),
    "backspaces": lambda n: lambda: shown("a\b" * n),
    "wide rows": lambda n: lambda: shown("\n" * n + "\x1b[9999A" + "a" * n + "\x1b[Bx" * n),
    "rows and moves": lambda n: lambda: shown("a\n\x1b[A" * n),
    "escape sequences": lambda n: lambda: without_escapes("\x1b[0" * n + "\x1b[" + "0" * n),
    "links": lambda n: lambda: shown("\x1b]8;;" * n),
    "files of cells": lambda n: lambda: with_cells("a" * n + " ipykernel_", {"1": 1}),
    "numbers of cells": lambda n: lambda: with_cells("ipykernel_1" + "/1" * n, {"1": 1}),
    "glyphs": lambda n: lambda: remarks_on("Glyph 1 (" * n, {}, has_failed=False),
    "shells": lambda n: lambda: remarks_on("\nsh: " * n + "/" * n, {}, has_failed=False),
    "a direct run's dashes": lambda n: directly("-" * n + "\n"),
    "a direct run's cells": lambda n: directly("Cell In[1], line 1\n" * n),
    "a direct run's header": lambda n: directly("-" * 75 + "\na" + "a" * n + " " * n + "Traceback\n"),
    "a direct run's groups": lambda n: directly("  | a: (1 sub-exceptions" * n + ")"),
    "a traceback of files": lambda n: failed("a", "  File /mnt/data/" + ", line 1" * n),
    "a traceback of cells": lambda n: failed("a", "Cell In[1], line 1\n x\n" * n),
    "quotes in a message": lambda n: failed("'" + "\\" * n),
    "labels": lambda n: failed("'" + "a" * n + "'", "", [{"columns": ["a" * 50 + str(i) for i in range(n)]}]),
    # What sessions report.
    "a record of lists": lambda n: record("[" + "[]," * n + "1]"),
    "a record of members": lambda n: record("{" + ",".join(f'"a{i}":1' for i in range(n)) + "}"),
    "a nested record": lambda n: record('{"a":' * n),
    "outputs of a record": lambda n: record(json.dumps({**REPORT, "outputs": [{"contentType": "a"}] * n})),
    "marks": lambda n: lambda: read_stdout(f"\x1e{NONCE}{{" * n, NONCE),
}


def cost(work: Work) -> float:
    """In seconds of the processor, the least of several."""
    costs = []
    for _ in range(4):
        started = time.thread_time()
        work()
        costs.append(time.thread_time() - started)
        if costs[-1] > 0.3:
            break
    return min(costs)


@pytest.mark.parametrize("name", INPUTS)
def test_cost_is_linear(name):
    """Four times the input takes about four times as long."""
    small, large = cost(INPUTS[name](4_000)), cost(INPUTS[name](16_000))
    assert large < 8 * small + SLACK_SECONDS


@pytest.mark.parametrize("content", ["1-" * 45 + "!", "a1/" * 33, "Ab-" * 30 + "_"])
def test_a_short_text_that_may_be_base64_takes_no_time(content):
    """It once took time exponential in the number of its words."""
    assert cost(upload(content)) < SLACK_SECONDS


MEMORY: dict[str, tuple[Callable[[], Work], int]] = {
    "values of a request": (lambda: run("[" + "[]," * 1_000_000 + "1]"), 8),
    "parts of a form": (lambda: form((PART + b"\r\n\r\nx\r\n") * 100_000 + b"--x--"), 2),
    "values of a record": (lambda: record("[" + "[]," * 1_000_000 + "1]"), 8),
    "values of a listing": (lambda: lambda: read_value(b"[" + b"[]," * 1_000_000 + b"1]", 10_000), 8),
    "rows": (lambda: lambda: shown("\n" * 10_000 + "\x1b[99A" + "a" * 9_000 + "\x1b[Bx" * 900), 20),
    "code": (lambda: sent("ExecutePythonCode", GZIPPED, {**JSON, "content-encoding": "gzip"}), 8),
}
"""And how many megabytes reading takes in addition, at most: little more than the text, which is often copied once."""

GZIPPED = gzip.compress(b'{"pythonCode":"' + b"a" * 50_000_000 + b'"}', 1)


@pytest.mark.parametrize("name", MEMORY)
def test_memory_is_bounded(name):
    """Before anything is made of the input."""
    make, most = MEMORY[name]
    work = make()
    tracemalloc.start()
    try:
        work()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most * 1_000_000


def test_a_pools_response_has_limits(monkeypatch):
    """Of values, before it is parsed, and of bytes, while it is read."""
    with pytest.raises(UnreadableResponse):
        read_json(b"[" + b"[]," * 2_000_000 + b"1]")
    with pytest.raises(FileTooLarge):
        read_content(response(bytes(5_000_000)), 1_000_000)
    assert read_json(json.dumps({"value": base64.b64encode(bytes(100)).decode()}).encode())
