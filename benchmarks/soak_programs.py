"""What the soak run's sessions do, step by step, and what they must answer.

A step is a function of a `Visit`, which is one session in the hands of one thread. It raises `Wrong` when the session
answers something that it must not.
"""

import base64
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .pool_program import Caller, Refused

_TIMEOUT_SECONDS = 20  # for all that is not to run into it
GRACE_SECONDS = 5  # what a run may take beyond its timeout


class Wrong(Exception):
    """A session answered what it must not; the message says what."""


@dataclass
class Visit:
    """A new session, and what this thread knows of it: nobody else calls it."""

    caller: Caller
    identifier: str
    chance: random.Random
    uploaded: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file, by name."""

    has_secret: bool = False
    """The session's variables are still those that `begin` left there."""

    def run(self, code: str, *, timeout: int = _TIMEOUT_SECONDS, **members: Any) -> dict[str, Any]:
        """The answer, which must come in time."""
        started = time.monotonic()
        answer = self.caller.run(self.identifier, code, timeoutInSeconds=timeout, **members)
        taken = time.monotonic() - started
        if taken > timeout + GRACE_SECONDS:
            raise Wrong(f"a run with a timeout of {timeout} s took {taken:.1f} s")
        return answer

    def expect(self, code: str, value: Any, **members: Any) -> None:
        """Runs code that must succeed with this value."""
        answer = self.run(code, **members)
        if answer["status"] != "Succeeded" or answer["result"]["executionResult"] != value:
            raise Wrong(f"expected {value!r} of {code[:80]!r}, not {str(answer)[:300]}")

    def expect_failure(self, code: str, words: str, **members: Any) -> None:
        answer = self.run(code, **members)
        if answer["status"] != "Failed" or words not in answer["result"]["stderr"]:
            raise Wrong(f"expected a failure with {words!r} of {code[:80]!r}, not {str(answer)[:300]}")


def begin(visit: Visit) -> None:
    """It is new: no variables and no files of anyone's. Then it gets its own."""
    visit.expect("import os\n[name for name in globals() if name == 'secret'] + os.listdir('/mnt/data')", "[]")
    _set_secret(visit)


def _set_secret(visit: Visit) -> None:
    visit.expect(f"secret = '{visit.identifier}'\nsecret", visit.identifier)
    visit.has_secret = True


def check(visit: Visit) -> None:
    """It still has its own variables and files, or has lost the variables with its interpreter."""
    visit.expect("globals().get('secret', 'lost')", visit.identifier if visit.has_secret else "lost")
    for name, digest in visit.uploaded.items():
        if hashlib.sha256(visit.caller.download(visit.identifier, name)).hexdigest() != digest:
            raise Wrong(f"{name} came back changed")
    if not visit.has_secret:
        _set_secret(visit)


def arithmetic(visit: Visit) -> None:
    for _ in range(5):
        left, right = visit.chance.randrange(1000), visit.chance.randrange(1000)
        visit.expect(f"{left} * {right}", left * right)


def frame(visit: Visit) -> None:
    numbers = [visit.chance.randrange(100) for _ in range(50)]
    visit.expect(f"import pandas as pd\nint(pd.Series({numbers}).sum())", sum(numbers))


def figure(visit: Visit) -> None:
    answer = visit.run("import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()")
    value = answer["result"]["executionResult"]
    if not isinstance(value, dict) or not base64.b64decode(value["base64_data"]).startswith(b"\x89PNG"):
        raise Wrong(f"expected a figure, not {str(answer)[:300]}")


def big_output(visit: Visit) -> None:
    count = visit.chance.choice([10_000, 300_000, 3_000_000])
    answer = visit.run(f"print('x' * {count})", outputStreamsMaxLength=count)
    if answer["result"]["stdout"] != "x" * count:
        raise Wrong(f"expected {count} characters, not {len(answer['result']['stdout'])}")


def error(visit: Visit) -> None:
    visit.expect_failure("{}['no such key']", "KeyError")


def crash(visit: Visit) -> None:
    code = visit.chance.choice(
        ["import os\nos._exit(3)", "import ctypes\nctypes.string_at(0)", "import os\nos.kill(os.getpid(), 9)"]
    )
    visit.has_secret = False
    visit.expect_failure(code, "Kernel restarted")


def endless(visit: Visit) -> None:
    visit.expect_failure("while True: pass", "timed out", timeout=1)


def stubborn(visit: Visit) -> None:
    visit.has_secret = False
    code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    visit.expect_failure(code, "timed out", timeout=1)


def asleep(visit: Visit) -> None:
    visit.expect_failure("import time\ntime.sleep(100)", "timed out", timeout=1)


def forks(visit: Visit) -> None:
    code = "import os, time\nfor _ in range(3):\n    if os.fork() == 0: time.sleep(600), os._exit(0)\n'forked'"
    visit.expect(code, "forked")


def daemon(visit: Visit) -> None:
    code = (
        "import subprocess\n"
        "left = subprocess.Popen(['sh', '-c', 'sleep 600 & sleep 600'], start_new_session=True)\n"
        "left.poll() is None"
    )
    visit.expect(code, True)


def threads(visit: Visit) -> None:
    visit.expect("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n1", 1)


def files(visit: Visit) -> None:
    name = f"file-{visit.chance.randrange(3)}.bin"
    content = visit.chance.randbytes(visit.chance.choice([0, 1000, 2_000_000]))
    visit.caller.upload(visit.identifier, name, content)
    visit.uploaded[name] = hashlib.sha256(content).hexdigest()
    visit.expect(
        f"import hashlib\nhashlib.sha256(open('/mnt/data/{name}', 'rb').read()).hexdigest()", visit.uploaded[name]
    )


def hang_up(visit: Visit) -> None:
    """The abandoned run goes on to its end, and the next one waits for it."""
    visit.caller.abandon(visit.identifier, "import time\ntime.sleep(0.3)\nafter = 'done'")
    time.sleep(0.05)  # else the next run may overtake it
    visit.expect("globals().get('after')", "done")


def beside(visit: Visit) -> None:
    """A second kernel, with a run that goes on when the session ends."""
    visit.run("import time\ntime.sleep(600)", executionType="Asynchronous")


def deleted(visit: Visit) -> None:
    """Gone with all it had; its name then has a new session."""
    if not visit.caller.end(visit.identifier):
        raise Wrong("the session was gone before it was deleted")
    visit.uploaded.clear()
    begin(visit)


STEPS: dict[Callable[[Visit], None], int] = {
    arithmetic: 10, frame: 4, figure: 3, big_output: 3, error: 3, crash: 3, endless: 1, stubborn: 1, asleep: 1,
    forks: 2, daemon: 2, threads: 2, files: 4, hang_up: 1, beside: 1, deleted: 2,
}  # fmt: skip
"""With how often each is chosen, against the others."""


def live(visit: Visit) -> int:
    """A session's life: its beginning, some steps, and its end, or not: then its time runs out. How many steps."""
    begin(visit)
    count = visit.chance.randrange(1, 6)
    for step in visit.chance.choices(list(STEPS), list(STEPS.values()), k=count):
        try:
            step(visit)
            check(visit)
        except Refused as refusal:
            raise Wrong(f"{step.__name__}: refused with {refusal}") from None
        except Wrong as wrong:
            raise Wrong(f"{step.__name__}: {wrong}") from None
    if visit.chance.random() < 0.5:
        visit.caller.end(visit.identifier)
    return count
