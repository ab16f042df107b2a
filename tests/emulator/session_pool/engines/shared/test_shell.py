"""A pool of type Shell: commands instead of code, and exit codes as the status."""

import contextlib
import platform
import re
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.sessions.pool import Pool
from emulator.session_pool.wire.server import SessionPoolServer
from emulator.session_pool.wire.tokens import TokenAuthority
from tests.emulator.session_pool.conftest import wait_until

OLD = "2024-02-02-preview"
INVALID = "SessionRequestValidationFailed"
NOT_SUPPORTED = "SessionRequestNotSupported"


@pytest.fixture(scope="module")
def shell_pool():
    """A pool shared by this module's tests; each uses its own session."""
    authority = TokenAuthority()
    server = SessionPoolServer(Pool(Engine("Shell")), authority)
    server.start()
    yield SimpleNamespace(pool=server, authority=authority)
    server.stop()


@pytest.fixture
def wire(shell_pool, wire_to, session_id):
    """A session that no other test uses."""
    return wire_to(session_id, shell_pool)


@pytest.fixture
def run(wire):
    """Runs a command line, or a list of arguments. Returns the body of the execution."""

    def post(command, **members):
        name = "shellCommand" if isinstance(command, str) else "execCommandAndArgs"
        response = wire.call("POST", "executions", json={name: command, **members})
        assert response.status_code == 200, response.text
        return response.json()

    return post


def outcome(body):
    """The status, standard output and standard error."""
    return body["status"], body["result"]["stdout"], body["result"]["stderr"]


def running(mark):
    """True when a process has the mark in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark in path.read_text(errors="replace"):
                return True
    return False


def comes_true(condition):
    """Waits some seconds for the condition."""
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def failed(response, status, code):
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code == response.headers["x-ms-error-code"]


@pytest.mark.parametrize("version", ["2025-02-02-preview", "2025-10-02-preview"])
def test_the_body_of_an_execution(wire, version):
    """No id, no type and no value; the status is the exit code, as a text."""
    body = {"shellCommand": "echo out; echo err >&2"}
    response = wire.call("POST", "executions", params={"api-version": version}, json=body)
    assert response.status_code == 200
    assert re.sub(r":\d+}", ":0}", response.text) == (
        f'{{"identifier":"{wire.identifier}","status":"0",'
        '"result":{"stdout":"out\\n","stderr":"err\\n","executionTimeInMilliseconds":0}}'
    )
    assert re.fullmatch(r"\d+", response.headers["x-ms-container-execution-duration"])


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("true", "0"),
        ("false", "1"),
        ("exit 42", "42"),
        ("exit 255", "255"),
        ("kill -SEGV $$", "139"),
        ("kill -KILL $$", "137"),
        (["sh", "-c", "kill -TERM $$"], "143"),
        ("no-such-program", "127"),
        (["no-such-program"], "127"),
        (["/no/such/program"], "127"),
        ("/mnt/data", "126"),
        (["/mnt/data"], "126"),
        ("echo x > f; ./f", "126"),
    ],
)
def test_exit_codes(run, command, status):
    """As a shell reports them, also for signals and for programs that cannot be started."""
    assert run(command)["status"] == status


def test_a_command_that_cannot_be_started_reports_why(run):
    """On stderr, with its name."""
    assert outcome(run(["no-such-program"])) == ("127", "", "no-such-program: No such file or directory\n")
    assert outcome(run(["/mnt/data"])) == ("126", "", "/mnt/data: Permission denied\n")


def test_a_command_line_and_a_list_of_arguments(run):
    """A line is run by bash, in a login shell; a list is a program's arguments, without a shell."""
    assert outcome(run("shopt -q login_shell && echo {1..3} | tr ' ' '-'")) == ("0", "1-2-3\n", "")
    assert outcome(run(["printf", "%s|", "a b", "$HOME", "*", ""])) == ("0", "a b|$HOME|*||", "")


def test_where_commands_run(run):
    """In /mnt/data, which is empty at first and owned by the user; the home folder is another one."""
    assert outcome(run("pwd; ls -A; touch a; ls -A; cd; [ $PWD != /mnt/data ]; touch b")) == ("0", "/mnt/data\na\n", "")
    assert outcome(run(["pwd"]))[1] == "/mnt/data\n"


