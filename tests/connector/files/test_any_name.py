"""Whatever its name: a file can be uploaded, listed, read and deleted, in every version of the pool's interface."""

import base64
import json
from urllib.parse import quote

import pytest
from werkzeug.http import parse_options_header

from connector.session_pool.wire import API_VERSIONS
from tests.connector.files.any_names import FOLDERS, ONLY_IN_JSON, UPLOADED, WRITTEN, as_listed
from tests.logic_apps_client import LogicApps

WRITE = f"""
import os
for path in {WRITTEN!r}:
    file = b'/mnt/data/' + path
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, 'wb') as opened:
        opened.write(b'content of ' + path)
"""


@pytest.fixture(scope="module", params=API_VERSIONS)
def connector(request, emulator, running_connector):
    with running_connector(**emulator.environment, POOL_API_VERSION=request.param) as running:
        yield running


@pytest.fixture(scope="module", params=[API_VERSIONS[0], API_VERSIONS[-1]])
def newest_or_oldest(request, emulator, running_connector):
    with running_connector(**emulator.environment, POOL_API_VERSION=request.param) as running:
        yield running


def address(file: dict, session_id: str, route: str = "") -> str:
    """The address of a listed file: its name and folder, encoded once."""
    folder = quote(file["folder"], safe="")
    return f"/files/{quote(file['fileName'], safe='')}{route}?sessionId={session_id}&folder={folder}"


def listed(connector, session_id: str) -> list[dict]:
    response = connector.call("GET", f"/files?sessionId={session_id}&recursive=true")
    assert response.status_code == 200, response.text
    files: list[dict] = response.json()["files"]
    return files


def test_what_a_run_writes_is_reported_listed_downloaded_and_deleted(connector, session_id):
    """Under the same names, with nothing but what the list has."""
    execution = connector.execute(WRITE, session_id)
    assert execution["status"] == "Succeeded", execution["stderr"]
    files = listed(connector, session_id)
    expected = sorted(as_listed(path) for path in WRITTEN)
    assert [(file["folder"], file["fileName"]) for file in files] == expected
    assert sorted((file["folder"], file["fileName"]) for file in execution["files"]) == expected
    content = {as_listed(path): b"content of " + path for path in WRITTEN}
    for file in files:
        downloaded = connector.call("GET", address(file, session_id, "/content"))
        assert downloaded.content == content[file["folder"], file["fileName"]], file
        assert connector.call("DELETE", address(file, session_id)).status_code == 204, file
    assert listed(connector, session_id) == []
    for file in files[::10]:
        missing = connector.call("GET", address(file, session_id))
        assert missing.status_code == (400 if "%2F" in file["fileName"] else 404), file


def test_every_way_to_read_a_file_takes_every_name(api, session_id):
    """As JSON, its headers, a range, a version; and the name comes back in a header that no name can break."""
    assert api.execute(WRITE, session_id)["status"] == "Succeeded"
    for file in listed(api, session_id):
        got = api.call("GET", address(file, session_id)).json()
        assert (got["fileName"], got["folder"]) == (file["fileName"], file["folder"])
        content = base64.b64decode(got["fileContent"])
        assert len(content) == file["size"] and content.startswith(b"content of ")
        path = address(file, session_id, "/content")
        headers = api.call("HEAD", path).headers
        assert int(headers["Content-Length"]) == file["size"] and "X-Injected" not in headers
        ranged = api.call("GET", path, headers={"Range": "bytes=3-9", "If-Range": headers["ETag"]})
        assert (ranged.status_code, ranged.content) == (206, content[3:10])
        assert api.call("GET", path, headers={"If-None-Match": headers["ETag"]}).status_code == 304
        disposition = ranged.headers["Content-Disposition"]
        assert parse_options_header(disposition)[1]["filename"] == file["fileName"]
        plain, _, _ = disposition.removeprefix('attachment; filename="').partition('"; filename*=')
        assert plain.isascii() and len(plain) == len(file["fileName"]) and not set(plain) & set('"\\%\r\n')


