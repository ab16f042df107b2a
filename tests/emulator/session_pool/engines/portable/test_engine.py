"""Sessions that are plain subprocesses, as on macOS and Windows."""

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from emulator.session_pool.engines.interface import EngineError, InterpreterEnded
from emulator.session_pool.engines.portable.engine import PortableEngine
from emulator.session_pool.engines.portable.session_process import SessionProcess
from emulator.session_pool.engines.shared import data_paths, frames
from emulator.session_pool.engines.shared.data_rules import FolderGone
from tests.emulator.session_pool.conftest import listed, processes_below, wait_until

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[4]


def with_engine(life: Callable[[PortableEngine], Awaitable[None]], container_type="PythonLTS") -> None:
    async def main() -> None:
        engine = PortableEngine(container_type)
        await engine.start()
        try:
            await life(engine)
        finally:
            await engine.stop()

    asyncio.run(main())


async def launched(engine: PortableEngine, life: Callable[[SessionProcess], Awaitable[None]]) -> None:
    await life(await engine.launch())


@pytest.fixture(scope="module")
def plain() -> Iterator[Callable[..., None]]:
    """Runs a test body in a new session of a shared engine."""
    loop = asyncio.new_event_loop()
    engine = PortableEngine()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SECRET_OF_THE_SERVER", "1")
        loop.run_until_complete(engine.start())

        def happen(life: Callable[[SessionProcess], Awaitable[None]]) -> None:
            loop.run_until_complete(launched(engine, life))

        yield happen
        loop.run_until_complete(engine.stop())
    loop.close()


async def run(process: SessionProcess, code: str, name: str = "main") -> str:
    """The output meanwhile, and the error's name; the interpreter is started when it is not running."""
    messages: list[frames.Message] = []
    interpreter = process.interpreter(name)
    if not interpreter.is_running:
        interpreter.start()
    reply = await interpreter.run("r", {"code": code}, messages.append)
    text = "".join(message["content"]["text"] for message in messages if message["type"] == "stream")
    return text + reply["content"].get("ename", "")


async def any_message(messages: list[frames.Message]) -> None:
    """Returns when there is a message."""
    while not messages:
        await asyncio.sleep(0.01)


