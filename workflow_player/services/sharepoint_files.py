"""Files of the stand-in of SharePoint, for ImportFile.

A connector imports from https addresses of hosts on the internet, and SharePoint's host is none of this machine. So the
download URL that a flow gets stands for a blob in the storage of the connector, from which ImportFile takes the file
instead. All else of the call is as the flow makes it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from workflow_player.messages import Request, Response
from workflow_player.services.code_interpreter import CodeInterpreter

Put = Callable[[str, bytes], str]
"""Puts a blob with this name where the connector may import from. Returns its URL."""

_HOST = "https://contoso.sharepoint.com"


class Downloads:
    """The download URLs of files in a folder that is the site."""

    def __init__(self, site: Path, put: Put) -> None:
        self._site = site
        self._put = put
        self._blobs: dict[str, str] = {}

    def url_of(self, file: str) -> str:
        """The download URL of a file, by its path in the site."""
        content = (self._site / file.strip("/")).read_bytes()
        url = f"{_HOST}/_layouts/15/download.aspx?path={quote(file)}&tempauth={len(self._blobs)}"
        self._blobs[url] = self._put(f"{self._site.name}-{len(self._blobs)}", content)
        return url

    def blob_of(self, url: str) -> str | None:
        return self._blobs.get(url)


class ImportsFromSharePoint(CodeInterpreter):
    """The connector, to which download URLs of SharePoint's stand-in are known."""

    def __init__(self, url: str, headers: Mapping[str, str], downloads: Downloads) -> None:
        super().__init__(url, headers)
        self._downloads = downloads

    def send(self, request: Request, seconds: float) -> Response:
        if request.url == "/imports":
            asked = json.loads(request.body)
            blob = self._downloads.blob_of(asked.get("fileUrl", ""))
            if blob:
                asked = {**{name: value for name, value in asked.items() if name != "fileUrl"}, "blobUrl": blob}
                request = replace(request, body=json.dumps(asked).encode())
        return super().send(request, seconds)
