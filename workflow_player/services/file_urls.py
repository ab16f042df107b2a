"""Imports by reference from SharePoint, where there is no SharePoint that the connector could reach.

The connector gets files of hosts on the internet alone, over https. In a play, a download URL of the stand-in leads to
a copy in storage, which the connector imports as it imports any blob: the same file, from elsewhere.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

from workflow_player.messages import Request, Response
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.rest_account import RestAccount
from workflow_player.services.sharepoint import SITE

CONTAINER = "imports"
_DOWNLOADS = f"{SITE}/_layouts/15/download.aspx?path="


class DownloadUrls(CodeInterpreter):
    """The connector at `url`. `account` is its storage, at `storage_url`; `site` the folder of SharePoint's files."""

    def __init__(
        self, url: str, headers: Mapping[str, str], account: RestAccount, storage_url: str, site: Path
    ) -> None:
        super().__init__(url, headers)
        self._account = account
        self._storage_url = storage_url
        self._site = site

    @staticmethod
    def of(path: str) -> str:
        """The download URL of a file, by its path in the site."""
        return _DOWNLOADS + quote(path.strip("/"), safe="")

    def send(self, request: Request, seconds: float) -> Response:
        if request.url == "/imports":
            body = json.loads(request.body)
            if str(body.get("fileUrl", "")).startswith(_DOWNLOADS):
                path = unquote(body.pop("fileUrl").removeprefix(_DOWNLOADS))
                content = (self._site / path).read_bytes()
                self._account.write(CONTAINER, path, content, "application/octet-stream")
                body["blobUrl"] = f"{self._storage_url}/{CONTAINER}/{quote(path)}"
                request = replace(request, body=json.dumps(body).encode())
        return super().send(request, seconds)