def processes_in(folder: Path) -> set[int]:
    """Those whose environment names the folder: of an engine that has its folders there, and of its sessions."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(folder) in (path / "environ").read_bytes():
                found.add(int(path.name))
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where engines of this test, and programs that it starts, put their folders."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_state_streams_crashes_and_files(gone, temporary):
    """Variables stay until the interpreter ends, files until the session does; then both are removed."""

    async def life(engine: PortableEngine) -> None:
        assert engine.level == 1
        assert engine.isolation.startswith("level 1: not isolated: ")
        assert "all rights of the user who started" in engine.isolation
        one, other = await engine.launch(), await engine.launch()
        output = await run(one, "import os; x = 1; print('a'); os.write(1, b'b\\n'); os.system('echo c')")
        assert sorted(output) == sorted("a\nb\nc\n")  # the two kinds of output are not ordered against each other
        assert await run(one, "import pathlib; print(x); pathlib.Path('/mnt/data/f').write_text('kept')") == "1\n"
        assert [entry.name for entry in listed(one.data, "")] == ["f"]
        assert listed(other.data, "") == []
        with pytest.raises(InterpreterEnded) as end:
            await run(one, "import subprocess; subprocess.Popen(['sleep', '1000']); os._exit(7)")
        assert end.value.status == 7
        with pytest.raises(InterpreterEnded):
            await one.interpreter().run("r", {"code": "1"}, lambda _: None)
        assert await run(one, "print(open('/mnt/data/f').read(), 'x' in dir())") == "kept False\n"
        assert await run(one, "import os; print(os.getcwd() == os.environ['HOME'], os.read(0, 9))") == "True b''\n"
        one.close()
        one.close()
        assert one.is_closed and not other.is_closed
        one.interpreter().start()
        assert not one.interpreter().is_running
        with pytest.raises(FolderGone):
            listed(one.data, "")
        assert processes_in(temporary)

    with_engine(life)
    assert gone(processes_in(temporary))
    assert list(temporary.iterdir()) == []


def test_several_interpreters_of_one_session(plain):
    """Each has its own variables and shares the files; the end of one does not end another."""

    async def life(process: SessionProcess) -> None:
        await run(process, "x = 1", "first")
        slow = asyncio.ensure_future(run(process, "import time; time.sleep(1); y = 2; print('done')", "second"))
        with pytest.raises(InterpreterEnded):
            await run(process, "open('/mnt/data/f', 'w').close(); import os; os._exit(3)", "first")
        assert not process.interpreter("first").is_running
        assert process.interpreter("first").lost is None
        assert await slow == "done\n"
        code = "import os; print(y, 'x' in dir(), os.listdir('/mnt/data'))"
        assert await run(process, code, "second") == "2 False ['f']\n"
        await run(process, "import os, threading; threading.Timer(0.1, os._exit, [4]).start()", "second")
        while process.interpreter("second").is_running:
            await asyncio.sleep(0.01)
        assert process.interpreter("second").lost.status == 4
        process.interpreter("second").start()
        assert process.interpreter("second").lost is None
        await process.interpreter("second").end()
        assert not process.interpreter("second").is_running

    plain(life)


@pytest.mark.parametrize(
    "code",
    ["while True: pass", "time.sleep(60)", "await asyncio.sleep(60)", "subprocess.run(['sleep', '60'])"],
)
def test_an_interrupt(plain, code):
    """Reaches code that runs, sleeps or waits, and programs that it has started; variables stay."""

    async def life(process: SessionProcess) -> None:
        await run(process, "import asyncio, subprocess, time; x = 1")
        messages: list[frames.Message] = []
        request = {"code": f"print('begun', flush=True)\n{code}"}
        running = asyncio.ensure_future(process.interpreter().run("r", request, messages.append))
        await any_message(messages)
        await asyncio.sleep(0.1)
        process.interpreter().interrupt()
        reply = await asyncio.wait_for(running, 5)
        assert reply["content"]["ename"] in ("KeyboardInterrupt", "CancelledError")
        assert await run(process, "print(x)") == "1\n"

    plain(life)


def test_an_interrupt_before_the_code_has_begun(plain):
    """While the process still does its imports: the execution ends at once, and the interpreter stays usable."""

    async def life(process: SessionProcess) -> None:
        interpreter = process.interpreter("spare")
        interpreter.start()  # takes the process that was ready
        late = process.interpreter("late")
        late.start()
        running = asyncio.ensure_future(late.run("r", {"code": "x = 1"}, lambda _: None))
        await asyncio.sleep(0.01)
        late.interrupt()
        assert (await asyncio.wait_for(running, 1))["content"]["ename"] == "KeyboardInterrupt"
        assert await run(process, "print('x' in dir())", "late") == "False\n"

    plain(life)


def test_output_of_descriptors_arrives_before_the_reply(plain):
    """Any bytes: also zeros, characters that are split, and large amounts."""

    async def life(process: SessionProcess) -> None:
        await run(process, "import os, sys")
        assert await run(process, "os.write(2, b'a\\0')") == "a\0"
        assert await run(process, "os.write(1, b'\\0b'); os.write(1, b'\\xe2\\x82'); os.write(1, b'\\xac')") == "\0b€"
        assert await run(process, "os.write(1, b'\\xe2')") == ""
        assert await run(process, "os.write(1, b'\\x82')") == "\ufffd"
        text = await run(
            process, "import subprocess; subprocess.run([sys.executable, '-c', 'print(\"xy\" * 500_000)'])"
        )
        assert text == "xy" * 500_000 + "\n"

    plain(life)


def test_code_that_closes_everything(plain, program):
    """Costs its interpreter at most; the session continues."""

    async def life(process: SessionProcess) -> None:
        with contextlib.suppress(InterpreterEnded):
            await asyncio.wait_for(run(process, program("closes_everything")), 10)
        process.interpreter().kill()
        await process.interpreter().end()
        assert await run(process, "print(1)") == "1\n"

    plain(life)


def test_a_connection_without_the_secret_is_closed():
    """A client that does not know the secret, or sends less than one, is disconnected."""

    async def life(engine: PortableEngine) -> None:
        reader, writer = await asyncio.open_connection(*engine.address)
        writer.write(secrets.token_bytes(32) + frames.encode({"type": "ready"}))
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        assert await run(await engine.launch(), "print(1)") == "1\n"

    with_engine(life)


def test_the_environment_of_a_session(plain):
    """Only the server's variables that programs need to run."""

    async def life(process: SessionProcess) -> None:
        seen = await run(process, "import os; print(' '.join(os.environ))")
        assert "PATH" in seen.split()
        assert not {"SECRET_OF_THE_SERVER", "IDENTITY_HEADER", "PYTEST_CURRENT_TEST"} & set(seen.split())

    plain(life)


