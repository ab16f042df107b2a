"""How sessions are forked, what they inherit, and that they are removed completely."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from emulator.session_pool.engines.interface import EngineError, InterpreterEnded
from emulator.session_pool.engines.linux import control, supervisor
from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.engines.linux.session_process import SessionProcess
from emulator.session_pool.engines.shared.data_rules import FolderGone
from tests.emulator.session_pool.conftest import ROOT, children_of, listed, no_namespaces, wait_until


def test_a_killed_server_leaves_no_process(start_program, gone, program):
    """Even a daemon that an execution started ends with a server that had no time to clean up."""
    pool = start_program()
    wire = pool.wire("left")
    wire.run("MARK = 'leftover'\n" + program("leaves_daemon"))
    pids = pool.descendants()
    assert len(pids) >= 6  # the supervisor and its parent, the zygote, the session's init, its interpreter, the daemon
    pool.process.send_signal(signal.SIGKILL)
    pool.process.wait()
    assert gone(pids)


def test_what_sessions_are_forked_from_is_replaced(start_program, gone):
    """When it is killed, its sessions end: the same identifier and others get new ones, without any error."""
    pool = start_program("--require-isolation", "3")
    for number, victim in ((1, "supervisor"), (2, "zygote")):
        pool.wire(f"old-{victim}").run("x = 1")
        sessions = pool.descendants()
        os.kill(pool.forkers()[number], signal.SIGKILL)
        assert gone(sessions), victim
        for identifier in (f"old-{victim}", f"new-{victim}"):
            assert pool.wire(identifier).value("'x' in globals()") is False, victim


def test_a_run_that_never_began_is_not_lost(start_program):
    """Whatever is killed at whatever moment: a run is answered with its result, or has begun."""
    pool = start_program("--require-isolation", "3", "--ready", "0")
    answers: list[requests.Response] = []

    def call(number: int) -> None:
        wire = pool.wire(f"caller-{number}")
        for _ in range(4):
            answers.append(wire.call("POST", "executions", json={"code": "open('/mnt/data/f', 'w').close(); 6 * 7"}))

    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(call, number) for number in range(4)]
        wait_until(lambda: len(answers) > 4)
        os.kill(pool.forkers()[2], signal.SIGKILL)
        for each in calls:
            each.result()
    assert [answer.status_code for answer in answers] == [200] * 16
    failed = [answer.json() for answer in answers if answer.json()["status"] != "Succeeded"]
    assert len(failed) <= 4, failed  # those that ran at that moment


def test_a_server_that_ends_while_the_supervisor_starts_leaves_nothing():
    """Neither a process nor the folder that the sessions of level 2 have on the disk."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    ours, theirs = control.pair()
    arguments = [str(theirs.fileno()), "2", "{}", "emulator.session_pool.engines.shared.shell"]
    starting = subprocess.Popen(
        [*no_namespaces(), sys.executable, "-m", supervisor.__name__, *arguments],
        pass_fds=[theirs.fileno()],
        env={**supervisor.ENVIRONMENT, "TMPDIR": str(folder)},
        cwd=ROOT,
    )
    theirs.close()
    wait_until(lambda: any(folder.iterdir()) or starting.poll() is not None, 60)
    ours.close()
    assert starting.wait(60) == 0
    wait_until(lambda: not any(folder.iterdir()))
    folder.rmdir()


