"""UploadFile, CreateUploadUrl, ListFiles, GetFile, ShareFile and DeleteFile as tools."""

import base64
import re
import subprocess

import pytest
import requests

from connector.mcp import file_tools
from connector.mcp.file_content import decoded, encoding_of
from connector.transfers import transfer
from tests.connector.mcp.calls import call, run


def upload(api, name, content, session_id=None, **arguments):
    return call(api, "UploadFile", fileName=name, content=content, sessionId=session_id, **arguments)


# ---- in


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n", "", " \n ", "héllo 漢\r\n", "aGVsbG8=", '{"$content": 1}', "\ufeffx"]
)
def test_text_is_stored_exactly(api, session_id, content):
    """As UTF-8, whatever it looks like."""
    stored = upload(api, "note.txt", content, session_id)
    count = len(content.encode())
    assert f"Stored /mnt/data/note.txt ({count} byte{'' if count == 1 else 's'})." in stored.text
    read = run(api, "open('/mnt/data/note.txt', 'rb').read()", session_id)
    assert f"Result:\n{content.encode()!r}" in read.text


def test_base64_is_decoded(api, session_id):
    """For small binary files."""
    upload(api, "b.bin", base64.b64encode(bytes(range(256))).decode(), session_id, encoding="base64")
    read = run(api, "list(open('/mnt/data/b.bin', 'rb').read()) == list(range(256))", session_id)
    assert "Result:\nTrue" in read.text


def test_a_file_can_be_uploaded_to_a_new_session_and_a_folder(api):
    """The result has the session ID and the path for code."""
    stored = upload(api, "a.csv", "x", folder="in/2026")
    assert "Stored /mnt/data/in/2026/a.csv (1 byte)." in stored.text
    assert "Result:\nx" in run(api, "open('/mnt/data/in/2026/a.csv').read()", stored.session_id).text


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("/mnt/data/in/a.txt", ""),
        ("in/a.txt", ""),
        ("a.txt", "in"),
        ("a.txt", "/mnt/data/in"),
        ("/mnt/data/in/a.txt", "in"),
    ],
)
def test_a_path_is_a_name_with_its_folder(api, session_id, name, folder):
    """Code knows files by their paths, so models send these."""
    assert "Stored /mnt/data/in/a.txt" in upload(api, name, "x", session_id, folder=folder).text
    assert (
        "Deleted /mnt/data/in/a.txt" in call(api, "DeleteFile", sessionId=session_id, fileName=name, folder=folder).text
    )


@pytest.mark.parametrize(
    ("name", "content", "arguments", "words"),
    [
        ("a.bin", "not base64!", {"encoding": "base64"}, "InvalidFileContent: The argument content is not base64."),
        ("a.txt", "half \ud800", {}, "InvalidFileContent: The argument content has half of a surrogate pair"),
        ("../a.txt", "x", {}, "InvalidFileName: "),
        ("/etc/passwd", "x", {}, "InvalidFileName: "),
        ("a\nb.txt", "x", {}, "InvalidFileName: "),
        ("", "x", {}, "InvalidFileName: fileName is empty"),
        ("a.txt", "x", {"folder": ".outputs"}, "reserved"),
        ("a.txt", {"a": 1}, {}, "content is an object. Send text."),
    ],
)
def test_what_cannot_be_stored_is_an_error(api, session_id, name, content, arguments, words):
    """With the reason."""
    refused = upload(api, name, content, session_id, **arguments)
    assert refused.is_error
    assert words in refused.text