def test_standard_input(run):
    """The text of `stdin`, or nothing; a program need not read it."""
    assert outcome(run(["cat"], stdin="a\né\n")) == ("0", "a\né\n", "")
    assert outcome(run("read line; wc -c", stdin="first\n" + "x" * 1_000_000)) == ("0", "1000000\n", "")
    assert outcome(run("cat; echo end")) == ("0", "end\n", "")
    assert outcome(run("cat", stdin=None)) == ("0", "", "")
    assert outcome(run("echo done", stdin="x" * 3_000_000)) == ("0", "done\n", "")


def test_only_files_are_kept(run):
    """Each command is a separate program: variables, folder and functions of the previous one are not kept."""
    run("export X=1; cd /tmp; f() { echo f; }; echo kept > /mnt/data/a; echo 1 > ~/b")
    assert outcome(run('echo "[$X]"; pwd; type f; cat a ~/b'))[:2] == ("0", "[]\n/mnt/data\nkept\n1\n")


def test_a_timeout(run):
    """The status is -1, and the time exactly the timeout; output until then is reported."""
    began = time.monotonic()
    body = run("echo before; sleep 30; echo after", timeoutInSeconds=1)
    assert time.monotonic() - began < 5
    assert (body["status"], body["result"]["stdout"]) == ("-1", "before\n")
    assert body["result"]["executionTimeInMilliseconds"] == 1000
    assert "timed out" in body["result"]["stderr"]
    assert outcome(run("echo next")) == ("0", "next\n", "")


def test_a_command_that_ignores_signals(run):
    """It and its child processes end in time nevertheless."""
    mark = f"mark-{uuid.uuid4()}"
    began = time.monotonic()
    code = f"trap '' TERM INT HUP QUIT; (exec -a {mark} sleep 60) & while :; do sleep 1; done"
    body = run(code, timeoutInSeconds=1)
    assert time.monotonic() - began < 5
    assert (body["status"], body["result"]["executionTimeInMilliseconds"]) == ("-1", 1000)
    assert comes_true(lambda: not running(mark))
    assert outcome(run("echo next")) == ("0", "next\n", "")


def test_a_command_that_stops_itself(run):
    """A stopped program also exceeds its timeout."""
    assert run("kill -STOP $$", timeoutInSeconds=1)["status"] == "-1"
    assert outcome(run("echo next")) == ("0", "next\n", "")


def test_a_command_that_writes_endlessly(run):
    """It is stopped before its timeout, and its output is limited; files stay."""
    run("echo kept > a")
    body = run("yes", timeoutInSeconds=60)
    assert body["status"] == "-1"
    assert body["result"]["stdout"] == "y\n" * 2048
    assert body["result"]["executionTimeInMilliseconds"] < 30_000
    assert outcome(run("cat a")) == ("0", "kept\n", "")


def test_streams_are_truncated_as_requested(run):
    """4,096 bytes of each, or as many as were requested; half a character at the end is replaced."""
    code = "printf 'é%.0s' {1..5000}; printf 'f%.0s' {1..5000} >&2"
    assert outcome(run(code)) == ("0", "é" * 2048, "f" * 4096)
    assert outcome(run(code, outputStreamsMaxLength=11)) == ("0", "é" * 5 + "\N{REPLACEMENT CHARACTER}", "f" * 11)
    assert outcome(run(code, outputStreamsMaxLength=10_000)) == ("0", "é" * 5000, "f" * 5000)


def test_a_command_of_128_kib_is_not_started(run):
    """As on the service: the kernel limits one argument of a program to 131,072 bytes, with the byte that ends it."""
    assert outcome(run("true " + "x" * (131_071 - len("true ")))) == ("0", "", "")
    refused = outcome(run("touch made #" + "x" * (131_072 - len("touch made #"))))
    assert refused == ("126", "", "/bin/bash: Argument list too long\n")
    assert outcome(run("ls")) == ("0", "", "")


def test_a_command_is_refused_on_demand(run, shell_pool):
    """As one that is too long: the exit code and the message of bash, and nothing is started; once."""
    fault = requests.post(f"{shell_pool.pool.url}/faults", json={"do": "refuseCommand"}, timeout=10)
    assert fault.status_code == 200
    assert outcome(run("touch made")) == ("126", "", "/bin/bash: Argument list too long\n")
    assert outcome(run("touch made; ls")) == ("0", "made\n", "")


