"""Names and folders in every operation, on both families of the pool's wire."""

import base64
from urllib.parse import quote

import pytest

from tests.logic_apps_client import LogicApps, TransferFailed

NAMES = [
    "two words.csv",
    "50% off #1.csv",
    "a&b=c;d,e@f$g^h(i).csv",
    "Продажи 2026.xlsx",
    "売上.csv",
    "été-한국.txt",
    ".hidden",
    "%41%20",
    "a+b.csv",
    "Bob's ~[final] {2}!.txt",
    "हिन्दी.txt",
    "น้ำ.csv",
    "שָׁלוֹם مُحَمَّد.txt",
    "e\u0301te\u0301-한국.txt",  # as macOS writes them
]
FOLDERS = ["", "reports 2026/Отчёты/50% #1 & more"]


@pytest.fixture(scope="module", params=["2025-10-02-preview", "2024-02-02-preview"])
def connector(request, emulator, running_connector):
    with running_connector(**emulator.environment, POOL_API_VERSION=request.param) as running:
        yield running


def upload_json(connector, query, session_id, folder, name, content):
    file = {"fileName": name, "fileContent": base64.b64encode(content).decode()}
    return connector.call("POST", "/files", json={"sessionId": session_id, "folder": folder, "files": [file]})


def upload_form(connector, query, session_id, folder, name, content):
    fields = {"sessionId": session_id, "folder": folder}
    return connector.call("POST", "/files", data=fields, files={"file": (name, content)})


def upload_raw(connector, query, session_id, folder, name, content):
    return connector.call("PUT", f"/files/{quote(name, safe='')}{query}", data=content)


def upload_parts(connector, query, session_id, folder, name, content):
    client = LogicApps(connector.url.removesuffix("/api"))
    path = f"/files/{quote(name, safe='')}{query}"
    return client.upload(path, len(content), lambda first, length: content[first : first + length], 5)


@pytest.mark.parametrize("upload", [upload_json, upload_form, upload_raw, upload_parts])
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_name_is_the_same_in_all_operations(connector, session_id, upload, folder):
    """Stored, returned, listed, seen by code, read as JSON and as bytes, and deleted."""
    query = f"?sessionId={session_id}&folder={quote(folder, safe='')}"
    for name in NAMES:
        response = upload(connector, query, session_id, folder, name, name.encode())
        assert response.status_code == 200, response.text
        (returned,) = response.json()["files"]
        assert (returned["fileName"], returned["folder"], returned["size"]) == (name, folder, len(name.encode()))
    listed = connector.call("GET", f"/files{query}").json()["files"]
    assert {(file["fileName"], file["folder"]) for file in listed} == {(name, folder) for name in NAMES}
    code = f"import os\nsorted(name for name in os.listdir('/mnt/data/{folder}') if not name.startswith('_'))"
    assert connector.execute(code, session_id)["value"] == sorted(NAMES)
    for name in NAMES:
        path = f"/files/{quote(name, safe='')}"
        read = connector.call("GET", f"{path}{query}").json()
        assert (read["fileName"], read["folder"]) == (name, folder)
        assert base64.b64decode(read["fileContent"]) == name.encode()
        got = connector.call("GET", f"{path}/content{query}")
        assert got.content == name.encode()
        assert got.headers["Content-Disposition"].endswith(f"; filename*=UTF-8''{quote(name, safe='')}")
        assert connector.call("DELETE", f"{path}{query}").status_code == 204
    assert connector.call("GET", f"/files{query}").json()["files"] == []