@pytest.mark.parametrize("name", ["big data's $file.csv", "data[1-3].csv", "{a,b}.csv", "-o", "$(id) `id`!.csv"])
def test_an_upload_url_comes_with_its_command(api, tmp_path, name):
    """Which a shell runs as it is, also for a name that means something to the shell or to curl; then the session has
    the file.
    """
    created = call(api, "CreateUploadUrl", fileName=name, folder="in")
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {created.text.splitlines()[-1]}"], capture_output=True, check=True, text=True
    ).stdout.splitlines()
    command = [_on_this_host(api, word) for word in words]
    assert command[0] == "curl"
    (tmp_path / name).write_bytes(b"a,b\n")
    sent = subprocess.run([*command, "--noproxy", "*"], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert sent.returncode == 0, sent.stderr
    read = call(api, "GetFile", sessionId=created.session_id, fileName=name, folder="in")
    assert read.text.endswith("a,b\n")


def test_the_command_of_an_upload_url_is_for_windows_too(api):
    """Whose cmd.exe knows no quotes but double ones."""
    created = call(api, "CreateUploadUrl", fileName="große Datei.csv")
    assert re.search(r' -T "\./große Datei\.csv" "[^"\']+"$', created.text)


def _on_this_host(api, url):
    """Without PUBLIC_BASE_URL, addresses are paths."""
    return api.url.rsplit("/", 1)[0] + url if url.startswith("/") else url


# ---- lists


def test_files_are_listed_with_their_sizes(api, session_id):
    """Those in subfolders on request."""
    upload(api, "b.txt", "xx", session_id)
    upload(api, "c.txt", "x", session_id, folder="sub")
    assert call(api, "ListFiles", sessionId=session_id).text == "Files in /mnt/data:\n- /mnt/data/b.txt (2 bytes)"
    everything = call(api, "ListFiles", sessionId=session_id, recursive=True).text
    assert everything.splitlines()[1:] == ["- /mnt/data/b.txt (2 bytes)", "- /mnt/data/sub/c.txt (1 byte)"]
    assert call(api, "ListFiles", sessionId=session_id, folder="sub").text.startswith("Files in /mnt/data/sub:")
    assert call(api, "ListFiles", sessionId=session_id, folder="none").text.startswith("There are no files")


@pytest.mark.parametrize("name", ["f", "é" * 110])
def test_long_lists_have_pages_without_omissions(api, session_id, name):
    """Each page is followed by a token for the next, also where long names make it shorter."""
    run(api, f"for number in range(250): open(f'{{number:03}}{name}', 'w').close()", session_id)
    found, token = [], None
    while True:
        page = call(api, "ListFiles", sessionId=session_id, continuationToken=token)
        lines = page.text.split("\n\n")[0].splitlines()[1:]
        found += [line.removeprefix("- /mnt/data/")[:3] for line in lines]
        if "continuationToken " not in page.text:
            break
        token = page.after("continuationToken ")
    assert found == [f"{number:03}" for number in range(250)]


# ---- reading


def test_text_is_read_in_chunks_of_complete_lines(api, session_id):
    """Together they are the file."""
    upload(api, "long.txt", "".join(f"line {number} é\n" for number in range(5000)), session_id)
    text, offset = "", 0
    while True:
        part = call(api, "GetFile", sessionId=session_id, fileName="long.txt", offset=offset).answer.result["content"]
        assert part[1]["text"].endswith("\n")
        text += part[1]["text"]
        if "with offset " not in part[0]["text"]:
            break
        begin, offset = offset, int(part[0]["text"].partition("with offset ")[2].split()[0])
        assert f"bytes {begin:,} to {offset - 1:,}." in part[0]["text"]
    assert text == "".join(f"line {number} é\n" for number in range(5000))


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "utf-16-le"), ("cp1252", "cp1252"), ("utf-32", "utf-32-le")],
)
def test_text_is_decoded(api, session_id, encoding, shown):
    """And the encoding stated if it is not UTF-8."""
    run(api, f"open('a.csv', 'wb').write('Größe;5 €\\n'.encode('{encoding}'))", session_id)
    read = call(api, "GetFile", sessionId=session_id, fileName="a.csv")
    title, content = (block["text"] for block in read.answer.result["content"])
    assert content == "Größe;5 €\n"
    assert title.startswith("/mnt/data/a.csv (text/csv, ")
    assert (f"decoded as {shown}" in title) if shown else ("decoded" not in title)


@pytest.mark.parametrize("code", ["'\\x1b' * 100_000", "'漢' * 100_000", "'é' * 100_000", "'\\n' * 100_000"])
def test_a_text_without_lines_fits_too(api, session_id, code):
    """Whatever its characters take in JSON, and it can be continued."""
    run(api, f"open('a.txt', 'w').write({code})", session_id)
    first = call(api, "GetFile", sessionId=session_id, fileName="a.txt")
    offset = first.after("with offset ")
    assert int(offset) > 5_000
    second = call(api, "GetFile", sessionId=session_id, fileName="a.txt", offset=offset)
    assert second.answer.result["content"][1]["text"][:1] in "\x1b漢é\n"


def test_an_image_is_shown(api, session_id):
    """Under the type that its bytes have."""
    run(api, "from PIL import Image\nImage.new('RGB', (20, 20)).save('a.png', format='JPEG')", session_id)
    shown = call(api, "GetFile", sessionId=session_id, fileName="a.png")
    assert [image["mimeType"] for image in shown.images] == ["image/jpeg"]


