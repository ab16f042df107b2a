"""ShareFile and OpenSharedFile with storage: links to copies, which outlive their sessions."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests

from connector.callers.signed_tokens import Tokens
from connector.files import operations as files
from connector.http import links as http_links
from connector.links.addresses import LINK
from connector.links.stored_links import shared_blob_name
from connector.storage.storage import SHARED
from connector.transfers import transfer
from tests.conftest import Api, Storage
from tests.connector.files.any_names import ONLY_IN_JSON, UPLOADED
from tests.connector.links.conftest import ROWS, is_over, link_to, put, session_exists, share

ANYBODY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The folder of callers with a key: the SHA-256 of nothing."""

PROTECTION = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@pytest.fixture(scope="module")
def streaming(emulator, storage, running_connector):
    """A connector whose storage is closed to the public."""
    with running_connector(**emulator.environment, **storage.environment, LINK_DELIVERY="stream") as connector:
        yield connector


def end(api: Api, session_id: str) -> None:
    api.call("DELETE", f"/sessions/{session_id}").raise_for_status()


def opened(api: Api, link: str, method: str = "GET", **request: Any) -> requests.Response:
    """Without following a redirect."""
    return api.call(method, link, allow_redirects=False, **request)


def blob_of(storage: Storage, name: str) -> str:
    """The blob of the only link to a file of this name."""
    (found,) = [blob for blob in storage.names(SHARED) if blob.endswith(f"/{name}")]
    return found


# ---- ShareFile


def test_a_link_outlives_its_session(api_with_storage, storage, session_id):
    """It is to a copy, in a folder of the caller that nobody can guess the rest of."""
    put(api_with_storage, session_id, folder="reports", name=f"{session_id}.csv")
    before = datetime.now(UTC)
    shared = share(api_with_storage, session_id, f"{session_id}.csv", folder="reports").json()
    assert (shared["isDurable"], shared["folder"], shared["size"]) == (True, "reports", len(ROWS))
    expires = datetime.fromisoformat(shared["expirationTime"])
    assert timedelta(hours=24, seconds=-2) <= expires - before < timedelta(hours=24, seconds=10)
    blob = blob_of(storage, f"{session_id}.csv")
    assert blob.startswith(f"{SHARED}{ANYBODY}/") and storage.get(blob) == ROWS
    end(api_with_storage, session_id)
    got = requests.get(shared["fileUrl"], timeout=30)
    assert (got.status_code, got.content, got.headers["Content-Type"]) == (200, ROWS, "text/csv")
    assert not session_exists(api_with_storage, session_id)


def test_each_caller_has_a_folder():
    """By a hash, so that the names of blobs do not tell who the caller is."""
    one, other = (shared_blob_name(caller, "x", "a.csv") for caller in ("tenant:one", "tenant:other"))
    assert one != other and not {"tenant", "one", "other"} & set(re.findall("[a-z]+", one + other))


def test_a_link_is_to_the_file_as_it_was(api_with_storage, session_id):
    """What happens in the session later, even the deletion of the file, does not change it."""
    put(api_with_storage, session_id)
    link = link_to(api_with_storage, session_id)
    put(api_with_storage, session_id, content=b"other")
    assert api_with_storage.call("GET", link).content == ROWS
    assert api_with_storage.call("GET", link_to(api_with_storage, session_id)).content == b"other"
    api_with_storage.call("DELETE", f"/files/sales.csv?sessionId={session_id}").raise_for_status()
    assert api_with_storage.call("GET", link).content == ROWS


def test_a_large_file_is_copied_by_polls(api_with_storage, session_id, monkeypatch):
    """The last response is that of ShareFile, also when it is requested again."""
    monkeypatch.setattr(transfer, "PART_BYTES", 100_000)
    put(api_with_storage, session_id, content=b"0123456789" * 25_000)
    begun = share(api_with_storage, session_id, waitInSeconds=0)
    assert begun.status_code == 202, begun.text
    assert {name: begun.json()[name] for name in ("status", "size")} == {"status": "Running", "size": 250_000}
    results = []
    while len(results) < 2:
        polled = requests.get(begun.headers["Location"], timeout=60)
        if polled.status_code == 200:
            results.append(polled.json())
    assert results[0]["expirationTime"] == results[1]["expirationTime"]
    for shared in results:
        assert shared["isDurable"]
        assert requests.get(shared["fileUrl"], timeout=60).content == b"0123456789" * 25_000


