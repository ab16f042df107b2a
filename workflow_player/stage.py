"""Sets the stage of a play: the connector, the stand-ins with their files, and afterwards what has been made."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_player.play_file import PlayFailed, Start, filled_in
from workflow_player.services import Service, code_interpreter
from workflow_player.services.acasession import AcaSession
from workflow_player.services.approvals import Approvals
from workflow_player.services.blob_storage import BlobStorage
from workflow_player.services.outlook import Outlook
from workflow_player.services.rest_account import RestAccount
from workflow_player.services.sharepoint import SharePoint
from workflow_player.services.sharepoint_files import Downloads, ImportsFromSharePoint
from workflow_player.web_files import served

NOBODY = "nobody"
"""The answer of a person who does not answer."""

_EXPORTS = "exports/"
"""Where ExportFile puts files. The rest of the container is the connector's own."""


@dataclass(frozen=True)
class Connector:
    """`account` and `storage_url` are those of its storage, if the play has started it."""

    url: str
    key: str | None
    account: RestAccount | None = None
    storage_url: str = ""
    pool: AcaSession | None = None
    """Its session pool, for flows that have the built-in connector beside it."""


@dataclass
class Stage:
    """`known` are the values of placeholders."""

    start: Start
    services: dict[str, Service]
    outlook: Outlook
    sharepoint: SharePoint
    approvals: Approvals
    blobs: BlobStorage | None
    connector: Connector
    known: dict[str, str]
    before: set[tuple[str, bytes]]

    def trigger_outputs(self) -> Any:
        wanted = self.start.trigger
        if wanted == {"new_file": "sharepoint"} and self.start.file:
            return self.sharepoint.new_file(self.start.file.path)
        if wanted == {"changed_blob": "azureblob"} and self.start.file and self.blobs:
            return self.blobs.changed_blob(self.start.file.path)
        return filled_in(wanted, self.known)

    def parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = filled_in(self.start.parameters, self.known)
        return found

    def app_settings(self) -> dict[str, str]:
        found: dict[str, str] = filled_in(self.start.app_settings, self.known)
        return found

    def new_files(self) -> dict[str, bytes]:
        """What the flow has put into SharePoint and Blob Storage, by its place."""
        return {name: content for name, content in self._files().items() if (name, content) not in self.before}

    def _files(self) -> dict[str, bytes]:
        folder = self.sharepoint.folder
        found = {
            f"sharepoint/{file.relative_to(folder)}": file.read_bytes() for file in folder.rglob("*") if file.is_file()
        }
        account = self.connector.account
        if account and "azureblob" in self.start.services:
            names = [("imports", name) for name in account.names("imports")]
            names += [("files", name) for name in account.names("files") if name.startswith(_EXPORTS)]
            found |= {f"azureblob/{place}/{name}": account.read(place, name) or b"" for place, name in names}
        return found


@contextlib.contextmanager
def set_up(start: Start, connector: Connector, site: Path) -> Iterator[Stage]:
    """`site` is an empty folder for the files of SharePoint."""
    if "azureblob" in start.services and connector.account is None:
        raise PlayFailed("this flow needs the storage of the connector: play it without --url, so that one is started")
    with contextlib.ExitStack() as started:
        web = {place.path: source for place, source in start.files.items() if place.service == "web"}
        web_url = started.enter_context(served(web)) if web else ""
        _put(start, connector, site)
        downloads = Downloads(site, _imports(connector)) if connector.account else None
        answer = None if start.answer == NOBODY else start.answer
        outlook = Outlook(answer)
        sharepoint = SharePoint(site, download_url=downloads.url_of if downloads else None)
        headers = {"x-functions-key": connector.key} if connector.key else {}
        approvals = Approvals(answer)
        services: dict[str, Service] = {
            "approvals": approvals,
            "codeinterpreter": (
                ImportsFromSharePoint(connector.url, headers, downloads)
                if downloads
                else code_interpreter(connector.url, headers)
            ),
            "office365": outlook,
            "sharepointonline": sharepoint,
        }
        blobs = BlobStorage(connector.account, connector.storage_url) if connector.account else None
        if blobs:
            services["azureblob"] = blobs
        if connector.pool:
            services["acasession"] = connector.pool
        known = {
            "connector": connector.url,
            "key": connector.key or "no key is needed",
            "storage": connector.storage_url,
        }
        if start.file:
            path = start.file.path
            url = {"web": web_url, "azureblob": connector.storage_url}.get(start.file.service)
            known |= {"file": path, "file.name": path.rpartition("/")[2]}
            if url is not None:
                known["file.url"] = url + path
        stage = Stage(start, services, outlook, sharepoint, approvals, blobs, connector, known, set())
        stage.before = set(stage._files().items())
        yield stage


def _put(start: Start, connector: Connector, site: Path) -> None:
    """The files that the stand-ins of SharePoint and Blob Storage start with."""
    for place, source in start.files.items():
        if place.service == "sharepoint":
            target = site / place.path.strip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        elif place.service == "azureblob":
            container, _, name = place.path.strip("/").partition("/")
            assert connector.account
            connector.account.write(container, name, source.read_bytes(), "application/octet-stream")


def _imports(connector: Connector) -> Callable[[str, bytes], str]:
    """Puts a file where the connector may import from, and returns its URL."""

    def put(name: str, content: bytes) -> str:
        assert connector.account
        connector.account.write("imports", name, content, "application/octet-stream")
        return f"{connector.storage_url}/imports/{name}"

    return put