def test_programs_have_the_python_and_the_packages_of_the_session(plain):
    """`python`, `python3` and `pip`, also in a shell, whatever the machine's PATH has under these names."""

    async def life(process: SessionProcess) -> None:
        seen = await run(
            process,
            "import subprocess, sys\n"
            "code = 'import pandas, sys; print(sys.prefix == sys.argv[1])'\n"
            "for name in ('python', 'python3'): print(subprocess.check_output([name, '-c', code, sys.prefix]))\n"
            "print(b'pandas' in subprocess.check_output('pip list --disable-pip-version-check', shell=True))",
        )
        assert seen == "b'True\\n'\nb'True\\n'\nTrue\n"

    plain(life)


def test_time_and_text_are_those_of_the_service(monkeypatch):
    """UTC and UTF-8, whatever zone and language the machine has."""
    for name, value in {"TZ": "Asia/Tokyo", "LANG": "de_DE.ISO-8859-1", "LC_ALL": "POSIX"}.items():
        monkeypatch.setenv(name, value)

    async def life(engine: PortableEngine) -> None:
        seen = await run(
            await engine.launch(),
            "import locale, subprocess, time\n"
            "print(time.tzname[0], locale.getpreferredencoding().upper(), subprocess.getoutput('date +%Z'),"
            " subprocess.getoutput('python -c \"print(chr(8364))\"'))",
        )
        assert seen == "UTC UTF-8 UTC €\n"

    with_engine(life)


def test_bytes_that_are_displayed_are_base64(plain):
    """As in Jupyter, for the value and for displays."""

    async def life(process: SessionProcess) -> None:
        code = "from PIL import Image; image = Image.new('RGB', (2, 2)); display(image); image"
        messages: list[frames.Message] = []
        process.interpreter().start()
        await process.interpreter().run("r", {"code": code}, messages.append)
        shown = {message["type"]: message["content"].get("data", {}) for message in messages}
        for kind in ("display_data", "execute_result"):
            assert base64.b64decode(shown[kind]["image/png"], validate=True).startswith(b"\x89PNG")
            assert base64.b64decode(shown[kind]["image/jpeg"], validate=True).startswith(b"\xff\xd8")

    plain(life)


def test_only_what_code_writes_is_in_its_home(plain):
    """Temporary files, and the caches of libraries, are elsewhere."""

    async def life(process: SessionProcess) -> None:
        await run(process, "import tempfile; kept = tempfile.NamedTemporaryFile()")
        await run(process, "import subprocess; subprocess.check_output(['python', '-c', 'import matplotlib.pyplot'])")
        assert await run(process, "import os; print(os.listdir(os.path.expanduser('~')))") == "[]\n"

    plain(life)


