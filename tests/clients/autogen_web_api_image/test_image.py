"""The image of the AutoGen web API: its Dockerfile is sound, and what it makes starts and answers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from programs import Program

from .image import EXAMPLE, Image, build, context, instructions, protected

DOCKERFILE = EXAMPLE / "Dockerfile"
SNAPSHOT = EXAMPLE / "infra" / "scenarios" / "web_inside.snapshot.json"


def test_hadolint_finds_nothing():
    """Neither in the Dockerfile nor in its shell commands; and it does find a mistake."""
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    worse = DOCKERFILE.read_text().replace(" --no-cache-dir", "")
    done = subprocess.run([hadolint, "-"], input=worse, capture_output=True, text=True)
    assert done.returncode == 1 and "DL3042" in done.stdout


def test_the_builder_gets_the_code_of_the_app_alone(tmp_path):
    """No settings, keys, templates or caches, wherever they are."""
    example = tmp_path / "example"
    shutil.copytree(EXAMPLE, example, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (
        ".env",
        ".azure/demo-autogen/.env",
        "local.settings.json",
        "__pycache__/a.py",
        "notes/b.py",
        "key.pem",
    ):
        (example / path).parent.mkdir(parents=True, exist_ok=True)
        (example / path).touch()
    sent = {path.as_posix() for path in context(example)}
    assert {"main.py", "settings.py"} < sent
    assert sent == {"requirements.txt", *(path.name for path in EXAMPLE.glob("*.py"))}


def test_the_image_is_run_as_its_template_expects():
    """The same port, and a user by number, who is not root; programs are not started by a shell; nothing is secret."""
    by_name = dict(instructions(DOCKERFILE.read_text()))
    app = next(each for each in json.loads(SNAPSHOT.read_text())["predictedResources"] if each["type"].endswith("Apps"))
    (container,) = app["properties"]["template"]["containers"]
    ports = {app["properties"]["configuration"]["ingress"]["targetPort"]}
    ports |= {probe["httpGet"]["port"] for probe in container["probes"]}
    command = json.loads(by_name["CMD"])
    assert ports == {int(by_name["EXPOSE"])} == {int(command[command.index("--port") + 1])}
    assert {probe["httpGet"]["path"] for probe in container["probes"]} == {"/health"}
    assert min(int(part) for part in by_name["USER"].split(":")) > 0
    assert by_name["ENV"] == "PYTHONUNBUFFERED=1" and "ARG" not in by_name


@pytest.mark.timeout(300)
def test_all_packages_have_wheels_for_the_python_of_the_image(tmp_path):
    """The image has no compiler. Its Python may be another than that of this machine."""
    base = dict(instructions(DOCKERFILE.read_text()))["FROM"]
    version = base.removeprefix("python:").removesuffix("-slim")
    assert base == f"python:{version}-slim" and version.count(".") == 1
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run"]
    command += ["--target", tmp_path, "--only-binary=:all:", "--python-version", version]
    command += ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"]
    done = subprocess.run(
        [*command, "--requirement", EXAMPLE / "requirements.txt"], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Made by the steps of the Dockerfile. The folder is not below pytest's, which only root may enter."""
    root = Path(tempfile.mkdtemp(prefix="autogen-web-api-"))
    root.chmod(0o755)
    try:
        image = build(EXAMPLE, root)
        with protected(image.place(".")):
            yield image
    finally:
        shutil.rmtree(root)


@contextmanager
def running(image: Image, **settings: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The image's command, on a free port of loopback. Yields its address when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    changed = {"0.0.0.0": "127.0.0.1", str(image.port): str(port)}
    process = image.start([changed.get(word, word) for word in image.command], **settings)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            try:
                get(f"{address}/health")
            except urllib.error.URLError:
                time.sleep(0.1)
            else:
                yield address, process
                return
        raise AssertionError(f"the app did not start: {process.returncode}")
    finally:
        process.kill()
        process.wait()


def asking_for(code: str) -> str:
    """A message for which the scripted model runs the code."""
    return urllib.parse.quote(f"```python\n{code}\n```")


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


@pytest.mark.timeout(400)
def test_the_image_answers(image, connector):
    """As a user who is not root and cannot write to its code. A conversation runs Python through the connector."""
    code = image.place("autogen_web_api")
    before = sorted(code.rglob("*"))
    with running(image, CONNECTOR_URL=connector.url, CONNECTOR_KEY=connector.key) as (address, process):
        assert get(f"{address}/health")["status"] == "Healthy"
        status = Path(f"/proc/{process.pid}/status").read_text()
        users = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
        assert "0" not in users
        assert os.getuid() != 0 or set(users) == {str(image.user)}
        assert "42" in get(f"{address}/chat?message={asking_for('print(6 * 7)')}")["answer"]
        with urllib.request.urlopen(f"{address}/docs", timeout=60) as page:
            assert page.status == 200
    assert sorted(code.rglob("*")) == before


@pytest.mark.timeout(400)
def test_the_image_stops_when_it_is_told_to(image):
    """Within the 30 seconds that the template allows. It ends its session: the pool has one, which is free again."""
    program = Program("emulator", "--keys", "--port", "0", "--pool-port", "0", "--max-sessions", "1")
    settings = {"CONNECTOR_URL": program.output["connector"], "CONNECTOR_KEY": program.output["function key"]}
    for text in ("first", "second"):
        with running(image, **settings) as (address, process):
            assert text in get(f"{address}/chat?message={asking_for(f'print({text!r})')}")["answer"]
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) in (0, -signal.SIGTERM)
    program.terminate()
    program.wait()


def test_without_settings_the_image_says_what_is_missing(image):
    """A container app that was set up wrongly has the reason in its log."""
    done = subprocess.run(
        [str(Path(image.path.split(":")[0]) / image.command[0]), *image.command[1:]],
        cwd=image.place("."),
        env={"PATH": image.path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "CONNECTOR_URL is missing or wrong." in done.stderr
