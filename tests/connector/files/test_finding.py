"""Which file a caller means, and what a session that runs code can still do."""

from urllib.parse import quote

import pytest

from connector.errors import ConnectorError, FileNotFound, InvalidFileName, SessionBusy
from connector.executions.operations import execute_python_code
from connector.files import operations as files
from connector.files import tasks
from connector.files.finding import find_file
from connector.files.reading import download_range
from connector.files.sets import store_all
from connector.models import FilePath
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions, SessionClient
from connector.session_pool.wire import API_VERSIONS
from tests.connector.conftest import Token

FACTS = PoolFacts(rich_results=True)
COMPOSED, DECOMPOSED = "\u00e9t\u00e9", "e\u0301te\u0301"


@pytest.fixture(params=API_VERSIONS)
def caller(request, emulator) -> CallerSessions:
    return CallerSessions(Pools(SessionPoolClient(emulator.pool.endpoint, Token(emulator), api_version=request.param)))


def write(caller: CallerSessions, session_id: str, *paths: bytes) -> SessionClient:
    """Each file has its path as its content."""
    code = f"""
import os
for path in {paths!r}:
    os.makedirs(os.path.dirname(b'/mnt/data/' + path), exist_ok=True)
    with open(b'/mnt/data/' + path, 'wb') as file:
        file.write(path)
"""
    execution = execute_python_code(caller, FACTS, session_id=session_id, python_code=code)
    assert execution.status == "Succeeded", execution.stderr
    return caller.session(session_id)


def read(session: SessionClient, name: str, folder: str = "") -> bytes | None:
    path, file = files.find_headers(session, FACTS, FilePath(folder, name))
    return files.download_file(session, FACTS, path, file).content


def test_a_name_is_found_in_the_other_form_of_its_accents(caller, session_id):
    """If only that exists; a file whose name is exactly the requested one comes first. Folders, too."""
    first, second = (f"{name}.txt" for name in (COMPOSED, DECOMPOSED))
    session = write(caller, session_id, second.encode(), f"{DECOMPOSED}/a.txt".encode(), f"{COMPOSED}.csv".encode())
    assert read(session, first) == second.encode()
    assert read(session, f"{DECOMPOSED}.csv") == f"{COMPOSED}.csv".encode()
    assert read(session, "a.txt", COMPOSED) == read(session, "a.txt", DECOMPOSED) == f"{DECOMPOSED}/a.txt".encode()
    (listed,) = files.list_files(session, FACTS, folder=COMPOSED)
    assert (listed.folder, listed.file_name) == (DECOMPOSED, "a.txt")
    files.delete_file(session, FACTS, FilePath(COMPOSED, "a.txt"))
    assert files.list_files(session, FACTS, folder=DECOMPOSED) == []
    write(caller, session_id, first.encode())
    assert (read(session, first), read(session, second)) == (first.encode(), second.encode())
    files.delete_file(session, FACTS, FilePath("", first))
    assert read(session, first) == second.encode()
    files.delete_file(session, FACTS, FilePath("", first))
    with pytest.raises(FileNotFound):
        files.delete_file(session, FACTS, FilePath("", first))


def test_names_that_are_listed_alike_are_not_guessed(caller, session_id):
    """Both are listed; neither is read or deleted under the name that they share."""
    session = write(caller, session_id, b"caf\xe9.txt", b"caf\xe8.txt")
    (one, other) = files.list_files(session, FACTS)
    assert one.file_name == other.file_name == "caf\ufffd.txt"
    for operation in (files.get_file, files.delete_file):
        with pytest.raises(InvalidFileName, match="2 files whose names are shown as 'caf\ufffd.txt'. Rename them with"):
            operation(session, FACTS, FilePath("", one.file_name))
    assert len(files.list_files(session, FACTS)) == 2


BUSY_PATHS = ["Umsatz – Q1.csv", "v1.2/a.csv", "100%/a+b.csv", "plain/a\nb.csv"]


@pytest.mark.parametrize("api_version", [API_VERSIONS[0], API_VERSIONS[2]])
def test_a_session_that_runs_code_is_busy_and_has_all_its_files(
    emulator, session, session_id, keep_busy, api_version, monkeypatch
):
    """What needs a turn of the session is SessionBusy with the seconds to wait, and never a file that is not found."""
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.3)
    caller = CallerSessions(Pools(SessionPoolClient(emulator.pool.endpoint, Token(emulator), api_version=api_version)))
    same = write(caller, session_id, *(path.encode() for path in BUSY_PATHS), b"plain.csv")
    lists_all = api_version == API_VERSIONS[0]
    release = keep_busy()
    try:
        assert read(same, "plain.csv") == b"plain.csv"
        for path in BUSY_PATHS:
            folder, _, name = path.rpartition("/")
            for operation in (files.get_file, files.delete_file):
                with pytest.raises(SessionBusy) as busy:
                    operation(same, FACTS, FilePath(folder, name))
                assert busy.value.retry_after_seconds
            with pytest.raises(SessionBusy):
                new = name.replace("\n", "–")
                files.put_file(caller, FACTS, file_name=new, content=b"new", session_id=session_id, folder=folder)
        if lists_all:  # in one call of the pool, which needs no turn
            listed = files.list_files(same, FACTS, recursive=True)
            assert {f"{file.folder}/{file.file_name}".lstrip("/") for file in listed} >= {*BUSY_PATHS, "plain.csv"}
            assert [file.file_name for file in files.list_files(same, FACTS, folder="v1.2")] == ["a.csv"]
            with pytest.raises(FileNotFound):
                files.get_file(same, FACTS, FilePath("v1.2", "none.csv"))
        else:
            for arguments in ({"recursive": True}, {"folder": "v1.2"}):
                with pytest.raises(SessionBusy):
                    files.list_files(same, FACTS, **arguments)
            assert [file.file_name for file in files.list_files(same, FACTS, folder="plain")] == ["a\nb.csv"]
    finally:
        release()