def test_an_engine_that_cannot_create_sessions_reports_why(monkeypatch, tmp_path, temporary):
    """EngineError with the last lines of the process, and nothing is left."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no numbers today >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(EngineError, match="did not start; its output: no numbers today"):
        with_engine(lambda _: asyncio.sleep(0))
    monkeypatch.setattr("sys.executable", str(tmp_path / "none"))
    with pytest.raises(EngineError, match="no process can be started"):
        with_engine(lambda _: asyncio.sleep(0))
    assert list(temporary.iterdir()) == []


def test_shell_sessions(gone, temporary):
    """Commands run in the data folder; an interrupt ends one, and the end of the session ends its programs."""

    async def life(engine: PortableEngine) -> None:
        process = await engine.launch()
        shell = process.interpreter()
        shell.start()

        messages: list[frames.Message] = []

        async def command(line: str, given: str = "") -> tuple[int, str]:
            messages.clear()
            request = {"command": ["/bin/bash", "-lc", line], "input": given}
            reply = await shell.run("r", request, messages.append)
            return reply["content"]["exit_code"], "".join(message["content"]["text"] for message in messages)

        assert await command("cat > f; wc -c < f", "abc") == (0, "3\n")
        assert await command("pwd") == (0, f"{process.folder / 'data'}\n")
        assert await command("echo x >&2") == (0, "x\n")
        assert [entry.size for entry in listed(process.data, "")] == [3]
        assert (await command("exit 42"))[0] == 42
        assert (await command("no-such-program"))[0] == 127
        messages.clear()
        running = asyncio.ensure_future(command("echo begun; sleep 100"))
        await any_message(messages)
        shell.interrupt()
        assert (await asyncio.wait_for(running, 5))[0] > 128
        assert (await command("sleep 1000 & pwd"))[0] == 0
        assert processes_in(temporary)

    with_engine(life, "Shell")
    assert gone(processes_in(temporary))


def test_a_system_without_a_shell_is_reported(monkeypatch):
    """EngineError that names what is available instead."""
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(EngineError, match="need bash or sh.*--container-type PythonLTS"):
        with_engine(lambda _: asyncio.sleep(0), "Shell")


@pytest.mark.parametrize(
    ("path", "plain_path"),
    [
        ("/mnt/data/a", "/mnt/data/a"),
        ("\\mnt\\data\\in\\a", "/mnt/data/in/a"),
        ("/mnt/data\\a", "/mnt/data/a"),
        ("c:\\mnt\\data", "/mnt/data"),
        ("D:\\mnt\\data\\a", "D:\\mnt\\data\\a"),
    ],
)
def test_how_windows_spells_the_data_folder(path, plain_path):
    """As os.path.join, pathlib and os.path.abspath do there; another drive is another place."""
    assert data_paths.with_slashes(path, "C:") == plain_path


@contextlib.contextmanager
def pool_on(system: str, folder: Path, *options: str) -> Iterator[SimpleNamespace]:
    """The program, started as if on that system, and the lines that it has printed."""
    python = folder / "python"
    launcher = HERE / "as_another_system.py"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {launcher} {system} "$0" "$@"\n')
    python.chmod(0o755)
    with subprocess.Popen(
        [python, "-m", "emulator.session_pool", "--port", "0", *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TMPDIR": tempfile.gettempdir()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            reported = {}
            for line in process.stdout:
                name, _, text = line.strip().partition("  ")
                reported[name] = text.strip()
                if name == "ready":
                    break
            yield SimpleNamespace(
                process=process,
                reported=reported,
                pool=SimpleNamespace(endpoint=reported.get("session pool")),
                authority=SimpleNamespace(issue=lambda: (reported["token"], 0)),
            )
        finally:
            process.kill()


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_with_the_python_of_another_system(tmp_path, temporary, wire_to, gone, system):
    """The complete program serves sessions there: code, state, files, figures, crashes, timeouts; it stops cleanly."""
    with pool_on(system, tmp_path, "--allow-unisolated") as pool:
        assert pool.reported["isolation"].startswith("level 1: not isolated: ")
        wire, other = wire_to("first", pool), wire_to("second", pool)
        assert wire.value("import sys; x = 6 * 7; sys.platform") == system
        assert wire.run("print(x)")["result"]["stdout"] == "42\n"
        assert wire.call("POST", "files", files={"file": ("a.csv", b"n\n3\n4\n")}).status_code == 200
        assert wire.value("import pandas; int(pandas.read_csv('/mnt/data/a.csv').n.sum())") == 7
        wire.run("import os; os.makedirs('/mnt/data/out'); open('/mnt/data/out/b', 'w').write('made')")
        assert wire.call("GET", "files/b/content", params={"path": "out"}).content == b"made"
        listed = wire.call("GET", "files", params={"recursive": "true"}).json()["value"]
        assert [(entry["directory"], entry["name"]) for entry in listed] == [(".", "a.csv"), (".", "out"), ("out", "b")]
        assert wire.call("DELETE", "files/a.csv").status_code == 204
        assert other.call("GET", "files").json()["value"] == []
        figure = wire.value("%matplotlib inline\nimport matplotlib.pyplot as plt; plt.plot([1, 2]);")
        assert base64.b64decode(figure["base64_data"]).startswith(b"\x89PNG")
        crashed = wire.run("os._exit(3)")
        assert (crashed["status"], "exit code 3" in crashed["result"]["stderr"]) == ("Failed", True)
        assert wire.value("import os; 'x' in dir(), os.listdir('/mnt/data')") == "(False, ['out'])"
        late = wire.run("y = 1\nwhile True: pass", timeoutInSeconds=1)
        assert late["result"]["stderr"].endswith("after 1 seconds")
        assert wire.value("y") == 1
        pids = processes_below(pool.process.pid)
        assert len(pids) >= 3
        pool.process.send_signal(signal.SIGTERM)
        stderr = pool.process.communicate(timeout=20)[1]
        assert (pool.process.returncode, stderr) == (0, "")
    assert gone(pids)
    assert list(temporary.iterdir()) == []


def test_it_requires_permission(tmp_path):
    """On other systems than Linux, one line states why, and what to do; nothing is started."""
    with pool_on("darwin", tmp_path) as pool:
        stderr = pool.process.communicate(timeout=20)[1]
    assert (pool.process.returncode, pool.reported) == (1, {})
    assert stderr.startswith("sessions can be isolated on Linux only, and this is darwin: run it in a Linux container")
    assert "--allow-unisolated: code then runs with all your rights\n" in stderr
    assert stderr.count("\n") == 1


def test_a_killed_server_leaves_nothing(temporary, gone):
    """Its subprocesses end with their children, and the folders are deleted."""
    code = (
        "import asyncio, sys\n"
        "from emulator.session_pool.engines.portable.engine import PortableEngine\n"
        "async def life():\n"
        "    engine = PortableEngine()\n"
        "    await engine.start()\n"
        "    process = await engine.launch()\n"
        "    process.interpreter().start()\n"
        "    code = \"open('/mnt/data/f', 'w').close(); import subprocess; subprocess.Popen(['sleep', '1000'])\"\n"
        "    await process.interpreter().run('r', {'code': code}, lambda _: None)\n"
        "    print('ready', flush=True)\n"
        "    await process.interpreter().run('r', {'code': 'while True: pass'}, lambda _: None)\n"
        "asyncio.run(life())\n"
    )
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None and server.stdout.readline() == "ready\n"
        pids = processes_below(server.pid)
        assert len(pids) >= 3
        server.kill()
    assert gone(pids)
    wait_until(lambda: list(temporary.iterdir()) == [])


def test_the_connection_is_on_loopback_alone():
    """It cannot be reached from another machine."""

    async def life(engine: PortableEngine) -> None:
        assert engine.address[0] == "127.0.0.1"

    with_engine(life)
