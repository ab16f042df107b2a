"""Storage that fails: what is sent again, what is not, and which error remains."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector import errors
from connector.outbound.deadlines import Deadline, Deadlines
from connector.storage.containers import Container
from tests.conftest import Storage
from tests.connector.storage.conftest import QUICK
from tests.connector.storage.container_cases import stored

CALLS: dict[str, Callable[[Container, str, str], Any]] = {
    "GetBlobProperties": lambda container, name, etag: container.get_blob(name).size,
    "GetBlob": lambda container, name, etag: container.read_range(name, 1, 5, etag=etag),
    "PutBlock": lambda container, name, etag: container.put_block(name, "f" * 38, b"x"),
    "GetBlockList": lambda container, name, etag: container.uncommitted_blocks(name),
    "PutBlockList": lambda container, name, etag: container.commit(name, [], content_type="text/csv", if_match=etag),
    "DeleteBlob": lambda container, name, etag: container.delete(name, if_match=etag),
    "ListBlobs": lambda container, name, etag: [blob.name for blob in container.list_blobs(name)],
    "GetUserDelegationKey": lambda container, name, etag: container.signed_url(
        name, lifetime_seconds=60, file_name="a", content_type="text/csv"
    ),
}
"""Each call, by the name of its operation."""


@pytest.fixture
def quick(open_container: Callable[..., Container]) -> Container:
    """Waits shortly."""
    return open_container(deadlines=QUICK)


@pytest.fixture
def add_fault(account: Storage, name: str) -> Iterator[Callable[..., None]]:
    """Returns a function that adds a fault for an operation on the test's own blob."""

    def add(do: str, operation: str, **members: Any) -> None:
        own = {"GetUserDelegationKey": "", "ListBlobs": ""}.get(operation, f".*{name}")
        account.server.faults.add(do, operation=operation, path=own, **members)

    yield add
    account.server.faults.clear()


FAULTS: list[dict[str, Any]] = [
    {"do": "answer", "status": 500, "errorCode": "InternalError"},
    {"do": "answer", "status": 503, "errorCode": "ServerBusy", "retryAfter": 0},
    {"do": "answer", "status": 429, "errorCode": "TooManyRequests"},
    {"do": "dropBefore"},
    {"do": "dropAfter"},
    {"do": "truncate"},
    {"do": "delay", "seconds": 0.8},
]


@pytest.mark.parametrize("operation", CALLS)
def test_what_passes_is_tried_again(open_container, account, add_fault, name, operation):
    """After each fault the result is that of a call without any, also if the first attempt had its effect."""
    for fault in FAULTS:
        quick = open_container(deadlines=QUICK)
        etag = stored(quick, name, b"0123456789")
        add_fault(**fault, operation=operation)
        result = CALLS[operation](quick, name, etag)
        assert account.server.faults.waiting() == []
        match operation:
            case "GetBlobProperties":
                assert result == 10
            case "GetBlob":
                assert result == b"12345"
            case "PutBlock":
                assert quick.uncommitted_blocks(name) == [("f" * 38, 1)]
            case "GetBlockList":
                assert result == []
            case "PutBlockList":
                assert (quick.get_blob(name).etag, quick.get_blob(name).size) == (result, 0)
            case "DeleteBlob":
                with pytest.raises(errors.BlobNotFound):
                    quick.get_blob(name)
            case "ListBlobs":
                assert result == [name]
            case "GetUserDelegationKey":
                assert "sig=" in result


@pytest.mark.parametrize("operation", CALLS)
def test_what_stays_is_an_error(quick, add_fault, name, operation):
    """With the seconds after which to try again, which are those of storage."""
    etag = stored(quick, name, b"0123456789")
    add_fault("answer", operation, status=503, retryAfter=7, times=9)
    with pytest.raises(errors.StorageUnavailable) as failure:
        CALLS[operation](quick, name, etag)
    assert failure.value.retry_after_seconds == 7


@pytest.mark.parametrize("condition", ["none", "if_match", "if_absent"])
def test_a_commit_whose_response_is_lost_has_succeeded(quick, account, add_fault, name, condition):
    """Although its repetition fails: the blob states by which commit it was made."""
    options: dict[str, Any] = {"if_absent": True} if condition == "if_absent" else {}
    if condition == "if_match":
        options["if_match"] = stored(quick, name, b"before")
    add_fault("dropAfter", "PutBlockList")
    etag = stored(quick, name, b"after", **options)
    assert quick.read_range(name, 0, 9, etag=etag) == b"after"
    assert account.server.faults.waiting() == []


