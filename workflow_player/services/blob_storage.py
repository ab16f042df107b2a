"""Stand-in for the connector Azure Blob Storage, over storage that speaks its REST interface, such as the emulator's.

Source: the generated class of Azure/logicapps-sdk for azureblob. Paths begin with the container, such as
/imports/sales.csv; the ID of a blob is its path in base64, with the slash written as %2f.
"""

import base64
import mimetypes
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote, unquote

from workflow_player.messages import Response
from workflow_player.services.operations import Operation, Parameter
from workflow_player.services.stand_ins import Call, Json, StandIn, answer, body, error, header, path, query

_DATASET = path("dataset")
_INFER, _SINGLE = query("inferContentType", kind="boolean"), query("queryParametersSingleEncoded", kind="boolean")


class Account(Protocol):
    """The blobs of a storage account, as somebody with all rights sees them."""

    def read(self, container: str, name: str) -> bytes | None: ...

    def write(self, container: str, name: str, content: bytes, content_type: str) -> None: ...

    def names(self, container: str) -> list[str]: ...


class BlobStorage(StandIn):
    """`account` has the blobs; `url` is the address of the account, for the URLs of blobs."""

    def __init__(self, account: Account, url: str = "https://contoso.blob.core.windows.net") -> None:
        self._account = account
        self._url = url.rstrip("/")
        by_path = (_DATASET, query("path", required=True), _SINGLE)
        writes = (_SINGLE, header("Content-Type"), header("ReadFileMetadataFromServer"), body("body"))
        get = _maker("GET")
        operations: dict[Operation, Callable[[Call], Response] | None] = {
            get("GetFileContent_V2", "/v2/datasets/{dataset}/files/{id}/content", _DATASET, path("id"), _INFER): (
                self._content
            ),
            get("GetFileContentByPath_V2", "/v2/datasets/{dataset}/GetFileContentByPath", *by_path, _INFER): (
                self._content
            ),
            get("GetFileMetadata_V2", "/v2/datasets/{dataset}/files/{id}", _DATASET, path("id")): self._metadata,
            get("GetFileMetadataByPath_V2", "/v2/datasets/{dataset}/GetFileByPath", *by_path): self._metadata,
            get(
                "ListFolder_V4",
                "/v2/datasets/{dataset}/foldersV2/{id}",
                _DATASET,
                path("id"),
                query("nextPageMarker"),
                query("useFlatListing", kind="boolean"),
            ): self._list,
            _maker("POST")(
                "CreateFile_V2",
                "/v2/datasets/{dataset}/files",
                _DATASET,
                query("folderPath", required=True),
                query("name", required=True),
                *writes,
            ): self._create,
            _maker("PUT")(
                "UpdateFile_V2", "/v2/datasets/{dataset}/files/{id}", _DATASET, path("id"), *writes
            ): self._update,
            Operation(
                "OnUpdatedFiles_V2",
                "GET",
                "/v2/datasets/{dataset}/triggers/batch/onupdatedfile",
                (
                    _DATASET,
                    query("folderId", required=True),
                    query("maxFileCount", kind="integer"),
                    query("checkBothCreatedAndModifiedDateTime", kind="boolean"),
                ),
                trigger=True,
            ): None,
        }
        super().__init__("azureblob", operations)

    def changed_blob(self, blob: str) -> Json:
        """What "When a blob is added or modified (properties only) (V2)" returns for a blob, by its path."""
        return {"headers": {}, "body": [self._described(blob)]}

    def _named(self, call: Call) -> str:
        return path_of(call.path["id"]) if "id" in call.path else unquote(call.query["path"])

    def _content(self, call: Call) -> Response:
        named = self._named(call)
        found = self._account.read(*_split(named))
        if found is None:
            return error(404, "The specified blob does not exist.")
        inferred = call.query.get("inferContentType", "true").lower() == "true"
        kind = (mimetypes.guess_type(named)[0] if inferred else None) or "application/octet-stream"
        return Response(200, {"Content-Type": kind}, found)

    def _metadata(self, call: Call) -> Response:
        named = self._named(call)
        if self._account.read(*_split(named)) is None:
            return error(404, "The specified blob does not exist.")
        return answer(self._described(named))

    def _list(self, call: Call) -> Response:
        container, prefix = _split(path_of(call.path["id"]) + "/")
        names = [name for name in self._account.names(container) if name.startswith(prefix.lstrip("/"))]
        return answer({"value": [self._described(f"/{container}/{name}") for name in names]})

    def _create(self, call: Call) -> Response:
        return self._written(call, f"/{call.query['folderPath'].strip('/')}/{call.query['name']}")

    def _update(self, call: Call) -> Response:
        return self._written(call, path_of(call.path["id"]))

    def _written(self, call: Call, named: str) -> Response:
        kind = next((value for name, value in call.headers.items() if name.lower() == "content-type"), "")
        container, name = _split(named)
        self._account.write(container, name, call.content, kind or "application/octet-stream")
        return answer(self._described(named))

    def _described(self, named: str) -> Json:
        container, name = _split(named)
        content = self._account.read(container, name) or b""
        return {
            "Id": blob_id(named),
            "Name": name.rpartition("/")[2],
            "DisplayName": name.rpartition("/")[2],
            "Path": f"/{container}/{name}",
            "LastModified": "2026-01-01T00:00:00Z",
            "Size": len(content),
            "MediaType": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "IsFolder": False,
            "ETag": f'"{len(content)}"',
            "FileLocator": blob_id(named),
        }

    def url_of(self, named: str) -> str:
        return f"{self._url}/{quote(named.strip('/'))}"


def _maker(method: str) -> Callable[..., Operation]:
    def make(operation_id: str, address: str, *parameters: Parameter) -> Operation:
        return Operation(operation_id, method, address, parameters, takes_chunks=method != "GET")

    return make


def blob_id(named: str) -> str:
    """Of a blob or folder, from its path."""
    return base64.b64encode(quote("/" + named.strip("/"), safe="").replace("%2F", "%2f").encode()).decode()


def path_of(given: str) -> str:
    """The path that an ID stands for; where a path is given in place of an ID, that is it."""
    try:
        return unquote(base64.b64decode(given, validate=True).decode())
    except ValueError:
        return given


def _split(named: str) -> tuple[str, str]:
    container, _, name = named.strip("/").partition("/")
    return container, name
