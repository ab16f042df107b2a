"""How sessions' processes are created and removed."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.session_pool.engines.interface import EngineError, InterpreterEnded, Sink
from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.engines.linux.session_process import SessionProcess
from emulator.session_pool.engines.shared import frames
from tests.emulator.session_pool.conftest import listed, processes_below, wait_until

ROOT = Path(__file__).resolve().parents[5]


async def run(process: SessionProcess, code: str, sink: Sink = lambda _: None, name: str = "main") -> frames.Message:
    """Runs code in the interpreter of that name, which is started when it is not running."""
    interpreter = process.interpreter(name)
    if not interpreter.is_running:
        interpreter.start()
    return await interpreter.run("r", {"code": code}, sink)


def test_a_stopped_engine_leaves_nothing(gone):
    """No process and no mount is left, and a session's files are deleted."""

    async def life() -> set[int]:
        engine = Engine()
        await engine.start()
        process = await engine.launch()
        await run(process, "open('/mnt/data/f', 'w').close()")
        assert [entry.name for entry in listed(process.data, "")] == ["f"]
        pids = processes_of(engine)
        process.close()
        await engine.stop()
        return pids

    pids = asyncio.run(life())
    assert len(pids) >= 3
    assert gone(pids)
    assert "session" not in Path("/proc/mounts").read_text()


def processes_of(engine: Engine) -> set[int]:
    """Its supervisor, and all descendants of that."""
    return {engine.supervisor_pid} | processes_below(engine.supervisor_pid)


def test_a_session_in_namespaces_sees_little_of_the_machine():
    """Its own user, processes and folders; no user's home; no capabilities; a clean environment."""

    async def life() -> dict[str, object]:
        engine = Engine(lowest_level=3)
        await engine.start()
        process = await engine.launch()
        messages: list[dict[str, object]] = []
        code = (
            "import os\n"
            "status = dict(l.split(':', 1) for l in open('/proc/self/status').read().splitlines())\n"
            "seen = os.getuid(), status['CapEff'].strip(), status['NoNewPrivs'].strip(), os.listdir('/home'),"
            " sorted(os.environ), os.access('/usr/x', os.W_OK), os.access('/mnt/data', os.W_OK), os.getcwd()\n"
            "print(repr(seen))"
        )
        await run(process, code, messages.append)
        process.close()
        await engine.stop()
        return dict(zip(NAMES, eval("".join(m["content"]["text"] for m in messages)), strict=True))  # type: ignore[index]

    seen = asyncio.run(life())
    environment = seen.pop("environment")
    assert seen == {
        "uid": 1000,
        "capabilities": "0000000000000000",
        "no_new_privileges": "1",
        "homes": ["session"],
        "writes_usr": False,
        "writes_data": True,
        "cwd": "/home/session",
    }
    assert "PATH" in environment
    assert not {"IDENTITY_HEADER", "USER", "LOGNAME"} & set(environment)  # type: ignore[call-overload]


NAMES = ("uid", "capabilities", "no_new_privileges", "homes", "environment", "writes_usr", "writes_data", "cwd")


def test_an_interpreter_that_has_ended_reports_it_until_the_next_start():
    """run raises InterpreterEnded; start creates a new one with the same files."""

    async def life() -> None:
        engine = Engine()
        await engine.start()
        process = await engine.launch()
        with pytest.raises(InterpreterEnded) as end:
            await run(process, "import os; os._exit(7)")
        assert end.value.status == 7
        with pytest.raises(InterpreterEnded):
            await process.interpreter().run("r", {"code": "1"}, lambda _: None)
        reply = await run(process, "1")
        assert reply["content"]["status"] == "ok"
        process.close()
        process.close()
        await engine.stop()

    asyncio.run(life())


def test_a_session_may_have_several_interpreters():
    """Each has its own variables and shares the files; the end of one does not end another."""

    async def life() -> None:
        engine = Engine()
        await engine.start()
        process = await engine.launch()
        await run(process, "x = 1")
        slow = asyncio.ensure_future(run(process, "import time; time.sleep(1); y = 2", name="second"))
        with pytest.raises(InterpreterEnded) as end:
            await run(process, "open('/mnt/data/f', 'w').close(); import os; os._exit(3)")
        assert end.value.status == 3
        assert not process.interpreter().is_running
        assert (await slow)["content"]["status"] == "ok"
        messages: list[frames.Message] = []
        await run(process, "import os; print(y, 'x' in globals(), os.listdir('/mnt/data'))", messages.append, "second")
        assert messages[0]["content"]["text"].startswith("2 False ['f']")
        process.close()
        await engine.stop()

    asyncio.run(life())


