"""ExecutePythonCode, GetExecution and CancelExecution as tools, on the running connector with real sessions."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.connector.mcp.calls import call, run

LONG = "import time\nprint('began', flush=True)\ntime.sleep(60)"


@pytest.fixture
def impatient(start_connector, emulator):
    """A connector whose calls wait for a second."""
    return start_connector(**emulator.environment, CALLER_WAIT_SECONDS="1")


def test_a_session_keeps_its_variables(api):
    """The result states its session ID, which the next call uses."""
    first = run(api, "x = 5")
    assert "ran without output" in first.text
    assert run(api, "x + 1", first.session_id).text == f"Session ID: {first.session_id}\n\nResult:\n6"


def test_two_sessions_do_not_see_each_other(api):
    """Neither variables nor files."""
    first, second = run(api, "x = 5\nopen('a.txt', 'w').close()"), run(api, "1")
    assert first.session_id != second.session_id
    assert "NameError" in run(api, "x", second.session_id).text
    assert "no files" in call(api, "ListFiles", sessionId=second.session_id).text


def test_a_long_run_can_be_awaited(impatient):
    """The result has its execution ID and what it has printed; GetExecution waits for its end."""
    started = run(impatient, "import time\nprint('began', flush=True)\ntime.sleep(1.5)\n6 * 7")
    assert not started.is_error
    assert "still running" in started.text
    assert "Printed so far:\nbegan" in started.text
    ids = {"sessionId": started.after("sessionId "), "executionId": started.after("executionId ")}
    ended = call(impatient, "GetExecution", **ids)
    while "still running" in ended.text:  # on a busy machine
        ended = call(impatient, "GetExecution", **ids)
    assert "Result:\n42" in ended.text
    assert "Printed:\nbegan" in ended.text


def test_an_answer_comes_at_the_end_of_the_wait(impatient):
    """Whatever the timeout is: clients of MCP give up after a minute."""
    for timeout in (None, 3600):
        started = run(impatient, LONG, timeoutInSeconds=timeout)
        assert "still running" in started.text
        assert started.answer.seconds < 5
        ids = {"sessionId": started.session_id, "executionId": started.after("executionId ")}
        awaited = call(impatient, "GetExecution", **ids)
        assert "still running" in awaited.text
        assert 0.9 < awaited.answer.seconds < 5
        call(impatient, "CancelExecution", **ids)


def test_a_run_can_be_canceled(impatient):
    """What it has printed is returned, the session is kept, and both is no error."""
    started = run(impatient, "y = 1\n" + LONG)
    ids = {"sessionId": started.session_id, "executionId": started.after("executionId ")}
    canceled = call(impatient, "CancelExecution", **ids)
    assert not canceled.is_error
    assert "Canceled in line 4. The run was canceled." in canceled.text
    assert "began" in canceled.text
    assert "Canceled" in call(impatient, "GetExecution", **ids).text
    assert "Result:\n1" in run(impatient, "y", started.session_id).text


def test_get_execution_ends_its_wait_when_the_run_is_canceled(start_connector, emulator, session_id):
    """Another caller's cancellation is seen by the one who waits."""
    api = start_connector(**emulator.environment, CALLER_WAIT_SECONDS="30")
    body = {"pythonCode": LONG, "sessionId": session_id, "timeoutInSeconds": 300, "waitInSeconds": 0}
    ids = {"sessionId": session_id, "executionId": api.call("POST", "/executions", json=body).json()["executionId"]}
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(call, api, "GetExecution", **ids)
        assert "Canceled" in call(api, "CancelExecution", **ids).text
        awaited = waiting.result()
    assert "Canceled" in awaited.text
    assert awaited.answer.seconds < 20


def test_get_execution_waits_for_a_queued_run(start_connector, emulator, session_id):
    """It begins when the run before it has ended."""
    api = start_connector(**emulator.environment, CALLER_WAIT_SECONDS="30")
    executions = [
        api.call(
            "POST",
            "/executions",
            json={"pythonCode": code, "sessionId": session_id, "timeoutInSeconds": 300, "waitInSeconds": 0},
        ).json()["executionId"]
        for code in ("import time; time.sleep(1); x = 6", "x * 7")
    ]
    awaited = call(api, "GetExecution", sessionId=session_id, executionId=executions[1])
    assert "Result:\n42" in awaited.text
    assert 0.5 < awaited.answer.seconds < 20


def test_code_that_fails_is_an_error(api, session_id):
    """With the line of the code, the message, a hint, and what was printed before."""
    run(api, "import pandas\nframe = pandas.DataFrame({'region': ['N'], 'amount': [1]})", session_id)
    failed = run(api, "print('before')\nframe['amounts'].sum()", session_id)
    assert failed.is_error
    assert "Failed in line 2. KeyError: 'amounts'" in failed.text
    assert "Hint: " in failed.text
    assert "'amount'" in failed.text
    assert "Printed:\nbefore" in failed.text