def test_an_image_that_is_too_large_comes_with_the_code_that_shows_it(api, session_id):
    """Which runs as it is."""
    run(
        api,
        "import numpy\nfrom PIL import Image\n"
        "Image.fromarray(numpy.random.randint(0, 255, (400, 400, 3), dtype='uint8')).save('it\\'s big.png')",
        session_id,
    )
    refused = call(api, "GetFile", sessionId=session_id, fileName="it's big.png")
    assert not refused.images
    assert len(refused.links) == 1
    code = refused.text.partition("run: ")[2].partition(". ShareFile")[0]
    assert len(run(api, code, session_id).images) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.xlsx", "import pandas; pandas.DataFrame({'a': [1]}).to_excel('a.xlsx')"),
        ("a.zip", "import zipfile; zipfile.ZipFile('a.zip', 'w').writestr('x', 'y')"),
        ("a.npy", "import numpy; numpy.save('a.npy', numpy.zeros(3))"),
        ("a.bin", "open('a.bin', 'wb').write(bytes(range(256)))"),
        ("a.db", "import sqlite3; c = sqlite3.connect('a.db'); c.execute('create table t (x)'); c.commit()"),
    ],
)
def test_other_files_come_with_the_code_that_reads_them(api, session_id, name, code):
    """Not as base64; and with a link for hosts."""
    run(api, code, session_id)
    read = call(api, "GetFile", sessionId=session_id, fileName=name)
    assert not read.is_error
    assert read.links[0]["uri"].endswith(f"/files/{name}")
    assert read.answer.characters < 1_500
    suggested = read.text.partition("such as ")[2].partition(". ShareFile")[0]
    module = suggested.partition(".")[0]
    ran = run(
        api,
        f"import {module}\n{suggested}" if module in ("pandas", "numpy", "zipfile", "sqlite3") else suggested,
        session_id,
    )
    assert not ran.is_error, ran.text


def test_a_file_that_is_empty_or_ends_before_is_stated(api, session_id):
    """It is no error."""
    upload(api, "a.txt", "", session_id)
    assert "a.txt (text/plain, 0 bytes) is empty." in call(api, "GetFile", sessionId=session_id, fileName="a.txt").text
    upload(api, "a.txt", "xyz", session_id)
    assert "ends before byte 3" in call(api, "GetFile", sessionId=session_id, fileName="a.txt", offset=3).text


@pytest.mark.parametrize("name", ["100% #1?.txt", "a&b=c.txt", "漢字.txt", " lead.txt", "it's.txt", "a%20b.txt"])
def test_any_name_can_be_written_read_and_deleted(api, session_id, name):
    """As it is, without encoding."""
    assert not upload(api, name, "content", session_id).is_error
    assert call(api, "GetFile", sessionId=session_id, fileName=name).text.endswith("content")
    assert not call(api, "DeleteFile", sessionId=session_id, fileName=name).is_error
    assert call(api, "GetFile", sessionId=session_id, fileName=name).text.startswith("FileNotFound: ")


def test_a_missing_file_is_an_error(api, session_id):
    """With the tool that finds it."""
    for tool in ("GetFile", "DeleteFile", "ShareFile"):
        missing = call(api, tool, sessionId=run(api, "1", session_id).session_id, fileName="none.txt")
        assert missing.is_error
        assert "ListFiles" in missing.text


# ---- from storage


def test_a_blob_is_imported_into_a_session(api_with_storage, storage, session_id):
    """By its URL; without a session ID, into a new session. Its content is not in the result."""
    storage.put("mcp/sales.csv", b"region,amount\n")
    url = f"{storage.server.container_url('imports')}/mcp/sales.csv"
    for arguments in ({"sessionId": session_id}, {}):
        imported = call(api_with_storage, "ImportFile", url=url, **arguments)
        assert not imported.is_error and "Imported /mnt/data/sales.csv (14 bytes)" in imported.text
        assert (imported.session_id == session_id) == bool(arguments)
        read = call(api_with_storage, "GetFile", sessionId=imported.session_id, fileName="sales.csv")
        assert "region,amount" in read.text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("{imports}/mcp/none.csv", "BlobNotFound"),
        ("{imports}/mcp/none.csv?sv=2024-11-04&sig=x", "FILE_URL_HOSTS"),
        ("{files}/workspaces/x.tar", "FILE_URL_HOSTS"),
        ("https://contoso.example/sales.csv", "FILE_URL_HOSTS"),
    ],
    ids=["no blob", "a signature", "a file of others", "another host"],
)
def test_what_cannot_be_imported_is_an_error(api_with_storage, storage, url, words):
    """That of the operation, which names the setting for its operator."""
    containers = {name: storage.server.container_url(name) for name in ("files", "imports")}
    refused = call(api_with_storage, "ImportFile", url=url.format(**containers))
    assert refused.is_error and words in refused.text