class Stricter:
    """A session of a pool that takes ASCII alone."""

    def __init__(self, session: SessionClient) -> None:
        self._session = session

    def __getattr__(self, name: str):
        method = getattr(self._session, name)
        if name not in ("upload_file", "get_file", "download_file", "download_range", "delete_file", "list_files"):
            return method

        def checked(path, *given, **named):
            if not str(path).isascii():
                raise InvalidFileName("The session pool does not accept this file name or folder.", target="fileName")
            return method(path, *given, **named)

        return checked


def test_what_a_pool_refuses_goes_by_way_of_the_session(session):
    """Although its documentation says that it takes the name."""
    strict: SessionClient = Stricter(session)  # type: ignore[assignment]
    for folder in ("", "отчёты"):
        for content in (b"old", b"new"):
            (stored,) = store_all(strict, FACTS, folder, [("été.csv", content)], may_replace=True)
            assert (stored.name, stored.size) == ("été.csv", 3)
        both = store_all(strict, FACTS, folder, [("a.csv", b"1"), ("ü.csv", b"22")], may_replace=True)
        assert [(file.name, file.size) for file in both] == [("a.csv", 1), ("ü.csv", 2)]
        path, file = files.find_headers(strict, FACTS, FilePath(folder, "été.csv"))
        assert files.download_file(strict, FACTS, path, file).content == b"new"
        assert download_range(strict, FACTS, path, file, first=1, last=2) == b"ew"
        names = [file.file_name for file in files.list_files(strict, FACTS, folder=folder)]
        assert names == ["a.csv", "été.csv", "ü.csv"]
        files.delete_file(strict, FACTS, path)
        with pytest.raises(ConnectorError):
            find_file(strict, FACTS, path)


def test_a_file_is_read_in_a_session_without_room(start_pool, start_connector, session_id):
    """Although a task cannot copy it; no copy of it remains."""
    connector = start_connector(**start_pool(data_bytes=8 << 20).environment)
    query = f"?sessionId={session_id}"
    content = b"0123456789" * 500_000
    assert connector.call("PUT", f"/files/{quote('Umsatz – Q1.bin')}{query}", data=content).status_code == 200
    path = f"/files/{quote('Umsatz – Q1.bin')}/content{query}"
    assert connector.call("GET", path).content == content
    assert connector.call("GET", path, headers={"Range": "bytes=5-9"}).content == b"56789"
    assert connector.execute("import os; os.listdir('/mnt/data/_transfers/ranges')", session_id)["value"] == []


def test_a_file_that_the_pool_takes_is_one_call(api, emulator, session, session_id, monkeypatch):
    """To find it, to read it, and to delete it, whatever script its name is in."""
    session.upload_file(FilePath("Отчёты", "売上 2026.csv"), b"x")
    calls: list[str] = []
    call = SessionPoolClient.call

    def counted(client, method, *given, **named):
        calls.append(method)
        return call(client, method, *given, **named)

    monkeypatch.setattr(SessionPoolClient, "call", counted)
    query = f"?sessionId={session_id}&folder={quote('Отчёты')}"
    assert api.call("GET", f"/files/{quote('売上 2026.csv')}/content{query}").content == b"x"
    assert api.call("DELETE", f"/files/{quote('売上 2026.csv')}{query}").status_code == 204
    assert calls == ["GET", "GET", "DELETE"]


def test_a_plus_in_an_address_may_be_a_space(api, session_id):
    """As .NET's UrlEncode writes it: for reads, if there is no file of this very name, and one whose name it may be."""
    write = "for name in ['a b.txt', 'c+d.txt', 'c d.txt', 'e f+g.txt']: open(f'/mnt/data/{name}', 'w').write(name)"
    assert api.execute(write, session_id)["status"] == "Succeeded"
    query = {"sessionId": session_id}
    for asked, expected in {"a+b.txt": "a b.txt", "c+d.txt": "c+d.txt", "e+f+g.txt": "e f+g.txt"}.items():
        assert api.call("GET", f"/files/{asked}", params=query).json()["fileName"] == expected
        assert api.call("GET", f"/files/{asked}/content", params=query).text == expected
        head = api.call("HEAD", f"/files/{asked}/content", params=query)
        assert int(head.headers["Content-Length"]) == len(expected)
    assert api.call("GET", "/files/x+y.txt", params=query).status_code == 404


def test_a_deletion_does_not_guess(api, session_id):
    """The error states how a space is written."""
    assert api.execute("open('/mnt/data/a b.txt', 'w').write('x')", session_id)["status"] == "Succeeded"
    response = api.call("DELETE", "/files/a+b.txt", params={"sessionId": session_id})
    assert response.status_code == 404 and "%20" in response.json()["error"]["message"]
    assert api.call("DELETE", "/files/a%20b.txt", params={"sessionId": session_id}).status_code == 204
