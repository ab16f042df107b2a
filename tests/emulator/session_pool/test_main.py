"""`python -m emulator.session_pool`, alone."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "emulator.session_pool"]


def started(*options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = {}
    for line in process.stdout:
        name, _, text = line.strip().partition("  ")
        told[name] = text.strip()
        if name == "ready":
            return process, told
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("options", [[], ["--accept-any-token"]])
def test_it_can_be_used_by_what_it_prints(options):
    """A token is printed where one is asked for; SIGTERM ends it."""
    process, told = started(*options)
    try:
        assert list(told)[-3:] == ["session pool", "isolation", "ready"]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/subscriptions/.*/sessionPools/local", told["session pool"])
        response = requests.post(
            f"{told['session pool']}/executions?identifier=abcd&api-version=2025-10-02-preview",
            headers={"Authorization": f"Bearer {told.get('token', 'anything')}"},
            json={"code": "6 * 7"},
            timeout=30,
        )
        assert response.json()["result"]["executionResult"] == 42
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, "")


def test_a_port_in_use_is_said_in_one_line():
    """With the option that changes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run([*COMMAND, "--port", str(port)], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr == f"port {port} is in use: choose another with --port (0 picks a free one)\n"