def test_an_interpreters_group_ends_next_to_other_interpreters():
    """The programs of an interpreter that crashed end, even if another interpreter continues."""

    async def life() -> None:
        engine = Engine()
        await engine.start()
        process = await engine.launch()
        await run(process, "x = 1", name="second")
        before = processes_of(engine)
        with pytest.raises(InterpreterEnded):
            await run(process, "import os, subprocess\nsubprocess.Popen(['sleep', '1000'])\nos._exit(0)")
        await asyncio.to_thread(wait_until, lambda: not processes_of(engine) - before)
        assert (await run(process, "x", name="second"))["content"]["status"] == "ok"
        process.close()
        await engine.stop()

    asyncio.run(life())


def test_an_engine_that_cannot_create_sessions_reports_why(monkeypatch):
    """EngineError with a clear message when the zygote ends at once."""
    monkeypatch.setattr("sys.executable", "/bin/false")

    async def life() -> None:
        with pytest.raises(EngineError, match="did not start"):
            await Engine().start()

    asyncio.run(life())


def test_without_namespaces_python_code_finds_mnt_data(tmp_path):
    """Without them, Python's own file functions are redirected to the session's folder."""
    code = (
        "import glob, os, pathlib, shutil\n"
        "from emulator.session_pool.engines.shared import data_paths\n"
        f"data_paths.redirect('/mnt/data', {str(tmp_path)!r})\n"
        "open('/mnt/data/a.txt', 'w').write('a')\n"
        "os.makedirs('/mnt/data/in/deep')\n"
        "shutil.copy('/mnt/data/a.txt', '/mnt/data/in/deep/b.txt')\n"
        "pathlib.Path('/mnt/data/c.txt').write_text('c')\n"
        "os.rename('/mnt/data/c.txt', '/mnt/data/d.txt')\n"
        "os.chdir('/mnt/data/in')\n"
        "assert sorted(os.listdir('/mnt/data')) == ['a.txt', 'd.txt', 'in'], os.listdir('/mnt/data')\n"
        "assert glob.glob('/mnt/data/**/*.txt', recursive=True)\n"
        "assert os.path.exists('deep/b.txt') and not os.path.exists('/mnt/data2')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)
    assert sorted(path.name for path in tmp_path.rglob("*.txt")) == ["a.txt", "b.txt", "d.txt"]


def test_without_namespaces_sessions_work_and_leave_nothing(tmp_path):
    """With shared folders, as an ordinary user: state, files, crashes, daemons, and complete removal."""
    program = (
        "import asyncio, sys\n"
        "from emulator.session_pool.engines.interface import InterpreterEnded\n"
        "from emulator.session_pool.engines.linux.engine import Engine\n"
        "async def life():\n"
        "    engine = Engine(highest_level=2)\n"
        "    await engine.start()\n"
        "    assert engine.isolation.startswith('level 2: ')\n"
        "    a, b = await engine.launch(), await engine.launch()\n"
        "    main = a.interpreter()\n"
        "    main.start()\n"
        "    await main.run('1', {'code': \"open('/mnt/data/f', 'w').write('a')\"}, print)\n"
        "    listed = [[e.name for batch in s.data.walk('') for e in batch] for s in (a, b)]\n"
        "    assert listed == [['f'], []], listed\n"
        "    try:\n"
        "        code = \"import os, subprocess; subprocess.Popen(['sleep', '1000']); os._exit(4)\"\n"
        "        await main.run('2', {'code': code}, print)\n"
        "    except InterpreterEnded as end:\n"
        "        assert end.status == 4\n"
        "    main.start()\n"
        "    messages = []\n"
        "    await main.run('3', {'code': \"print(open('/mnt/data/f').read())\"}, messages.append)\n"
        "    assert messages[0]['content']['text'].startswith('a'), messages\n"
        "    a.close(); b.close()\n"
        "    await engine.stop()\n"
        "asyncio.run(life())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    if os.getuid() == 0 and not _readable_by_all(Path(sys.base_prefix)):
        # Root drops its rights there, and cannot then read a Python in a folder that is closed to others.
        assert "do not run this as root" in ended.stderr
    else:
        assert ended.returncode == 0, ended.stderr


def _readable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))