def test_a_folder_is_removed_after_the_last_process_that_uses_it(tmp_path):
    """Whoever of them is killed."""
    folder = tmp_path / "used"
    (folder / "below").mkdir(parents=True)
    program = (
        "import os, sys, time\n"
        "from emulator.session_pool.engines.linux import leftovers\n"
        "held = leftovers.remove_when_released(sys.argv[1])\n"
        "pid = os.fork()\n"
        "print(pid, flush=True) if pid else None\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, folder], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        fork = int(process.stdout.readline())
        process.kill()
        process.wait()
        assert folder.exists()
        os.kill(fork, signal.SIGKILL)
    wait_until(lambda: not folder.exists())


def test_ended_sessions_leave_no_zombies(start_program, gone):
    """The process of each is reaped when it ends, not when the next session is created."""
    pool = start_program("--ready", "0")
    pool.wire("lasting").run("1")
    lasting = pool.descendants()
    for number in range(3):
        wire = pool.wire(f"passing-{number}")
        wire.run("1")
        assert pool.descendants() > lasting
        wire.call("DELETE", "session")
    assert gone(pool.descendants() - lasting)


def test_a_machine_without_process_tables_refuses_new_sessions_only():
    """Existing sessions continue, and more can be created as soon as there is room."""

    async def life(engine: Engine) -> None:
        old = await engine.launch()
        _allow_process_tables(_supervisor(engine), 0)
        with pytest.raises(EngineError, match="ended while it was being created"):
            await engine.launch()
        assert await _runs(old)
        _allow_process_tables(_supervisor(engine), 1000)
        new = await engine.launch()
        assert await _runs(new)
        old.close()
        new.close()

    _with_engine(life)


def _allow_process_tables(supervisor: int, number: int) -> None:
    """Sets a limit of the kernel's in the supervisor's user namespace, which only a process inside of it may do."""
    code = (
        "import ctypes, os\n"
        f"assert ctypes.CDLL(None).setns(os.open('/proc/{supervisor}/ns/user', os.O_RDONLY), 0x10000000) == 0\n"
        f"open('/proc/sys/user/max_pid_namespaces', 'w').write('{number}')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_an_interpreter_holds_no_descriptor_of_another(wire, wire_to, session_id):
    """Neither the zygote's, nor its init's, nor those of any other session; and none is a folder."""
    code = (
        "import os, stat\n"
        "numbers = [n for n in map(int, os.listdir('/proc/self/fd')) if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "len(numbers), sum(stat.S_ISDIR(os.fstat(n).st_mode) for n in numbers)"
    )
    first = wire.value(code)
    others = [wire_to(f"{session_id}-{number}") for number in range(4)]
    assert {other.value(code) for other in others} == {first}
    assert first.endswith(", 0)")
    wire.run("import os; os._exit(0)")
    assert wire.value(code) == first


def test_interpreters_draw_different_numbers(wire, wire_to, session_id):
    """Each is a fork of the same process: its generators are seeded, also if it replaces another."""
    code = "import random, numpy\nrandom.random(), numpy.random.rand()"
    drawn = [wire.value(code), wire_to(f"{session_id}-other").value(code)]
    wire.run("import os; os._exit(0)")
    drawn.append(wire.value(code))
    for position in (0, 1):
        assert len({pair.strip("()").split(", ")[position] for pair in drawn}) == 3


def test_the_environment_is_clean(wire):
    """The server's environment is not visible in a session, not even through its init's /proc entry."""
    secret = "EMULATOR_TEST_SECRET"
    os.environ[secret] = "1"
    try:
        assert secret not in wire.value("import os\nlist(os.environ)")
    finally:
        del os.environ[secret]
    # Variables of the server that a session does not need.
    assert wire.value("{'IDENTITY_HEADER', 'PYTEST_CURRENT_TEST', 'OLDPWD'} & set(os.environ)") == "set()"
    assert wire.value(
        "try:\n  seen = open('/proc/1/environ').read()\nexcept PermissionError:\n  seen = 'closed'\nseen"
    ) == ("closed")


def test_code_cannot_end_its_sessions_init(wire):
    """The session's init receives no signals from inside, and cannot be traced."""
    wire.run("x = 1; open('/mnt/data/f', 'w').close()")
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGCHLD, signal.SIGALRM):
        wire.run(f"import os; os.kill(1, {int(number)})")
    assert wire.value("import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)") == -1  # PTRACE_ATTACH
    assert wire.value("x, os.listdir('/mnt/data')") == "(1, ['f'])"


def test_code_that_kills_everything_ends_its_interpreter(wire):
    """kill(-1) ends the other processes, and finally itself; the next execution finds the files."""
    wire.run("open('/mnt/data/f', 'w').close()\nimport subprocess; subprocess.Popen(['sleep', '1000'])")
    assert wire.run("import os, signal; os.kill(-1, 9); os.kill(os.getpid(), 9)")["status"] == "Failed"
    assert wire.value("import os; os.listdir('/mnt/data')") == "['f']"


def test_a_session_ends_with_its_init():
    """When init ends, as when memory runs out, an execution in progress ends, and the process is closed for good."""

    async def life(engine: Engine) -> None:
        other = await engine.launch()
        inits = set(children_of(_supervisor(engine)))
        doomed = await engine.launch()
        (init,) = set(children_of(_supervisor(engine))) - inits
        interpreter = doomed.interpreter()
        interpreter.start()
        begun = asyncio.Event()
        code = {"code": "import time; time.sleep(60)"}
        run = asyncio.ensure_future(interpreter.run("r-1", code, lambda _: None, begun.set))
        await asyncio.wait_for(begun.wait(), 10)
        os.kill(init, signal.SIGKILL)
        with pytest.raises(InterpreterEnded):
            await asyncio.wait_for(run, 5)
        assert doomed.is_closed
        interpreter.start()
        with pytest.raises(InterpreterEnded):
            await interpreter.run("r-2", {"code": "1"}, lambda _: None)
        with pytest.raises(FolderGone):
            listed(doomed.data, "")
        assert await _runs(other)
        other.close()

    _with_engine(life)


def _with_engine(life: Callable[[Engine], Awaitable[None]]) -> None:
    async def main() -> None:
        engine = Engine()
        await engine.start()
        try:
            await life(engine)
        finally:
            await engine.stop()

    asyncio.run(main())


def _supervisor(engine: Engine) -> int:
    """The child of the process that was started, which only waits for it."""
    (supervisor,) = children_of(engine.supervisor_pid)
    return supervisor


async def _runs(process: SessionProcess) -> bool:
    interpreter = process.interpreter()
    interpreter.start()
    return (await interpreter.run("r", {"code": "1"}, lambda _: None))["content"]["status"] == "ok"
