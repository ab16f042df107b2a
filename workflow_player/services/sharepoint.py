"""Stand-in for SharePoint: a folder of this machine is the site.

Sources: the generated class of Azure/logicapps-sdk for sharepointonline, and exported cloud flows. Paths of files begin
with the library, such as /Shared Documents/Sales/sales.csv. The identifier of a file is its path, encoded twice:
%252fShared%2bDocuments%252fSales%252fsales.csv. The trigger "When a file is created (properties only)" splits off items
with members such as {Identifier} and {FilenameWithExtension}.
"""

import hashlib
import mimetypes
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlencode

from workflow_player.messages import Response
from workflow_player.services.operations import Operation, Parameter
from workflow_player.services.stand_ins import Call, Json, StandIn, answer, body, error, header, members, path, query

SITE = "https://contoso.sharepoint.com/sites/sales"
_INFER, _SINGLE = query("inferContentType", kind="boolean"), query("queryParametersSingleEncoded", kind="boolean")
_DATASET = path("dataset")
_DRIVE_ITEM = re.compile(r"/?_api/v2\.0/sites/root/lists/[^/]+/items/(?P<id>\d+)/driveItem", re.IGNORECASE)
_DOWNLOAD = re.compile(r"_api/web/GetFileByServerRelativePath\(decodedurl='(?P<path>(?:[^']|'')*)'\)", re.IGNORECASE)


