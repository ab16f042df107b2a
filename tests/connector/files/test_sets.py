"""Several files in one upload, with real sessions: all of them are stored, or none."""

import pytest

from connector.errors import ConnectorError, InvalidFileName, PoolUnavailable, SessionBusy
from connector.executions.operations import execute_python_code
from connector.files import sets as file_sets
from connector.files import tasks
from connector.files.operations import list_files, upload_contents
from connector.files.sets import store_all
from connector.in_session.tasks import replace_files
from connector.models import FilePath
from connector.session_pool.facts import PoolFacts
from connector.session_pool.sessions import SessionClient

FACTS = PoolFacts(rich_results=True)


class Failing:
    """A session with uploads and deletions that fail."""

    def __init__(self, session: SessionClient, failing_content: bytes, *, is_down: bool = False) -> None:
        self._session, self._failing_content, self._is_down = session, failing_content, is_down
        self.deletions = 0

    def __getattr__(self, name: str):
        return getattr(self._session, name)

    def upload_file(self, path: FilePath, content: bytes):
        if content == self._failing_content:
            raise PoolUnavailable("The session pool is unavailable.")
        return self._session.upload_file(path, content)

    def delete_file(self, path: FilePath) -> None:
        self.deletions += 1
        if self._is_down:
            raise PoolUnavailable("The session pool is unavailable.")
        self._session.delete_file(path)


def contents(session, folder: str = "") -> dict[str, bytes]:
    """Of the session's files, with the connector's own, except for the mark of a complete set."""
    return {
        f"{file.directory}/{file.name}".lstrip("/"): session.download_file(
            FilePath("/".join(filter(None, (folder, file.directory))), file.name)
        )
        for file in session.list_files(folder, recursive=True)
        if not file.directory.startswith("_outputs") and file.name != "complete"
    }


@pytest.mark.parametrize("folder", ["", "in/deep"])
def test_a_set_has_new_and_replaced_files(pool, session, session_id, folder):
    """They are returned in their order, and nothing else remains."""
    for name in ("b", "c"):
        session.upload_file(FilePath(folder, name), b"old")
    sent = [("a", b"1"), ("b", b"22"), ("c", b"333")]
    stored = upload_contents(pool, FACTS, contents=sent, session_id=session_id, folder=folder).files
    assert [(file.file_name, file.folder, file.size) for file in stored] == [
        ("a", folder, 1),
        ("b", folder, 2),
        ("c", folder, 3),
    ]
    assert contents(session, folder) == dict(sent)
    assert [file.file_name for file in list_files(session, FACTS, recursive=True)] == ["a", "b", "c"]


@pytest.mark.parametrize("old", [[], ["b"], ["c"], ["a", "c"], ["a", "b", "c"]])
def test_when_one_file_fails_none_is_stored(session, old):
    """New files are deleted, old ones have their content, and the error names the file."""
    for name in old:
        session.upload_file(FilePath("", name), b"old")
    sent = [("a", b"1"), ("b", b"22"), ("c", b"333")]
    with pytest.raises(PoolUnavailable) as failure:
        store_all(Failing(session, b"22"), FACTS, "", sent, may_replace=True)  # type: ignore[arg-type]
    assert failure.value.target == "b"
    assert failure.value.message.startswith(
        "The file 'b' was not stored, and therefore none of the 3. The session pool is"
    )
    assert contents(session) == {name: b"old" for name in old}


def test_files_that_cannot_be_deleted_again_are_named(session):
    """A pool that fails is not asked for each file."""
    failing = Failing(session, b"c", is_down=True)
    with pytest.raises(PoolUnavailable) as failure:
        store_all(failing, FACTS, "", [(name, name.encode()) for name in "abc"], may_replace=True)  # type: ignore[arg-type]
    assert failure.value.message.endswith("These could not be deleted again, and may exist: a, b, c.")
    assert failing.deletions == 1


_CHANGED, _UNSURE = " These have changed meanwhile, and are left as they are: a.", ", and may exist: c."


@pytest.mark.parametrize(
    ("name", "theirs", "expected"),
    [
        ("a", b"of another call", _CHANGED),
        ("a", b"a", _CHANGED),
        ("c", b"of another call", _UNSURE),
        ("c", b"c", _UNSURE),
    ],
)
def test_a_file_that_another_call_has_stored_meanwhile_stays(session, name, theirs, expected):
    """Only files that this call has certainly written are deleted; the error names the others."""
    failing = Failing(session, b"c")
    upload_file = failing.upload_file

    def upload(path: FilePath, content: bytes):
        if path.name == "c":
            session.upload_file(FilePath("", name), theirs)
        return upload_file(path, content)

    failing.upload_file = upload  # type: ignore[method-assign]
    with pytest.raises(PoolUnavailable) as failure:
        store_all(failing, FACTS, "", [(name, name.encode()) for name in "abc"], may_replace=True)  # type: ignore[arg-type]
    assert contents(session) == {name: theirs}
    assert failure.value.message.endswith(expected)


