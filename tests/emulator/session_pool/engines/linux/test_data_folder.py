"""The server's access to a session's files, including those that hostile code has created."""

import io
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from emulator.session_pool.engines.linux.confinement import SESSION_UID
from emulator.session_pool.engines.linux.data_folder import DataFolder
from emulator.session_pool.engines.shared import data_rules
from emulator.session_pool.engines.shared.data_rules import FolderGone, InvalidFolder, InvalidName, TooLarge
from tests.emulator.session_pool.conftest import listed, open_below, seen_during_upload


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The folder as the session's code sees it. A server that is root works in it with the session user's rights."""
    folder = tmp_path / "data"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, SESSION_UID, SESSION_UID)
    return folder


@pytest.fixture
def folder(path: Path) -> Iterator[DataFolder]:
    opened = DataFolder(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    yield opened
    if opened.fd >= 0:
        opened.close()


def put(folder: DataFolder, name: str, content: bytes = b"x", below: str = ""):
    return folder.write(below, name, io.BytesIO(content))


def content(folder: DataFolder, name: str, below: str = "") -> bytes:
    file, entry = folder.read(below, name)
    with file:
        found = file.read()
    assert len(found) == entry.size
    return found


def test_a_file_is_uploaded_and_downloaded(folder, path):
    """Written, described, listed, read and deleted; a file that it replaces no longer exists."""
    before = time.time()
    put(folder, "a.txt", b"old and longer")
    entry = put(folder, "a.txt", b"new")
    assert (entry.name, entry.directory, entry.is_folder, entry.size) == ("a.txt", ".", False, 3)
    assert before - 5 < entry.modified < time.time() + 5
    assert folder.entry("", "a.txt") == entry == listed(folder, "")[0]
    assert content(folder, "a.txt") == b"new" == (path / "a.txt").read_bytes()
    folder.delete("", "a.txt")
    assert listed(folder, "") == []
    for operation in (folder.entry, folder.read, folder.delete):
        with pytest.raises(FileNotFoundError):
            operation("", "a.txt")


@pytest.mark.parametrize(
    "name",
    ["a b.txt", "-.@$&=;,#%^()", "été.csv", "数据.xlsx", "данные", ".hidden", "...", "x" * 255, "é" * 127],
)
def test_names_that_the_service_accepts(folder, name):
    """Letters of any script, digits, and the documented characters, up to what a file system holds."""
    put(folder, name)
    assert [entry.name for entry in listed(folder, "")] == [name]
    assert content(folder, name) == b"x"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "/a", "a\0", "a\n", "a*b", "a?b", "a\\b", 'a"b', "a'b", "a:b", "a|b", "<a>", "x" * 256]
    + ["é" * 128, "🙂", "a\ud800"],
    ids=ascii,
)
def test_names_that_the_service_refuses(folder, name):
    """InvalidName, from every method, before anything is looked up."""
    for operation in (
        lambda: put(folder, name),
        *(lambda f=f: f("", name) for f in (folder.read, folder.entry, folder.delete)),
    ):
        with pytest.raises(InvalidName):
            operation()


@pytest.mark.parametrize("named", ["a/b", "/a/b/", "a//b", "mnt/data/a/b", "/mnt/data/a/b/", "//mnt/data//a/b"])
def test_spellings_of_a_folder(folder, named):
    """Relative to /mnt/data or with it, with any slashes."""
    put(folder, "x", below="a/b")
    assert [entry.name for entry in listed(folder, named)] == ["x"]
    assert content(folder, "x", named) == b"x"


@pytest.mark.parametrize(
    "named", ["..", ".", "a/../b", "a.b", "/mnt/data/../x", "a\0", "a*", "x" * 256, "/mnt/data/a:b"]
)
def test_folder_names_that_the_service_refuses(folder, named):
    """A folder's name has no dot, so it cannot refer to a parent."""
    for operation in (
        partial(listed, folder),
        lambda below: put(folder, "x", below=below),
        lambda below: folder.read(below, "x"),
    ):
        with pytest.raises(InvalidFolder):
            operation(named)


def test_mnt_data_as_a_name_below_itself(folder, path):
    """Only complete segments mnt/data at the beginning refer to the folder itself."""
    put(folder, "x", below="mnt/database")
    assert (path / "mnt" / "database" / "x").exists()


