"""What a call sends and to whom, how much of a response it reads, and what is recorded of it."""

import json
import logging
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
import requests

from connector import errors
from connector.outbound.credentials import IdentityCredential
from connector.storage.calls import AUDIENCE, MOST_BYTES_OF_DOCUMENT
from connector.storage.containers import Container
from connector.telemetry.activity import Activity, begun
from connector.telemetry.correlation import Correlation
from connector.telemetry.library_logs import withhold_values
from tests.connector.storage.conftest import QUICK
from tests.connector.storage.container_cases import stored

HEAD = {"ETag": '"1"', "Last-Modified": "Sat, 28 Nov 2026 05:00:00 GMT", "x-ms-meta-Made_By": "x"}


class Token:
    """Gives `t1`, then `t2` and so on, as often as one is rejected."""

    def __init__(self) -> None:
        self.number = 1

    def token(self, deadline: object = None) -> str:
        return f"t{self.number}"

    def renew(self, rejected: str) -> bool:
        self.number += 1
        return True


@pytest.fixture
def scripted(faulty_pool):
    """Returns a function that starts a server with these replies, and returns it and a container of it."""

    def start(*replies):
        server = faulty_pool(*replies)
        return server, Container(server.url.partition("/sub")[0] + "/account/files", Token(), deadlines=QUICK)

    return start


# ---- requests


def test_a_call_states_its_version_and_whose_it_is(scripted, reply):
    """With the token, and the ID of the caller's request, under which the account's own log has the call."""
    server, container = scripted(reply(headers=HEAD, body=b""))
    with begun(Activity("GetWorkspace", Correlation.of({"x-ms-client-request-id": "mine"}))):
        assert container.get_blob("a b/ü").metadata == {"made_by": "x"}
    ((method, path),) = server.requests
    (headers,) = server.headers
    assert (method, path) == ("HEAD", "/account/files/a%20b/%C3%BC")
    assert (headers["x-ms-version"], headers["Authorization"]) == ("2024-11-04", "Bearer t1")
    assert headers["x-ms-client-request-id"] == "mine"
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(scripted, reply, status):
    """The token is good at other accounts, too."""
    other, _ = scripted(reply(headers=HEAD))
    server, container = scripted(reply(status, headers={"Location": other.url}))
    with pytest.raises(errors.StorageRejected):
        container.read_range("a", 0, 9, etag='"1"')
    assert len(server.requests) == 1
    assert other.requests == []


@pytest.mark.parametrize("rejection", [(401, "InvalidAuthenticationInfo"), (403, "AuthenticationFailed")])
def test_a_token_that_is_rejected_is_renewed_once(scripted, reply, rejection):
    """The next attempt has another one."""
    status, code = rejection
    rejected = reply(status, headers={"x-ms-error-code": code})
    server, container = scripted(rejected, reply(headers=HEAD, body=b""))
    container.get_blob("a")
    assert [headers["Authorization"] for headers in server.headers] == ["Bearer t1", "Bearer t2"]
    server, container = scripted(rejected)
    with pytest.raises(errors.StorageRejected):
        container.get_blob("a")
    assert len(server.requests) == 2


def test_without_a_token_nothing_is_sent(scripted, reply):
    """The error is that of storage, and names the identity."""

    class Failing:
        def get_token(self, *scopes: str):
            assert scopes == ("https://storage.azure.com/.default",)
            raise OSError("no")

    server, _ = scripted(reply(headers=HEAD))
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=Failing())
    with pytest.raises(errors.StorageRejected, match="Blob Storage.*managed identity"):
        Container(server.url.partition("/sub")[0] + "/account/files", credential).get_blob("a")
    assert server.requests == []


def test_each_call_can_be_refused_before_it_is_sent(scripted, reply):
    """By a process that has too much to do."""

    def refuse() -> None:
        raise errors.ConnectorBusy("busy")

    server, container = scripted(reply(headers=HEAD))
    refused = container.entered_by(refuse)
    for call in (lambda: refused.get_blob("a"), lambda: list(refused.list_blobs("a"))):
        with pytest.raises(errors.ConnectorBusy):
            call()
    with pytest.raises(errors.ConnectorBusy):
        refused.signed_url("a", lifetime_seconds=1, file_name="a", content_type="a/b")
    assert server.requests == []


@pytest.mark.parametrize("block", [("", b"x"), ("x" * 65, b"x"), ("1", b"")])
def test_a_block_has_an_id_and_content(scripted, reply, block):
    """Others are a bug of the connector."""
    server, container = scripted(reply(201))
    with pytest.raises(ValueError, match="block"):
        container.put_block("a", *block)
    assert server.requests == []


@pytest.mark.parametrize("metadata", [{"Upper": "x"}, {"a-b": "x"}, {"a": "ü"}, {"a": "x\r\nx-ms-lease-id: 1"}])
def test_metadata_are_what_headers_can_have(scripted, reply, metadata):
    """Others are a bug of the connector."""
    server, container = scripted(reply(201))
    with pytest.raises(ValueError, match="metadata"):
        container.commit("a", [], content_type="text/csv", metadata=metadata)
    assert server.requests == []


# ---- responses


def test_no_more_is_read_than_was_asked_for(scripted, reply):
    """Also of a response that announces more."""
    headers = {"Content-Range": "bytes 0-9/10"}
    _, container = scripted(reply(206, body=b"0123456789", headers=headers))
    assert container.read_range("a", 0, 9, etag='"1"') == b"0123456789"
    with pytest.raises(errors.StorageRejected, match="cannot be understood"):
        container.read_range("a", 0, 8, etag='"1"')
    _, container = scripted(reply(body=b"x", missing_bytes=MOST_BYTES_OF_DOCUMENT))
    with pytest.raises(errors.StorageRejected, match="cannot be understood"):
        list(container.list_blobs(""))


