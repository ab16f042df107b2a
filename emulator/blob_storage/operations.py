"""The operations: which request is which, what it takes, and what it needs. What is not here is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.responses import Response

from . import containers, reading, writing
from .calls import PROPERTY_HEADERS, Call
from .errors import StorageError, not_implemented
from .names import Place
from .roles import Action

_FOR_ALL_HEADERS = {"x-ms-version", "x-ms-date", "x-ms-client-request-id", "x-ms-return-client-request-id"}
_FOR_ALL_PARAMETERS = {"comp", "restype", "timeout"}
_KNOWN_TO_AZURE = {"snapshot", "versionid", "showonly", "startFrom", "endBefore"}


@dataclass(frozen=True)
class Operation:
    """`name` is that of the REST reference, in one word."""

    name: str
    needs: Action
    answer: Callable[[Call], Awaitable[Response]]
    parameters: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    takes_metadata: bool = False
    takes_signature: bool = field(default=False, kw_only=True)

    def check(self, query: dict[str, str], headers: dict[str, str]) -> None:
        """That all parameters and headers are heeded. Raises StorageError."""
        for name in query:
            if name in _KNOWN_TO_AZURE:
                raise not_implemented(f"the parameter '{name}' of {self.name}")
            if name not in _FOR_ALL_PARAMETERS | self.parameters:
                raise StorageError("UnsupportedQueryParameter", QueryParameterName=name[:100])
        for name in headers:
            is_metadata = self.takes_metadata and name.startswith("x-ms-meta-")
            if name.startswith("x-ms-") and not is_metadata and name not in _FOR_ALL_HEADERS | self.headers:
                raise not_implemented(f"the header '{name[:100]}' of {self.name}")


_READ_HEADERS = frozenset({"x-ms-range"})
_WRITE_HEADERS = PROPERTY_HEADERS
_GET_BLOB = Operation("GetBlob", "read", reading.get_blob, headers=_READ_HEADERS, takes_signature=True)
_GET_PROPERTIES = Operation("GetBlobProperties", "read", reading.get_blob_properties, takes_signature=True)
_GET_BLOCK_LIST = Operation("GetBlockList", "read", reading.get_block_list, frozenset({"blocklisttype"}))
# Metadata of a block has no effect: azure-storage-blob sends that of the blob with each.
_PUT_BLOCK = Operation("PutBlock", "write", writing.put_block, frozenset({"blockid"}), takes_metadata=True)
_PUT_BLOCK_LIST = Operation(
    "PutBlockList", "write", writing.put_block_list, headers=_WRITE_HEADERS, takes_metadata=True
)
_PUT_BLOB = Operation(
    "PutBlob", "write", writing.put_blob, headers=_WRITE_HEADERS | {"x-ms-blob-type"}, takes_metadata=True
)
_DELETE_BLOB = Operation("DeleteBlob", "write", writing.delete_blob)
_LIST_BLOBS = Operation(
    "ListBlobs", "read", containers.list_blobs, frozenset({"prefix", "marker", "maxresults", "delimiter", "include"})
)
_CREATE = Operation("CreateContainer", "write", containers.create_container, takes_metadata=True)
_GET_CONTAINER = Operation("GetContainerProperties", "read", containers.get_container_properties)
_DELETE = Operation("DeleteContainer", "write", containers.delete_container)
_GET_KEY = Operation("GetUserDelegationKey", "delegate", containers.get_user_delegation_key)

_OF_BLOB = {
    ("GET", "", ""): _GET_BLOB,
    ("HEAD", "", ""): _GET_PROPERTIES,
    ("PUT", "", ""): _PUT_BLOB,
    ("DELETE", "", ""): _DELETE_BLOB,
    ("PUT", "block", ""): _PUT_BLOCK,
    ("PUT", "blocklist", ""): _PUT_BLOCK_LIST,
    ("GET", "blocklist", ""): _GET_BLOCK_LIST,
}
_OF_CONTAINER = {
    ("PUT", "", "container"): _CREATE,
    ("GET", "", "container"): _GET_CONTAINER,
    ("HEAD", "", "container"): _GET_CONTAINER,
    ("DELETE", "", "container"): _DELETE,
    ("GET", "list", "container"): _LIST_BLOBS,
}
_OF_ACCOUNT = {("POST", "userdelegationkey", "service"): _GET_KEY}


def operation_of(method: str, place: Place, query: dict[str, str]) -> Operation:
    """Raises StorageError."""
    table = _OF_BLOB if place.blob else _OF_CONTAINER if place.container else _OF_ACCOUNT
    comp, restype = query.get("comp", ""), query.get("restype", "")
    operation = table.get((method, comp, restype))
    if operation is not None:
        return operation
    if method not in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        raise StorageError("UnsupportedHttpVerb")
    what = " ".join(filter(None, (method, comp and f"comp={comp[:50]}", restype and f"restype={restype[:50]}")))
    raise not_implemented(
        f"{what} of {'a blob' if place.blob else 'a container' if place.container else 'the account'}"
    )