def test_a_list_has_folders_and_their_content(folder, path):
    """By name; `directory` is relative to the folder that was listed; an unknown folder is empty."""
    put(folder, "z")
    put(folder, "b", below="in/deep")
    plain = [(entry.directory, entry.name, entry.is_folder, entry.size) for entry in listed(folder, "")]
    assert plain == [(".", "in", True, 0), (".", "z", False, 1)]
    assert [(e.directory, e.name) for e in listed(folder, "", recursive=True)] == [
        (".", "in"),
        ("in", "deep"),
        ("in/deep", "b"),
        (".", "z"),
    ]
    assert [(e.directory, e.name) for e in listed(folder, "in", recursive=True)] == [(".", "deep"), ("deep", "b")]
    assert listed(folder, "nowhere") == listed(folder, "z") == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "text/csv; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.json", "application/json"),
        ("a.csv.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_content_type_comes_from_the_name(folder, name, kind):
    """Text has a character set; compressed and unknown types are bytes."""
    assert put(folder, name).content_type == kind


def test_a_list_has_every_name_as_valid_text(folder, path):
    """Each byte that is not UTF-8 is U+FFFD, in the names of folders and of what is in them."""
    (path / "v1.2–").mkdir()
    (path / "v1.2–" / "a\nb").touch()
    os.mkdir(os.fsencode(path) + b"/\xff")
    with open(os.fsencode(path) + b"/\xff/caf\xe9.txt", "w"):
        pass
    found = [(entry.directory, entry.name) for entry in listed(folder, "", recursive=True)]
    assert found == [(".", "v1.2–"), ("v1.2–", "a\nb"), (".", "\ufffd"), ("\ufffd", "caf\ufffd.txt")]


def test_an_upload_is_all_or_nothing(folder, path, monkeypatch):
    """While it is written, and if it turns out too large, the old file remains; the new one is not listed."""
    monkeypatch.setattr(data_rules, "MAX_UPLOAD_BYTES", 3 << 20)
    put(folder, "a", b"old")
    seen = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            seen.append(([entry.name for entry in listed(folder, "")], content(folder, "a"), len(os.listdir(path))))
            return super().read(size)

    folder.write("", "a", Watched(bytes(3 << 20)))
    assert seen[1] == (["a"], b"old", 2)
    assert folder.entry("", "a").size == 3 << 20
    with pytest.raises(TooLarge):
        folder.write("", "a", io.BytesIO(bytes((3 << 20) + 1)))
    assert folder.entry("", "a").size == 3 << 20
    assert os.listdir(path) == ["a"]


def test_an_aborted_upload_leaves_nothing(folder, path):
    """Also when the exception is an unexpected one."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        folder.write("", "a", Broken())
    assert os.listdir(path) == []


def test_a_list_omits_only_what_is_being_uploaded(folder, path):
    """Regardless of their names: the pool itself tracks which files are incomplete."""
    put(folder, ".upload-abc.txt")
    (path / ".upload-0123456789abcdef").write_bytes(b"x")

    there, lists = seen_during_upload(folder, path, "new.txt")
    before = [".upload-0123456789abcdef", ".upload-abc.txt"]
    assert lists and all(names == before for names in lists) and set(there) == {3}
    assert [entry.name for entry in listed(folder, "", recursive=True)] == [*before, "new.txt"]


def test_an_upload_that_code_obstructs(folder, path):
    """A folder of that name is InvalidName; a file or a link where a folder should be is InvalidFolder."""
    (path / "folder").mkdir()
    with pytest.raises(InvalidName):
        put(folder, "folder")
    (path / "file").touch()
    (path / "link").symlink_to("/tmp")
    for below in ("file", "link", "file/deep"):
        with pytest.raises(InvalidFolder):
            put(folder, "x", below=below)
    assert sorted(os.listdir(path)) == ["file", "folder", "link"]


def test_a_folder_that_code_has_made_inaccessible(folder, path):
    """An upload is InvalidFolder, and other methods find nothing; the server's own rights are not used."""
    put(folder, "x", below="shut")
    (path / "shut").chmod(0o400)
    with pytest.raises(InvalidFolder):
        put(folder, "y", below="shut")
    for operation in (folder.read, folder.entry, folder.delete):
        with pytest.raises(FileNotFoundError):
            operation("shut", "x")
    (path / "shut").chmod(0)
    assert [entry.name for entry in listed(folder, "", recursive=True)] == ["shut"]
    (path / "shut").chmod(0o700)


def test_files_that_are_not_the_sessions(folder, path, tmp_path):
    """A hard link to a file that the session's user may not read does not make the server read it."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0)
    os.link(secret, path / "mine")
    with pytest.raises(FileNotFoundError):
        folder.read("", "mine")


def test_links_pipes_sockets_and_folders_are_not_read(folder, path, tmp_path):
    """Nothing but an ordinary file is read, described or listed as a file, and no descriptor stays open."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (path / "link").symlink_to(tmp_path / "outside" / "secret")
    (path / "out").symlink_to(tmp_path / "outside")
    os.mkfifo(path / "pipe")
    (path / "folder").mkdir()
    before = open_below(path.parent)
    for name in ("link", "pipe", "folder", "out"):
        for operation in (folder.read, folder.entry):
            with pytest.raises(FileNotFoundError):
                operation("", name)
    with pytest.raises(FileNotFoundError):
        folder.read("out", "secret")
    assert listed(folder, "out") == []
    assert [entry.name for entry in listed(folder, "", recursive=True)] == ["folder"]
    assert open_below(path.parent) == before


def test_deleting_a_link_keeps_its_target(folder, path, tmp_path):
    """A folder is not deleted at all."""
    (tmp_path / "kept").touch()
    (path / "link").symlink_to(tmp_path / "kept")
    (path / "folder").mkdir()
    folder.delete("", "link")
    with pytest.raises(FileNotFoundError):
        folder.delete("", "folder")
    assert (tmp_path / "kept").exists()
    assert os.listdir(path) == ["folder"]


def test_endlessly_nested_folders(folder, path):
    """A list goes fifty folders deep, so that code cannot use up the server's descriptors or its stack."""
    at = os.open(path, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
        if os.getuid() == 0:
            os.fchown(at, SESSION_UID, SESSION_UID)
    os.close(at)
    before = open_below(path.parent)
    found = listed(folder, "", recursive=True)
    assert len(found) == 51
    assert found[-1].directory == "/".join("d" * 50)
    assert open_below(path.parent) == before


def test_after_close_no_method_uses_the_descriptor(folder, path):
    """Its descriptor may refer to another session's folder by then: FolderGone, from every method."""
    put(folder, "a")
    number = folder.fd
    folder.close()
    other = path.parent / "other"
    other.mkdir()
    reused = os.open(other, os.O_RDONLY)
    assert reused == number
    operations = (
        partial(listed, folder),
        lambda _: put(folder, "a"),
        *(lambda _, f=f: f("", "a") for f in (folder.read, folder.entry, folder.delete)),
    )
    for operation in operations:
        with pytest.raises(FolderGone):
            operation("")
    os.close(reused)
    assert os.listdir(other) == []


def test_many_threads_at_once(folder, path):
    """Uploads, lists and deletions run concurrently in one folder, and no descriptor leaks or is mixed up."""
    before, failures = open_below(path.parent), []

    def work(number: int) -> None:
        try:
            for turn in range(30):
                body = f"{number}-{turn}".encode()
                put(folder, f"f{number}", body, below="shared")
                assert content(folder, f"f{number}", "shared") == body
                assert f"f{number}" in [entry.name for entry in listed(folder, "shared")]
                folder.delete("shared", f"f{number}")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert listed(folder, "shared") == []
    assert open_below(path.parent) == before


def test_the_server_keeps_its_own_rights(folder, path):
    """The user and group that it assumes for a session are reset, also after a failure."""
    put(folder, "a")
    with pytest.raises(InvalidName):
        put(folder, "*")
    with pytest.raises(FileNotFoundError):
        folder.read("", "b")
    ids = dict(line.split(":", 1) for line in Path("/proc/thread-self/status").read_text().splitlines())
    assert set(ids["Uid"].split()) == {str(os.getuid())}
    assert set(ids["Gid"].split()) == {str(os.getgid())}
    assert (path / "a").stat().st_uid == (SESSION_UID if os.getuid() == 0 else os.getuid())