@pytest.mark.parametrize(("status", "content_range"), [(200, ""), (206, ""), (206, "bytes 1-9/10")])
def test_a_range_is_the_one_that_was_asked_for(scripted, reply, status, content_range):
    """A proxy that knows no ranges is an error, and does not make another file of it."""
    _, container = scripted(reply(status, body=b"123456789", headers={"Content-Range": content_range}))
    with pytest.raises(errors.StorageRejected):
        container.read_range("a", 0, 9, etag='"1"')


@pytest.fixture
def endless() -> Iterator[str]:
    """The URL of a container whose lists are chunked, and do not end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    try:
                        while True:
                            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                    except OSError:
                        pass
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/account/files"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_list_that_does_not_end_is_not_read_to_its_end(endless):
    """16 MiB are the most."""
    with pytest.raises(errors.StorageRejected, match="cannot be understood"):
        list(Container(endless, Token()).list_blobs(""))


@pytest.mark.parametrize("headers", [{}, {"ETag": ""}, {"Last-Modified": "yesterday"}])
def test_a_blob_without_what_it_must_have_is_no_blob(scripted, reply, headers):
    """For example of a proxy that answers in place of storage."""
    _, container = scripted(reply(headers={**(HEAD if headers else {}), **headers}, body=b""))
    with pytest.raises(errors.StorageRejected):
        container.get_blob("a")


def test_a_list_that_repeats_its_page_ends(scripted, reply):
    """It would not end otherwise."""
    page = b"<EnumerationResults><Blobs/><NextMarker>again</NextMarker></EnumerationResults>"
    server, container = scripted(reply(body=page))
    with pytest.raises(errors.StorageRejected):
        list(container.list_blobs(""))
    assert len(server.requests) == 2


def test_a_part_is_in_memory_once(container, name):
    """While it is sent, and when it has been received."""
    content = bytes(8 << 20)
    tracemalloc.start()
    try:
        etag = stored(container, name, content)
        sent = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        received = container.read_range(name, 0, len(content) - 1, etag=etag)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received == content
    # The emulator, in the same process, holds pieces of at most some hundred KB.
    assert sent < len(content) / 2
    assert peak < 1.5 * len(content)


# ---- what is recorded


def test_a_call_is_recorded_without_the_name_of_its_blob(account, container, name, caplog):
    """With its operation, container, sizes and times, under the IDs of its request."""
    caplog.set_level(logging.INFO)
    account.server.faults.add("answer", operation="PutBlock", status=503, retryAfter=0)
    with begun(Activity("ExportFile", Correlation.of({}))) as activity:
        container.put_block(name, "1", b"12345")
    (record,) = [json.loads(one.getMessage()) for one in caplog.records if one.name == "connector.telemetry"]
    assert record.pop("durationMs") >= 0
    assert record.pop("bytesIn") == 0
    assert record == {
        "record": "storageCall",
        "operation": "ExportFile",
        "requestId": activity.correlation.request_id,
        "traceId": activity.correlation.trace_id,
        "container": "devstoreaccount1/files",
        "method": "PUT",
        "route": "PutBlock",
        "status": 201,
        "attempts": 2,
        "throttles": 1,
        "bytesOut": 5,
    }
    assert (activity.storage_calls, activity.pool_calls) == (1, 0)
    assert name.partition("/")[0] not in caplog.text


def test_a_missing_role_is_recorded_with_its_cause(start_storage_alone, open_container, account, caplog):
    """An operator should see it, unlike a blob that a caller has misspelled."""
    caplog.set_level(logging.INFO)
    account.server.faults.add("answer", operation="GetBlobProperties", status=403, errorCode="AuthorizationFailure")
    for kind in (errors.StorageAccessDenied, errors.BlobNotFound):
        with pytest.raises(kind):
            open_container().get_blob("missing")
    denied, missing = (json.loads(one.getMessage()) for one in caplog.records if one.name == "connector.telemetry")
    assert denied["cause"] == "StorageAccessDenied 403 < UnsuccessfulResponse 403 AuthorizationFailure"
    assert (missing["code"], missing["status"], "cause" in missing) == ("BlobNotFound", 404, False)


def test_libraries_log_no_names_tokens_and_signatures(container, name, caplog):
    """Not even at their level DEBUG, at which urllib3 logs each URL."""
    withhold_values()
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    stored(container, name, b"x")
    url = container.signed_url(name, lifetime_seconds=60, file_name="a", content_type="text/csv")
    assert requests.get(url, timeout=10).ok
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    for secret in ("sig=", "eyJ", name.partition("/")[0], url.rpartition("sig=")[2]):
        assert secret not in caplog.text


Opened = Callable[..., Container]


def test_a_container_is_the_same_with_another_deadline(open_container: Opened) -> None:
    """It keeps its connections and its key."""
    container = open_container()
    other = container.with_deadline(QUICK.of_operation())
    assert other.url == container.url
    url = container.signed_url("a", lifetime_seconds=60, file_name="a", content_type="a/b")
    key = [part for part in url.split("&") if part.startswith("ske=")]
    assert key[0] in other.signed_url("b", lifetime_seconds=60, file_name="a", content_type="a/b")