def test_the_last_line_of_a_command_is_lost_on_demand(run, shell_pool):
    """The status is that of the command."""
    requests.post(f"{shell_pool.pool.url}/faults", json={"do": "loseLastLine"}, timeout=10)
    assert outcome(run("echo a; echo b; exit 3")) == ("3", "a\n", "")


def test_python_is_that_of_python_sessions(run):
    """With its packages, by both names; and pip lists them."""
    code = "import pandas; print(pandas.__version__)"
    status, version, stderr = outcome(run(f"python -c '{code}'"))
    assert (status, stderr) == ("0", "")
    assert outcome(run(f"python3 -c '{code}'")) == ("0", version, "")
    assert f"pandas {version}" in re.sub(" +", " ", run("pip list")["result"]["stdout"])


@pytest.mark.parametrize(
    "code",
    [
        "{sleep} & echo started",
        "setsid {sleep} & echo started",
        "(trap '' HUP; {sleep}) <&0 & echo started",
        "exec 3>&1; {sleep} >&3 2>&1 & disown; echo started",
    ],
)
def test_what_a_command_leaves_running(wire, run, code):
    """It delays no response, even if it keeps the streams open; it continues, and ends with the session."""
    mark = f"mark-{uuid.uuid4()}"
    began = time.monotonic()
    body = run(code.format(sleep=f"bash -c 'exec -a {mark} sleep 60'"), stdin="x" * 1_000_000)
    assert outcome(body) == ("0", "started\n", "")
    assert time.monotonic() - began < 5
    assert comes_true(lambda: running(f"{mark}\0"))
    assert outcome(run("echo next")) == ("0", "next\n", "")
    assert running(f"{mark}\0")
    wire.call("DELETE", "session")
    assert comes_true(lambda: not running(mark))


def test_output_of_leftover_processes_belongs_to_no_other_command(run):
    """Output between two commands is dropped."""
    run("(sleep 0.2; echo late; touch /mnt/data/late) & echo started")
    wait_until(lambda: "late" in outcome(run("ls /mnt/data"))[1])
    assert outcome(run("echo next")) == ("0", "next\n", "")


def test_a_command_that_ends_its_own_session_process(run):
    """Only the command fails."""
    run("echo kept > a")
    assert run("kill -KILL $PPID; sleep 5")["status"] == "-1"
    assert outcome(run("cat a")) == ("0", "kept\n", "")


def test_output_that_is_not_text(run):
    """Bytes that are not UTF-8 become the replacement character."""
    assert outcome(run("printf 'a\\xff\\x00b'")) == ("0", "a\ufffd\0b", "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": "1"}, "SessionPropertiesMissing"),
        ({}, "SessionPropertiesMissing"),
        ({"properties": {"shellCommand": "ls"}}, "SessionPropertiesMissing"),
        ({"shellCommand": "ls", "execCommandAndArgs": ["ls"]}, INVALID),
        ({"shellCommand": ["ls"]}, INVALID),
        ({"shellCommand": 5}, INVALID),
        ({"execCommandAndArgs": "ls"}, INVALID),
        ({"execCommandAndArgs": []}, INVALID),
        ({"execCommandAndArgs": ["ls", 5]}, INVALID),
        ({"shellCommand": "ls \0 -a"}, INVALID),
        ({"execCommandAndArgs": ["ls", "\0"]}, INVALID),
        ({"shellCommand": "ls", "stdin": 5}, INVALID),
        ({"shellCommand": "ls", "timeoutInSeconds": 0}, INVALID),
        ({"shellCommand": "ls", "outputStreamsMaxLength": -1}, INVALID),
    ],
)
def test_bodies_that_are_refused(wire, body, code):
    """400 with the service's code; a Shell pool takes no code, and one command is required."""
    failed(wire.call("POST", "executions", json=body), 400, code)


def test_half_a_surrogate_pair(run):
    """Valid in JSON but not in a command: the program is not started. In stdin it becomes a question mark."""
    for command in ("echo \ud800", ["echo", "\ud800"]):
        assert run(command)["status"] == "126"
    assert outcome(run(["cat"], stdin="\ud800")) == ("0", "?", "")


