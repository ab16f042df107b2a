"""ExecutePythonCode and GetExecution, on the running app with real sessions."""

import base64
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector import errors
from connector.executions import direct
from connector.executions import operations as executions
from connector.session_pool.facts import PoolFacts
from connector.session_pool.sessions import CallerSessions
from connector.session_pool.wire import Run


def test_a_run_without_a_session_id_creates_a_session(api):
    """The connector creates an ID of 128 random bits and returns it. The session keeps its variables."""
    first = api.execute("x = 5")
    assert re.fullmatch("[0-9a-f]{32}-[0-9a-f]{8}", first["sessionId"])
    assert api.execute("x + 1", first["sessionId"])["result"] == "6"
    assert api.execute("1")["sessionId"] != first["sessionId"]


def test_all_members_of_a_run_are_returned(api, session_id):
    """Those that a run always has, with their types."""
    run = api.execute("import sys; print('out'); print('err', file=sys.stderr); 6 * 7", session_id)
    assert run.pop("durationInMilliseconds") >= 0
    assert run.pop("executionId")
    assert run == {
        "sessionId": session_id,
        "status": "Succeeded",
        "result": "42",
        "value": 42,
        "stdout": "out\n",
        "stderr": "err\n",
        "outputs": [],
        "files": [],
        "executionCount": 1,
        "isNewSession": True,
    }


@pytest.mark.parametrize(
    ("code", "result", "value"),
    [
        ("1 + 1", "2", 2),
        ("1.5", "1.5", 1.5),
        ("True", "True", True),
        ("'text'", "text", "text"),
        ("[1, 2]", "[1, 2]", [1, 2]),
        ("None", "", None),
        ("print('x')", "", None),
        ("x = 3", "", None),
        ("float('nan')", "nan", None),
        ("10 ** 30", str(10**30), str(10**30)),
    ],
)
def test_the_result_is_always_text(api, session_id, code, result, value):
    """`result` is the last expression as text; `value` is set if it is JSON."""
    run = api.execute(code, session_id)
    assert (run["result"], run.get("value")) == (result, value)
    assert type(run.get("value")) is type(value)


def test_a_figure_is_an_output(api, session_id):
    """A base64 PNG. The run has no result."""
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('done')"
    run = api.execute(code, session_id)
    (output,) = run["outputs"]
    assert output["contentType"] == "image/png"
    assert base64.b64decode(output["content"]).startswith(b"\x89PNG")
    assert (run["result"], run["stdout"]) == ("", "done\n")


@pytest.mark.parametrize("wait", [90, 20], ids=["one call", "background"])
def test_matplotlib_inline_is_accepted(api, session_id, wait):
    """Code may begin with `%matplotlib inline`, as in many notebooks."""
    code = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    run = api.execute(code, session_id, waitInSeconds=wait, timeoutInSeconds=60)
    assert (run["status"], [output["contentType"] for output in run["outputs"]]) == ("Succeeded", ["image/png"])


def test_code_that_fails_is_a_200_with_its_error(api, session_id):
    """Name, message, line and traceback of the error, and what was printed before it."""
    run = api.execute("print('before')\nsales = {}\nsales['amount']", session_id)
    assert (run["status"], run["result"], run["stdout"]) == ("Failed", "", "before\n")
    assert (run["error"]["name"], run["error"]["message"], run["error"]["line"]) == ("KeyError", "'amount'", 3)
    assert "sales['amount']" in run["error"]["traceback"]
    assert "KeyError: 'amount'" in run["stderr"]