def test_the_traceback_is_that_of_the_code(api, session_id):
    """Without the files of libraries, once, and only if it says more than the line."""
    assert "Traceback" not in run(api, "1 / 0", session_id).text
    nested = run(api, "import warnings\nwarnings.warn('careful')\ndef f():\n    return 1 / 0\nf()", session_id)
    assert nested.text.count("Traceback (most recent call last)") == 1
    assert nested.text.count("ZeroDivisionError") == 2
    assert "Written to stderr:\n" in nested.text
    assert "UserWarning: careful" in nested.text
    assert "-----" not in nested.text


def test_errors_are_stated_once(api, session_id):
    """Also those that the interpreter shows in forms of their own."""
    for code, words in (("import sys\nsys.exit(2)", "SystemExit: 2"), ("def (", "SyntaxError: invalid syntax")):
        failed = run(api, code, session_id)
        assert failed.is_error
        assert failed.text.count(words) == 1
        assert "stderr" not in failed.text


def test_a_run_that_is_stopped_is_an_error(api, session_id):
    """With what to do."""
    stopped = run(api, "import time; time.sleep(20)", session_id, timeoutInSeconds=1)
    assert stopped.is_error
    assert "TimeoutError" in stopped.text
    assert "timeoutInSeconds" in stopped.text


def test_a_run_that_ends_its_interpreter_is_an_error(api, session_id):
    """Files are kept, variables are not."""
    failed = run(api, "import os; os._exit(3)", session_id)
    assert failed.is_error
    assert "KernelRestarted" in failed.text


def test_an_unknown_execution_is_an_error(api, session_id):
    """Of the tool, for the model to read."""
    for tool in ("GetExecution", "CancelExecution"):
        assert "ExecutionNotFound: " in call(api, tool, sessionId=session_id, executionId="unknown").text


def test_errors_of_the_pool_are_results(start_connector, start_pool):
    """With the code, and when to try again."""
    pool = start_pool(max_sessions=1)
    api = start_connector(**pool.environment)
    run(api, "1")
    refused = run(api, "1")
    assert refused.is_error
    assert refused.text.startswith("TooManySessions: ")
    assert "Retry-After: " in refused.text


def test_a_pool_without_access_is_an_error(api_without_role):
    """As the REST operations report it."""
    refused = run(api_without_role, "1")
    assert refused.is_error
    assert refused.text.startswith("SessionExecutorRoleMissing: ")


# ---- without the payload


@pytest.fixture(scope="module")
def direct(running_connector, emulator):
    with running_connector(**emulator.environment, RICH_RESULTS="false") as connector:
        yield connector


def test_a_direct_run_keeps_the_session_and_its_variables(direct):
    """The default timeout is one that the pool accepts, in one call."""
    first = run(direct, "x = 5\nprint('out')\nx")
    assert first.text == f"Session ID: {first.session_id}\n\nResult:\n5\n\nPrinted:\nout"
    assert "Result:\n6" in run(direct, "x + 1", first.session_id, timeoutInSeconds=3000).text


def test_a_direct_run_has_its_chart(direct):
    """The one that the pool returns."""
    assert len(run(direct, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()").images) == 1


def test_a_direct_run_that_fails_is_an_error(direct):
    """Like any other."""
    failed = run(direct, "1 / 0")
    assert failed.is_error
    assert "Failed in line 1. ZeroDivisionError: division by zero" in failed.text


def test_a_workspace_outlives_its_session(api_with_storage):
    """A model that names it finds its files in another session; the result states what was restored and saved."""
    workspace = f"test-{uuid.uuid4().hex[:12]}"
    first = run(api_with_storage, "open('a.txt', 'w').write('lunch')", workspaceId=workspace)
    assert f"Workspace {workspace}: saved." in first.text
    second = run(api_with_storage, "open('a.txt').read()", workspaceId=workspace)
    assert f"Workspace {workspace}: restored, saved." in second.text
    assert "lunch" in second.text


def test_the_call_that_sees_the_end_saves_the_workspace(start_connector, emulator, storage):
    """Although GetExecution does not name it: the session knows its workspace."""
    impatient = start_connector(**emulator.environment, **storage.environment, CALLER_WAIT_SECONDS="1")
    workspace = f"test-{uuid.uuid4().hex[:12]}"
    code = "import time; time.sleep(2); open('a.txt', 'w').close()"
    started = run(impatient, code, workspaceId=workspace)
    assert f"Workspace {workspace}: not saved yet." in started.text
    ids = {"sessionId": started.after("sessionId "), "executionId": started.after("executionId ")}
    while "still running" in (ended := call(impatient, "GetExecution", **ids)).text:
        pass
    assert f"Workspace {workspace}: saved." in ended.text
