"""What a session's code sees of the machine: with namespaces, started by root or an ordinary user, and without."""

import ast
import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.engines.shared.data_rules import TooLarge
from emulator.session_pool.engines.shared.limits import Limits
from tests.emulator.session_pool.conftest import wait_until

ROOT = Path(__file__).resolve().parents[5]


def owners(pids: set[int]) -> set[int]:
    """Of those that have not ended: a session's init has had a process that holds a user namespace."""
    found = set()
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            found.add(Path(f"/proc/{pid}").stat().st_uid)
    return found


def running(mark: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                return True
        except OSError:
            pass
    return False


def test_code_sees_no_more_of_this_project_than_it_needs(wire):
    """Python's packages and the emulator, but no files next to it, where settings with secrets may be."""
    seen = wire.value(f"import os\nos.listdir({str(ROOT)!r})")
    assert "emulator" in seen
    assert "pyproject.toml" not in seen
    assert (ROOT / "pyproject.toml").exists()


def test_code_sees_no_personal_files(wire, tmp_path):
    """Not the accounts, the homes, the temporary files or the programs of the machine."""
    (tmp_path / "mine").touch()
    assert wire.value(f"import os\nos.path.exists({str(tmp_path)!r})") is False
    assert wire.value("os.listdir('/home'), len(open('/etc/passwd').readlines())") == "(['session'], 1)"
    # Its own init and interpreter, and ls.
    assert wire.value("len([name for name in os.popen('ls /proc').read().split() if name.isdigit()])") <= 4
    assert wire.value(f"os.path.exists('/proc/{os.getpid()}')") is (os.getpid() < 3)


def test_code_writes_into_its_own_folders_only(wire):
    """The rest of its file system is mounted read-only."""
    mounts = (
        "mounts = [line.split()[1:4:2] for line in open('/proc/self/mounts')]\n"
        "sorted(at for at, options in mounts if options.split(',')[0] == 'rw')"
    )
    own = ["/dev/pts", "/dev/shm", "/home/session", "/mnt/data", "/proc", "/tmp"]
    assert sorted(set(ast.literal_eval(wire.value(mounts)))) == own
    tried = (
        "import os\n"
        "def writable(at):\n"
        "  try: open(at + '/.tried', 'w').close()\n  except OSError: return False\n  return True\n"
        "[at for at in ['/', '/etc', '/usr/lib', '/dev', '/mnt', '/home', *{at for at, _ in mounts}] if writable(at)]"
    )
    assert sorted(ast.literal_eval(wire.value(tried))) == ["/dev/shm", "/home/session", "/mnt/data", "/tmp"]


def test_code_cannot_mount_or_become_anyone(wire):
    """It has no capabilities, and no setuid program gives it any."""
    assert wire.value("import ctypes\nc = ctypes.CDLL(None)\nc.mount(b'none', b'/tmp', b'tmpfs', 0, None)") == -1
    assert wire.value("c.setuid(0), c.chroot(b'/tmp')") == "(-1, -1)"
    assert wire.value("import os\nos.system('su -c true root < /dev/null > /dev/null 2>&1') != 0") is True


def test_the_size_of_a_folder_is_limited():
    """Code gets ENOSPC when its folder is full, an upload TooLarge, and another session has room."""

    async def life() -> None:
        engine = Engine(limits=Limits(data_bytes=1 << 20))
        await engine.start()
        try:
            full, other = await engine.launch(), await engine.launch()
            messages: list[dict] = []
            code = (
                "import errno\n"
                "try: open('/mnt/data/f', 'wb').write(bytes(2 << 20))\n"
                "except OSError as failure: print(errno.errorcode[failure.errno])"
            )
            interpreter = full.interpreter()
            interpreter.start()
            await interpreter.run("r", {"code": code}, messages.append)
            assert "".join(message["content"]["text"] for message in messages) == "ENOSPC\n"
            with pytest.raises(TooLarge):
                full.data.write("", "g", io.BytesIO(bytes(1000)))
            with pytest.raises(TooLarge):
                full.data.write("a/b", "g", io.BytesIO(bytes(1000)))
            assert other.data.write("", "g", io.BytesIO(bytes(1000))).size == 1000
            full.close()
            other.close()
        finally:
            await engine.stop()

    asyncio.run(life())


def test_an_ordinary_user_gets_level_3(start_program, gone, program):
    """A pool started by an ordinary user isolates its sessions like one of root's, and leaves nothing."""
    pool = start_program(below="ordinary user")
    assert pool.reported["isolation"].startswith("level 3: ")
    one, two = pool.wire("one-1"), pool.wire("two-2")
    one.run("x = 1; import os, subprocess; [open(f, 'w').close() for f in ('/mnt/data/mine', '/tmp/mine')]")
    assert two.value("import os; os.path.exists('/mnt/data/mine'), os.path.exists('/tmp/mine')") == "(False, False)"
    assert (
        two.value("os.listdir('/home'), os.getuid(), os.access('/etc/passwd', os.W_OK)") == "(['session'], 1000, False)"
    )
    # Its init and itself.
    assert two.value("{name for name in os.listdir('/proc') if name.isdigit()} == {'1', str(os.getpid())}") is True
    assert one.call("POST", "files", files={"file": ("sent", b"sent")}).status_code == 200
    assert (
        one.value("x, open('/mnt/data/sent').read(), sorted(os.listdir('/mnt/data'))")
        == "(1, 'sent', ['mine', 'sent'])"
    )
    one.run("MARK = 'ordinary'\n" + program("leaves_daemon"))
    pids = pool.descendants()
    assert 0 not in owners(pids | {pool.process.pid})
    took, code, stderr = pool.end(signal.SIGTERM)
    assert (code, stderr) == (0, "")
    assert took < 3
    assert gone(pids)


def test_without_namespaces_a_session_is_a_folder(start_program, gone, program):
    """Without them, state, files and session ends are the same for Python code, and everything is removed."""
    pool = start_program(below="no namespaces")
    assert "gives no namespaces" in pool.reported["isolation"]
    one, two = pool.wire("one-1"), pool.wire("two-2")
    one.run("import os; x = 1; home = os.getcwd(); open('/mnt/data/mine', 'w').close()")
    assert two.value("import os; os.path.exists('/mnt/data/mine'), os.listdir('/mnt/data')") == "(False, [])"
    assert one.call("POST", "files", params={"path": "in"}, files={"file": ("sent", b"sent")}).status_code == 200
    assert one.value("x, open('/mnt/data/in/sent').read(), os.listdir('/mnt/data')") == "(1, 'sent', ['mine', 'in'])"
    assert [entry["name"] for entry in one.call("GET", "files").json()["value"]] == ["in", "mine"]

    folders = Path(one.value("home")).parent
    assert folders.parent.name.startswith("session-pool-")
    mark = f"mark-{uuid.uuid4()}"
    one.run(f"MARK = {mark!r}\n" + program("leaves_daemon"))
    wait_until(lambda: running(mark))
    assert one.run("import time; time.sleep(60)", timeoutInSeconds=1)["status"] == "Failed"
    assert one.value("x") == 1
    assert "exit code 3" in one.run(program("os_exit"))["result"]["stderr"]
    assert running(mark)
    assert one.value("import os; 'x' in globals(), len(os.listdir('/mnt/data'))") == "(False, 2)"
    assert folders.exists()
    one.call("DELETE", "session")
    wait_until(lambda: not running(mark))

    pids = pool.descendants()
    _, code, stderr = pool.end(signal.SIGINT)
    assert (code, stderr) == (0, "")
    assert gone(pids)
    assert not folders.parent.exists()


def test_without_namespaces_a_killed_server_leaves_nothing(start_program, gone, program):
    """Neither processes nor folders."""
    pool = start_program(below="no namespaces")
    wire = pool.wire("left")
    folders = Path(wire.value("import os; os.getcwd()")).parent
    mark = f"mark-{uuid.uuid4()}"
    wire.run(f"MARK = {mark!r}\n" + program("leaves_daemon"))
    wait_until(lambda: running(mark))
    pids = pool.descendants()
    pool.process.send_signal(signal.SIGKILL)
    pool.process.wait()
    assert gone(pids)
    assert not running(mark)
    assert not folders.parent.exists()


def test_required_namespaces_that_are_not_available():
    """EngineError names the kernel's refusal, instead of less separation than was requested."""
    program = (
        "import asyncio\n"
        "from emulator.session_pool.engines.interface import EngineError\n"
        "from emulator.session_pool.engines.linux.engine import Engine\n"
        "try:\n    asyncio.run(Engine(lowest_level=3).start())\n"
        "except EngineError as refusal:\n    print(refusal)\n"
    )
    # Root of a user namespace that has no other user cannot become one.
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.stdout.startswith("sessions cannot be created here: level 3: "), ended.stderr
    assert ended.stderr == ""
