"""A client of storage that sends what it is told, also what no library would send."""

import base64
import hashlib
import hmac
import http.client
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

from emulator.blob_storage.server import AUDIENCE, BlobStorageServer
from emulator.session_pool.wire.tokens import OBJECT_ID
from tests.conftest import OWNER, STORAGE_VERSION, Storage

ACCOUNT = "devstoreaccount1"


@dataclass
class Key:
    """A user delegation key, as the service gives it."""

    members: dict[str, str]

    def signed(
        self,
        resource: str,
        *,
        now: Any,
        lifetime: timedelta = timedelta(hours=1),
        version: str = STORAGE_VERSION,
        **changes: str,
    ) -> dict[str, str]:
        """The query of an address that reads `resource`, such as "files/a.txt". `changes` are signed too."""
        query = {
            "sp": "r",
            "st": times(now - timedelta(minutes=5)),
            "se": times(now + lifetime),
            "spr": "https,http",
            "sv": version,
            "sr": "b",
            "skoid": self.members["SignedOid"],
            "sktid": self.members["SignedTid"],
            "skt": self.members["SignedStart"],
            "ske": self.members["SignedExpiry"],
            "sks": self.members["SignedService"],
            "skv": self.members["SignedVersion"],
            **changes,
        }
        return self.sign(query, resource)

    def sign(self, query: dict[str, str], resource: str) -> dict[str, str]:
        """Written from the reference, and not with the emulator's own code."""
        of = query.get
        lines = [of("sp", ""), of("st", ""), of("se", ""), f"/blob/{ACCOUNT}/{resource}"]
        lines += [of(name, "") for name in ("skoid", "sktid", "skt", "ske", "sks", "skv")]
        lines += [of(name, "") for name in ("saoid", "suoid", "scid")]
        if query.get("sv", "") >= "2025-07-05":
            lines += [of("skdutid", ""), of("sduoid", "")]
        lines += [of(name, "") for name in ("sip", "spr", "sv", "sr")] + ["", of("ses", "")]
        lines += [of(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")]
        secret = base64.b64decode(self.members["Value"])
        digest = hmac.new(secret, "\n".join(lines).encode(), hashlib.sha256).digest()
        return {**query, "sig": base64.b64encode(digest).decode()}


def times(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


class Wire:
    """Requests to one server as an identity, by default the owner of the account."""

    def __init__(self, server: BlobStorageServer, object_id: str = OWNER) -> None:
        self.server = server
        self.token = server.authority.issue(AUDIENCE, object_id=object_id)[0]

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """`path` is below the account and encoded. A header that is None is not sent."""
        headers = {"x-ms-version": STORAGE_VERSION, "Authorization": f"Bearer {self.token}"}
        headers |= request.pop("headers", {})
        sent = {name: value for name, value in headers.items() if value is not None}
        return requests.request(
            method, f"{self.server.url}/{path}", headers=sent, timeout=30, allow_redirects=False, **request
        )

    def put(self, path: str, content: bytes = b"", **headers: str) -> str:
        """Returns the ETag."""
        response = self.call("PUT", path, data=content, headers={"x-ms-blob-type": "BlockBlob", **headers})
        assert response.status_code == 201, response.text
        return response.headers["ETag"]

    def put_block(self, path: str, identifier: str, content: bytes, **headers: str) -> requests.Response:
        query = {"comp": "block", "blockid": block_id(identifier)}
        return self.call("PUT", path, params=query, data=content, headers=headers)

    def commit(self, path: str, *identifiers: str, **headers: str) -> requests.Response:
        """Each as "Latest 0001", or "0001" for that."""
        pairs = [identifier.rpartition(" ") for identifier in identifiers]
        listed = "".join(f"<{where or 'Latest'}>{block_id(text)}</{where or 'Latest'}>" for where, _, text in pairs)
        body = f"<?xml version='1.0' encoding='utf-8'?><BlockList>{listed}</BlockList>"
        return self.call("PUT", path, params={"comp": "blocklist"}, data=body, headers=headers)

    def key(self, lifetime: timedelta = timedelta(hours=2), start: timedelta = timedelta(minutes=-15)) -> Key:
        now = self.server.clock.now()
        body = f"<KeyInfo><Start>{times(now + start)}</Start><Expiry>{times(now + lifetime)}</Expiry></KeyInfo>"
        response = self.call("POST", "", params={"restype": "service", "comp": "userdelegationkey"}, data=body)
        assert response.status_code == 200, response.text
        return Key({element.tag: element.text or "" for element in ElementTree.fromstring(response.content)})

    def open(self, path: str, query: dict[str, str], method: str = "GET", **headers: str) -> requests.Response:
        """As a browser opens an address: without a token or a version."""
        address = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return requests.request(method, f"{self.server.url}/{path}?{address}", headers=headers, timeout=30)

    def raw(self, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        """A request whose target is sent as it is. Returns the status and the error code."""
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self.server.url).port, timeout=30)
        try:
            connection.putrequest(method, "/", skip_accept_encoding=True)
            connection._buffer[0] = f"{method} {target} HTTP/1.1".encode("latin-1")  # type: ignore[attr-defined]
            for name, value in {
                "x-ms-version": STORAGE_VERSION,
                "Authorization": f"Bearer {self.token}",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("x-ms-error-code", "")
        finally:
            connection.close()


def block_id(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def code_of(response: requests.Response) -> tuple[int, str]:
    """The status and the error code, which header and body state alike."""
    header = response.headers.get("x-ms-error-code", "")
    if response.content:
        root = ElementTree.fromstring(response.content)
        assert (root.tag, root.findtext("Code")) == ("Error", header)
        assert f"RequestId:{response.headers['x-ms-request-id']}" in root.findtext("Message", "")
    return response.status_code, header


@pytest.fixture
def wire(storage: Storage) -> Wire:
    """As the owner of the account for all tests."""
    return Wire(storage.server)


@pytest.fixture
def connector_wire(storage: Storage) -> Wire:
    """As the connector's identity, with the roles that it has when it is deployed."""
    return Wire(storage.server, OBJECT_ID)


@pytest.fixture
def start_wire(start_storage: Callable[..., Storage]) -> Callable[..., Wire]:
    """Returns a function that starts an account of its own, with options of the server."""
    return lambda object_id=OWNER, **options: Wire(start_storage(**options).server, object_id)
