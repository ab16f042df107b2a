"""Sets the stage of a play: the connector, the stand-ins with their files, and afterwards what has been made."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_player.actions.interface import Model, Tools
from workflow_player.play_file import PlayFailed, Start, filled_in
from workflow_player.services import Service, code_interpreter
from workflow_player.services.approvals import Approvals
from workflow_player.services.blob_storage import BlobStorage
from workflow_player.services.outlook import Mail, Outlook
from workflow_player.services.rest_account import RestAccount
from workflow_player.services.sharepoint import SharePoint
from workflow_player.services.sharepoint_files import Downloads, ImportsFromSharePoint
from workflow_player.web_files import served

CONTAINERS = ("files", "imports")


@dataclass(frozen=True)
class Connector:
    """`account` and `storage_url` are those of its storage, if the play has access to it."""

    url: str
    key: str | None
    account: RestAccount | None = None
    storage_url: str = ""


@dataclass
class Stage:
    """`known` are the values of placeholders."""

    start: Start
    services: dict[str, Service]
    outlook: Outlook
    sharepoint: SharePoint
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

    def mails(self) -> list[Mail]:
        return self.outlook.mails

    def new_files(self) -> dict[str, bytes]:
        """What the flow has put into SharePoint and Blob Storage, by its place."""
        return {name: content for name, content in self._files().items() if (name, content) not in self.before}

    def _files(self) -> dict[str, bytes]:
        folder = self.sharepoint.folder
        found = {
            f"sharepoint/{file.relative_to(folder)}": file.read_bytes() for file in folder.rglob("*") if file.is_file()
        }
        for container in CONTAINERS if self.connector.account else ():
            assert self.connector.account
            for name in self.connector.account.names(container):
                found[f"azureblob/{container}/{name}"] = self.connector.account.read(container, name) or b""
        return found


@contextlib.contextmanager
def set_up(start: Start, connector: Connector, site: Path) -> Iterator[Stage]:
    """`site` is an empty folder for the files of SharePoint."""
    if "azureblob" in start.services and connector.account is None:
        raise PlayFailed("this flow needs the storage of the connector: play it without --url, so that one is started")
    with contextlib.ExitStack() as started:
        web = {place.path: source for place, source in start.files.items() if place.service == "web"}
        web_url = started.enter_context(served(web)) if web else ""
        for place, source in start.files.items():
            if place.service == "sharepoint":
                target = site / place.path.strip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            elif place.service == "azureblob":
                container, _, name = place.path.strip("/").partition("/")
                assert connector.account
                connector.account.write(container, name, source.read_bytes(), "application/octet-stream")
        downloads = Downloads(site, _imports(connector)) if connector.account else None
        outlook = Outlook(start.answer)
        sharepoint = SharePoint(site, download_url=downloads.url_of if downloads else None)
        headers = {"x-functions-key": connector.key} if connector.key else {}
        services: dict[str, Service] = {
            "codeinterpreter": (
                ImportsFromSharePoint(connector.url, headers, downloads)
                if downloads
                else code_interpreter(connector.url, headers)
            ),
            "office365": outlook,
            "sharepointonline": sharepoint,
        }
        if start.answer in ("Approve", "Reject"):
            services["approvals"] = Approvals(start.answer)
        blobs = BlobStorage(connector.account, connector.storage_url) if connector.account else None
        if blobs:
            services["azureblob"] = blobs
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
        stage = Stage(start, services, outlook, sharepoint, blobs, connector, known, set())
        stage.before = set(stage._files().items())
        yield stage


def _imports(connector: Connector) -> Callable[[str, bytes], str]:
    """Puts a file where the connector may import from, and returns its URL."""

    def put(name: str, content: bytes) -> str:
        assert connector.account
        connector.account.write("imports", name, content, "application/octet-stream")
        return f"{connector.storage_url}/imports/{name}"

    return put


def model_of(start: Start) -> Model | None:
    """What stands for an agent's model: it makes the calls of play.json, and answers with a part of the last result."""
    if not start.agent:
        return None

    def model(tools: Tools) -> str:
        said: Any = ""
        for call in start.agent:
            if call["tool"] not in tools:
                raise PlayFailed(f"the agent has no tool {call['tool']}; it has: {', '.join(tools)}")
            said = tools[call["tool"]](**call.get("with", {}))
            for step in filter(None, call.get("say", "").split(".")):
                said = said[step]
        return str(said)

    return model


Starter = Callable[[], contextlib.AbstractContextManager[Connector]]