@pytest.mark.parametrize(
    ("code", "name", "message", "line"),
    [
        ("x = 1\ndef f(:\n  pass", "SyntaxError", "invalid syntax", 2),
        ("raise ValueError('a\\nb: c')", "ValueError", "a\nb: c", 1),
        ("assert 1 == 2", "AssertionError", "", 1),
        ("try:\n  1/0\nexcept Exception as e:\n  raise RuntimeError('second') from e", "RuntimeError", "second", 4),
        ("import json\njson.loads('{')", "JSONDecodeError", "Expecting property name", 2),
        ("def f():\n  return nope\n\nf()", "NameError", "name 'nope' is not defined", 2),
        ("import sys; sys.exit(3)", "SystemExit", "3", 1),
        ("raise ValueError('Kernel restarted')", "ValueError", "Kernel restarted", 1),
        ("x = 1\ny = 2\nraise ValueError('Cell In[5], line 77')", "ValueError", "Cell In[5], line 77", 3),
        ("raise ValueError('-' * 80)", "ValueError", "-" * 80, 1),
        ("class Größe(Exception): pass\nraise Größe('x')", "Größe", "x", 2),
    ],
    ids=[
        "syntax",
        "lines",
        "no-message",
        "chained",
        "library",
        "function",
        "exit",
        "message-of-the-pool",
        "line-in-message",
        "dashes",
        "unicode",
    ],  # fmt: skip
)
def test_errors_are_read_from_their_traceback(api, session_id, code, name, message, line):
    """The kind of error, its message and its line in the caller's code."""
    error = api.execute(code, session_id)["error"]
    assert error["name"] == name
    assert error["message"].startswith(message)
    assert error.get("line") == line


def test_the_line_is_one_of_the_code_that_was_sent(api, session_id):
    """Even if a function of an earlier run raised the error."""
    api.execute("def f():\n\n\n\n  raise ValueError('x')", session_id)
    assert api.execute("1\nf()", session_id)["error"]["line"] == 2


def test_a_run_that_times_out_keeps_the_variables(api, session_id):
    """It has failed with a TimeoutError, and the session remains usable."""
    run = api.execute("kept = 1\nimport time; time.sleep(30)", session_id, timeoutInSeconds=1)
    assert (run["status"], run["error"]["name"]) == ("Failed", "TimeoutError")
    assert "timeoutInSeconds" in run["error"]["hint"]
    assert api.execute("kept", session_id)["result"] == "1"


def test_a_run_that_swallows_its_timeout_has_failed(api, session_id):
    """Code that catches the interrupt and runs to its end was still stopped, as the pool reports."""
    code = "import time\ntry:\n  time.sleep(30)\nexcept KeyboardInterrupt:\n  print('caught')\n'end'"
    run = api.execute(code, session_id, timeoutInSeconds=1)
    assert (run["status"], run["error"]["name"], run["stdout"]) == ("Failed", "TimeoutError", "caught\n")


def test_a_huge_record_is_not_read(api, session_id):
    """Sessions must not fill the connector's memory. The pool's own report is returned."""
    run = api.execute("1", session_id)
    path = f"/mnt/data/_outputs/{run['executionId']}/execution.json"
    api.execute(f"open({path!r}, 'ab').truncate(100 << 20)", session_id)
    again = api.call("GET", f"/executions/{run['executionId']}?sessionId={session_id}")
    assert (again.status_code, again.json()["status"], again.json()["result"]) == (200, "Succeeded", "1")


def test_a_run_that_ends_the_interpreter_has_failed(api, session_id):
    """Files are kept, and the next run works."""
    run = api.execute("open('/mnt/data/kept', 'w').write('x'); import os; os._exit(3)", session_id)
    assert (run["status"], run["error"]["name"]) == ("Failed", "KernelRestarted")
    assert "Files are kept" in run["error"]["hint"]
    assert api.execute("import os; sorted(os.listdir('/mnt/data'))", session_id)["result"] == "['_outputs', 'kept']"


def test_a_run_can_be_read_again(api, session_id):
    """GetExecution returns the same Execution."""
    run = api.execute("print('x'); 7", session_id)
    again = api.call("GET", f"/executions/{run['executionId']}?sessionId={session_id}")
    assert again.status_code == 200
    assert again.json() == run


def test_a_run_in_progress_is_a_202(api, session_id, emulator, monkeypatch):
    """GetExecution returns 202 with Retry-After and the Execution so far."""
    execution_id = "execution-of-this-test"
    monkeypatch.setattr(executions, "mint_execution_id", lambda: execution_id)
    running = threading.Thread(target=api.execute, args=("import time; time.sleep(2)", session_id))
    running.start()
    path = f"/executions/{execution_id}?sessionId={session_id}"
    deadline = time.monotonic() + 10
    while (response := api.call("GET", path)).status_code == 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert response.status_code == 202
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Location"].startswith(f"{api.url}/polls?token=")
    assert (response.json()["status"], response.json()["executionId"]) == ("Running", execution_id)
    running.join()
    assert api.call("GET", path).json()["status"] == "Succeeded"


