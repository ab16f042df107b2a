"""The certificate: https for clients that trust its file, and no others."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from emulator.session_pool.wire.certificate import Certificate
from emulator.session_pool.wire.loopback import LoopbackServer

ROOT = Path(__file__).resolve().parents[4]
COMMAND = [sys.executable, "-m", "emulator.session_pool", "--tls"]


@pytest.fixture
def certificate():
    made = Certificate()
    yield made
    made.remove()


@pytest.fixture
def server(certificate):
    """Anything that is served with it."""
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    started = LoopbackServer(app, certificate=certificate)
    started.start()
    yield started
    started.stop()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_clients_that_trust_the_certificate_are_served(certificate, server, name):
    """By each name of this machine that the emulator accepts."""
    answer = requests.get(f"https://{name}:{server.port}/", verify=str(certificate.path), timeout=10)
    assert answer.text == "here"


def test_clients_that_do_not_trust_the_certificate_are_refused(server):
    """It is not signed by a known authority, and another pool's certificate does not match."""
    other = Certificate()
    try:
        for verify in (True, str(other.path)):
            with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
                requests.get(server.url, verify=verify, timeout=10)
    finally:
        other.remove()


def test_the_address_is_https_and_plain_http_is_refused(server):
    """A client that uses http gets no valid response."""
    assert server.url == f"https://127.0.0.1:{server.port}"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{server.port}/", timeout=10)


@pytest.mark.parametrize(
    ("name", "is_its_own"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.0.0.2", False), ("example.org", False)],
)
def test_it_answers_loopback_only(certificate, server, name, is_its_own):
    """It is valid for the emulator's own names only, also under the stricter certificate rules of Python 3.13."""
    context = ssl.create_default_context(cafile=certificate.path)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        if is_its_own:
            context.wrap_socket(connection, server_hostname=name).close()
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match="not valid for '"):
                context.wrap_socket(connection, server_hostname=name)


def test_only_the_owner_can_read_the_key(certificate):
    """Other users may read the certificate, regardless of this user's umask, but not the key."""
    before = os.umask(0o077)
    try:
        strict = Certificate()
        os.umask(0)
        lax = Certificate()
    finally:
        os.umask(before)
    for made in (certificate, strict, lax):
        modes = [path.stat().st_mode & 0o777 for path in (made.key_path, made.path, made.path.parent)]
        assert modes == [0o600, 0o644, 0o755]
        assert b"PRIVATE KEY" in made.key_path.read_bytes()
        assert b"PRIVATE KEY" not in made.path.read_bytes()
    strict.remove()
    lax.remove()


def test_it_leaves_nothing(certificate):
    """`remove`, which may be called twice, deletes its folder."""
    assert certificate.path.parent == certificate.key_path.parent
    certificate.remove()
    assert not certificate.path.parent.exists()
    certificate.remove()


@pytest.fixture
def temporary(tmp_path) -> dict[str, str]:
    """An environment whose temporary folder is the test's own."""
    return {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}


def test_a_pool_that_speaks_https(start_program):
    """Its output has what a client needs; the URL of an execution is https too; its files are deleted at its end."""
    pool = start_program("--tls")
    assert list(pool.reported) == ["token", "identity", "certificate", "session pool", "isolation", "ready"]
    assert pool.reported["session pool"].startswith("https://127.0.0.1:")
    certificate = Path(pool.reported["certificate"])
    wire = pool.wire("abcd")
    verified = {"verify": str(certificate)}
    ran = wire.call("POST", "executions", json={"code": "6 * 7"}, **verified)
    assert ran.json()["result"]["executionResult"] == 42
    started = wire.call("POST", "executions", json={"code": "7", "executionType": "Asynchronous"}, **verified)
    location = started.headers["operation-location"]
    assert location.startswith(f"{wire.endpoint}/executions/{started.json()['id']}?")
    polled = requests.get(location, headers={"Authorization": f"Bearer {wire.token}"}, timeout=10, **verified)
    assert (polled.status_code, polled.json()["id"]) == (200, started.json()["id"])
    with pytest.raises(requests.exceptions.SSLError):
        wire.call("GET", "files")
    _, code, stderr = pool.end(signal.SIGTERM)
    assert (code, stderr) == (0, "")
    assert not certificate.parent.exists()


def test_a_connection_can_be_dropped_under_tls(start_program):
    """A fault on demand ends it as it ends a plain one."""
    pool = start_program("--container-type", "Shell", "--tls", "--fault", "do=dropBefore", "--fault", "do=truncate")
    wire = pool.wire("abcd")
    for _ in range(2):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)) as broken:
            wire.call("GET", "files", verify=pool.reported["certificate"])
        assert not isinstance(broken.value, requests.exceptions.SSLError)
    assert wire.call("GET", "files", verify=pool.reported["certificate"]).status_code == 200
    assert pool.end(signal.SIGTERM)[1:] == (0, "")


def test_a_pool_that_cannot_start_leaves_no_certificate(temporary, tmp_path):
    """When its port is taken, its files are deleted too."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [*COMMAND, "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, cwd=ROOT, env=temporary, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_it_starts_leaves_no_certificate(temporary, tmp_path):
    """From the moment on that there is one."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], cwd=ROOT, env=temporary, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not list(tmp_path.glob("session-pool-*")) and process.poll() is None:
            time.sleep(0)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (0, b"")
    assert list(tmp_path.iterdir()) == []
