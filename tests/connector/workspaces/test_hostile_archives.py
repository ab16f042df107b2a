"""Archives in storage that SaveWorkspace has not made. None reaches beyond the data folder, or is half unpacked."""

import io
import tarfile

import pytest

from tests.connector.workspaces.conftest import blob_of


def entry(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, len(content) if kind == tarfile.REGTYPE else 0
    return member, content


def archive(*entries: tuple) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in entries:
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


GOOD = entry("good.txt")
_sparse = tarfile.TarInfo("sparse")
_sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999999"}
_sparse.size = 512
_null = tarfile.TarInfo("null")
_null.type, _null.pax_headers = tarfile.SYMTYPE, {"linkpath": "a\0b"}
_huge = tarfile.TarInfo("huge")
_huge.pax_headers = {"size": str(1 << 62)}


_extended = tarfile.TarInfo("x")
_extended.type, _extended.size = tarfile.XHDTYPE, 512


def at(mtime: str, name: str = "late") -> tuple:
    member, content = entry(name)
    member.pax_headers = {"mtime": mtime}
    return member, content


_larger = tarfile.TarInfo("larger")
_larger.pax_headers = {"GNU.sparse.realsize": "9" * 30}
LEFT = """import os
sorted(
    name
    for folder, _, names in os.walk('/mnt/data')
    for name in names
    if not folder.startswith('/mnt/data/_outputs') and name not in ('complete', 'unpacked.json')
)
"""
"""Besides what a poll of the transfer needs to know."""

HOSTILE = {
    "absolute": archive(GOOD, entry("/tmp/evil")),
    "parent": archive(GOOD, entry("../evil")),
    "parent inside": archive(GOOD, entry("a/../../evil")),
    "dot": archive(GOOD, entry("./evil")),
    "empty step": archive(GOOD, entry("a//evil")),
    "link outside": archive(GOOD, entry("link", kind=tarfile.SYMTYPE, link="../../etc")),
    "absolute link": archive(GOOD, entry("link", kind=tarfile.SYMTYPE, link="/etc/passwd")),
    "through a link": archive(GOOD, entry("link", kind=tarfile.SYMTYPE, link="."), entry("link/evil")),
    "a link in place of a folder": archive(entry("d/x"), entry("d", kind=tarfile.SYMTYPE, link=".")),
    "out in two steps": archive(
        entry("x/y/z", kind=tarfile.SYMTYPE, link="../.."),
        entry("link", kind=tarfile.SYMTYPE, link="x/y/z/../../etc/passwd"),
    ),
    "link to nothing": archive(GOOD, entry("link", kind=tarfile.SYMTYPE)),
    "link with a null": archive(GOOD, (_null, b"")),
    "long link": archive(GOOD, entry("link", kind=tarfile.SYMTYPE, link="n/" * 3000)),
    "no time": archive(GOOD, at("nan")),
    "endless time": archive(GOOD, at("inf")),
    "time beyond years": archive(GOOD, at("1e300")),
    "headers of headers": (_extended.tobuf() + bytes(512)) * 2000,
    "many bytes": archive(GOOD, (_huge, b"")),
    "hard link": archive(GOOD, entry("hard", kind=tarfile.LNKTYPE, link="/etc/passwd")),
    "device": archive(GOOD, entry("device", kind=tarfile.CHRTYPE)),
    "pipe": archive(GOOD, entry("pipe", kind=tarfile.FIFOTYPE)),
    "the connector's outputs": archive(GOOD, entry("_outputs/x/execution.json")),
    "the connector's transfers": archive(GOOD, entry("_transfers/workspace.json")),
    "twice": archive(GOOD, GOOD),
    "sparse": archive(GOOD, (_sparse, b"1\n0\n0\n" + bytes(506))),
    "larger than the archive": archive((_larger, b"")),
    "many folders": archive(entry("a/" * 1500 + "b")),
    "no archive": b"<html>not found</html>" * 100,
    "cut off": archive(GOOD, entry("big", b"y" * 100_000))[:50_000],
    "long name": archive(GOOD, entry("n" * 300)),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused(api_with_storage, storage, session_id, workspace_id, content):
    """StorageRejected, which names the entry; no file of it is in the session, nor anything of the archive."""
    api_with_storage.execute("open('/mnt/data/own', 'w').write('1')", session_id)
    storage.put(blob_of(workspace_id), content, container="files")
    refused = api_with_storage.call("POST", f"/workspaces/{workspace_id}/restore", json={"sessionId": session_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "StorageRejected"), refused.text
    left = api_with_storage.execute(LEFT, session_id)["value"]
    assert left == ["own"]


def test_a_folder_in_place_of_a_file_is_refused(api_with_storage, storage, session_id, workspace_id):
    """InvalidRequest, which names the path; nothing is replaced."""
    api_with_storage.execute("import os; os.mkdir('/mnt/data/a'); open('/mnt/data/b', 'w').write('1')", session_id)
    storage.put(blob_of(workspace_id), archive(entry("b", b"new"), entry("a")), container="files")
    refused = api_with_storage.call("POST", f"/workspaces/{workspace_id}/restore", json={"sessionId": session_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidRequest"), refused.text
    assert api_with_storage.execute("open('/mnt/data/b').read()", session_id)["result"] == "1"


def test_nothing_is_unpacked_through_a_link_of_the_session(api_with_storage, storage, session_id, workspace_id):
    """InvalidRequest: what it leads to may be elsewhere."""
    api_with_storage.execute("import os; os.mkdir('/tmp/out'); os.symlink('/tmp/out', '/mnt/data/d')", session_id)
    storage.put(blob_of(workspace_id), archive(entry("d/e/evil")), container="files")
    refused = api_with_storage.call("POST", f"/workspaces/{workspace_id}/restore", json={"sessionId": session_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidRequest"), refused.text
    assert api_with_storage.execute("os.listdir('/tmp/out')", session_id)["value"] == []


FORGED = [
    "[" * 1500,
    '{"workspace_id": "x\\n", "etag": "a\\r\\nb: c", "fingerprint": null, "holder": null}',
    '{"workspace_id": "%s", "etag": "*", "fingerprint": null, "holder": null}',
    '{"workspace_id": "%s", "etag": "\\ud800", "fingerprint": [], "holder": " "}',
]


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_mark_is_none(api_with_storage, session_id, workspace_id, forged):
    """A session whose code has changed what it knows of its workspace replaces nothing, and has no errors of others."""
    forged = forged.replace("%s", workspace_id)
    other = api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", workspaceId=workspace_id)
    code = (
        "import os; os.makedirs('/mnt/data/_transfers', exist_ok=True);"
        f"open('/mnt/data/_transfers/workspace.json', 'w').write({forged!r})"
    )
    api_with_storage.execute(code, session_id)
    refused = api_with_storage.call("PUT", f"/workspaces/{workspace_id}", json={"sessionId": session_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "WorkspaceChanged"), refused.text
    found = api_with_storage.call("GET", f"/workspaces/{workspace_id}").json()
    assert found["eTag"] == other["workspace"]["eTag"]


def test_a_new_session_ends_with_a_restore_that_fails(start_pool, start_storage, running_connector, workspace_id):
    """Its ID is in no answer, so nobody could use or end it."""
    pool = start_pool()
    own = start_storage(pool.authority)
    with running_connector(**pool.environment, **own.environment) as api:
        own.put(blob_of(workspace_id), HOSTILE["parent"], container="files")
        refused = api.call("POST", f"/workspaces/{workspace_id}/restore", json={})
        assert refused.json()["error"]["code"] == "StorageRejected", refused.text
        assert list(pool.identifiers()) == []
