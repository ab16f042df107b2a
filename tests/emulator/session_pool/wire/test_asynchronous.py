"""Asynchronous executions, kernels next to the main one, and the options for values and streams."""

import contextlib
import json
import socket
import threading
import time
import uuid
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from tests.emulator.session_pool.conftest import BEGUN, wait_until

VERSIONS = ("2024-10-02-preview", "2025-02-02-preview", "2025-10-02-preview")

WAITS_FOR_GO = "import os, time\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.02)\n1"
GO = "open('/mnt/data/go', 'w').close()"


@pytest.fixture
def start(wire):
    """Starts an asynchronous execution. Returns the response."""

    def post(code, *, params=None, headers=None, **members):
        body = {"code": code, "executionType": "Asynchronous", **members}
        response = wire.call("POST", "executions", params=params, headers=headers or {}, json=body)
        assert response.status_code == 202, response.text
        return response

    return post


@pytest.fixture
def ended(wire):
    """Polls an execution until it has ended. Returns its body."""

    def poll(execution_id, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            body = wire.call("GET", f"executions/{execution_id}").json()
            if body["status"] not in ("NotStarted", "Running"):
                return body
            assert "result" not in body
            time.sleep(0.05)
        raise AssertionError(f"still {body['status']}")

    return poll


def test_the_response_to_an_asynchronous_execution(wire, start):
    """202 without a result, and a header with the execution's id."""
    response = start("import time; time.sleep(0.3); 7", executionType="asynchronous")
    body = response.json()
    assert list(body) == ["id", "identifier", "executionType", "status"]
    assert (body["identifier"], body["executionType"]) == (wire.identifier, "asynchronous")
    assert body["status"] in ("NotStarted", "Running")
    assert response.headers["operation-id"] == body["id"] == str(uuid.UUID(body["id"]))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_location_can_be_followed(wire, start, version):
    """It is absolute, and returns the execution's status until it has its result."""
    response = start("import time; time.sleep(0.5); 6 * 7", params={"api-version": version})
    location = response.headers["operation-location"]
    assert location.startswith(f"{wire.endpoint}/executions/{response.headers['operation-id']}?")
    states = []
    while not states or states[-1] in ("NotStarted", "Running"):
        answer = requests.get(location, headers={"Authorization": f"Bearer {wire.token}"}, timeout=10)
        assert answer.status_code == 200
        states.append(answer.json()["status"])
        assert ("result" in answer.json()) == (states[-1] == "Succeeded")
        time.sleep(0.05)
    assert "Running" in states and states[-1] == "Succeeded"
    assert answer.json()["id"] == response.headers["operation-id"]
    assert answer.json()["result"]["executionResult"] == 42
    assert 500 <= answer.json()["result"]["executionTimeInMilliseconds"] < 5000


@pytest.mark.parametrize(
    "base",
    [
        "/sessionPools/a%20b",
        "/sessionPools/%C3%A9",
        "/x%3Fy/sessionPools/a%23b",
        "//sessionPools/local/",
        "/sessionPools/%E6%95%B0",
    ],
)
def test_the_location_is_below_the_address_that_was_called(emulator, wire, base):
    """Regardless of the characters in that address, and even if it is not normalized."""
    url = emulator.pool.url + base
    query = urlencode({"identifier": wire.identifier, "api-version": VERSIONS[-1]})
    headers = {"Authorization": f"Bearer {wire.token}"}
    body = {"code": "7", "executionType": "Asynchronous"}
    response = requests.post(f"{url}/executions/?{query}", json=body, headers=headers, timeout=10)
    assert response.status_code == 202, response.text
    location = response.headers["operation-location"]
    assert location.startswith(f"{url}/executions/")
    assert requests.get(location, headers=headers, timeout=10).json()["id"] == response.json()["id"]


def test_the_location_names_any_identifier(wire_to):
    """Also one with characters that are special in a URL."""
    wire = wire_to(f"a&b=c#d%41/?+{uuid.uuid4()}")
    response = wire.call("POST", "executions", json={"code": "7", "executionType": "Asynchronous"})
    answer = requests.get(
        response.headers["operation-location"], headers={"Authorization": f"Bearer {wire.token}"}, timeout=10
    )
    assert (answer.status_code, answer.json()["identifier"]) == (200, wire.identifier)


def test_an_execution_that_fails(start, ended):
    """Failed, with a result like that of a synchronous one."""
    body = ended(start("print('before'); 1/0").json()["id"])
    assert body["status"] == "Failed"
    assert list(body["result"]) == ["stdout", "stderr", "executionResult", "executionTimeInMilliseconds"]
    assert (body["result"]["stdout"], body["result"]["executionResult"]) == ("before\n", None)
    assert "ZeroDivisionError" in body["result"]["stderr"]


def test_synchronous_executions_do_not_wait(wire, start, ended):
    """They have a separate kernel."""
    wire.run("1")
    run = start(f"{WAITS_FOR_GO}; 7").json()["id"]
    assert wire.value("1 + 1") == 2
    assert wire.call("GET", f"executions/{run}").json()["status"] in ("NotStarted", "Running")
    wire.run(GO)
    assert ended(run)["result"]["executionResult"] == 7


def test_asynchronous_executions_run_one_after_the_other(wire, start, ended):
    """The second has not started while the first is running, and finds its variables."""
    first = start("import time; time.sleep(0.6); x = 'first'").json()["id"]
    second = start("x").json()["id"]
    wire.wait_for_status(first, "Running")
    assert wire.call("GET", f"executions/{second}").json()["status"] == "NotStarted"
    assert ended(second)["result"]["executionResult"] == "first"


@pytest.mark.parametrize("members", [{"executionType": "Asynchronous"}, {"useEmptyKernel": True}])
def test_kernels_share_files_and_no_variables(wire, ended, members):
    """Another kernel of the same session sees its files, and keeps variables for itself."""
    wire.run("x = 'main'; open('/mnt/data/a', 'w').write('shared')")
    code = "y = 'x' in globals(), open('/mnt/data/a').read(); open('/mnt/data/b', 'w').write('back'); y"
    first = wire.call("POST", "executions", json={"code": code, **members}).json()
    body = ended(first["id"])
    assert body["result"]["executionResult"] == "(False, 'shared')"
    assert wire.value("'y' in globals(), open('/mnt/data/b').read(), x") == "(False, 'back', 'main')"
    again = wire.call("POST", "executions", json={"code": "y", **members}).json()
    assert ended(again["id"])["result"]["executionResult"] == "(False, 'shared')"


def test_a_kernel_that_crashes_ends_no_other(wire, start, ended):
    """Each has its own interpreter."""
    wire.run("x = 1")
    body = ended(start("import os; os._exit(3)").json()["id"])
    assert body["status"] == "Failed"
    assert "Kernel restarted" in body["result"]["stderr"]
    assert wire.value("x") == 1
    assert ended(start("2").json()["id"])["result"]["executionResult"] == 2


@pytest.mark.parametrize("name", ["mine", "a b", "a/b", "é", "50%25", "?#&", "x" * 4000])
def test_the_caller_may_choose_the_id(wire, start, ended, name):
    """It is returned, and its execution is found at the URL in the header, including special characters."""
    response = start("7", headers={"operation-id": name.encode()})
    returned_id = response.json()["id"]
    assert returned_id.encode("latin-1") == name.encode()
    location = response.headers["operation-location"]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        answer = requests.get(location, headers={"Authorization": f"Bearer {wire.token}"}, timeout=10)
        assert (answer.status_code, answer.json()["id"]) == (200, returned_id)
        if answer.json()["status"] == "Succeeded":
            break
        time.sleep(0.05)
    assert answer.json()["result"]["executionResult"] == 7


def test_an_execution_that_times_out(start, ended):
    """It is stopped as a synchronous one is, and the next one finds the variables."""
    run = start("import time; kept = 1; time.sleep(30)", timeoutInSeconds=1).json()["id"]
    body = ended(run, seconds=5)
    assert (body["status"], body["result"]["executionTimeInMilliseconds"]) == ("Failed", 1000)
    assert body["result"]["stderr"] == "Request timed out waiting for code execution to complete after 1 seconds"
    assert ended(start("kept").json()["id"])["result"]["executionResult"] == 1


def test_an_execution_keeps_its_session(start_pool, wire_to):
    """The cooldown does not end a session while an execution runs, even if it is not polled; afterwards it does."""
    wire = wire_to("abcd", start_pool(cooldown=0.5))
    body = {"code": "import time; time.sleep(1.8); 7", "executionType": "Asynchronous"}
    run = wire.call("POST", "executions", json=body).json()["id"]
    time.sleep(1.5)  # the session is not used meanwhile
    answer = wire.call("GET", f"executions/{run}")
    while answer.status_code == 200 and "result" not in answer.json():
        time.sleep(0.05)
        answer = wire.call("GET", f"executions/{run}")
    assert (answer.status_code, answer.json()["result"]["executionResult"]) == (200, 7)
    wait_until(lambda: wire.call("GET", "session").status_code == 404)
    gone = wire.call("GET", f"executions/{run}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "ExecutionNotFound")


def test_a_running_execution_is_not_forgotten(wire, start, ended):
    """However many runs there were meanwhile; of those that ended, the oldest are."""
    run = start(f"{WAITS_FOR_GO}; 7").json()["id"]
    for number in range(55):
        response = wire.call("POST", "executions", json={"code": "1"}, headers={"operation-id": f"run-{number}"})
        assert response.status_code == 200
    assert wire.call("GET", "executions/run-0").status_code == 404
    assert wire.call("GET", "executions/run-54").status_code == 200
    wire.run(GO)
    assert ended(run)["result"]["executionResult"] == 7


def test_an_unknown_execution(wire, wire_to):
    """404, and no session is created; another session's executions are unknown too."""
    response = wire.call("GET", "executions/unknown")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "ExecutionNotFound")
    assert response.json()["error"]["message"] == "No execution available for operation Id: unknown"
    assert wire.call("GET", "session").status_code == 404
    run = wire.run("1")["id"]
    other = wire_to(wire.identifier + "-other")
    other.run("1")
    assert other.call("GET", f"executions/{run}").status_code == 404


@pytest.mark.parametrize(
    ("code", "plain", "jupyter"),
    [
        ("'nan'", "nan", "'nan'"),
        ("float('nan')", None, "nan"),
        ("None", "", None),
        ("x = 1", "", None),
        ("42", 42, "42"),
        ("True", True, "True"),
        ("[1]", "[1]", "[1]"),
    ],
)
def test_a_value_as_jupyter_shows_it(wire, code, plain, jupyter):
    """On request a value is the text that a notebook would show, and null without a value."""
    for asked, expected in ((False, plain), (True, jupyter)):
        body = wire.run(code, returnJupyterFormatExecutionResult=asked)
        result = body["result"]["executionResult"]
        assert result == expected and type(result) is type(expected)


def test_an_image_in_the_format_of_jupyter(wire):
    """A figure is the same object in both."""
    code = "import matplotlib.pyplot as plt; plt.plot([1]); 1"
    value = wire.run(code, returnJupyterFormatExecutionResult=True)["result"]["executionResult"]
    assert list(value) == ["type", "format", "base64_data"]


@pytest.mark.parametrize(
    ("asked", "length"), [({}, 4096), ({"outputStreamsMaxLength": 10}, 10), ({"outputStreamsMaxLength": 9000}, 5000)]
)
def test_streams_are_truncated_as_requested(wire, start, ended, asked, length):
    """4,096 characters of each, or as many as were requested, truncated without notice."""
    code = "import sys; print('é' * 5000, end=''); print('f' * 5000, end='', file=sys.stderr)"
    for body in (wire.run(code, **asked), ended(start(code, **asked).json()["id"])):
        assert (body["result"]["stdout"], body["result"]["stderr"]) == ("é" * length, "f" * length)


def sent(wire, body, operation_id):
    """A connection on which an execution has been requested, and no response read."""
    url = urlsplit(wire.endpoint)
    query = urlencode({"identifier": wire.identifier, "api-version": VERSIONS[-1]})
    content = json.dumps(body)
    connection = socket.create_connection(("127.0.0.1", url.port), timeout=10)
    connection.sendall(
        f"POST {url.path}/executions?{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {wire.token}\r\n"
        f"operation-id: {operation_id}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        f"\r\n{content}".encode()
    )
    return connection


@pytest.mark.parametrize("execution_type", ["Synchronous", "Asynchronous"])
def test_a_caller_that_closes_the_connection(wire, ended, execution_type):
    """The execution continues to its end, the session stays usable, and the next call waits only for that end."""
    wire.run("x = 1")
    is_asynchronous = execution_type == "Asynchronous"
    wait = WAITS_FOR_GO if is_asynchronous else "import time; time.sleep(1.5)"
    code = f"{wait}; open('/mnt/data/done', 'w').write('yes'); x = 2"
    with contextlib.closing(sent(wire, {"code": code, "executionType": execution_type}, "left")):
        wire.wait_for_status("left", "Running")
    assert wire.call("GET", "executions/left").json()["status"] == "Running"
    began = time.monotonic()
    assert wire.value("x") == (1 if is_asynchronous else 2)
    assert time.monotonic() - began < 15
    wire.run(GO)
    body = ended("left")
    assert body["status"] == "Succeeded"
    assert wire.value("open('/mnt/data/done').read()") == "yes"


def test_a_caller_that_closes_the_connection_while_its_execution_waits(wire, ended):
    """It is executed nevertheless."""
    first = threading.Thread(target=wire.run, args=(f"import time; {BEGUN}; time.sleep(0.8); x = 1",))
    first.start()
    wire.wait_for_file("begun")
    with contextlib.closing(sent(wire, {"code": "x + 1"}, "left")):
        wire.wait_for_status("left", "NotStarted")
    first.join()
    assert ended("left")["result"]["executionResult"] == 2


def test_a_caller_that_closes_the_connection_within_its_body(emulator, wire):
    """Nothing is run, and the pool answers the next one."""
    url = urlsplit(emulator.pool.endpoint)
    query = urlencode({"identifier": wire.identifier, "api-version": VERSIONS[-1]})
    for route in ("executions", "files"):
        with socket.create_connection(("127.0.0.1", url.port), timeout=10) as connection:
            connection.sendall(
                f"POST {url.path}/{route}?{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {wire.token}\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n--x\r\n".encode()
            )
            time.sleep(0.1)
    assert wire.value("import os; os.listdir('/mnt/data')") == "[]"
