"""Storage as a part of `python -m emulator`: its options and its folders; tests/emulator/test_main.py starts it."""

import argparse

import pytest

from emulator.blob_storage.command_line import (
    LocalStorage,
    StorageFolderError,
    add_storage_options,
    conflict,
    storage,
    storage_port,
)
from emulator.session_pool.wire.tokens import TokenAuthority


def parsed(*words: str, pool_port: int = 0, pool_endpoint: str | None = None) -> argparse.Namespace:
    """The options, beside those of the pools."""
    parser = argparse.ArgumentParser()
    add_storage_options(parser)
    known = argparse.Namespace(pool_port=pool_port, pools=2, pool_endpoint=pool_endpoint)
    return parser.parse_args(words, known)


def test_folders_that_are_given_are_kept(tmp_path):
    """Those of --storage-folder and --imports, with what is in them."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_text("1")
    running = storage(
        parsed("--storage-folder", str(tmp_path / "kept"), "--imports", str(tmp_path / "mine")), TokenAuthority()
    )
    assert running is not None
    assert running.imports == tmp_path / "mine"
    running.start()
    running.stop()
    assert (tmp_path / "mine" / "a").read_text() == "1"
    assert (tmp_path / "kept" / "containers" / "files").is_dir()


def test_without_folders_nothing_is_left(tmp_path, monkeypatch):
    """What was stored, and the folder for imports, end with the account."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    running = LocalStorage(TokenAuthority(), port=0, folder=None, imports=None)
    assert running.imports.is_dir()
    running.start()
    running.stop()
    assert list(tmp_path.iterdir()) == []


def test_what_is_printed_is_what_the_connector_gets(tmp_path, capsys):
    """The URLs of both containers, and the folder to copy files to."""
    running = LocalStorage(TokenAuthority(), port=0, folder=tmp_path, imports=None)
    running.announce()
    files, imports = capsys.readouterr().out.splitlines()
    assert files.split() == ["storage", running.settings["FILES_CONTAINER_URL"]]
    url, _, folder = imports.removeprefix("imports").strip().partition("/NAME is the file NAME in ")
    assert (url, folder) == (running.settings["IMPORT_CONTAINER_URLS"], str(tmp_path / "imports"))
    running.stop()


@pytest.mark.parametrize("name", ["file", "file/below", "broken"])
def test_a_folder_that_cannot_be_used(tmp_path, name):
    """The error says which, and why; nothing stays open."""
    (tmp_path / "file").write_text("")
    (tmp_path / "broken" / "containers" / "files").mkdir(parents=True)
    (tmp_path / "broken" / "containers" / "files" / "a.json").write_text("{}")
    with pytest.raises(StorageFolderError, match=f"^{tmp_path}/{name} cannot be used for storage: "):
        LocalStorage(TokenAuthority(), port=0, folder=tmp_path / name, imports=None)


@pytest.mark.parametrize("option", [["--storage-port", "0"], ["--storage-folder", "x"], ["--imports", "x"]])
def test_options_without_storage_are_refused(option):
    """They would have no effect: with --no-storage, and with a real pool, whose identity has no tokens for it."""
    assert f"{option[0]} is for" in (conflict(parsed("--no-storage", *option)) or "")
    assert "--pool-endpoint" in (conflict(parsed(*option, pool_endpoint="https://a.example")) or "")
    assert conflict(parsed(*option)) is None


def test_storage_can_be_left_out():
    """Then there is none."""
    assert storage(parsed("--no-storage"), TokenAuthority()) is None
    assert conflict(parsed("--no-storage")) is None


def test_the_port_is_the_one_after_the_pools():
    """0, which picks a free one, if the pools have such; the option wins."""
    assert storage_port(parsed(pool_port=7072)) == 7074
    assert storage_port(parsed(pool_port=0)) == 0
    assert storage_port(parsed("--storage-port", "9000", pool_port=7072)) == 9000
    assert storage_port(parsed("--storage-port", "0", pool_port=7072)) == 0