def test_staged_files_are_named_as_they_were_sent(session):
    """Not by their numbers in the staging folder."""
    session.upload_file(FilePath("", "b"), b"old")
    sent = [(name, name.encode()) for name in ("a", "b", "b+c", "d")]
    with pytest.raises(PoolUnavailable) as failure:
        store_all(Failing(session, b"d", is_down=True), FACTS, "", sent, may_replace=True)  # type: ignore[arg-type]
    assert failure.value.message.endswith("may exist: b, b+c, a, d.")


def test_a_new_session_is_not_listed(pool, monkeypatch):
    """It has no files to replace: the upload costs one call for each file."""
    monkeypatch.setattr(SessionClient, "list_files", None)
    assert len(upload_contents(pool, FACTS, contents=[("a", b""), ("b", b"")]).files) == 2


def test_a_folder_at_the_path_of_a_file_is_refused(session, monkeypatch):
    """Nothing is replaced, and the folder stays with its files."""
    for name in ("a", "b"):
        session.upload_file(FilePath("", name), b"old")
    listed = session.list_files("", recursive=False)
    session.delete_file(FilePath("", "b"))
    session.upload_file(FilePath("b", "inside"), b"kept")
    monkeypatch.setattr(SessionClient, "list_files", lambda *_, **__: listed)
    with pytest.raises(InvalidFileName, match="The path of 'b' is taken by a folder") as failure:
        store_all(session, FACTS, "", [("a", b"1"), ("b", b"2"), ("c", b"3")], may_replace=True)
    assert failure.value.target == "b" and failure.value.message.startswith("The file 'b' was not stored")
    monkeypatch.undo()
    assert contents(session) == {"a": b"old", "b/inside": b"kept"}


def test_staged_files_that_code_has_removed(session, monkeypatch):
    """The caller is asked to send them again."""
    monkeypatch.setattr(file_sets, "run_task", lambda *_, **__: {"is_complete": False, "taken": None})
    with pytest.raises(PoolUnavailable, match="Send them again") as failure:
        store_all(session, FACTS, "", [("a+b", b"1")], may_replace=True)
    assert failure.value.retry_after_seconds


def test_a_busy_session_loses_nothing(pool, session, session_id, keep_busy, monkeypatch):
    """SessionBusy, and a task that is performed late does nothing; the same call works after the run."""
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.3)
    for name in ("a", "b"):
        session.upload_file(FilePath("", name), b"old")
    release = keep_busy()
    sent = [("a", b"1"), ("b", b"2")]
    with pytest.raises(SessionBusy) as busy:
        store_all(session, FACTS, "", sent, may_replace=True)
    assert busy.value.retry_after_seconds and isinstance(busy.value, ConnectorError)
    release()
    assert (
        execute_python_code(pool, FACTS, session_id=session_id, python_code="open('/mnt/data/a').read()").value == "old"
    )
    store_all(session, FACTS, "", sent, may_replace=True)
    assert contents(session) == dict(sent)


def test_staged_files_are_deleted_first(session, monkeypatch):
    """Without the first of them, a task that is performed meanwhile does nothing."""
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
    monkeypatch.setattr(file_sets, "run_task", busy)
    with pytest.raises(SessionBusy):
        store_all(session, FACTS, "", [(name, b"new") for name in "abc"], may_replace=True)
    assert removed == ["new/0", "new/1", "/a"]


@pytest.mark.parametrize("names", ["ab", "ba", ["a+b.csv", "a", "b"], ["a", "a+b.csv", "b"]])
def test_a_move_that_fails_halfway_is_undone(pool, session, session_id, names):
    """Files that were moved are moved back, and new ones are deleted."""
    for name in ("a", "b"):
        session.upload_file(FilePath("", name), b"old")
    execute_python_code(
        pool, FACTS, session_id=session_id,
        python_code="import os\nold = os.replace\n"
        "def replace(a, b):\n    if '/new/' in a and b.endswith('/b'): raise OSError('no')\n    old(a, b)\n"
        "os.replace = replace",
    )  # fmt: skip
    with pytest.raises(PoolUnavailable, match="could not move the files"):
        store_all(session, FACTS, "", [(name, b"new") for name in names], may_replace=True)
    assert contents(session) == {"a": b"old", "b": b"old"}


def test_replace_files_may_be_performed_twice(tmp_path, monkeypatch):
    """As when its first response was lost; the second time it changes nothing."""
    monkeypatch.setattr(replace_files, "DATA", str(tmp_path))
    arguments = replace_files.Arguments(staging_folder="staging", folder="", names=["a"])
    (tmp_path / "staging/new").mkdir(parents=True)
    (tmp_path / "staging/new/0").write_bytes(b"new")
    (tmp_path / "a").write_bytes(b"old")
    for _ in range(2):
        assert replace_files.perform(arguments) == {"is_complete": True, "taken": None}
        assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "staging").iterdir()] == ["complete"]