def test_sessions_without_isolation_have_the_same_names(start_pool, start_connector, session_id):
    """Where code's /mnt/data is a folder elsewhere; in a version that leaves most folders to tasks."""
    environment = start_pool(portable=True).environment
    connector = start_connector(**environment, POOL_API_VERSION="2024-10-02-preview")
    assert connector.execute(WRITE, session_id)["status"] == "Succeeded"
    files = listed(connector, session_id)
    assert [(file["folder"], file["fileName"]) for file in files] == sorted(as_listed(path) for path in WRITTEN)
    for file in files[::3]:
        downloaded = connector.call("GET", address(file, session_id, "/content"))
        assert downloaded.status_code == 200 and len(downloaded.content) == file["size"], file
        assert connector.call("DELETE", address(file, session_id)).status_code == 204, file
    assert len(listed(connector, session_id)) == len(files) - len(files[::3])


def upload_json(connector, session_id, folder, contents):
    files = [{"fileName": name, "fileContent": base64.b64encode(content).decode()} for name, content in contents]
    body = {"sessionId": session_id, "folder": folder, "files": files}
    return connector.call("POST", "/files", json=body).json()["files"]


def upload_form(connector, session_id, folder, contents):
    parts = [("file", content) for content in contents]
    return connector.call("POST", "/files", data={"sessionId": session_id, "folder": folder}, files=parts).json()[
        "files"
    ]


def upload_raw(connector, session_id, folder, contents):
    paths = [(address({"fileName": name, "folder": folder}, session_id), content) for name, content in contents]
    return [connector.call("PUT", path, data=content).json()["files"][0] for path, content in paths]


def upload_chunks(connector, session_id, folder, contents):
    client = LogicApps(connector.url.removesuffix("/api"))
    paths = [(address({"fileName": name, "folder": folder}, session_id), content) for name, content in contents]
    return [
        client.upload(path, len(content), lambda first, length, all=content: all[first : first + length], 30).json()[
            "files"
        ][0]
        for path, content in paths
    ]


@pytest.mark.parametrize("upload", [upload_json, upload_form, upload_raw, upload_chunks])
@pytest.mark.parametrize("folder", ["", FOLDERS[1]])
def test_a_file_is_stored_under_the_name_it_has(newest_or_oldest, session_id, upload, folder):
    """As code sees it, too. A second upload replaces it."""
    names = [*UPLOADED, *(ONLY_IN_JSON if upload is upload_json else [])]
    names = names[::4] if upload is upload_chunks else names
    for version in ("old", "new"):
        contents = [(name, f"{version} content of {name}".encode()) for name in names]
        stored = upload(newest_or_oldest, session_id, folder, contents)
        assert [(file["fileName"], file["folder"], file["size"]) for file in stored] == [
            (name, folder, len(content)) for name, content in contents
        ]
    code = (
        "import os\n"
        f"{{name: open('/mnt/data/{folder}/' + name).read() for name in os.listdir('/mnt/data/{folder}')"
        " if not name.startswith('_')}"
    )
    assert newest_or_oldest.execute(code, session_id)["value"] == {name: all.decode() for name, all in contents}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_file_is_stored_in_any_folder(newest_or_oldest, session_id, folder):
    """Listed there, by the folder's own list and by that of all files."""
    for upload in (upload_json, upload_chunks):
        (stored,) = upload(newest_or_oldest, session_id, folder, [("a.txt", b"content")])
        assert (stored["fileName"], stored["folder"], stored["size"]) == ("a.txt", folder, 7)
    code = f"open('/mnt/data/{folder}/a.txt').read()"
    assert newest_or_oldest.execute(code, session_id)["result"] == "content"
    assert [file["folder"] for file in listed(newest_or_oldest, session_id)] == [folder]
    query = f"?sessionId={session_id}&folder={quote('/mnt/data/' + folder, safe='')}"
    assert [file["folder"] for file in newest_or_oldest.call("GET", f"/files{query}").json()["files"]] == [folder]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("in/side.txt", "'in/side.txt' is a path. Send the name alone"),
        ("C:\\a.txt", "'C:\\a.txt' is a path. Send the name alone"),
        ("..", "'..' is a path"),
        ("a\nb", "'a<U+000A>b' has characters that are not text (U+000A). Remove control characters"),
        ("a\0b", "(U+0000)"),
        ("\udc80–.txt", "'<U+DC80>–.txt' has characters that are not text (U+DC80)"),
        ("–" * 86, "has more than 255 bytes. Shorten it."),
    ],
)
def test_what_no_session_can_have_is_refused(api, session_id, name, expected):
    """The message shows the characters."""
    body = json.dumps({"sessionId": session_id, "files": [{"fileName": name, "fileContent": ""}]})
    refused = api.call("POST", "/files", data=body, headers={"Content-Type": "application/json"})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["target"]) == (400, "InvalidFileName", "files[0].fileName")
    assert expected in error["message"]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("../etc", "The folder '../etc' is not below /mnt/data."),
        ("a/./b", "The folder 'a/./b' is not below /mnt/data."),
        ("a\\b", "The folder has 'a\\b' as a name. Separate the names of folders with /"),
        ("a/–\t", "The name '–<U+0009>' has characters that are not text (U+0009)."),
        ("x" * 256, "has more than 255 bytes. Shorten it."),
        ("x/" * 1499 + "x", "have more than 3,000 bytes. Use a shorter folder."),
    ],
)
def test_a_folder_that_no_session_can_have_is_refused(api, session_id, folder, expected):
    """Its names are separated by slashes, and have the same characters as those of files."""
    body = {"sessionId": session_id, "folder": folder, "files": [{"fileName": "a.txt", "fileContent": ""}]}
    error = api.call("POST", "/files", json=body).json()["error"]
    assert (error["code"], error["target"]) == ("InvalidFileName", "folder")
    assert expected in error["message"]


