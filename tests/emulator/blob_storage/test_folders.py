"""What is kept on this machine: blobs between starts, and the folder whose files are blobs."""

import os
from pathlib import Path

import pytest

from emulator.blob_storage.server import BlobStorageServer
from tests.conftest import emulated_storage
from tests.emulator.blob_storage.conftest import Wire, code_of

LIST = {"restype": "container", "comp": "list"}


def test_a_folder_keeps_blobs_between_starts(emulator, tmp_path):
    """With their ETags, properties and blocks; uncommitted blocks and what a stopped program left are removed."""
    with emulated_storage(emulator.authority, folder=tmp_path) as running:
        wire = Wire(running.server)
        for identifier in ("1", "2"):
            wire.put_block("files/ä/b", identifier, identifier.encode() * 10)
        etag = wire.commit("files/ä/b", "2", "1", "2", **{"x-ms-meta-a": "b"}).headers["ETag"]
        wire.put("files/gone", b"1")
        wire.call("DELETE", "files/gone")
        wire.put_block("files/unfinished", "1", b"1")
        wire.call("PUT", "other", params={"restype": "container"})
    (tmp_path / "blocks" / ("0" * 32)).write_bytes(b"1")
    with emulated_storage(emulator.authority, folder=tmp_path) as running:
        wire = Wire(running.server)
        got = wire.call("GET", "files/ä/b")
        assert (got.content, got.headers["ETag"], got.headers["x-ms-meta-a"]) == (
            b"2" * 10 + b"1" * 10 + b"2" * 10,
            etag,
            "b",
        )
        assert code_of(wire.call("GET", "files/unfinished")) == (404, "BlobNotFound")
        assert wire.call("HEAD", "other", params={"restype": "container"}).status_code == 200
        assert len(list((tmp_path / "blocks").iterdir())) == 2
        wire.call("DELETE", "files/ä/b")
        assert list((tmp_path / "blocks").iterdir()) == []


def test_a_folder_keeps_what_is_somebodys(emulator, tmp_path):
    """Files that the account has not written are not touched, and are no blobs."""
    (tmp_path / "blocks" / "folder").mkdir(parents=True)
    (tmp_path / "blocks" / "notes.txt").write_text("mine")
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers" / "notes.txt").write_text("mine")
    with emulated_storage(emulator.authority, folder=tmp_path) as running:
        assert set(running.server.account.containers) == {"files", "imports"}
    assert {path.name for path in (tmp_path / "blocks").iterdir()} == {"folder", "notes.txt"}


def test_a_folder_is_one_servers(emulator, tmp_path):
    """A second one is refused, until the first has stopped."""
    with emulated_storage(emulator.authority, folder=tmp_path), pytest.raises(OSError, match="another program uses it"):
        BlobStorageServer(emulator.authority, folder=tmp_path)
    with emulated_storage(emulator.authority, folder=tmp_path):
        pass


def test_a_folder_that_cannot_be_written_to(start_wire):
    """An InternalError, as of a service whose disk is full, and not a block that is lost."""
    wire = start_wire()
    wire.server.account.blocks.rmdir()
    assert code_of(wire.put_block("files/a", "1", b"1")) == (500, "InternalError")
    assert wire.server.account.container("files").uncommitted == {}


def test_without_a_folder_nothing_is_left(emulator, tmp_path, monkeypatch):
    """What was stored is removed when the server stops."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with emulated_storage(emulator.authority) as running:
        Wire(running.server).put("files/a", b"1")
        assert list(tmp_path.rglob("*.json"))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def shared(emulator, tmp_path):
    """A folder, and a client of the account whose container `imports` it is."""
    folder = tmp_path / "shared"
    with emulated_storage(emulator.authority, shared_folders={"imports": folder}) as running:
        yield folder, Wire(running.server)


def names(wire: Wire) -> list[str]:
    text = wire.call("GET", "imports", params=LIST).content.decode()
    return [part.partition("</Name>")[0] for part in text.split("<Name>")[1:]]


def test_files_of_a_shared_folder_are_blobs(shared):
    """As they are at the moment: with their size, in ranges, with another ETag when they change."""
    folder, wire = shared
    assert names(wire) == []
    (folder / "2026").mkdir()
    (folder / "2026" / "a b.csv").write_bytes(b"0123456789")
    (folder / "b").write_bytes(b"")
    assert names(wire) == ["2026/a b.csv", "b"]
    got = wire.call("GET", "imports/2026/a%20b.csv", headers={"Range": "bytes=3-5"})
    assert (got.content, got.headers["Content-Range"]) == (b"345", "bytes 3-5/10")
    (folder / "2026" / "a b.csv").write_bytes(b"01234567890")
    changed = wire.call("GET", "imports/2026/a%20b.csv", headers={"If-Match": got.headers["ETag"]})
    assert code_of(changed) == (412, "ConditionNotMet")
    (folder / "b").unlink()
    assert code_of(wire.call("GET", "imports/b")) == (404, "BlobNotFound")


def test_a_shared_folder_is_not_written_to(shared):
    """Not by those who may write, and its files are never removed."""
    folder, wire = shared
    (folder / "a").write_bytes(b"1")
    refusals = [
        wire.call("PUT", "imports/b", data=b"1", headers={"x-ms-blob-type": "BlockBlob"}),
        wire.put_block("imports/a", "1", b"1"),
        wire.commit("imports/a"),
        wire.call("DELETE", "imports/a"),
        wire.call("DELETE", "imports", params={"restype": "container"}),
    ]
    assert {code_of(refusal) for refusal in refusals} == {(409, "BlobImmutableDueToPolicy")}
    assert wire.call("GET", "imports/a").content == b"1"
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert list(wire.server.account.blocks.iterdir()) == []


def test_nothing_outside_of_a_shared_folder_is_a_blob(shared, tmp_path):
    """No names lead out of it, and no links; links within it are followed."""
    folder, wire = shared
    (tmp_path / "secret").write_bytes(b"1")
    (folder / "inside").write_bytes(b"2")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "in").symlink_to(folder / "inside")
    os.mkfifo(folder / "pipe")
    Path(os.fsdecode(bytes(folder) + b"/\xff")).write_bytes(b"3")
    (folder / "back\\slash").write_bytes(b"4")
    assert names(wire) == ["in", "inside"]
    assert wire.call("GET", "imports/in").content == b"2"
    for name in ("out", "up/secret", "loop", "pipe", "inside/", "/inside", "a//b", f"/{tmp_path}/secret", "x" * 300):
        assert code_of(wire.call("GET", f"imports/{name}")) == (404, "BlobNotFound")
    assert wire.raw("GET", "/devstoreaccount1/imports/%2e%2e/secret") == (400, "InvalidUri")
