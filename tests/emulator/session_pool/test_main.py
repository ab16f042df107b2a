"""`python -m emulator.session_pool` as a program."""

import dataclasses
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest
import requests

from emulator.session_pool.__main__ import main
from tests.emulator.session_pool.conftest import BEGUN, wait_until

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "emulator.session_pool"]


def started(*options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    reported = {}
    for line in process.stdout:
        name, _, text = line.strip().partition("  ")
        reported[name] = text.strip()
        if name == "ready":
            return process, reported
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("options", [[], ["--accept-any-token"]])
def test_it_can_be_used_by_what_it_prints(options):
    """A token is printed if one is required; SIGTERM ends it."""
    process, reported = started(*options)
    try:
        assert list(reported)[-3:] == ["session pool", "isolation", "ready"]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/subscriptions/.*/sessionPools/local", reported["session pool"])
        response = requests.post(
            f"{reported['session pool']}/executions?identifier=abcd&api-version=2025-10-02-preview",
            headers={"Authorization": f"Bearer {reported.get('token', 'anything')}"},
            json={"code": "6 * 7"},
            timeout=30,
        )
        assert response.json()["result"]["executionResult"] == 42
    finally:
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=10)
    assert (process.returncode, stderr) == (0, "")


def test_its_mcp_server_can_be_used_by_what_it_prints(start_program):
    """With --mcp, also over https; without it, nothing of it is printed."""
    pool = start_program("--mcp", "--tls", "--container-type", "Shell")
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "launchShell"}}
    response = requests.post(
        pool.reported["mcp server"],
        json=message,
        headers={"x-ms-apikey": pool.reported["mcp api key"]},
        verify=pool.reported["certificate"],
        timeout=30,
    )
    assert response.json()["result"]["structuredContent"]["environmentId"]
    assert pool.reported["mcp server"] == f"{pool.reported['session pool']}/mcp"
    assert not any("mcp" in name for name in start_program("--container-type", "Shell").reported)


def test_a_port_in_use_is_reported_in_one_line():
    """With the option that changes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run([*COMMAND, "--port", str(port)], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr == f"port {port} is in use: choose another with --port (0 picks a free one)\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_with_nothing_left(start_program, gone, program, tmp_path, number):
    """Also while code and a leftover daemon run; the port is free, and no mount is left."""
    before = mounts()
    pool = start_program(temporary=tmp_path)
    wire = pool.wire("busy")
    wire.run("MARK = 'left'\n" + program("leaves_daemon"))
    wire.call("POST", "files", files={"file": ("big", bytes(3 << 20))})
    answered = []
    run = threading.Thread(target=lambda: answered.append(attempt(wire)))
    run.start()
    wire.wait_for_file("begun")
    pids = pool.descendants()
    assert len(pids) >= 5
    took, code, stderr = pool.end(number)
    run.join()
    assert (code, stderr) == (0, "")
    assert took < 2
    assert answered == [False]
    assert gone(pids)
    assert (mounts(), list(tmp_path.iterdir())) == (before, [])
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", urlsplit(wire.endpoint).port or 0))
        free.listen()


def attempt(wire) -> bool:
    """Whether a caller gets a success although the end of the server aborts its execution."""
    try:
        return (
            wire.call("POST", "executions", json={"code": f"import time; {BEGUN}; time.sleep(60)"}).status_code == 200
        )
    except requests.ConnectionError:
        return False


def mounts() -> str:
    return Path("/proc/self/mountinfo").read_text()


def test_a_signal_while_it_starts_ends_it_too(gone):
    """It can be stopped before it prints `ready`."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        started: set[int] = set()
        while not started and process.poll() is None:
            children = [path.read_text() for path in Path(f"/proc/{process.pid}/task").glob("*/children")]
            started = {int(pid) for text in children for pid in text.split()}
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=15)
    assert started
    assert (process.returncode, stderr) == (0, b"")
    assert gone(started)


