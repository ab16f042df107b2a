"""What the connector needs of any Blob Storage: the same cases with the emulator's, with Azurite, and with Azure.

Where they run, the fixture `container` is a Container that holds nothing which matters, and `open_container` returns
another one at its address, with other options or at another `url`; `name` is that of a blob which no other test uses.
"""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import quote, unquote

import pytest
import requests

from connector import errors
from connector.storage.containers import Container

NAMES = [
    "a b.csv",
    "ü+%41#?&=;'.csv",
    "日本/語 の.txt",
    "100%.txt",
    "%2e%2e/%2F",
    "a//b",
    '(1) [2] {3} ~!@$^*_-=|<>".txt',
    "emoji \U0001f600 é é",
]

OpenContainer = Callable[..., Container]


def stored(container: Container, name: str, *blocks: bytes, **options: str) -> str:
    """A blob of these blocks. Returns its ETag."""
    writer = uuid.uuid4().hex
    ids = [f"{writer}-{number:05}" for number in range(len(blocks))]
    for block_id, content in zip(ids, blocks, strict=True):
        container.put_block(name, block_id, content)
    return container.commit(name, ids, content_type="text/csv", **options)


# ---- blobs and their blocks


def test_a_blob_is_made_of_its_blocks_in_order(container: Container, name: str) -> None:
    """Whatever the order in which they were put; one that is put again is replaced."""
    for block_id, content in (("2", b"wrong"), ("1", b"first,"), ("3", b"third"), ("2", b"second,")):
        container.put_block(name, block_id, content)
    assert sorted(container.uncommitted_blocks(name)) == [("1", 6), ("2", 7), ("3", 5)]
    etag = container.commit(name, ["1", "2", "3"], content_type="text/csv", metadata={"made_by": "a test, 100%"})
    blob = container.get_blob(name)
    assert (blob.name, blob.size, blob.etag, blob.content_type) == (name, 18, etag, "text/csv")
    assert blob.metadata["made_by"] == "a test, 100%"
    assert abs((datetime.now(UTC) - blob.last_modified).total_seconds()) < 60
    assert container.read_range(name, 0, 17, etag=etag) == b"first,second,third"
    assert container.uncommitted_blocks(name) == []


def test_blocks_that_are_not_committed_are_no_blob(container: Container, name: str) -> None:
    """They are neither read nor listed."""
    container.put_block(name, "1", b"x")
    with pytest.raises(errors.BlobNotFound):
        container.get_blob(name)
    assert list(container.list_blobs(name)) == []


@pytest.mark.parametrize("file_name", NAMES)
def test_a_name_is_kept(container: Container, name: str, file_name: str) -> None:
    """When the blob is written, listed, opened by a URL and deleted."""
    name = name.replace("data.csv", file_name)
    etag = stored(container, name, b"content")
    assert container.get_blob(name).etag == etag
    assert [blob.name for blob in container.list_blobs(name)] == [name]
    url = container.signed_url(name, lifetime_seconds=60, file_name=file_name, content_type="text/csv")
    assert requests.get(url, timeout=10).content == b"content"
    container.delete(name)
    assert list(container.list_blobs(name)) == []


def test_an_empty_blob_has_no_blocks(container: Container, name: str) -> None:
    """It can be read, too."""
    etag = stored(container, name)
    assert container.get_blob(name).size == 0
    assert container.read_range(name, 0, 99, etag=etag) == b""
    url = container.signed_url(name, lifetime_seconds=60, file_name="a", content_type="text/csv")
    assert requests.get(url, timeout=10).content == b""


def test_a_range_ends_with_its_blob(container: Container, name: str) -> None:
    """And is empty after it."""
    etag = stored(container, name, b"01234", b"56789")
    ranges = [(0, 0), (3, 6), (8, 99), (9, 9), (10, 20)]
    found = [container.read_range(name, first, last, etag=etag) for first, last in ranges]
    assert found == [b"0", b"3456", b"89", b"9", b""]


def test_a_blob_that_changes_between_ranges_is_reported(container: Container, name: str) -> None:
    """So that no file is put together of two versions."""
    etag = stored(container, name, b"first version")
    assert container.read_range(name, 0, 4, etag=etag) == b"first"
    stored(container, name, b"other version")
    with pytest.raises(errors.BlobChanged):
        container.read_range(name, 5, 9, etag=etag)


def test_a_blob_that_does_not_exist_is_reported(container: Container, name: str) -> None:
    """By every call that needs it."""
    with pytest.raises(errors.BlobNotFound):
        container.get_blob(name)
    with pytest.raises(errors.BlobNotFound):
        container.delete(name)
    assert container.uncommitted_blocks(name) == []


