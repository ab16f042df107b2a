"""Several files in one call, with real sessions: all of them, or none."""

import threading
import time

import pytest

from connector.errors import ConnectorError, InvalidFileName, PoolUnavailable, SessionBusy
from connector.executions.operations import Runs, execute_python_code
from connector.files import sets as file_sets
from connector.files import tasks
from connector.files.operations import list_files, upload_contents
from connector.files.sets import store_all
from connector.in_session.tasks import replace_files
from connector.models import FilePath
from connector.session_pool.sessions import SessionClient

RUNS = Runs(rich_results=True)


class Failing:
    """A session, but for what a test lets fail."""

    def __init__(self, session: SessionClient, failing_content: bytes, *, is_down: bool = False) -> None:
        self._session, self._failing_content, self._is_down = session, failing_content, is_down
        self.deletions = 0

    def __getattr__(self, name: str):
        return getattr(self._session, name)

    def upload_file(self, path: FilePath, content: bytes):
        if content == self._failing_content:
            raise PoolUnavailable("The session pool has trouble.")
        return self._session.upload_file(path, content)

    def delete_file(self, path: FilePath) -> None:
        self.deletions += 1
        if self._is_down:
            raise PoolUnavailable("The session pool has trouble.")
        self._session.delete_file(path)


def contents(session, folder: str = "") -> dict[str, bytes]:
    """Of the session's files, with the connector's own, but for the mark that files were put in place."""
    return {
        f"{file.directory}/{file.name}".lstrip("/"): session.download_file(
            FilePath("/".join(filter(None, (folder, file.directory))), file.name)
        )
        for file in session.list_files(folder, recursive=True)
        if not file.directory.startswith("_outputs") and file.name != "complete"
    }


@pytest.mark.parametrize("folder", ["", "in/deep"])
def test_files_replace_others_together(pool, session, session_id, folder):
    """Those that were there, those that were not, in the order in which they came; nothing else is left."""
    for name in ("b", "c"):
        session.upload_file(FilePath(folder, name), b"old")
    sent = [("a", b"1"), ("b", b"22"), ("c", b"333")]
    stored = upload_contents(pool, RUNS, contents=sent, session_id=session_id, folder=folder).files
    assert [(file.file_name, file.folder, file.size) for file in stored] == [
        ("a", folder, 1),
        ("b", folder, 2),
        ("c", folder, 3),
    ]
    assert contents(session, folder) == dict(sent)
    assert [file.file_name for file in list_files(session, recursive=True).files] == ["a", "b", "c"]


@pytest.mark.parametrize("old", [[], ["b"], ["c"], ["a", "c"], ["a", "b", "c"]])
def test_when_one_fails_all_is_as_before(session, old):
    """What was new is gone, what was there has its old bytes, and the error names the file."""
    for name in old:
        session.upload_file(FilePath("", name), b"old")
    sent = [("a", b"1"), ("b", b"22"), ("c", b"333")]
    with pytest.raises(PoolUnavailable) as failure:
        store_all(Failing(session, b"22"), RUNS, "", sent, may_replace=True)  # type: ignore[arg-type]
    assert failure.value.target == "b"
    assert failure.value.message.startswith(
        "The file 'b' was not stored, and so none of the 3 is. The session pool has"
    )
    assert contents(session) == {name: b"old" for name in old}


def test_what_cannot_be_removed_again_is_named(session):
    """A pool in trouble is not asked for each file; the caller learns what may be there."""
    failing = Failing(session, b"c", is_down=True)
    with pytest.raises(PoolUnavailable) as failure:
        store_all(failing, RUNS, "", [(name, name.encode()) for name in "abc"], may_replace=True)  # type: ignore[arg-type]
    assert failure.value.message.endswith("These could not be removed again, and may be there: a, b, c.")
    assert failing.deletions == 1


_CHANGED, _UNSURE = " These have changed meanwhile, and are left as they are: a.", ", and may be there: c."


@pytest.mark.parametrize(
    ("name", "theirs", "told"),
    [
        ("a", b"of another call", _CHANGED),
        ("a", b"a", _CHANGED),
        ("c", b"of another call", _UNSURE),
        ("c", b"c", _UNSURE),
    ],
)
def test_what_another_call_has_stored_meanwhile_stays(session, name, theirs, told):
    """Only what this call has surely written is removed, and the error says what is left."""
    failing = Failing(session, b"c")
    upload_file = failing.upload_file

    def upload(path: FilePath, content: bytes):
        if path.name == "c":
            session.upload_file(FilePath("", name), theirs)
        return upload_file(path, content)

    failing.upload_file = upload  # type: ignore[method-assign]
    with pytest.raises(PoolUnavailable) as failure:
        store_all(failing, RUNS, "", [(name, name.encode()) for name in "abc"], may_replace=True)  # type: ignore[arg-type]
    assert contents(session) == {name: theirs}
    assert failure.value.message.endswith(told)


def test_what_was_put_aside_is_named_as_it_was_sent(session):
    """Not by the number that it has aside."""
    session.upload_file(FilePath("", "b"), b"old")
    sent = [(name, name.encode()) for name in ("a", "b", "b+c", "d")]
    with pytest.raises(PoolUnavailable) as failure:
        store_all(Failing(session, b"d", is_down=True), RUNS, "", sent, may_replace=True)  # type: ignore[arg-type]
    assert failure.value.message.endswith("may be there: b, b+c, a, d.")


