"""Blobs of a storage account over its REST interface, for the stand-in of the connector Azure Blob Storage."""

from collections.abc import Callable, Mapping
from urllib.parse import quote
from xml.etree import ElementTree

import requests

VERSION = "2024-11-04"


class RestAccount:
    """`url` is that of the account; `token` returns a token of somebody who may read and write blobs."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def read(self, container: str, name: str) -> bytes | None:
        response = self._call("GET", f"{container}/{quote(name)}")
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return response.content

    def write(self, container: str, name: str, content: bytes, content_type: str) -> None:
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": content_type}
        self._call("PUT", f"{container}/{quote(name)}", content, headers).raise_for_status()

    def names(self, container: str) -> list[str]:
        response = self._call("GET", f"{container}?restype=container&comp=list")
        response.raise_for_status()
        return [found.text or "" for found in ElementTree.fromstring(response.content).iterfind("Blobs/Blob/Name")]

    def _call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        sent = {"x-ms-version": VERSION, "Authorization": f"Bearer {self._token()}", **(headers or {})}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"{self._url}/{path}", headers=sent, data=content, timeout=60)