def test_threads_share_a_container(container: Container, name: str) -> None:
    """Each call has a connection of its own."""
    ids = [f"{number:03}" for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda block_id: container.put_block(name, block_id, block_id.encode() * 50_000), ids))
    etag = container.commit(name, ids, content_type="text/plain")
    with ThreadPoolExecutor(8) as threads:
        parts = threads.map(
            lambda number: container.read_range(name, 150_000 * number, 150_000 * number + 149_999, etag=etag),
            range(24),
        )
        assert b"".join(parts) == b"".join(block_id.encode() * 50_000 for block_id in ids)


# ---- conditions


def test_a_commit_replaces_only_the_version_that_it_names(container: Container, name: str) -> None:
    """A lost update is an error."""
    first = stored(container, name, b"1")
    second = stored(container, name, b"22", if_match=first)
    with pytest.raises(errors.BlobChanged):
        stored(container, name, b"333", if_match=first)
    assert (container.get_blob(name).etag, container.get_blob(name).size) == (second, 2)
    container.delete(name)
    with pytest.raises(errors.BlobChanged):
        stored(container, name, b"333", if_match=second)


def test_a_commit_can_refuse_to_replace(container: Container, name: str) -> None:
    """Anything of that name."""
    writer = uuid.uuid4().hex
    container.put_block(name, writer, b"1")
    container.commit(name, [writer], content_type="text/csv", if_absent=True)
    container.put_block(name, uuid.uuid4().hex, b"2")
    with pytest.raises(errors.BlobExists):
        container.commit(name, [], content_type="text/csv", if_absent=True)
    assert container.get_blob(name).size == 1


def test_a_delete_removes_only_the_version_that_it_names(container: Container, name: str) -> None:
    """A blob that was replaced meanwhile is kept."""
    first = stored(container, name, b"1")
    second = stored(container, name, b"2")
    with pytest.raises(errors.BlobChanged):
        container.delete(name, if_match=first)
    container.delete(name, if_match=second)
    with pytest.raises(errors.BlobNotFound):
        container.get_blob(name)


def test_a_commit_of_another_removes_blocks(container: Container, name: str) -> None:
    """The commit of the first is an error then, and the blob is the other's."""
    container.put_block(name, "mine-1", b"mine")
    container.put_block(name, "other1", b"other")
    etag = container.commit(name, ["other1"], content_type="text/csv")
    with pytest.raises(errors.BlobChanged):
        container.commit(name, ["mine-1"], content_type="text/csv")
    assert container.read_range(name, 0, 9, etag=etag) == b"other"


def test_blocks_are_never_those_of_an_earlier_blob(container: Container, name: str) -> None:
    """Even if they have the same IDs."""
    container.put_block(name, "block", b"earlier")
    container.commit(name, ["block"], content_type="text/csv")
    with pytest.raises(errors.BlobChanged):
        container.commit(name, ["block"], content_type="text/csv")


@pytest.mark.parametrize("condition", ["none", "if_match", "if_absent"])
def test_a_commit_can_be_repeated(container: Container, name: str, condition: str) -> None:
    """One whose response was lost, by another request with the same ID: it has succeeded."""
    options: dict[str, str | bool] = {"commit_id": uuid.uuid4().hex}
    if condition == "if_match":
        options["if_match"] = stored(container, name, b"before")
    elif condition == "if_absent":
        options["if_absent"] = True
    container.put_block(name, f"{uuid.uuid4().hex}-00000", b"content")
    ids = [block_id for block_id, _ in container.uncommitted_blocks(name)]
    etag = container.commit(name, ids, content_type="text/csv", **options)  # type: ignore[arg-type]
    again = container.commit(name, ids, content_type="text/csv", **options)  # type: ignore[arg-type]
    assert again == etag == container.get_blob(name).etag
    stored(container, name, b"replaced by another")
    with pytest.raises((errors.BlobChanged, errors.BlobExists)):
        container.commit(name, ids, content_type="text/csv", **options)  # type: ignore[arg-type]


def test_blocks_with_ids_of_another_length_are_refused(container: Container, name: str) -> None:
    """Another program writes the blob: the error says that both cannot."""
    container.put_block(name, "0001", b"x")
    with pytest.raises(errors.BlobExists, match="another name"):
        container.put_block(name, "0000000001", b"x")


# ---- lists


def test_a_list_has_all_pages(open_container: OpenContainer, name: str) -> None:
    """Of the blobs whose names begin with the prefix, by name, with what is known of each."""
    container = open_container(blobs_per_page=2)
    folder = name.removesuffix("data.csv")
    for number in range(5):
        stored(container, f"{folder}in/{number}", b"x" * (number + 1))
    stored(container, f"{folder}other")
    listed = list(container.list_blobs(f"{folder}in/"))
    assert [blob.name for blob in listed] == [f"{folder}in/{number}" for number in range(5)]
    assert listed == [container.get_blob(blob.name) for blob in listed]
    assert list(container.list_blobs(f"{folder}none/")) == []


