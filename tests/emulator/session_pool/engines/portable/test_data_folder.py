"""Access to a session's files in an ordinary folder, including those that hostile code has created."""

import io
import os
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from emulator.session_pool.engines.portable import data_folder as plain_data_folder
from emulator.session_pool.engines.portable.data_folder import PortableDataFolder
from emulator.session_pool.engines.shared import data_rules
from emulator.session_pool.engines.shared.data_rules import FolderGone, InvalidFolder, InvalidName, TooLarge
from tests.emulator.session_pool.conftest import listed, open_below, seen_during_upload


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def folder(path: Path) -> PortableDataFolder:
    return PortableDataFolder(path)


def put(folder: PortableDataFolder, name: str, content: bytes = b"x", below: str = ""):
    return folder.write(below, name, io.BytesIO(content))


def content(folder: PortableDataFolder, name: str, below: str = "") -> bytes:
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


@pytest.mark.parametrize("name", ["", "..", "a/b", "/a", "a\0", "a\\b", "a:b", "x" * 256, "é" * 128])
def test_names_that_the_service_refuses(folder, path, name):
    """InvalidName, from every method, before anything is looked up."""
    for operation in (
        lambda: put(folder, name),
        *(lambda f=f: f("", name) for f in (folder.read, folder.entry, folder.delete)),
    ):
        with pytest.raises(InvalidName):
            operation()
    assert os.listdir(path) == []


@pytest.mark.parametrize("named", ["..", ".", "a/../b", "a.b", "/mnt/data/../x", "a\0"])
def test_folder_names_that_the_service_refuses(folder, named):
    """A folder's name has no dot, so it cannot refer to a parent."""
    for operation in (
        partial(listed, folder),
        lambda below: put(folder, "x", below=below),
        lambda below: folder.read(below, "x"),
    ):
        with pytest.raises(InvalidFolder):
            operation(named)


@pytest.mark.parametrize("name", ["con", "NUL.txt", "com1", "a.", "a ", "a.txt. "])
def test_names_that_windows_reserves(folder, monkeypatch, name):
    """There they are refused, as names of files and of folders; elsewhere they are allowed."""
    assert put(folder, name).name == name
    monkeypatch.setattr(plain_data_folder, "sys", SimpleNamespace(platform="win32"))
    with pytest.raises(InvalidName):
        put(folder, name)
    if "." not in name:
        with pytest.raises(InvalidFolder):
            listed(folder, name)


def test_a_list_has_folders_and_their_content(folder, path):
    """By name; `directory` is relative to the folder that was listed; an unknown folder is empty."""
    put(folder, "z")
    put(folder, "b", below="/mnt/data/in//deep/")
    plain = [(entry.directory, entry.name, entry.is_folder, entry.size) for entry in listed(folder, "")]
    assert plain == [(".", "in", True, 0), (".", "z", False, 1)]
    found = [(entry.directory, entry.name) for entry in listed(folder, "", recursive=True)]
    assert found == [(".", "in"), ("in", "deep"), ("in/deep", "b"), (".", "z")]
    assert [entry.path for entry in listed(folder, "in", recursive=True)] == ["deep", "deep/b"]
    assert listed(folder, "nowhere") == listed(folder, "z") == []


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
    with pytest.raises(TooLarge):
        folder.write("", "a", io.BytesIO(bytes((3 << 20) + 1)))
    assert folder.entry("", "a").size == 3 << 20

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        folder.write("", "a", Broken())
    assert os.listdir(path) == ["a"]


def test_a_full_disk_is_too_large(folder, path, monkeypatch):
    """Regardless of how the operating system reports it."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plain_data_folder, "copy", full)
    with pytest.raises(TooLarge):
        put(folder, "a")
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


def test_an_upload_replaces_a_link(folder, path, tmp_path):
    """And what the link led to stays as it was."""
    (tmp_path / "kept").write_text("kept")
    (path / "link").symlink_to(tmp_path / "kept")
    assert put(folder, "link", b"new").size == 3
    assert (tmp_path / "kept").read_text() == "kept"
    assert content(folder, "link") == b"new"


def test_links_pipes_and_folders_are_not_read(folder, path, tmp_path):
    """Nothing but an ordinary file is read, described or listed as a file, and no descriptor stays open."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (path / "link").symlink_to(tmp_path / "outside" / "secret")
    (path / "out").symlink_to(tmp_path / "outside")
    os.mkfifo(path / "pipe")
    (path / "folder").mkdir()
    before = open_below(tmp_path)
    for name in ("link", "pipe", "folder", "out"):
        for operation in (folder.read, folder.entry):
            with pytest.raises(FileNotFoundError):
                operation("", name)
    with pytest.raises(FileNotFoundError):
        folder.read("out", "secret")
    assert listed(folder, "out") == []
    assert [entry.name for entry in listed(folder, "", recursive=True)] == ["folder"]
    assert open_below(tmp_path) == before


def test_junctions_are_links(folder, path, monkeypatch):
    """On Windows a folder may be a junction, which is not a symbolic link: its attributes show that."""
    (path / "junction").mkdir()
    put(folder, "x", below="junction")
    real = Path.lstat

    def lstat(at: Path) -> object:
        status = real(at)
        if at.name != "junction":
            return status
        return SimpleNamespace(st_mode=status.st_mode, st_file_attributes=0x410, st_size=0, st_mtime=0.0)

    monkeypatch.setattr(Path, "lstat", lstat)
    assert listed(folder, "", recursive=True) == listed(folder, "junction") == []
    with pytest.raises(FileNotFoundError):
        folder.read("junction", "x")


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
    """A list goes fifty folders deep, so that code cannot use up the server's stack."""
    (path / "/".join("d" * 200)).mkdir(parents=True)
    found = listed(folder, "", recursive=True)
    assert len(found) == 51
    assert found[-1].directory == "/".join("d" * 50)


def test_after_close_no_method_uses_the_folder(folder, path):
    """FolderGone, from every method."""
    put(folder, "a")
    folder.close()
    operations = (
        partial(listed, folder),
        lambda _: put(folder, "a"),
        *(lambda _, f=f: f("", "a") for f in (folder.read, folder.entry, folder.delete)),
    )
    for operation in operations:
        with pytest.raises(FolderGone):
            operation("")


def test_many_threads_at_once(folder):
    """Uploads, lists and deletions run concurrently in one folder."""
    failures = []

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
