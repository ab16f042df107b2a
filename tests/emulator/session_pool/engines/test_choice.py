"""The choice of an engine: never a weaker one than requested."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.session_pool.engines.choice import choose
from emulator.session_pool.engines.interface import EngineError
from emulator.session_pool.engines.portable.engine import PortableEngine
from emulator.session_pool.engines.shared.limits import Limits

ROOT = Path(__file__).resolve().parents[4]
COMMAND = [sys.executable, "-m", "emulator.session_pool", "--port", "0"]
# Root of a user namespace that has no other user can neither separate sessions nor give up its rights.
SINGLE_USER = ["unshare", "--user", "--map-root-user"]


def test_on_linux_sessions_are_isolated():
    """At level 3 or 2, whichever the kernel supports, also when less would be allowed."""

    async def life() -> None:
        engine = choose("Shell", allow_unisolated=True)
        await engine.start()
        assert engine.container_type == "Shell"
        assert engine.level in (2, 3)
        assert engine.isolation.startswith(f"level {engine.level}: ")
        (await engine.launch()).close()
        await engine.stop()

    asyncio.run(life())


@pytest.mark.parametrize("system", ["darwin", "win32", "freebsd14"])
def test_without_isolation_sessions_need_permission(monkeypatch, system):
    """The portable engine if it is allowed, else an EngineError that states what to do."""
    monkeypatch.setattr("sys.platform", system)
    chosen = choose("Shell", allow_unisolated=True)
    assert isinstance(chosen, PortableEngine)
    assert (chosen.container_type, chosen.level) == ("Shell", 1)
    with pytest.raises(EngineError, match=f"{system}: run it in a Linux container or VM, or .* --allow-unisolated"):
        choose()
    for level in (2, 3):
        with pytest.raises(EngineError, match=f"isolation level {level} is available on Linux only"):
            choose(require_level=level, allow_unisolated=True)


class Refusing:
    """An engine on a kernel without isolation."""

    container_type = "PythonLTS"
    level = 0
    isolation = ""

    def __init__(self, container_type: str, *, limits: Limits, lowest_level: int) -> None:
        self.lowest_level = lowest_level

    async def start(self) -> None:
        raise EngineError(f"level 3: no namespaces; lowest is {self.lowest_level}")


def test_a_machine_without_isolation(monkeypatch):
    """Level 1 when that is allowed, and then the line on isolation has the reason; else an EngineError has it."""
    monkeypatch.setattr("emulator.session_pool.engines.linux.engine.Engine", Refusing)

    async def life(**options: object) -> None:
        engine = choose(**options)
        await engine.start()
        assert engine.level == 1
        assert engine.isolation.startswith("level 1: not isolated: ")
        assert engine.isolation.endswith("(level 3: no namespaces; lowest is 2)")
        process = await engine.launch()
        process.interpreter().start()
        reply = await process.interpreter().run("r", {"code": "1"}, lambda _: None)
        assert reply["content"]["status"] == "ok"
        await engine.stop()

    asyncio.run(life(allow_unisolated=True))
    with pytest.raises(EngineError, match="lowest is 2; .*--allow-unisolated"):
        asyncio.run(life())
    for level in (2, 3):
        with pytest.raises(EngineError, match=f"lowest is {level}$"):
            asyncio.run(life(require_level=level, allow_unisolated=True))


@pytest.mark.parametrize("option", [[], ["--require-isolation", "2"], ["--require-isolation", "3"]])
def test_the_program_does_not_start_below_the_required_level(option):
    """One line on standard error states what this machine lacks."""
    ended = subprocess.run([*SINGLE_USER, *COMMAND, *option], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "level 3: " in ended.stderr
    assert ("--allow-unisolated" in ended.stderr) == (option == [])


def test_the_program_starts_unisolated_when_that_is_allowed():
    """On a machine without isolation; the line `isolation` states what that means, and why."""
    process = subprocess.Popen(
        [*SINGLE_USER, *COMMAND, "--allow-unisolated"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        reported = dict(line.strip().split(maxsplit=1) for line in iter(process.stdout.readline, "ready\n") if line)
        assert reported["isolation"].startswith("level 1: not isolated: ")
        assert "level 3: " in reported["isolation"]
    finally:
        process.terminate()
        _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (0, "")


def test_the_program_starts_at_an_available_level(start_program):
    """--require-isolation is only a condition."""
    pool = start_program("--require-isolation", "2")
    assert pool.reported["isolation"].startswith(("level 2: ", "level 3: "))


def test_asking_for_both_is_a_usage_error():
    """One of them would have no effect."""
    command = [*COMMAND, "--allow-unisolated", "--require-isolation", "2"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "not allowed with argument" in ended.stderr