class SharePoint(StandIn):
    """`infers` is whether content comes with the type of its file name, as with inferContentType, or as bytes only.

    `download_url` makes the URL that a file can be downloaded from without signing in, from its path; it has to work.
    """

    def __init__(self, folder: Path, *, infers: bool = True, download_url: Any = None) -> None:
        self.folder = folder
        self._infers = infers
        self._download_url = download_url
        self._items: list[str] = []
        item = path("id", times=1)
        paths: tuple[Parameter, ...] = (_DATASET, query("path", required=True))
        super().__init__(
            "sharepointonline",
            {
                _get("GetFileContent", "/datasets/{dataset}/files/{id}/content", _DATASET, item, _INFER): self._content,
                _get("GetFileContentByPath", "/datasets/{dataset}/GetFileContentByPath", *paths, _INFER, _SINGLE): (
                    self._content
                ),
                _get("GetFileMetadata", "/datasets/{dataset}/files/{id}", _DATASET, item): self._metadata,
                _get("GetFileMetadataByPath", "/datasets/{dataset}/GetFileByPath", *paths, _SINGLE): self._metadata,
                _get("GetFolderMetadataByPath", "/datasets/{dataset}/GetFolderByPath", *paths, _SINGLE): self._metadata,
                _get("ListFolder", "/datasets/{dataset}/folders/{id}", _DATASET, item): self._list,
                Operation(
                    "CreateFile",
                    "POST",
                    "/datasets/{dataset}/files",
                    (
                        _DATASET,
                        query("folderPath", required=True),
                        query("name", required=True),
                        _SINGLE,
                        header("ReadFileMetadataFromServer"),
                        body("body"),
                    ),
                    takes_chunks=True,
                ): self._create,
                Operation(
                    "UpdateFile",
                    "PUT",
                    "/datasets/{dataset}/files/{id}",
                    (_DATASET, path("id", times=2), header("ReadFileMetadataFromServer"), body("body")),
                    takes_chunks=True,
                ): self._update,
                Operation(
                    "HttpRequest",
                    "POST",
                    "/datasets/{dataset}/httprequest",
                    (_DATASET, body("parameters", members("method uri", "headers body"))),
                ): self._http_request,
                _get(
                    "GetFileItems",
                    "/datasets/{dataset}/tables/{table}/getfileitems",
                    _DATASET,
                    path("table"),
                    *(query(name) for name in ("$filter", "$orderby", "folderPath", "viewScopeOption", "view")),
                    query("$top", kind="integer"),
                ): self._file_items,
                Operation(
                    "GetOnNewFileItems",
                    "GET",
                    "/datasets/{dataset}/tables/{table}/onnewfileitems",
                    (_DATASET, path("table"), query("folderPath"), query("view")),
                    trigger=True,
                ): None,
            },
        )

    def new_file(self, file: str) -> Json:
        """What the trigger "When a file is created (properties only)" returns for a file, by its path."""
        return {"headers": {}, "body": {"value": [self._item(file)]}}

    def _item(self, file: str) -> Json:
        """A file or folder, as an item of its library."""
        if file not in self._items:
            self._items.append(file)
        found = self._file(file)
        modified = datetime.fromtimestamp(found.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        folder = file.strip("/").rpartition("/")[0] + "/"
        return {
            "ID": self._items.index(file) + 1,
            "Created": modified,
            "Modified": modified,
            "Author": {"DisplayName": "Ada Lovelace", "Email": "ada@contoso.example"},
            "Editor": {"DisplayName": "Ada Lovelace", "Email": "ada@contoso.example"},
            "{Identifier}": identifier(file),
            "{IsFolder}": found.is_dir(),
            "{Link}": f"{SITE}/{quote(file.strip('/'))}",
            "{Name}": found.stem,
            "{FilenameWithExtension}": found.name,
            "{Path}": folder,
            "{FullPath}": file.strip("/"),
        }

    def _file(self, file: str) -> Path:
        found = (self.folder / file.strip("/")).resolve()
        if not found.is_relative_to(self.folder.resolve()):
            raise ValueError(f"{file} is outside of the site")
        return found

    def _named(self, call: Call) -> str:
        """The path of the file that a call is about."""
        return path_of(call.path["id"]) if "id" in call.path else unquote(call.query["path"])

    def _content(self, call: Call) -> Response:
        found = self._file(self._named(call))
        if not found.is_file():
            return _not_found()
        inferred = self._infers and call.query.get("inferContentType", "true").lower() == "true"
        kind = (mimetypes.guess_type(found.name)[0] if inferred else None) or "application/octet-stream"
        return Response(200, {"Content-Type": kind, "ETag": _etag(found)}, found.read_bytes())

    def _metadata(self, call: Call) -> Response:
        named = self._named(call)
        return answer(self._described(named)) if self._file(named).exists() else _not_found()

    def _list(self, call: Call) -> Response:
        folder = path_of(call.path["id"])
        found = self._file(folder)
        if not found.is_dir():
            return _not_found()
        return answer([self._described(f"{folder.rstrip('/')}/{item.name}") for item in sorted(found.iterdir())])

    def _file_items(self, call: Call) -> Response:
        folder = "/" + call.query.get("folderPath", "").strip("/")
        found = self._file(folder)
        if not found.is_dir():
            return _not_found()
        return answer({"value": [self._item(f"{folder.rstrip('/')}/{each.name}") for each in sorted(found.iterdir())]})

    def _create(self, call: Call) -> Response:
        folder = self._file(call.query["folderPath"])
        file = folder / call.query["name"]
        if file.exists():
            return error(400, f"A file with the name {call.query['name']} already exists.")
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(call.content)
        return answer(self._described(f"/{call.query['folderPath'].strip('/')}/{call.query['name']}"))

    def _update(self, call: Call) -> Response:
        named = path_of(call.path["id"])
        found = self._file(named)
        if not found.is_file():
            return _not_found()
        found.write_bytes(call.content)
        return answer(self._described(named))

    def _http_request(self, call: Call) -> Response:
        """Only what flows need for a download: the members of a file, with `@content.downloadUrl`.

        The connector itself asks /_api/v2.0/sites/root/lists/{table}/items/{id}/driveItem when it creates links.
        """
        item = _DRIVE_ITEM.fullmatch(call.body["uri"])
        if item and call.body["method"] == "GET" and self._download_url is not None:
            named = self._items[int(item["id"]) - 1]
            size = self._file(named).stat().st_size
            url = self._download_url(named)
            return answer({"name": self._file(named).name, "size": size, "@content.downloadUrl": url})
        asked = _DOWNLOAD.search(call.body["uri"])
        if call.body["method"] != "GET" or not asked or self._download_url is None:
            return error(400, "the stand-in only answers a GET of GetFileByServerRelativePath")
        named = unquote(asked["path"].replace("''", "'"))
        if not self._file(named).is_file():
            return _not_found()
        return answer({"Name": self._file(named).name, "@content.downloadUrl": self._download_url(named)})

    def _described(self, named: str) -> Json:
        found = self._file(named)
        size = found.stat().st_size if found.is_file() else 0
        modified = datetime.fromtimestamp(found.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "ItemId": 1,
            "Id": identifier(named),
            "Name": found.name,
            "DisplayName": found.name,
            "Path": "/" + named.strip("/"),
            "LastModified": modified,
            "Size": size,
            "MediaType": mimetypes.guess_type(found.name)[0] or "application/octet-stream",
            "IsFolder": found.is_dir(),
            "ETag": _etag(found),
            "FileLocator": urlencode({"dataset": SITE, "id": identifier(named)}),
        }


def _get(operation_id: str, address: str, *parameters: Parameter) -> Operation:
    return Operation(operation_id, "GET", address, parameters)


def identifier(file: str) -> str:
    """Of a file or folder, from its path."""
    lowered = re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote_plus("/" + file.strip("/")))
    return lowered.replace("%", "%25").replace("+", "%2b")


def path_of(file_id: str) -> str:
    return unquote_plus(unquote(file_id))


def _etag(found: Path) -> str:
    return hashlib.sha256(f"{found.stat().st_mtime_ns}".encode()).hexdigest()[:16]


def _not_found() -> Response:
    return error(404, "File not found")