# ---- signed URLs


def test_a_signed_url_opens_one_blob(container: Container, name: str) -> None:
    """As a file to save, of the type that was asked for, which nothing keeps."""
    stored(container, name, b"<script>alert(1)</script>")
    file_name = 'Umsätze "2026" 100%.csv'
    url = container.signed_url(name, lifetime_seconds=60, file_name=file_name, content_type="application/octet-stream")
    response = requests.get(url, timeout=10)
    assert (response.status_code, response.content) == (200, b"<script>alert(1)</script>")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Cache-Control"] == "private, no-store"
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="Ums_tze _2026_ 100_.csv"; ')
    assert unquote(disposition.partition("filename*=UTF-8''")[2]) == file_name
    part = requests.get(url, headers={"Range": "bytes=1-6"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"script")
    assert requests.head(url, timeout=10).status_code == 200


def test_a_signed_url_allows_only_to_read(container: Container, name: str) -> None:
    """Neither writing nor deleting, nor another blob, nor the list."""
    stored(container, name, b"1")
    stored(container, name + "2", b"2")
    url = container.signed_url(name, lifetime_seconds=60, file_name="a", content_type="text/csv")
    writing = requests.put(url, b"x", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10)
    others = [
        requests.delete(url, timeout=10),
        requests.get(url.replace("?", "2?"), timeout=10),
        requests.get(url.replace(f"/{quote(name)}?", "?restype=container&comp=list&"), timeout=10),
    ]
    assert [response.status_code for response in (writing, *others)] == [403] * 4
    assert container.get_blob(name).size == 1


@pytest.mark.parametrize("changed", ["se", "sp", "rscd", "rsct", "skoid", "sig"])
def test_a_signed_url_cannot_be_changed(container: Container, name: str, changed: str) -> None:
    """What it states is signed."""
    stored(container, name, b"1")
    url = container.signed_url(name, lifetime_seconds=60, file_name="a", content_type="text/csv")
    address, _, query = url.partition("?")
    other = {"se": "2099-01-01T00:00:00Z", "sp": "rw", "rscd": "inline", "rsct": "text/html"}.get(
        changed, uuid.UUID(int=7)
    )
    fields = [
        f"{changed}={quote(str(other), safe='')}" if field.startswith(f"{changed}=") else field
        for field in query.split("&")
    ]
    assert fields != query.split("&")
    assert requests.get(f"{address}?{'&'.join(fields)}", timeout=10).status_code == 403


def test_a_signed_url_expires(open_container: OpenContainer, name: str) -> None:
    """After its lifetime."""
    container = open_container(clock=lambda: time.time() - 3600)
    stored(container, name, b"1")
    options = {"file_name": "a", "content_type": "text/csv"}
    assert requests.get(container.signed_url(name, lifetime_seconds=3660, **options), timeout=10).status_code == 200
    assert requests.get(container.signed_url(name, lifetime_seconds=3540, **options), timeout=10).status_code == 403


def test_a_signed_url_ends_with_its_blob(container: Container, name: str) -> None:
    """Whoever deletes the blob revokes it."""
    stored(container, name, b"1")
    url = container.signed_url(name, lifetime_seconds=60, file_name="a", content_type="text/csv")
    container.delete(name)
    assert requests.get(url, timeout=10).status_code == 404


# ---- what is wrong with the settings


def test_a_container_that_does_not_exist_is_reported(open_container: OpenContainer, container: Container) -> None:
    """With the setting, by every call."""
    missing = open_container(url=container.url.rpartition("/")[0] + "/missing", setting="IMPORT_CONTAINER_URLS")
    for call in (
        lambda: missing.get_blob("a"),
        lambda: missing.put_block("a", "1", b"x"),
        lambda: list(missing.list_blobs("")),
        lambda: missing.delete("a"),
    ):
        with pytest.raises(errors.StorageRejected, match="IMPORT_CONTAINER_URLS"):
            call()


def test_a_token_for_another_service_is_reported(open_container: OpenContainer) -> None:
    """Its error names the setting, and not the token."""
    with pytest.raises(errors.StorageRejected, match="token.*FILES_CONTAINER_URL") as failure:
        open_container(audience="https://dynamicsessions.io").get_blob("a")
    assert "eyJ" not in failure.value.message


def test_storage_that_is_down_is_reported(open_container: OpenContainer) -> None:
    """With the setting, and soon."""
    down = open_container(url="https://127.0.0.1:9/devstoreaccount1/files")
    began = time.monotonic()
    with pytest.raises(errors.StorageUnavailable, match="FILES_CONTAINER_URL") as failure:
        down.get_blob("a")
    assert failure.value.retry_after_seconds
    assert time.monotonic() - began < 5