def test_a_machine_that_cannot_create_sessions_reports_why():
    """One line on standard error, and nothing that could be mistaken for `ready`."""
    # Root of a user namespace that has no other user can neither separate sessions nor give up its rights.
    command = ["unshare", "--user", "--map-root-user", *COMMAND, "--port", "0"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("sessions cannot be created here: ")
    assert ended.stderr.count("\n") == 1


def test_an_invalid_port_is_reported_in_one_line():
    """As one that is taken."""
    ended = subprocess.run([*COMMAND, "--port", "70000"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr.startswith("port 70000 is not available (")
    assert ended.stderr.endswith("choose another with --port (0 picks a free one)\n")
    assert ended.stderr.count("\n") == 1


def test_its_limits_are_options(start_program):
    """--max-sessions and --cooldown apply to the pool that is started."""
    pool = start_program("--container-type", "Shell", "--max-sessions", "1", "--cooldown", "0.5")
    assert pool.wire("one-1").call("GET", "files").status_code == 200
    assert pool.wire("two-2").call("GET", "files").status_code == 429
    wait_until(lambda: pool.wire("two-2").call("GET", "files").status_code == 200)


def test_without_the_role_valid_tokens_are_refused(start_program):
    """--without-role: 403 for the printed token, 401 for text that is not a token."""
    pool = start_program("--container-type", "Shell", "--without-role")
    assert pool.wire("abcd").call("GET", "files").status_code == 403
    assert dataclasses.replace(pool.wire("abcd"), token="x").call("GET", "files").status_code == 401


def test_the_lifetime_of_tokens_is_an_option(start_program):
    """--token-lifetime applies to the printed token and to those of the identity endpoint."""
    pool = start_program("--container-type", "Shell", "--token-lifetime", "1")
    time.sleep(1 - time.time() % 1)  # a token's times are whole seconds: this one begins now
    token, expires_on = identity_token(pool)
    assert abs(expires_on - time.time() - 1) < 0.5
    wire = dataclasses.replace(pool.wire("abcd"), token=token)
    assert wire.call("GET", "session").status_code == 404
    wait_until(lambda: wire.call("GET", "session").status_code == 401)
    assert time.time() >= expires_on
    assert pool.wire("abcd").call("GET", "session").status_code == 401
    fresh = jwt.decode(pool.reported["token"], options={"verify_signature": False})
    assert fresh["exp"] - fresh["iat"] == 1


def identity_token(pool) -> tuple[str, int]:
    """A token, and when it expires, from the endpoint in the line `identity`, which can precede a command unchanged."""
    variables = dict(pair.split("=", 1) for pair in pool.reported["identity"].split(" "))
    assert list(variables) == ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]
    answer = requests.get(
        variables["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": "https://dynamicsessions.io"},
        headers={"X-IDENTITY-HEADER": variables["IDENTITY_HEADER"]},
        timeout=10,
    ).json()
    return answer["access_token"], int(answer["expires_on"])


@pytest.mark.parametrize("options", [[], ["--accept-any-token"]])
def test_the_printed_identity_gets_tokens(start_program, options):
    """With the address and the header of the line `identity`; the pool accepts its tokens for a day."""
    pool = start_program("--container-type", "Shell", *options)
    token, expires_on = identity_token(pool)
    assert expires_on == pytest.approx(time.time() + 24 * 3600, abs=60)
    assert dataclasses.replace(pool.wire("abcd"), token=token).call("GET", "files").status_code == 200


def test_the_printed_token_is_valid_for_a_day(start_program):
    """Unless an option states otherwise."""
    claims = jwt.decode(
        start_program("--container-type", "Shell").reported["token"], options={"verify_signature": False}
    )
    assert claims["exp"] - claims["iat"] == 24 * 3600


def test_a_shell_pool_is_an_option(start_program):
    """--container-type Shell: commands are run, and code is not."""
    wire = start_program("--container-type", "Shell").wire("abcd")
    body = wire.call("POST", "executions", json={"shellCommand": "echo $((6 * 7)); exit 3"}).json()
    assert (body["status"], body["result"]["stdout"]) == ("3", "42\n")
    assert wire.call("POST", "executions", json={"code": "6 * 7"}).status_code == 400


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--port", "x"], "argument --port: invalid int value: 'x'"),
        (["--container-type", "NodeLTS"], "argument --container-type: invalid choice: 'NodeLTS'"),
        (["--max-sessions", "0"], "argument --max-sessions: '0' is not a whole number above 0"),
        (["--max-sessions", "1.5"], "argument --max-sessions: '1.5' is not a whole number above 0"),
        (["--token-lifetime", "-1"], "argument --token-lifetime: '-1' is not a whole number above 0"),
        (["--cooldown", "0"], "argument --cooldown: '0' is not a number above 0"),
        (["--cooldown", "nan"], "argument --cooldown: 'nan' is not a number above 0"),
        (["--cooldown", "inf"], "argument --cooldown: 'inf' is not a number above 0"),
        (["--cooldown", "soon"], "argument --cooldown: 'soon' is not a number above 0"),
        (["--cooldown"], "argument --cooldown: expected one argument"),
        (["--fault", "dropBefore"], "argument --fault: 'dropBefore' is not name=value"),
        (["--isolated"], "unrecognized arguments: --isolated"),
    ],
)
def test_an_invalid_option_is_a_usage_error(monkeypatch, capsys, options, why):
    """Exit code 2 with a reason that users understand; nothing is started."""
    monkeypatch.setattr(sys, "argv", ["session-pool-emulator", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    stderr = capsys.readouterr()
    assert (ended.value.code, stderr.out) == (2, "")
    assert f"session-pool-emulator: error: {why}" in stderr.err