def test_a_file_that_changes_while_it_is_copied_gets_no_link(api_with_storage, storage, session_id, monkeypatch):
    """Nothing of it is stored."""
    monkeypatch.setattr(transfer, "PART_BYTES", 100_000)
    put(api_with_storage, session_id, f"{session_id}.bin", b"0123456789" * 25_000)
    begun = share(api_with_storage, session_id, f"{session_id}.bin", waitInSeconds=0)
    put(api_with_storage, session_id, f"{session_id}.bin", b"9876543210" * 25_000)
    polled = requests.get(begun.headers["Location"], timeout=60)
    assert (polled.status_code, polled.json()["error"]["code"]) == (409, "FileChanged")
    assert not [name for name in storage.names(SHARED) if name.endswith(f"{session_id}.bin")]


def test_files_that_no_response_carries_are_shared(api_with_storage, session_id, streaming, monkeypatch):
    """Their bytes come from the storage; or, where it is closed, in ranges, which the error names."""
    for module in (files, http_links):
        monkeypatch.setattr(module, "LARGEST_MESSAGE", 1000)
    put(api_with_storage, session_id, "large.bin", b"0123456789" * 200)
    assert (
        api_with_storage.call("GET", link_to(api_with_storage, session_id, "large.bin")).content == b"0123456789" * 200
    )
    link = link_to(streaming, session_id, "large.bin")
    refused = streaming.call("GET", link)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "FileTooLarge")
    assert "Range: bytes=0-33554431" in refused.json()["error"]["message"]
    assert streaming.call("GET", link, headers={"Range": "bytes=5-"}).headers["Content-Range"] == "bytes 5-1004/2000"


def test_the_setting_limits_the_lifetime(emulator, storage, start_connector, session_id):
    """The message names the limit, and it is the default if it is shorter than that."""
    connector = start_connector(**emulator.environment, **storage.environment, LINK_MAX_HOURS="2")
    put(connector, session_id)
    refused = share(connector, session_id, lifetimeInSeconds=7201)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "lifetimeInSeconds")
    assert (
        "7,200 seconds" in refused.json()["error"]["message"] and "LINK_MAX_HOURS" in refused.json()["error"]["message"]
    )
    assert share(connector, session_id, lifetimeInSeconds=7200).status_code == 200
    expires = datetime.fromisoformat(share(connector, session_id).json()["expirationTime"])
    assert expires < datetime.now(UTC) + timedelta(hours=2, seconds=10)


def test_storage_that_refuses_a_copy(emulator, start_storage, start_connector, session_id):
    """The error names the role that is missing, and no link is returned."""
    connector = start_connector(**emulator.environment, **start_storage(roles=[]).environment)
    put(connector, session_id)
    refused = share(connector, session_id)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "StorageAccessDenied")


# ---- OpenSharedFile


def test_a_redirect_is_to_the_storage_for_an_hour(api_with_storage, session_id):
    """It states how the file is saved, and is protected as the file would be."""
    put(api_with_storage, session_id)
    found = opened(api_with_storage, link_to(api_with_storage, session_id))
    assert (found.status_code, found.content) == (302, b"")
    assert {name: found.headers[name] for name in PROTECTION} == PROTECTION
    assert "Set-Cookie" not in found.headers
    query = {name: values[0] for name, values in parse_qs(urlsplit(found.headers["Location"]).query).items()}
    expires = datetime.fromisoformat(query["se"])
    assert timedelta(minutes=59) < expires - datetime.now(UTC) < timedelta(minutes=61)
    assert (query["sp"], query["sr"], query["rscc"]) == ("r", "b", "private, no-store")
    got = requests.get(found.headers["Location"], headers={"Range": "bytes=7-12"}, timeout=30)
    assert (got.status_code, got.content) == (206, ROWS[7:13])
    assert got.headers["Content-Disposition"].startswith('attachment; filename="sales.csv"')
    assert got.headers["Cache-Control"] == "private, no-store"


def test_a_redirect_ends_with_its_link(api_with_storage, session_id):
    """Not an hour later."""
    put(api_with_storage, session_id)
    link = link_to(api_with_storage, session_id, lifetimeInSeconds=60)
    query = parse_qs(urlsplit(opened(api_with_storage, link).headers["Location"]).query)
    assert datetime.fromisoformat(query["se"][0]) < datetime.now(UTC) + timedelta(seconds=62)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("page.html", "application/octet-stream"),
        ("image.svg", "application/octet-stream"),
        ("page.xhtml", "application/octet-stream"),
        ("feed.xml", "application/octet-stream"),
        ("chart.png", "image/png"),
    ],
)
def test_the_storage_never_names_a_type_with_scripts(api_with_storage, session_id, name, content_type):
    """It has no header that would keep browsers from running them."""
    put(api_with_storage, session_id, name, b"<script>alert(1)</script>")
    got = api_with_storage.call("GET", link_to(api_with_storage, session_id, name))
    assert (got.status_code, got.headers["Content-Type"]) == (200, content_type)
    assert got.headers["Content-Disposition"].startswith("attachment")


