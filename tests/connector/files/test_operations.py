"""The file operations, on the running app with real sessions."""

import base64

import pytest
import requests

from connector import errors
from connector.executions.calls import Runs
from connector.files import operations as files
from connector.files.names import checked_folder
from connector.models import FilePath


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


def test_an_upload_without_a_session_makes_one(api):
    """The id that comes back leads to the files."""
    uploaded = upload(api, None, a_csv=b"1,2")
    assert api.execute("open('/mnt/data/a.csv').read()", uploaded["sessionId"])["result"] == "1,2"


def test_an_upload_tells_each_file(api, session_id):
    """Name, folder, size, type and time."""
    uploaded = upload(api, session_id, a_csv=b"1,2", b_png=b"\x89PNG")
    assert uploaded["sessionId"] == session_id
    assert all(file.pop("lastModifiedTime").endswith("Z") for file in uploaded["files"])
    assert uploaded["files"] == [
        {"fileName": "a.csv", "folder": "", "size": 3, "contentType": "text/csv"},
        {"fileName": "b.png", "folder": "", "size": 4, "contentType": "image/png"},
    ]


def test_a_file_of_the_same_name_is_replaced(api, session_id):
    """The last upload wins, whole."""
    upload(api, session_id, a_txt=b"a longer first text")
    upload(api, session_id, a_txt=b"second")
    assert api.call("GET", f"/files/a.txt/content?sessionId={session_id}").content == b"second"


def test_put_stores_the_bytes_as_they_are(api):
    """PutFile needs no base64 and no JSON, and mints a session when none is named."""
    content = bytes(range(256)) * 100
    response = api.call("PUT", "/files/x.bin", data=content)
    assert response.status_code == 200
    session_id = response.json()["sessionId"]
    assert api.call("GET", f"/files/x.bin/content?sessionId={session_id}").content == content


def test_an_empty_file_is_a_file(api, session_id):
    """Nothing is refused for being short."""
    assert api.call("PUT", f"/files/empty?sessionId={session_id}", data=b"").json()["files"][0]["size"] == 0


def test_folders_are_made_and_listed(api, session_id):
    """A folder exists once something is in it; it is seen by code, by its own listing, and recursively."""
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


def test_a_file_in_a_folder_is_reached_with_its_folder(api, session_id):
    """Read, download, headers and delete take the folder."""
    query = f"?sessionId={session_id}&folder=in"
    api.call("PUT", f"/files/x.txt{query}", data=b"x")
    assert api.call("GET", f"/files/x.txt{query}").json()["folder"] == "in"
    assert api.call("GET", f"/files/x.txt/content{query}").content == b"x"
    assert api.call("HEAD", f"/files/x.txt/content{query}").headers["Content-Length"] == "1"
    assert api.call("GET", f"/files/x.txt/content?sessionId={session_id}").status_code == 404
    assert api.call("DELETE", f"/files/x.txt{query}").status_code == 204
    assert api.call("GET", f"/files/x.txt/content{query}").status_code == 404


def test_a_file_that_came_another_way_is_there(api, emulator, session_id):
    """What was put straight into the pool under the session's id is listed, and read by code."""
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


def test_a_file_that_code_wrote_is_downloaded(api, session_id):
    """What a run leaves in /mnt/data is listed and comes back byte for byte."""
    api.execute("open('/mnt/data/made.bin', 'wb').write(bytes(range(256)))", session_id)
    response = api.call("GET", f"/files/made.bin?sessionId={session_id}")
    assert base64.b64decode(response.json()["fileContent"]) == bytes(range(256))
    assert response.json()["contentType"] == "application/octet-stream"


def test_what_is_kept_of_runs_is_not_listed(session):
    """Neither in the folder of a run, nor from above; files of these names elsewhere are the user's own."""
    for name in (".execution.json", ".asked.json", ".progress.json", ".cancel", ".variables", "output-1.png"):
        session.upload_file(FilePath("_outputs/run-1", name), b"x")
        session.upload_file(FilePath("mine", name), b"x")

    def listed(folder: str, recursive: bool = False) -> list[str]:
        listing = files.list_files(session, folder=checked_folder(folder), recursive=recursive)
        return [file.file_name for file in listing.files]

    assert listed(".outputs/run-1") == listed(".outputs", recursive=True) == ["output-1.png"]
    assert len(listed("mine")) == len(listed("", recursive=True)) == 6


def test_a_deleted_file_is_gone(api, session_id):
    """Also for code; deleting it again is a 404."""
    upload(api, session_id, a_txt=b"x")
    assert api.call("DELETE", f"/files/a.txt?sessionId={session_id}").status_code == 204
    assert api.execute("import os; 'a.txt' in os.listdir('/mnt/data')", session_id)["result"] == "False"
    assert api.call("DELETE", f"/files/a.txt?sessionId={session_id}").status_code == 404


@pytest.mark.parametrize(
    ("limit", "path", "says"), [("_LARGEST_IN_JSON", "", "DownloadFile"), ("LARGEST_MESSAGE", "/content", "Range")]
)
def test_a_file_that_no_answer_carries_is_refused_unread(session, monkeypatch, limit, path, says):
    """FileTooLarge says how to get it, and the pool is not asked for its bytes."""
    session.upload_file(FilePath("", "big"), b"1234")
    monkeypatch.setattr(files, limit, 3)
    monkeypatch.setattr(type(session), "download_file", None)
    read = files.download_file if path else files.get_file
    with pytest.raises(errors.FileTooLarge, match=f"4 bytes.*{says}"):
        read(session, Runs(rich_results=True), FilePath("", "big"))
