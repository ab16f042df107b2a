"""The file operations, on the running app with real sessions."""

import base64

import pytest
import requests

from connector import errors
from connector.files import operations as files
from connector.files.names import checked_folder
from connector.in_session.protocol import EXECUTION_FILES
from connector.models import FilePath
from connector.session_pool.facts import PoolFacts

FACTS = PoolFacts(rich_results=True)


def upload(api, session_id: str | None, **contents: bytes) -> dict:
    body = {
        "sessionId": session_id,
        "files": [
            {"fileName": name.replace("_", "."), "fileContent": base64.b64encode(content).decode()}
            for name, content in contents.items()
        ],
    }
    response = api.call("POST", "/files", json=body)
    assert response.status_code == 200, response.text
    result: dict = response.json()
    return result


def test_upload_file_without_a_session_starts_one(api):
    """The returned id leads to the files."""
    uploaded = upload(api, None, a_csv=b"1,2")
    assert api.execute("open('/mnt/data/a.csv').read()", uploaded["sessionId"])["result"] == "1,2"


def test_upload_file_returns_each_file(api, session_id):
    """Name, folder, size, type and time."""
    uploaded = upload(api, session_id, a_csv=b"1,2", b_png=b"\x89PNG")
    assert uploaded["sessionId"] == session_id
    assert all(file.pop("lastModifiedTime").endswith("Z") for file in uploaded["files"])
    assert uploaded["files"] == [
        {"fileName": "a.csv", "folder": "", "size": 3, "contentType": "text/csv"},
        {"fileName": "b.png", "folder": "", "size": 4, "contentType": "image/png"},
    ]


def test_upload_file_replaces_a_file_with_the_same_name(api, session_id):
    """Completely."""
    upload(api, session_id, a_txt=b"a longer first text")
    upload(api, session_id, a_txt=b"second")
    assert api.call("GET", f"/files/a.txt/content?sessionId={session_id}").content == b"second"


def test_put_file_stores_the_bytes_as_they_are(api):
    """Without base64 and JSON, in a new session if none is named."""
    content = bytes(range(256)) * 100
    response = api.call("PUT", "/files/x.bin", data=content)
    assert response.status_code == 200
    session_id = response.json()["sessionId"]
    assert api.call("GET", f"/files/x.bin/content?sessionId={session_id}").content == content


def test_put_file_accepts_an_empty_file(api, session_id):
    """It is stored like any other."""
    assert api.call("PUT", f"/files/empty?sessionId={session_id}", data=b"").json()["files"][0]["size"] == 0


def test_list_files_lists_folders(api, session_id):
    """A folder exists once it has a file; code and recursive lists see it."""
    api.call("PUT", f"/files/x.txt?sessionId={session_id}&folder=in/deep", data=b"x")
    upload(api, session_id, top_txt=b"t")
    assert api.execute("open('/mnt/data/in/deep/x.txt').read()", session_id)["result"] == "x"

    def listed(query: str) -> list[tuple[str, str]]:
        response = api.call("GET", f"/files?sessionId={session_id}{query}")
        return [(file["folder"], file["fileName"]) for file in response.json()["files"]]

    assert listed("") == [("", "top.txt")]
    assert listed("&folder=in/deep") == listed("&folder=/mnt/data/in/deep/") == [("in/deep", "x.txt")]
    assert sorted(listed("&recursive=true")) == [("", "top.txt"), ("in/deep", "x.txt")]
    assert listed("&folder=in&recursive=true") == [("in/deep", "x.txt")]
    assert listed("&folder=nowhere") == []


def test_operations_on_a_file_in_a_folder(api, session_id):
    """Get, download, headers and delete have a folder."""
    query = f"?sessionId={session_id}&folder=in"
    api.call("PUT", f"/files/x.txt{query}", data=b"x")
    assert api.call("GET", f"/files/x.txt{query}").json()["folder"] == "in"
    assert api.call("GET", f"/files/x.txt/content{query}").content == b"x"
    assert api.call("HEAD", f"/files/x.txt/content{query}").headers["Content-Length"] == "1"
    assert api.call("GET", f"/files/x.txt/content?sessionId={session_id}").status_code == 404
    assert api.call("DELETE", f"/files/x.txt{query}").status_code == 204
    assert api.call("GET", f"/files/x.txt/content{query}").status_code == 404


def test_a_file_that_was_uploaded_to_the_pool_is_listed(api, emulator, session_id):
    """Under the session's id; code reads it."""
    token, _ = emulator.authority.issue()
    response = requests.post(
        f"{emulator.pool.endpoint}/files",
        params={"identifier": session_id, "api-version": "2025-10-02-preview"},
        headers={"Authorization": f"Bearer {token}"},
        files={"file": ("direct.txt", b"from elsewhere")},
        timeout=30,
    )
    assert response.status_code == 200
    assert [f["fileName"] for f in api.call("GET", f"/files?sessionId={session_id}").json()["files"]] == ["direct.txt"]
    assert api.execute("open('/mnt/data/direct.txt').read()", session_id)["result"] == "from elsewhere"


def test_get_file_returns_a_file_that_code_wrote(api, session_id):
    """Byte for byte."""
    api.execute("open('/mnt/data/made.bin', 'wb').write(bytes(range(256)))", session_id)
    response = api.call("GET", f"/files/made.bin?sessionId={session_id}")
    assert base64.b64decode(response.json()["fileContent"]) == bytes(range(256))
    assert response.json()["contentType"] == "application/octet-stream"


def test_execution_records_are_not_listed(session):
    """In the folder of a run and recursively; files with these names elsewhere are the user's own."""
    for name in (*EXECUTION_FILES, "output-1.png"):
        session.upload_file(FilePath("_outputs/run-1", name), b"x")
        session.upload_file(FilePath("mine", name), b"x")

    def listed(folder: str, recursive: bool = False) -> list[str]:
        listed = files.list_files(session, FACTS, folder=checked_folder(folder), recursive=recursive)
        return [file.file_name for file in listed]

    assert listed(".outputs/run-1") == listed(".outputs", recursive=True) == ["output-1.png"]
    assert len(listed("mine")) == len(listed("", recursive=True)) == len(EXECUTION_FILES) + 1


def test_delete_file(api, session_id):
    """The file no longer exists for code either; deleting it again is a 404."""
    upload(api, session_id, a_txt=b"x")
    assert api.call("DELETE", f"/files/a.txt?sessionId={session_id}").status_code == 204
    assert api.execute("import os; 'a.txt' in os.listdir('/mnt/data')", session_id)["result"] == "False"
    assert api.call("DELETE", f"/files/a.txt?sessionId={session_id}").status_code == 404


@pytest.mark.parametrize(
    ("limit", "path", "remedy"), [("LARGEST_IN_JSON", "", "DownloadFile"), ("LARGEST_MESSAGE", "/content", "Range")]
)
def test_a_file_that_is_too_large_for_a_response_is_refused_unread(session, monkeypatch, limit, path, remedy):
    """FileTooLarge has the remedy, and the pool is not asked for the content."""
    session.upload_file(FilePath("", "big"), b"1234")
    monkeypatch.setattr(files, limit, 3)
    monkeypatch.setattr(type(session), "download_file", None)
    with pytest.raises(errors.FileTooLarge, match=f"4 bytes.*{remedy}"):
        if path:
            files.download_file(session, FACTS, *files.find_headers(session, FACTS, FilePath("", "big")))
        else:
            files.get_file(session, FACTS, FilePath("", "big"))
