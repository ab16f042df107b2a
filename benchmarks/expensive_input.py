"""Processor time and memory of input that is made to be expensive: `python -m benchmarks.expensive_input`.

Each is read in a process of its own, which reports what the reading took. An argument selects inputs by their names.
"""

import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 60
JSON = {"content-type": "application/json"}
PART = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\nx\r\n'


def sent(operation: str, body: bytes, headers: dict[str, str] = JSON) -> Callable[[], Any]:
    """A request that is refused."""
    import azure.functions as func

    from connector.app import Connector

    connector = Connector({"POOL_MANAGEMENT_ENDPOINT": "https://pool.example/x", "SIGNING_KEY": "k" * 32})
    connector.respond("GetHealth", func.HttpRequest("GET", "https://host/", body=b""))
    request = func.HttpRequest("POST", "https://host/api/files/executions", headers=headers, body=body)
    return lambda: connector.respond(operation, request)


def upload(content: str) -> Callable[[], Any]:
    return sent("UploadFile", json.dumps({"files": [{"fileName": "a", "fileContent": content}]}).encode())


def form(body: bytes) -> Callable[[], Any]:
    return sent("UploadFile", body, {"content-type": "multipart/form-data; boundary=x"})


def bomb() -> Callable[[], Any]:
    import gzip

    body = gzip.compress(b'{"pythonCode":"' + b"a" * 99_000_000 + b'"}', 1)
    return sent("ExecutePythonCode", body, {**JSON, "content-encoding": "gzip"})


def record() -> Callable[[], Any]:
    from connector.in_session.report import read_record

    content = b'{"code": "a", "started": 1.0}\n[' + b"[]," * (20 << 20) + b"1]\n"
    return lambda: read_record(content)


def code(text: str) -> Callable[[], Any]:
    from connector.executions.submitted_code import code_to_run

    return lambda: code_to_run(text)


def written(text: str) -> Callable[[], Any]:
    from connector.executions.hints import remarks_on
    from connector.executions.terminal import shown, with_cells

    return lambda: (with_cells(shown(text), {"1": 1}), remarks_on(text, {}, has_failed=False))


INPUTS: dict[str, Callable[[], Callable[[], Any]]] = {
    "JSON: 30 MB of []": lambda: sent("UploadFile", b"[" + b"[]," * 10_000_000 + b"1]"),
    "JSON: 3 MB of members": lambda: sent(
        "UploadFile", ("{" + ",".join(f'"a{i}":1' for i in range(280_000)) + "}").encode()
    ),
    "JSON: 100 MB of code": lambda: sent("ExecutePythonCode", b'{"pythonCode":"' + b"a" * 99_000_000 + b'"}'),
    "JSON: 0.4 MB of gzip, 99 MB of code": bomb,
    "form: 100,000 fields": lambda: form(PART.replace(b'; filename="a"', b"") % b"f" * 100_000 + b"--x--"),
    "form: 1,000 files": lambda: form(PART % b"file" * 1_000 + b"--x--"),
    "base64: 53 characters that may be words": lambda: upload("1-" * 26 + "!"),
    "base64: 100 kB of spaces": lambda: upload("a\na" + " " * 100_000 + "a"),
    "code: a fence, 20,000 spaces": lambda: code("```python " + " " * 20_000 + "!\nx\n```"),
    "output: 100 kB of returns": lambda: written("\r" * 100_000),
    "output: 100 kB before a cell's file": lambda: written("a" * 100_000 + " ipykernel_"),
    "output: 50 kB of warnings": lambda: written("Glyph 1 (" * 5_500),
    "output: 5,000 rows, 20,000 columns": lambda: written(
        "\n" * 5_000 + "\x1b[9999A" + "a" * 20_000 + "\x1b[Bx" * 5_000
    ),
    "record: 60 MiB of []": record,
}  # fmt: skip


def measure(name: str) -> None:
    """Prints what reading it takes, in this process."""
    logging.disable()
    work = INPUTS[name]()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = peak()
    started = time.process_time()
    work()
    seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "megabytes": (peak() - before) / 1e6}))


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def main(words: list[str]) -> None:
    for name in INPUTS:
        if words and not any(word in name for word in words):
            continue
        command = [sys.executable, "-m", "benchmarks.expensive_input", "--measure", name]
        try:
            found = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True)
        except subprocess.TimeoutExpired:
            print(f"{name:45} over {LONGEST_SECONDS} s", flush=True)
            continue
        figures = json.loads(found.stdout)
        print(f"{name:45} {figures['seconds']:8.3f} s {figures['megabytes']:7.0f} MB", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2])
    else:
        main(sys.argv[1:])