def test_a_command_longer_than_the_system_accepts(run):
    """126, as in bash."""
    status, _, why = outcome(run(["echo", "x" * 3_000_000]))
    assert (status, why) == ("126", "echo: Argument list too long\n")
    assert outcome(run("echo next")) == ("0", "next\n", "")


def test_files(wire, run):
    """The file routes are those of a Python pool, and commands find what they store."""
    uploaded = wire.call("POST", "files", params={"path": "/mnt/data/in"}, files={"file": ("a.txt", b"1,2")}).json()
    assert (uploaded["name"], uploaded["type"], uploaded["sizeInBytes"]) == ("a.txt", "file", 3)
    assert uploaded["contentType"] == "text/plain; charset=utf-8"
    assert outcome(run("cat in/a.txt; cp in/a.txt b.txt; echo x > in/new; chmod 600 b.txt"))[:2] == ("0", "1,2")
    listed = wire.call("GET", "files", params={"path": "/mnt/data"}).json()["value"]
    assert [(item["name"], item["type"]) for item in listed] == [("b.txt", "file"), ("in", "directory")]
    assert wire.call("GET", "files/b.txt/content").content == b"1,2"
    assert wire.call("GET", "files/new", params={"path": "in"}).json()["sizeInBytes"] == 2
    assert wire.call("DELETE", "files/b.txt").status_code == 204
    assert outcome(run("ls"))[1] == "in\n"


def test_sessions(wire, wire_to, run):
    """They are created and deleted as in a Python pool, and do not see each other's files."""
    failed(wire.call("GET", "session"), 404, "NoSessionFoundError")
    run("echo mine > a")
    assert wire.call("GET", "session").json()["identifier"] == wire.identifier
    assert wire.call("GET", "files", params={"identifier": wire.identifier + "-other"}).json() == {"value": []}
    assert wire.call("DELETE", "session").status_code == 204
    assert outcome(run("ls"))[1] == ""


def test_the_metadata_describes_the_system(wire):
    """Its release and its packages; there is no Jupyter kernel."""
    body = wire.call("GET", "metadata").json()
    assert list(body) == ["runtimes", "preInstalledPackages", "createdAt", "lastUpdatedAt", "isolation"]
    release = platform.freedesktop_os_release()
    assert body["runtimes"] == [{"name": release["NAME"], "version": release.get("VERSION", platform.release())}]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", body["createdAt"])
    names = {package["name"] for package in body["preInstalledPackages"]}
    assert ("bash" in names) == Path("/var/lib/dpkg/info/bash.list").exists()


@pytest.mark.parametrize("version", [OLD, "2024-08-02-preview"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "code/execute"), ("GET", "files"), ("POST", "files/upload"), ("POST", "python/execute")],
)
def test_family_a_lacks_shells(wire, version, method, path):
    """400, with the version in the message; nothing is executed."""
    body = {"properties": {"code": "1", "pythonCode": "1"}}
    response = wire.call(method, path, params={"api-version": version}, json=body)
    failed(response, 400, NOT_SUPPORTED)
    assert response.json()["error"]["message"] == f"Shell execution is not supported in API version {version}."
    failed(wire.call("GET", "session"), 404, "NoSessionFoundError")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "execute"), ("POST", "uploadFile"), ("GET", "files"), ("GET", "downloadFile")],
)
def test_the_legacy_routes_lack_shells(wire, method, path):
    """400; a request without a version has the oldest one."""
    body = {"properties": {"pythonCode": "1"}}
    response = wire.call(method, f"python/{path}", params={"api-version": None}, json=body)
    failed(response, 400, NOT_SUPPORTED)
    message = "Shell execution is not supported in API version 2023-08-01-preview."
    assert response.json()["error"]["message"] == message


def test_an_execution_can_be_read_again(wire):
    """By the id that the caller chose; while it runs it has no result."""
    body = {"shellCommand": "echo x; exit 3"}
    first = wire.call("POST", "executions", json=body, headers={"operation-id": "mine"})
    assert wire.call("GET", "executions/mine").json() == first.json()
    assert first.json()["status"] == "3"