def test_an_unknown_run_is_not_found(api, session_id):
    """ExecutionNotFound for an ID that the session does not know, and for a session that does not exist."""
    api.execute("1", session_id)
    for session in (session_id, session_id + "-other"):
        response = api.call("GET", f"/executions/11111111-1111-1111-1111-111111111111?sessionId={session}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "ExecutionNotFound")


def test_code_runs_without_any_upload(api):
    """A session needs no file. The only folder is the connector's own, for the outputs of runs."""
    assert api.execute("import os; os.listdir('/mnt/data')")["result"] == "['_outputs']"


@pytest.mark.parametrize(
    "flood", ["'-' * 900_000", "'\\n' * 900_000", "'Cell In[1], line ' * 50_000", "'E: ' * 300_000"]
)
def test_an_error_after_much_output_is_read_quickly(flood):
    """A megabyte of any text in stderr does not delay the worker's other calls."""
    traceback = "-" * 75 + "\nZeroDivisionError" + " " * 25 + "Traceback (most recent call last)\nCell In[1], line 1\n"
    stderr = eval(flood) + "\ndivision by zero" + traceback + "\nZeroDivisionError: division by zero\n\n"
    started = time.thread_time()
    error = direct.error_of(stderr, is_truncated=False)
    assert time.thread_time() - started < 0.5
    assert (error.name, error.message, error.line) == ("ZeroDivisionError", "division by zero", 1)


def test_a_truncated_error_is_reported_as_such():
    """If the pool truncated stderr, the error is missing."""
    error = direct.error_of("e" * 1_000_001, is_truncated=True)
    assert (error.name, "truncated" in error.message) == ("Error", True)


def test_a_long_result_is_truncated_and_flagged(api, session_id):
    """The text of a value is limited as output is."""
    run = api.execute("'a' * 3_000_000", session_id)
    assert len(json.dumps(run)) <= 90_000
    assert len(run["result"]) > 80_000
    assert run["truncated"] == {"value": True, "result": True}


def test_output_as_long_as_the_limit_is_complete(api, session_id):
    """And is not flagged as truncated."""
    run = api.execute("print('x' * 1_000_000, end='')", session_id, includeContent="always")
    assert len(run["stdout"]) == 1_000_000
    assert "truncated" not in run


def test_runs_of_one_session_wait_for_each_other(api, session_id):
    """Callers of one session get their own results, one after the other."""
    api.execute("order = []", session_id)
    codes = [f"order.append({i}); import time; time.sleep(0.1); {i}" for i in range(5)]
    results: list[str] = []
    threads = [threading.Thread(target=lambda c=c: results.append(api.execute(c, session_id)["result"])) for c in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["0", "1", "2", "3", "4"]
    assert api.execute("sorted(order)", session_id)["result"] == "[0, 1, 2, 3, 4]"


def test_long_output_is_returned_completely(api, session_id):
    """Far more than the pool's default of 4,096 characters."""
    run = api.execute("print('x' * 300_000)", session_id, includeContent="always")
    assert len(run["stdout"]) == 300_001
    assert "truncated" not in run


def test_truncated_output_is_flagged(api, session_id):
    """Beyond the connector's own limit, `truncated` names the stream."""
    run = api.execute("print('x' * 2_000_000)", session_id)
    assert run["truncated"] == {"stdout": True}


def test_a_failure_without_a_traceback_has_a_message():
    """Even if the pool reports less than expected."""
    execution = direct.direct_execution("s", "e", Run("Failed", "", "something odd", None, 1))
    assert execution.error is not None
    assert (execution.error.name, execution.error.message) == ("Error", "something odd")
    silent = direct.direct_execution("s", "e", Run("Failed", "", "", None, 1))
    assert silent.error is not None
    assert "without an error message" in silent.error.message


def test_runs_of_different_sessions_are_concurrent(api):
    """There is a moment at which four of them run."""
    sessions = [api.execute("import time")["sessionId"] for _ in range(4)]
    code = "[time.time(), time.sleep(1), time.time()]"
    with ThreadPoolExecutor(4) as threads:
        values = [run["value"] for run in threads.map(lambda session: api.execute(code, session), sessions)]
    begun, _, ended = zip(*values, strict=True)
    assert max(begun) < min(ended)


def test_an_invalid_session_id_is_refused_before_the_code_runs(api):
    """The operation checks the ID itself."""
    with pytest.raises(errors.InvalidSessionId):
        executions.execute_python_code(
            CallerSessions(None), PoolFacts(rich_results=True), python_code="1", session_id="a b"
        )  # type: ignore[arg-type]


def test_a_run_may_take_longer_than_the_call(api, session_id):
    """The caller gets a 202 with the address of the result."""
    code = "import os, time\nprint('begun')\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.02)\n'done'"
    started = time.monotonic()
    body = {"pythonCode": code, "sessionId": session_id, "waitInSeconds": 0, "timeoutInSeconds": 30}
    response = api.call("POST", "/executions", json=body)
    assert (response.status_code, response.json()["status"]) == (202, "Running")
    location = response.headers["Location"].removeprefix(api.url)
    assert int(response.headers["Retry-After"]) > 0
    responses = [api.call("GET", location)]
    go = {"fileName": "go", "fileContent": ""}
    assert api.call("POST", "/files", json={"sessionId": session_id, "files": [go]}).status_code == 200
    while time.monotonic() - started < 15:
        responses.append(api.call("GET", location))
        if responses[-1].status_code == 200:
            break
        time.sleep(0.2)
    assert {response.json()["status"] for response in responses[:-1]} == {"Running"}
    assert (responses[-1].json()["result"], responses[-1].json()["stdout"]) == ("done", "begun\n")


def test_a_run_that_ends_within_the_wait_is_returned(api, session_id):
    """Even if its timeout is longer."""
    run = api.execute("6 * 7", session_id, waitInSeconds=5, timeoutInSeconds=100)
    assert (run["status"], run["value"]) == ("Succeeded", 42)


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("respond-async", "respond-async"),
        ("wait=0", "wait=0"),
        ("return=minimal, wait=0", "wait=0"),
        ('wait = "0"', "wait=0"),
        ('other="a, wait=5; wait=6", wait=0', "wait=0"),
    ],
)
def test_the_wait_can_be_set_in_a_header(api, session_id, prefer, applied):
    """According to RFC 7240. The response names the preference that was applied."""
    body = {"pythonCode": "import time; time.sleep(0.5)", "sessionId": session_id, "timeoutInSeconds": 30}
    response = api.call("POST", "/executions", json=body, headers={"Prefer": prefer})
    assert (response.status_code, response.headers.get("Preference-Applied")) == (202, applied)


