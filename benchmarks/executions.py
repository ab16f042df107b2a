"""The cost of executions through the connector: their duration, and how many calls of the pool they take.

The operation is called as an adapter calls it; the HTTP of the functions host is not measured. Runs in one call and
background runs alternate, so that other work on the machine affects both.
"""

import sys
import time
import uuid
from typing import Any

from requests import Response

from connector.executions.operations import cancel_execution, execute_python_code
from connector.models import Execution
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions

from .figures import Figure, table
from .pool_program import PoolProgram
from .quantiles import milliseconds, p50

_RUNS = 100
_LONG_RUN = "import time\nfor n in range(200): print(n); time.sleep(1)"
_LONGEST_WAIT_SECONDS = 90


class _CountingClient(SessionPoolClient):
    calls = 0

    def call(self, *arguments: Any, **request: Any) -> Response:
        self.calls += 1
        return super().call(*arguments, **request)


class _AnyToken:
    def token(self, deadline: object = None) -> str:
        return "any"

    def renew(self, rejected: str) -> bool:
        return False


def main() -> int:
    wait_seconds = 10 if "--quick" in sys.argv else _LONGEST_WAIT_SECONDS
    figures: list[Figure] = []
    with PoolProgram() as program:
        pool = _CountingClient(program.url, _AnyToken())
        sessions, facts, session_id = CallerSessions(Pools(pool)), PoolFacts(rich_results=True), str(uuid.uuid4())

        def run(code: str, **members: Any) -> Execution:
            pool.calls = 0
            return execute_python_code(sessions, facts, python_code=code, session_id=session_id, **members)

        run("1")
        durations: dict[int, list[float]] = {60: [], 300: []}
        calls: dict[int, list[int]] = {60: [], 300: []}
        for _ in range(_RUNS):
            for timeout, durations_of_timeout in durations.items():
                durations_of_timeout.append(milliseconds(lambda t=timeout: run("6 * 7", timeout_in_seconds=t)))  # type: ignore[misc]
                calls[timeout].append(pool.calls)
        one_call, background = p50(durations[60]), p50(durations[300])
        figures += [
            Figure("6 * 7 in one call, p50", "ms", [one_call]),
            Figure("6 * 7 in the background, p50", "ms", [background], [3 * one_call]),
            Figure("6 * 7 in the background: calls of the pool, p50", "", [p50(calls[300])], [4]),
        ]
        running = run(_LONG_RUN, timeout_in_seconds=300, wait_in_seconds=0)
        figures.append(Figure("waitInSeconds 0: calls of the pool", "", [pool.calls], [3]))
        cancel_execution(sessions, facts, session_id=session_id, execution_id=running.execution_id)
        started = time.monotonic()
        running = run(_LONG_RUN, timeout_in_seconds=300, wait_in_seconds=wait_seconds)
        waited = round(time.monotonic() - started)
        figures.append(Figure(f"a wait of {waited} s: calls of the pool", "", [pool.calls], [45]))
        cancel_execution(sessions, facts, session_id=session_id, execution_id=running.execution_id)
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