def test_a_name_in_an_address_with_an_encoded_slash(api, session_id):
    """It is a path unless there is a file that has these characters in its name."""
    path = f"/files/in%2Fa.txt/content?sessionId={session_id}"
    api.call("PUT", f"/files/a.txt?sessionId={session_id}&folder=in", data=b"x")
    for method in ("GET", "DELETE"):
        refused = api.call(method, path.replace("/content", "" if method == "DELETE" else "/content"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidFileName")
    refused = api.call("PUT", path.replace("/content", ""), data=b"x").json()["error"]["message"]
    assert "is a path" in refused and "UploadFile" in refused
    upload_json(api, session_id, "", [("in%2Fa.txt", b"itself")])
    assert api.call("GET", path).content == b"itself"


def test_the_name_of_a_part_in_all_spellings(api, session_id):
    """Quoted pairs, percent escapes of browsers, and filename*; a path is shortened, and Latin-1 is refused."""

    def stored(name: bytes):
        start = b"--b\r\nContent-Disposition: form-data; name="
        body = b'%s"sessionId"\r\n\r\n%s\r\n%s"file"; %s\r\n\r\nx\r\n--b--\r\n' % (
            start,
            session_id.encode(),
            start,
            name,
        )
        response = api.call("POST", "/files", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
        return response.json()["files"][0]["fileName"] if response.ok else response.json()["error"]["message"]

    assert stored('filename="Umsatz – Q1.csv"'.encode()) == "Umsatz – Q1.csv"
    assert stored(rb'filename="say \"hi\".txt"') == stored(b'filename="say %22hi%22.txt"') == 'say "hi".txt'
    assert stored(b"filename=\"x.csv\"; filename*=UTF-8''Umsatz%20%E2%80%93%20Q1.csv") == "Umsatz – Q1.csv"
    assert stored(b"filename*=UTF-8''100%25%20a%2Bb.csv") == "100% a+b.csv"
    assert stored(b'filename="folder/100%25.csv"') == "100%25.csv"
    assert "has a backslash, and so is a path" in stored(rb'filename="C:\temp\sales.csv"')
    assert "is a path" in stored(rb'filename="a\\b.csv"')
    assert "is not UTF-8. Encode the headers of parts as UTF-8" in stored(b'filename="caf\xe9.txt"')
