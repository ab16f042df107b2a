"""Which files and sockets a process may reach."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.session_pool.engines.linux import landlock

ROOT = Path(__file__).resolve().parents[5]
SYSTEM = ["/usr", "/lib", "/lib64", "/bin", "/etc", sys.prefix, sys.base_prefix, str(ROOT), "/dev/urandom"]


def confined(code: str, writable: Path, *, tcp: bool = False) -> str:
    """What `code` printed in a process that may write one folder alone."""
    program = (
        "import ctypes, os, socket\n"
        "from emulator.session_pool.engines.linux import landlock\n"
        "ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)\n"
        f"landlock.restrict({SYSTEM!r}, [{str(writable)!r}, '/no/such/path'], tcp={tcp})\n"
        "def attempt(what):\n"
        "    try: print(what())\n"
        "    except OSError as refusal: print(type(refusal).__name__)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program + code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def folders(tmp_path):
    """A writable folder, and one without access."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    return inside, outside


def test_everything_is_allowed_in_a_writable_folder(folders):
    """Create, write, rename, link, delete, truncate."""
    code = (
        f"os.chdir({str(folders[0])!r})\nopen('a', 'w').write('1')\nos.mkdir('d')\nos.rename('a', 'd/b')\n"
        "os.symlink('b', 'd/c')\nos.link('d/b', 'e')\nos.truncate('e', 0)\nos.remove('e')\nprint(os.listdir('d'))\n"
    )
    assert sorted(eval(confined(code, folders[0]))) == ["b", "c"]


def test_nothing_else_can_be_read_or_written(folders):
    """Also not through a link out of the folder; read-only paths cannot be written."""
    inside, outside = folders
    (inside / "link").symlink_to(outside / "secret")
    code = (
        f"attempt(lambda: open({str(outside / 'secret')!r}).read())\n"
        f"attempt(lambda: open({str(inside / 'link')!r}).read())\n"
        f"attempt(lambda: os.listdir({str(outside)!r}))\n"
        f"attempt(lambda: open({str(outside / 'new')!r}, 'w'))\n"
        f"attempt(lambda: open({str(ROOT / 'new')!r}, 'w'))\n"
        f"attempt(lambda: os.link({str(outside / 'secret')!r}, {str(inside / 'got')!r}))\n"
    )
    assert set(confined(code, inside).split()) <= {"PermissionError", "OSError"}
    assert os.listdir(outside) == ["secret"]


def test_tcp_is_blocked_unless_allowed(folders):
    """To a listener on this machine; from version 4 of the interface on."""
    refused = "PermissionError\n" if landlock.version() >= 4 else "True\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        code = f"attempt(lambda: bool(socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}))))\n"
        assert confined(code, folders[0]) == refused
        assert confined(code, folders[0], tcp=True) == "True\n"


def test_abstract_sockets_of_others_cannot_be_reached(folders):
    """They have no path that could be restricted; from version 6 of the interface on."""
    refused = "PermissionError\n" if landlock.version() >= 6 else "None\n"
    name = f"\0landlock-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        code = f"attempt(lambda: socket.socket(socket.AF_UNIX).connect({name!r}))\n"
        assert confined(code, folders[0]) == refused


def test_signals_do_not_leave_the_session(folders):
    """Also not a process of the same user; from version 6 of the interface on."""
    refused = "PermissionError\n" if landlock.version() >= 6 else "None\n"
    with subprocess.Popen(["sleep", "60"]) as other:
        assert confined(f"attempt(lambda: os.kill({other.pid}, 0))\n", folders[0]) == refused
        other.kill()