@pytest.mark.parametrize("prefer", ["wait=x", 'wait="0', 'other="wait=0"', "wait", 'wait=""', '"wait=0"', "wait='0'"])
def test_an_unknown_preference_is_ignored(api, session_id, prefer):
    """It is not an error: it may be meant for others."""
    body = {"pythonCode": "6 * 7", "sessionId": session_id, "timeoutInSeconds": 30}
    response = api.call("POST", "/executions", json=body, headers={"Prefer": prefer})
    assert (response.status_code, response.headers.get("Preference-Applied")) == (200, None)


def test_the_body_has_priority_over_a_header(api, session_id):
    """For the wait."""
    body = {"pythonCode": "7", "sessionId": session_id, "waitInSeconds": 30, "timeoutInSeconds": 20}
    response = api.call("POST", "/executions", json=body, headers={"Prefer": "wait=0"})
    assert (response.status_code, response.headers.get("Preference-Applied")) == (200, None)


def test_a_run_in_a_full_pool_is_refused_at_once(start_pool, start_connector):
    """Even if the caller does not wait for its end."""
    pool = start_pool(max_sessions=1)
    api = start_connector(**pool.environment)
    api.execute("1", "the-only-one")
    response = api.call("POST", "/executions", json={"pythonCode": "1", "sessionId": "one-more", "waitInSeconds": 0})
    assert (response.status_code, response.json()["error"]["code"]) == (429, "TooManySessions")