@pytest.mark.parametrize("upload", [upload_json, upload_form, upload_raw, upload_parts])
@pytest.mark.parametrize("folder", [".outputs", "_outputs/run-1", "/mnt/data/_transfers/ranges/"])
def test_the_connectors_own_folders_are_refused(connector, session_id, upload, folder):
    """Files there would be removed, or mistaken for the connector's; below the user's folders the names are allowed."""

    def uploaded(folder: str):
        query = f"?sessionId={session_id}&folder={quote(folder, safe='')}"
        try:
            return upload(connector, query, session_id, folder, "a.txt", b"text")
        except TransferFailed as failure:
            return failure.response

    refused = uploaded(folder)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["target"]) == (400, "InvalidFileName", "folder")
    assert "is reserved for the connector" in error["message"]
    assert uploaded("in/_transfers").status_code == 200


def test_a_name_that_only_sessions_accept(connector, session_id):
    """Pools document no plus sign: such files are stored, replaced and read inside the session."""
    query = f"?sessionId={session_id}"

    def upload(**contents: bytes) -> int:
        parts = [("file", (name, content)) for name, content in contents.items()]
        return connector.call("POST", "/files", data={"sessionId": session_id}, files=parts).status_code

    assert upload(**{"a+b.csv": b"old", "plain.csv": b"old"}) == 200
    assert upload(**{"a+b.csv": b"new", "plain.csv": b"new", "c+d.csv": b""}) == 200
    assert connector.call("GET", f"/files/a%2Bb.csv/content{query}").content == b"new"
    assert connector.call("GET", f"/files/plain.csv/content{query}").content == b"new"
    assert connector.call("GET", f"/files/c%2Bd.csv/content{query}").content == b""
    ranged = connector.call("GET", f"/files/a%2Bb.csv/content{query}", headers={"Range": "bytes=1-1"})
    assert (ranged.status_code, ranged.content) == (206, b"e")
    assert connector.call("HEAD", f"/files/a%2Bb.csv/content{query}").headers["Content-Length"] == "3"
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        missing = connector.call(method, f"/files/none%2B.csv{path}{query}")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "FileNotFound")
    left = connector.execute("import os; os.listdir('/mnt/data/_transfers/ranges')", session_id)["value"]
    assert left == []


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("g.txt", "taken"),
        ("g.txt", "taken/deep/er"),
        ("g'.txt", "taken"),
        ("g'.txt", "taken/deep/er"),
        ("inside", "in"),
        ("in~side", "in"),
    ],
)
@pytest.mark.parametrize("several", [False, True])
def test_a_path_that_is_taken_is_refused(connector, session_id, name, folder, several):
    """By a folder, or a file where a folder goes, however the file is stored; existing files stay."""
    code = (
        "import os\nos.makedirs('/mnt/data/in/in~side'), os.mkdir('/mnt/data/in/inside')\n"
        "for path in ('taken', 'in/inside/kept'):\n    open('/mnt/data/' + path, 'w').close()"
    )
    assert connector.execute(code, session_id)["status"] == "Succeeded"
    if several:
        files = [{"fileName": one, "fileContent": ""} for one in ("first.txt", name)]
        body = {"sessionId": session_id, "folder": folder, "files": files}
        refused = connector.call("POST", "/files", json=body)
    else:
        refused = connector.call(
            "PUT", f"/files/{quote(name)}?sessionId={session_id}&folder={quote(folder)}", data=b"x"
        )
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidFileName")
    message = refused.json()["error"]["message"]
    assert "is taken by a folder" in message and "or that of its folder by a file. Upload the file under" in message
    listed = connector.call("GET", f"/files?sessionId={session_id}&recursive=true").json()["files"]
    assert sorted((file["folder"], file["fileName"]) for file in listed) == [("", "taken"), ("in/inside", "kept")]


def test_a_download_has_an_ascii_name_too(connector, session_id):
    """Old clients read percent signs in different ways."""
    connector.call("PUT", f"/files/50%25%20%C3%A9.csv?sessionId={session_id}", data=b"x")
    returned = connector.call("GET", f"/files/50%25%20%C3%A9.csv/content?sessionId={session_id}").headers
    assert returned["Content-Disposition"] == "attachment; filename=\"50_ _.csv\"; filename*=UTF-8''50%25%20%C3%A9.csv"
