"""The programs that start the app: that of `make autogen`, and the server of a container."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from programs import ROOT


def _until_answered(url):
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx.get(url, trust_env=False, timeout=10)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _started(port):
    """The program of `make autogen`, and what it has printed when it is ready."""
    command = [sys.executable, "-m", "examples.autogen_web_api", "--port", str(port)]
    program = subprocess.Popen(
        [*command, "--emulator-python", os.environ["POOL_PYTHON"]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    return program, "".join(iter(program.stdout.readline, "stop with Ctrl-C\n"))


@pytest.fixture
def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_app_starts_with_connector_and_emulator(free_port, number):
    """`python -m examples.autogen_web_api` starts all three, prints the addresses, and stops all three."""
    program, printed = _started(free_port)
    assert f"http://127.0.0.1:{free_port}/docs" in printed and "function key" not in printed
    connector = re.search(r"^connector +(\S+)$", printed, re.MULTILINE)[1]
    address = f"http://127.0.0.1:{free_port}"
    assert httpx.get(f"{address}/health", trust_env=False).json()["status"] == "Healthy"
    answer = httpx.get(f"{address}/chat", params={"message": "What time is it right now?"}, trust_env=False, timeout=60)
    assert answer.json()["runs"][0]["succeeded"]
    program.send_signal(number)
    _, errors = program.communicate(timeout=30)
    assert program.returncode == 0, errors
    assert "Traceback" not in errors and answer.json()["conversation_id"] not in errors
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{connector}/health", trust_env=False)


def test_app_stops_while_it_answers(free_port):
    """Within seconds, although the run would take a minute: it is canceled, and the caller is told."""
    program, _ = _started(free_port)
    address = f"http://127.0.0.1:{free_port}"
    assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
    with ThreadPoolExecutor() as callers, httpx.Client(base_url=address, trust_env=False, timeout=60) as http:
        conversation = http.post("/conversations").json()["conversation_id"]
        code = "open('begun', 'w').close()\nimport time\ntime.sleep(60)"
        message = {"message": f"Run this: ```python\n{code}\n```", "conversation_id": conversation}
        answer = callers.submit(http.post, "/chat", json=message)
        while not http.get(f"/conversations/{conversation}/files").json()["files"]:
            assert not answer.done()
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=30)
        assert answer.result().status_code == 503
        assert answer.result().json()["error"]["code"] == "Stopping"
    assert program.returncode == 0, errors
    assert "Traceback" not in errors and conversation not in errors


def test_folder_is_a_package_on_its_own(free_port, connector, tmp_path):
    """Copied elsewhere, as in a container, the folder is served by uvicorn with the settings of the environment."""
    shutil.copytree(ROOT / "examples" / "autogen_web_api", tmp_path / "autogen_web_api")
    command = [sys.executable, "-m", "uvicorn", "autogen_web_api.main:app", "--port", str(free_port)]
    environment = {"PATH": os.environ["PATH"], "CONNECTOR_URL": connector.url, "CONNECTOR_KEY": connector.key}
    with subprocess.Popen(
        [*command, "--no-access-log"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE
    ) as program:
        address = f"http://127.0.0.1:{free_port}"
        assert _until_answered(f"{address}/health").json()["model"]["name"] == "scripted"
        answer = httpx.get(f"{address}/chat", params={"message": "Which sales by region?"}, trust_env=False, timeout=60)
        assert answer.json()["runs"][-1]["succeeded"]
        program.terminate()
        _, errors = program.communicate(timeout=30)
        assert b"Traceback" not in errors


def test_wrong_settings_are_reported_without_a_traceback(tmp_path):
    """A server that is started without CONNECTOR_URL exits with the sentence that names it."""
    command = [sys.executable, "-m", "uvicorn", "examples.autogen_web_api.main:app", "--port", "0"]
    environment = {"PATH": os.environ["PATH"]}
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert completed.returncode != 0
    assert "CONNECTOR_URL is missing or wrong." in completed.stderr and "Traceback" not in completed.stderr