# ---- out


def test_a_shared_file_opens_without_a_key(api, session_id):
    """By the link in the text, which stands in a line of its own."""
    upload(api, "report #1.csv", "a,b\n", session_id)
    shared = call(api, "ShareFile", sessionId=session_id, fileName="report #1.csv", lifetimeInSeconds=600)
    (link,) = [line for line in shared.text.splitlines() if "/shared/" in line]
    opened = requests.get(_on_this_host(api, link), timeout=30)
    assert opened.content == b"a,b\n"


def test_a_link_with_storage_is_a_resource_too(start_connector, emulator, storage, session_id):
    """Which hosts show to people, if its address is public; it does not end with the file."""
    public = {"PUBLIC_BASE_URL": "https://app.example"}
    api = start_connector(**emulator.environment, **storage.environment, **public)
    upload(api, "report #1.csv", "a,b\n", session_id)
    shared = call(api, "ShareFile", sessionId=session_id, fileName="report #1.csv")
    (link,) = [line for line in shared.text.splitlines() if line.startswith("https://")]
    assert "or the file changes" not in shared.text
    (resource,) = shared.links
    assert resource == {
        "type": "resource_link", "uri": link, "name": "report #1.csv", "mimeType": "text/csv", "size": 4,
    }  # fmt: skip
    call(api, "DeleteFile", sessionId=session_id, fileName="report #1.csv")
    opened = requests.get(link.replace("https://app.example/api", api.url), timeout=30)
    assert opened.content == b"a,b\n"
    refused = call(api, "ShareFile", sessionId=session_id, fileName="a.txt", lifetimeInSeconds=10_000_000)
    assert refused.is_error and "604,800 seconds" in refused.text


def test_a_file_that_takes_longer_than_a_call_is_not_shared(api_with_storage, storage, session_id, monkeypatch):
    """Models do not poll. Nothing of it is left."""
    monkeypatch.setattr(transfer, "PART_BYTES", 1000)
    monkeypatch.setattr(file_tools, "LONGEST_COPY_SECONDS", 0)
    upload(api_with_storage, f"{session_id}.txt", "x" * 3000, session_id)
    refused = call(api_with_storage, "ShareFile", sessionId=session_id, fileName=f"{session_id}.txt")
    assert refused.text.startswith("FileTooLarge: The file has 3,000 bytes, and only 1,000 were copied")
    account = storage.server.account.container("files")
    assert not [name for name in (*account.blobs, *account.uncommitted) if session_id in name]


def test_links_need_a_signing_key(start_connector, emulator, session_id):
    """The error names the setting."""
    api = start_connector(**{**emulator.environment, "SIGNING_KEY": ""})
    upload(api, "a.txt", "x", session_id)
    for tool in ("ShareFile", "CreateUploadUrl"):
        arguments = {"sessionId": session_id, "fileName": "a.txt"}
        assert "SIGNING_KEY is missing" in call(api, tool, **arguments).text


# ---- decoding


def test_bytes_that_are_no_text_have_no_encoding():
    """Those with control characters, or that Windows-1252 does not have."""
    assert encoding_of(b"a\x00b", is_complete=True) is None
    assert encoding_of(b"\x81\x8d", is_complete=True) is None
    assert encoding_of("é".encode()[:1], is_complete=False) == "utf-8"
    assert encoding_of("é".encode()[:1], is_complete=True) == "cp1252"
    assert encoding_of(b"colors \x1b[31m\tand\r\n", is_complete=True) == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["é€x" * 50, "line é\n" * 40, "\n" * 50])
def test_chunks_of_any_size_are_the_text(encoding, text):
    """Characters that a chunk divides are in the next one."""
    content = text.encode(encoding)
    for size in range(8, 60, 4):
        parts, start = [], 0
        while start < len(content):
            chunk = content[start : start + size]
            part, used = decoded(chunk, encoding, is_first=start == 0, is_last=start + len(chunk) == len(content))
            parts.append(part)
            start += used
            assert used > 0
        assert "".join(parts) == text


def test_an_offset_within_a_character_skips_its_rest():
    """A model may send any number."""
    assert decoded("漢字".encode()[1:], "utf-8", is_first=False, is_last=True) == ("字", 5)