def test_a_new_session_is_not_asked_what_it_has(pool, monkeypatch):
    """Without a session ID nothing can be replaced, and the upload costs one call for each file."""
    monkeypatch.setattr(SessionClient, "list_files", None)
    assert len(upload_contents(pool, RUNS, contents=[("a", b""), ("b", b"")]).files) == 2


def test_a_folder_in_the_place_of_a_file_is_told(session, monkeypatch):
    """Nothing is replaced, and the folder stays with what is in it."""
    for name in ("a", "b"):
        session.upload_file(FilePath("", name), b"old")
    listed = session.list_files("", recursive=False)
    session.delete_file(FilePath("", "b"))
    session.upload_file(FilePath("b", "inside"), b"kept")
    monkeypatch.setattr(SessionClient, "list_files", lambda *_, **__: listed)
    with pytest.raises(InvalidFileName, match="There is a folder 'b' where the file goes") as failure:
        store_all(session, RUNS, "", [("a", b"1"), ("b", b"2"), ("c", b"3")], may_replace=True)
    assert failure.value.target == "b" and failure.value.message.startswith("The file 'b' was not stored")
    monkeypatch.undo()
    assert contents(session) == {"a": b"old", "b/inside": b"kept"}


def test_files_that_code_has_removed_on_their_way_are_asked_for_again(session, monkeypatch):
    """There is nothing wrong with them."""
    monkeypatch.setattr(file_sets, "perform", lambda *_, **__: {"areInPlace": False})
    with pytest.raises(PoolUnavailable, match="Send them again") as failure:
        store_all(session, RUNS, "", [("a+b", b"1")], may_replace=True)
    assert failure.value.retry_after_seconds


def test_a_busy_session_loses_nothing(pool, session, session_id, monkeypatch):
    """SessionBusy, and the task that comes late finds nothing to do; the same call works when the run has ended."""
    monkeypatch.setattr(tasks, "_PATIENCE_SECONDS", 0.5)
    for name in ("a", "b"):
        session.upload_file(FilePath("", name), b"old")
    run = threading.Thread(
        target=execute_python_code, args=(pool, RUNS),
        kwargs={"session_id": session_id, "python_code": "import time; time.sleep(2)"},
    )  # fmt: skip
    run.start()
    time.sleep(0.3)
    sent = [("a", b"1"), ("b", b"2")]
    with pytest.raises(SessionBusy) as busy:
        store_all(session, RUNS, "", sent, may_replace=True)
    assert busy.value.retry_after_seconds and isinstance(busy.value, ConnectorError)
    run.join()
    assert (
        execute_python_code(pool, RUNS, session_id=session_id, python_code="open('/mnt/data/a').read()").value == "old"
    )
    store_all(session, RUNS, "", sent, may_replace=True)
    assert contents(session) == dict(sent)


def test_what_a_late_task_would_put_in_place_is_removed_first(session, monkeypatch):
    """A session that is busy at first may do the task during the removal: without the first file it does nothing."""
    removed: list[str] = []
    delete_file = SessionClient.delete_file

    def delete(self, path: FilePath) -> None:
        removed.append(path.folder.rpartition("/")[2] + "/" + path.name)
        delete_file(self, path)

    def busy(*_, **__) -> None:
        raise SessionBusy("The session runs code.")

    for name in ("b", "c"):
        session.upload_file(FilePath("", name), b"old")
    monkeypatch.setattr(SessionClient, "delete_file", delete)
    monkeypatch.setattr(file_sets, "perform", busy)
    with pytest.raises(SessionBusy):
        store_all(session, RUNS, "", [(name, b"new") for name in "abc"], may_replace=True)
    assert removed == ["new/0", "new/1", "/a"]


@pytest.mark.parametrize("names", ["ab", "ba", ["a+b.csv", "a", "b"], ["a", "a+b.csv", "b"]])
def test_a_move_that_fails_midway_is_taken_back(pool, session, session_id, names):
    """A file that cannot be put in its place brings back those that were, and takes those away that are new."""
    for name in ("a", "b"):
        session.upload_file(FilePath("", name), b"old")
    execute_python_code(
        pool, RUNS, session_id=session_id,
        python_code="import os\nold = os.replace\n"
        "def replace(a, b):\n    if '/new/' in a and b.endswith('/b'): raise OSError('no')\n    old(a, b)\n"
        "os.replace = replace",
    )  # fmt: skip
    with pytest.raises(PoolUnavailable, match="could not put the files in place"):
        store_all(session, RUNS, "", [(name, b"new") for name in names], may_replace=True)
    assert contents(session) == {"a": b"old", "b": b"old"}


def test_files_that_are_in_place_are_told_again(tmp_path, monkeypatch):
    """The task may come twice, as when its first answer was lost; the second time it changes nothing."""
    monkeypatch.setattr(replace_files, "DATA", str(tmp_path))
    (tmp_path / "aside/new").mkdir(parents=True)
    (tmp_path / "aside/new/0").write_bytes(b"new")
    (tmp_path / "a").write_bytes(b"old")
    for _ in range(2):
        assert replace_files.perform({"aside": "aside", "folder": "", "names": ["a"]}) == {"areInPlace": True}
        assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "aside").iterdir()] == ["complete"]
