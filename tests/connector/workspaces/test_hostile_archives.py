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
_huge = tarfile.TarInfo("huge")
_huge.pax_headers = {"GNU.sparse.realsize": "9" * 30}
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
    "link over a link": archive(
        entry("a/up", kind=tarfile.SYMTYPE, link=".."), entry("out", kind=tarfile.SYMTYPE, link="a/up/../../etc")
    ),
    "link without a target": archive(GOOD, entry("link", kind=tarfile.SYMTYPE)),
    "link with a long target": archive(GOOD, entry("link", kind=tarfile.SYMTYPE, link="a/" * 4000)),
    "through a link": archive(GOOD, entry("link", kind=tarfile.SYMTYPE, link="."), entry("link/evil")),
    "a link in place of a folder": archive(entry("d/x"), entry("d", kind=tarfile.SYMTYPE, link=".")),
    "hard link": archive(GOOD, entry("hard", kind=tarfile.LNKTYPE, link="/etc/passwd")),
    "device": archive(GOOD, entry("device", kind=tarfile.CHRTYPE)),
    "pipe": archive(GOOD, entry("pipe", kind=tarfile.FIFOTYPE)),
    "the connector's outputs": archive(GOOD, entry("_outputs/x/execution.json")),
    "the connector's transfers": archive(GOOD, entry("_transfers/workspace.json")),
    "twice": archive(GOOD, GOOD),
    "sparse": archive(GOOD, (_sparse, b"1\n0\n0\n" + bytes(506))),
    "size": archive((_huge, b"")),
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


@pytest.mark.parametrize("time", ["nan", "inf", "1e300", "-1e300"])
def test_a_time_that_files_cannot_have_is_not_restored(api_with_storage, storage, workspace_id, time):
    """Code can give a file any time: what it has saved can be restored."""
    member, content = entry("a")
    member.pax_headers = {"mtime": time}
    storage.put(blob_of(workspace_id), archive((member, content)), container="files")
    run = api_with_storage.execute("open('/mnt/data/a').read()", workspaceId=workspace_id)
    assert run["result"] == "x"
