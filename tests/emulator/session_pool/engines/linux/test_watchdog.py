"""The limits on all processes of a session together, and the message when they exceed one."""

import time

import pytest

from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.engines.shared.limits import Limits
from emulator.session_pool.sessions.pool import Pool
from emulator.session_pool.wire.server import SessionPoolServer
from emulator.session_pool.wire.tokens import TokenAuthority

STATE_LOST = "Variables are lost, files are kept."


@pytest.fixture(scope="module")
def small_pool():
    """A pool whose sessions have low limits: 600 MiB, 40 processes, half a processor."""
    authority = TokenAuthority()
    limits = Limits(memory_bytes=600 << 20, processes=40, cpus=0.5)
    server = SessionPoolServer(Pool(Engine(limits=limits)), authority)
    server.start()
    try:
        yield server, authority
    finally:
        server.stop()


@pytest.fixture
def wire(small_pool, wire_to, session_id):
    server, authority = small_pool
    return type(wire_to(session_id))(server.endpoint, authority.issue()[0], session_id)


def test_one_process_gets_a_memory_error(wire):
    """Memory up to the session's limit; the interpreter continues, with its variables."""
    wire.run("kept = 1")
    assert "MemoryError" in wire.run("x = bytearray(2 << 30)")["result"]["stderr"]
    assert wire.value("kept") == 1


def test_many_processes_are_ended_together(wire):
    """Each stays below the limit, and all together do not: the execution fails with a clear message, and files stay."""
    code = (
        "import os, time\nopen('/mnt/data/kept', 'w').close()\n"
        "for _ in range(6):\n"
        "    if os.fork() == 0:\n"
        "        held = bytearray(os.urandom(1 << 20)) * 200\n"
        "        time.sleep(30)\n"
        "time.sleep(30)"
    )
    started = time.monotonic()
    body = wire.run(code, timeoutInSeconds=20)
    assert time.monotonic() - started < 15
    assert body["status"] == "Failed"
    assert body["result"]["stderr"] == (f"Kernel restarted: the session used more than 600 MiB of memory. {STATE_LOST}")
    assert wire.value("import os; os.listdir('/mnt/data')") == "['kept']"


def test_leftover_processes_are_limited_too(wire):
    """The next execution reports once that variables are lost: it runs nevertheless, or ended with them."""
    wire.run(
        "import os, time\nlost = 1\n"
        "for _ in range(6):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(0.3)\n"
        "        held = bytearray(os.urandom(1 << 20)) * 200\n"
        "        time.sleep(30)\n"
        "        os._exit(0)"
    )
    message = f"Kernel restarted: the session used more than 600 MiB of memory. {STATE_LOST}"
    deadline = time.monotonic() + 15
    body = wire.run("'lost' in globals()")
    while body["result"]["executionResult"] is True and time.monotonic() < deadline:
        time.sleep(0.7)
        body = wire.run("'lost' in globals()")
    if body["status"] == "Succeeded":
        assert (body["result"]["executionResult"], body["result"]["stderr"]) == (False, f"{message}\n")
    else:
        assert body["result"]["stderr"] == message  # it was running at that moment
    assert wire.run("'lost' in globals()")["result"]["stderr"] == ""


def test_memory_that_is_shared_counts_once(wire):
    """Forks of a large process are no larger together, as long as they write nothing."""
    code = (
        "import os, time\nheld = bytearray(os.urandom(1 << 20)) * 200\n"
        "children = []\n"
        "for _ in range(6):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        time.sleep(1)\n"
        "        os._exit(0)\n"
        "    children.append(pid)\n"
        "sum(os.waitpid(pid, 0)[1] for pid in children)"
    )
    assert wire.value(code) == 0


def test_processes_have_a_number(wire):
    """A fork bomb gets an error, and the session continues."""
    code = (
        "import os, signal, time\nchildren = []\n"
        "try:\n"
        "    while len(children) < 1000:\n"
        "        pid = os.fork()\n"
        "        if pid == 0:\n"
        "            time.sleep(30)\n"
        "        children.append(pid)\n"
        "except BlockingIOError:\n"
        "    pass\n"
        "for pid in children: os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)\n"
        "len(children)"
    )
    assert 20 <= wire.value(code) < 40


def test_a_restart_brings_no_more_processes(wire):
    """Processes that an interpreter has left behind count for the next one."""
    code = (
        "import os, time\n"
        "started = 0\n"
        "try:\n"
        "    while started < 100:\n"
        "        if os.fork() == 0:\n"
        "            os.setsid(); time.sleep(30); os._exit(0)\n"
        "        started += 1\n"
        "except BlockingIOError:\n"
        "    pass\n"
        "print(started)"
    )
    first = int(wire.run(code)["result"]["stdout"])
    assert 20 <= first < 40
    wire.run("import os; os._exit(0)")
    second = wire.run(code)["result"]
    assert (second["stdout"] or "0\n") == "0\n", second


def test_processor_time_is_limited(wire):
    """Over time, a session uses no more than its share, however many processes it has."""
    code = (
        "import os, time\n"
        "end = time.monotonic() + 3\nchildren = []\n"
        "for _ in range(2):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        while time.monotonic() < end: pass\n"
        "        os._exit(0)\n"
        "    children.append(pid)\n"
        "used = 0\n"
        "for pid in children:\n"
        "    usage = os.wait4(pid, 0)[2]\n"
        "    used += usage.ru_utime + usage.ru_stime\n"
        "used"
    )
    used = wire.value(code)
    assert 0.5 < used < 2.4, used


def test_an_idle_session_is_not_slowed_down(wire):
    """A session that sleeps is not stopped, and answers at once."""
    wire.run("1")
    took = []
    for _ in range(3):  # a busy machine delays some, and not each
        time.sleep(1.5)
        started = time.monotonic()
        assert wire.value("1") == 1
        took.append(time.monotonic() - started)
    assert min(took) < 0.2