def test_a_stream_is_the_connectors_own_response(streaming, session_id):
    """With ranges and versions, as that of a file in a session."""
    put(streaming, session_id, "page.html")
    link = link_to(streaming, session_id, "page.html")
    end(streaming, session_id)
    whole = opened(streaming, link)
    assert (whole.status_code, whole.content, whole.headers["Content-Type"]) == (200, ROWS, "text/html")
    assert {name: whole.headers[name] for name in PROTECTION} == PROTECTION
    part = opened(streaming, link, headers={"Range": "bytes=7-12", "If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.content) == (206, ROWS[7:13])
    assert opened(streaming, link, headers={"Range": "bytes=7-12", "If-Range": '"another"'}).content == ROWS
    assert opened(streaming, link, headers={"Range": "bytes=999-"}).status_code == 416
    assert opened(streaming, link, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("content", [ROWS, b""])
def test_head_answers_itself(api_with_storage, streaming, session_id, content):
    """With size, type and version, in both deliveries; an empty file has them, too."""
    for api in (api_with_storage, streaming):
        put(api, session_id, content=content)
        link = link_to(api, session_id)
        head = opened(api, link, "HEAD")
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))
        assert head.headers["Content-Type"] == "text/csv" and head.headers["Content-Disposition"].startswith(
            "attachment"
        )
        assert {name: head.headers[name] for name in PROTECTION} == PROTECTION
        assert opened(api, link, "HEAD", headers={"If-None-Match": head.headers["ETag"]}).status_code == 304
        assert api.call("GET", link).content == content


def test_opening_calls_no_session_pool(emulator, storage, start_pool, start_connector, session_id):
    """It works when the pool is gone."""
    pool = start_pool()
    # The token for storage is from the identity of `emulator`, which a connector asks for all its tokens.
    environment = {**emulator.environment, **storage.environment}
    put(one := start_connector(**environment), session_id)
    link = link_to(one, session_id)
    other = start_connector(**{**environment, "POOL_MANAGEMENT_ENDPOINT": pool.pool.endpoint})
    requests.post(f"{pool.pool.url}/faults", json={"do": "answer", "status": 500, "times": 1000}, timeout=10)
    assert opened(other, link, "HEAD").status_code == 200
    assert other.call("GET", link).content == ROWS


@pytest.mark.parametrize("name", [*UPLOADED[::6], *ONLY_IN_JSON[:2], "emoji " + "😀" * 60 + ".csv"])
def test_any_name(api_with_storage, streaming, session_id, name):
    """In both deliveries, browsers are told the name; a very long one is shortened before its extension."""
    put(api_with_storage, session_id, "first.txt")  # so that the session exists
    run = f"open('/mnt/data/' + {name!a}, 'wb').write({ROWS!r})"
    assert api_with_storage.execute(run, session_id)["status"] == "Succeeded"
    for api in (api_with_storage, streaming):
        got = api.call("GET", link_to(api, session_id, name))
        assert got.content == ROWS
        saved = unquote(got.headers["Content-Disposition"].partition("filename*=UTF-8''")[2])
        if len(name.encode()) <= 180 or api is streaming:
            assert saved == name
        else:
            assert name.startswith(saved.rpartition(".")[0]) and saved.rpartition(".")[2] == name.rpartition(".")[2]


@pytest.mark.parametrize("name", ['quote"\r\nX-Injected: yes.txt', "‮fdp.exe", "%2e%2e%2f.txt", "...", "a\\b.txt"])
def test_hostile_names_stay_where_they_are(api_with_storage, streaming, session_id, name):
    """Neither a header nor the path of the blob is theirs."""
    put(api_with_storage, session_id, "first.txt")
    api_with_storage.execute(f"open('/mnt/data/' + {name!a}, 'w').write('1')", session_id)
    for api in (api_with_storage, streaming):
        got = api.call("GET", link_to(api, session_id, name))
        assert got.content == b"1" and "X-Injected" not in got.headers
        disposition = got.headers["Content-Disposition"]
        assert disposition.isascii() and disposition.startswith("attachment; filename=")
        assert unquote(disposition.partition("filename*=UTF-8''")[2]) == name


# ---- links that are over


def test_a_deleted_blob_ends_its_links(api_with_storage, streaming, storage, session_id):
    """So an operator revokes them; a blob that somebody else put in its place is not served."""
    name = f"{session_id}.csv"
    put(api_with_storage, session_id, name)
    link = link_to(api_with_storage, session_id, name)
    blob = blob_of(storage, name)
    storage.put(blob, ROWS, container="files")
    for method in ("GET", "HEAD"):
        assert is_over(opened(api_with_storage, link, method))
    storage.delete(blob)
    for method in ("GET", "HEAD"):
        assert is_over(opened(api_with_storage, link, method))
    put(streaming, session_id, name)
    streamed = link_to(streaming, session_id, name)
    storage.delete(blob_of(storage, name))
    assert is_over(opened(streaming, streamed))


def test_a_blob_that_is_replaced_while_it_is_read_is_not_served(streaming, storage, session_id, monkeypatch):
    """The version is part of the request to storage."""
    name = f"{session_id}.csv"
    put(streaming, session_id, name)
    link, blob = link_to(streaming, session_id, name), blob_of(storage, name)
    find = http_links.stored_links.find_linked_blob

    def replaced_meanwhile(*arguments: Any) -> Any:
        found = find(*arguments)
        storage.put(blob, ROWS[::-1], container="files")
        return found

    monkeypatch.setattr(http_links.stored_links, "find_linked_blob", replaced_meanwhile)
    assert is_over(opened(streaming, link))


def test_an_expired_link_is_over(api_with_storage, session_id, monkeypatch):
    """Although its blob is there."""
    put(api_with_storage, session_id)
    link, now = link_to(api_with_storage, session_id, lifetimeInSeconds=60), time.time()
    monkeypatch.setattr("connector.callers.signed_tokens.time.time", lambda: now + 61)
    for method in ("GET", "HEAD"):
        assert is_over(opened(api_with_storage, link, method))


def test_the_storage_ends_a_redirect_by_itself(emulator, start_storage, start_connector, session_id):
    """Whoever has only its URL has nothing an hour later."""
    storage = start_storage()
    connector = start_connector(**emulator.environment, **storage.environment)
    put(connector, session_id)
    url = opened(connector, link_to(connector, session_id)).headers["Location"]
    assert requests.get(url, timeout=30).content == ROWS
    storage.server.clock.move(timedelta(minutes=61))
    assert requests.get(url, timeout=30).status_code == 403


def test_altered_and_swapped_tokens_are_over(api_with_storage, emulator, storage, session_id):
    """Of another file, of another purpose, or of another connector; and another name in the path."""
    put(api_with_storage, session_id)
    put(api_with_storage, session_id, "other.csv")
    path, _, token = link_to(api_with_storage, session_id).partition("?token=")
    other = link_to(api_with_storage, session_id, "other.csv").partition("?token=")[2]
    upload = api_with_storage.call("POST", "/uploads", json={"sessionId": session_id, "fileName": "sales.csv"}).json()
    stranger = Tokens("another secret of at least 32 characters").seal(
        LINK,
        {"caller": None, "file_name": "sales.csv", "blob": storage.names(SHARED)[0], "etag": "", "content_type": ""},
        lifetime_seconds=60,
    )
    middle = len(token) // 2
    altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for wrong in (altered, other, urlsplit(upload["uploadUrl"]).query.partition("=")[2], stranger):
        assert is_over(opened(api_with_storage, f"{path}?token={wrong}"))
    assert is_over(opened(api_with_storage, f"/shared/other.csv?token={token}"))
    polled = api_with_storage.call("GET", f"/transfers?token={token}")
    assert (polled.status_code, polled.json()["error"]["code"]) == (404, "TransferNotFound")


def test_storage_that_is_down(emulator, start_storage, start_connector, session_id):
    """It is not known whether the link works, so that it can be tried again."""
    storage = start_storage()
    connector = start_connector(**emulator.environment, **storage.environment)
    put(connector, session_id)
    link = link_to(connector, session_id)
    storage.server.faults.add("answer", status=503, retryAfter=30, times=1000)
    for method in ("HEAD", "GET"):
        failed = opened(connector, link, method)
        assert failed.status_code == 503 and "Retry-After" in failed.headers
    refused = share(connector, session_id)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "StorageUnavailable")


def test_links_of_a_connector_that_has_lost_its_storage_are_over(api, emulator, api_with_storage, session_id):
    """And links to sessions work on one that has storage now."""
    put(api, session_id)
    assert is_over(opened(api, link_to(api_with_storage, session_id)))
    assert api_with_storage.call("GET", link_to(api, session_id)).content == ROWS


def test_nothing_that_opens_a_file_is_logged(api_with_storage, session_id, caplog: pytest.LogCaptureFixture):
    """Neither tokens nor signatures, at any level."""
    caplog.set_level("DEBUG")
    put(api_with_storage, session_id)
    link = link_to(api_with_storage, session_id)
    signature = parse_qs(urlsplit(opened(api_with_storage, link).headers["Location"]).query)["sig"][0]
    token = link.partition("?token=")[2]
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(("connector", "azure"))]
    assert lines and not [line for line in lines if token in line or signature in unquote(line)]
