"""The steps that sessions take in a soak run, and the expected responses.

A step is a function of a `Visit`, which is one session used by one thread. It raises `Wrong` for an incorrect response.
"""

import base64
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .pool_program import Caller, Refused

_TIMEOUT_SECONDS = 20  # for runs that should not time out
GRACE_SECONDS = 5  # by which a run may exceed its timeout


class Wrong(Exception):
    """A session responded incorrectly; the message states how."""


@dataclass
class Visit:
    """A new session, used only by this thread, and its expected state."""

    caller: Caller
    identifier: str
    chance: random.Random
    uploaded: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file, by name."""

    has_secret: bool = False
    """Whether the session still has the variables that `begin` set."""

    def run(self, code: str, *, timeout: int = _TIMEOUT_SECONDS, **members: Any) -> dict[str, Any]:
        """Run code. Returns the response, which must not be late."""
        started = time.monotonic()
        response = self.caller.run(self.identifier, code, timeoutInSeconds=timeout, **members)
        taken = time.monotonic() - started
        if taken > timeout + GRACE_SECONDS:
            raise Wrong(f"a run with a timeout of {timeout} s took {taken:.1f} s")
        return response

    def expect(self, code: str, value: Any, **members: Any) -> None:
        """Run code that must succeed with this value."""
        response = self.run(code, **members)
        if response["status"] != "Succeeded" or response["result"]["executionResult"] != value:
            raise Wrong(f"expected {value!r} of {code[:80]!r}, not {str(response)[:300]}")

    def expect_failure(self, code: str, message: str, **members: Any) -> None:
        """Run code that must fail with this text in stderr."""
        response = self.run(code, **members)
        if response["status"] != "Failed" or message not in response["result"]["stderr"]:
            raise Wrong(f"expected a failure with {message!r} of {code[:80]!r}, not {str(response)[:300]}")


def begin(visit: Visit) -> None:
    """Check that the session is new, without variables or files, and set its own variable."""
    visit.expect("import os\n[name for name in globals() if name == 'secret'] + os.listdir('/mnt/data')", "[]")
    _set_secret(visit)


def _set_secret(visit: Visit) -> None:
    visit.expect(f"secret = '{visit.identifier}'\nsecret", visit.identifier)
    visit.has_secret = True


def check(visit: Visit) -> None:
    """Check that the session still has its files, and its variable unless its interpreter ended."""
    visit.expect("globals().get('secret', 'lost')", visit.identifier if visit.has_secret else "lost")
    for name, digest in visit.uploaded.items():
        if hashlib.sha256(visit.caller.download(visit.identifier, name)).hexdigest() != digest:
            raise Wrong(f"{name} has changed")
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
    response = visit.run("import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()")
    value = response["result"]["executionResult"]
    if not isinstance(value, dict) or not base64.b64decode(value["base64_data"]).startswith(b"\x89PNG"):
        raise Wrong(f"expected a figure, not {str(response)[:300]}")


def big_output(visit: Visit) -> None:
    count = visit.chance.choice([10_000, 300_000, 3_000_000])
    response = visit.run(f"print('x' * {count})", outputStreamsMaxLength=count)
    if response["result"]["stdout"] != "x" * count:
        raise Wrong(f"expected {count} characters, not {len(response['result']['stdout'])}")


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
    """An abandoned run continues to its end, and the next run waits for it."""
    visit.caller.abandon(visit.identifier, "import time\ntime.sleep(0.3)\nafter = 'done'")
    time.sleep(0.05)  # otherwise the next run may overtake it
    visit.expect("globals().get('after')", "done")


def second_kernel(visit: Visit) -> None:
    """A second kernel, with a run that is still running when the session ends."""
    visit.run("import time\ntime.sleep(600)", executionType="Asynchronous")


def deleted(visit: Visit) -> None:
    """End the session; its name then refers to a new session."""
    if not visit.caller.end(visit.identifier):
        raise Wrong("the session did not exist before it was deleted")
    visit.uploaded.clear()
    begin(visit)


STEPS: dict[Callable[[Visit], None], int] = {
    arithmetic: 10, frame: 4, figure: 3, big_output: 3, error: 3, crash: 3, endless: 1, stubborn: 1, asleep: 1,
    forks: 2, daemon: 2, threads: 2, files: 4, hang_up: 1, second_kernel: 1, deleted: 2,
}  # fmt: skip
"""The steps with their relative frequencies."""


def live(visit: Visit) -> int:
    """Begin a session, take some steps, and end it or let it expire. Returns the number of steps."""
    begin(visit)
    count = visit.chance.randrange(1, 6)
    for step in visit.chance.choices(list(STEPS), list(STEPS.values()), k=count):
        try:
            step(visit)
            check(visit)
        except Refused as refusal:
            raise Wrong(f"{step.__name__}: unexpected response: {refusal}") from None
        except Wrong as wrong:
            raise Wrong(f"{step.__name__}: {wrong}") from None
    if visit.chance.random() < 0.5:
        visit.caller.end(visit.identifier)
    return count