def test_a_commit_of_another_is_not_taken_for_a_lost_one(quick, add_fault, name):
    """It has another ID."""
    before = stored(quick, name, b"before")
    other = stored(quick, name, b"other", if_match=before)
    add_fault("dropBefore", "PutBlockList")
    with pytest.raises(errors.BlobChanged):
        stored(quick, name, b"mine", if_match=before)
    assert quick.read_range(name, 0, 9, etag=other) == b"other"


def test_a_lost_delete_has_succeeded_only_once(quick, add_fault, name):
    """What does not exist at the first attempt is an error."""
    stored(quick, name, b"x")
    add_fault("dropAfter", "DeleteBlob")
    quick.delete(name)
    with pytest.raises(errors.BlobNotFound):
        quick.delete(name)


def test_storage_that_is_slow_is_reported_at_the_deadline(quick, add_fault, name):
    """No call takes longer, whatever it is about to try."""
    stored(quick, name, b"x")
    add_fault("delay", "GetBlobProperties", seconds=30, times=9)
    began = time.monotonic()
    with pytest.raises(errors.StorageTimeout):
        quick.with_deadline(Deadline.after(0.7)).get_blob(name)
    assert time.monotonic() - began < 1.5


@pytest.fixture
def trickling() -> Iterator[str]:
    """The URL of a container whose responses never end, although a byte comes every few milliseconds."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        try:
            with connection:
                connection.recv(65536)
                connection.sendall(
                    b"HTTP/1.1 206 OK\r\nContent-Range: bytes 0-999999/1000000\r\nContent-Length: 1000000\r\n\r\n"
                )
                while not stop.wait(0.02):
                    connection.sendall(b"x")
        except OSError:
            pass

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/account/files"
    stop.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_response_that_trickles_ends_at_the_deadline(open_container, trickling):
    """Though each of its bytes comes in time."""
    container = open_container(url=trickling, deadlines=Deadlines(read_seconds=5))
    began = time.monotonic()
    with pytest.raises(errors.StorageTimeout):
        container.with_deadline(Deadline.after(0.5)).read_range("a", 0, 999_999, etag='"1"')
    assert time.monotonic() - began < 1.5


ANSWERS: list[tuple[int, str, type[errors.ConnectorError], str]] = [
    (403, "AuthorizationPermissionMismatch", errors.StorageAccessDenied, "Storage Blob Data Contributor"),
    (403, "AuthorizationFailure", errors.StorageAccessDenied, "network rules"),
    (403, "AccountIsDisabled", errors.StorageAccessDenied, "disabled"),
    (403, "AuthenticationFailed", errors.StorageRejected, "token.*AuthenticationFailed"),
    (401, "InvalidAuthenticationInfo", errors.StorageRejected, "token"),
    (404, "ContainerNotFound", errors.StorageRejected, "FILES_CONTAINER_URL"),
    (404, "BlobNotFound", errors.BlobNotFound, "name"),
    (404, "ResourceNotFound", errors.StorageRejected, "status 404"),
    (409, "BlobArchived", errors.BlobArchived, "archive tier"),
    (409, "BlobBeingRehydrated", errors.BlobArchived, "hours"),
    (409, "InvalidBlobType", errors.BlobExists, "another name"),
    (409, "BlobImmutableDueToPolicy", errors.BlobExists, "policy"),
    (412, "LeaseIdMissing", errors.BlobChanged, "lease"),
    (412, "ConditionNotMet", errors.BlobChanged, "changed"),
    (400, "InvalidBlockList", errors.BlobChanged, "changed"),
    (400, "InvalidBlobOrBlock", errors.BlobExists, "another name"),
    (416, "InvalidRange", errors.StorageRejected, "fewer bytes"),
    (400, "OutOfRangeInput", errors.StorageRejected, "status 400 .OutOfRangeInput"),
    (409, "SnapshotsPresent", errors.StorageRejected, "SnapshotsPresent"),
    (500, "OperationTimedOut", errors.StorageTimeout, "in time"),
    (504, "GatewayTimeout", errors.StorageTimeout, "in time"),
]


@pytest.mark.parametrize(("status", "code", "kind", "words"), ANSWERS, ids=[f"{one[0]}-{one[1]}" for one in ANSWERS])
def test_an_answer_is_an_error_with_its_remedy(quick, add_fault, name, status, code, kind, words):
    """By the status and the code of storage; its message is of two sentences, and has no name of a blob."""
    add_fault("answer", "PutBlock", status=status, errorCode=code, times=9)
    with pytest.raises(kind, match=words) as failure:
        quick.put_block(name, "1", b"x")
    assert failure.value.code == kind.__name__
    assert name.partition("/")[0] not in failure.value.message
    assert failure.value.message.count(". ") <= 1
