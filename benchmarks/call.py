"""What a call costs: ExecutePythonCode in the genuine Functions worker, beside a function that does nothing, and beside
LangChain's and AutoGen's own calls of the same pool.

`python -m benchmarks.call --worker CHECKOUT [--clients PYTHON] [--before FOLDER]`. CHECKOUT is that of
github.com/Azure/azure-functions-python-worker; PYTHON has langchain-azure-dynamic-sessions and autogen-ext[azure];
FOLDER is an earlier version of this project. What is compared takes turns, so that other work on the machine affects
all of it.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .delayed_link import DelayedLink
from .pool_program import ROOT
from .quantiles import p50, p95
from .worker import Worker, prepare

_ONE_WAY_SECONDS = 0.010
_ROUNDS = 10
_CALLS = 50
"""Of each round, in a session that has run before."""

_NEW_SESSIONS = 3
"""Of each round."""

_CLIENT = Path(__file__).with_name("direct_client.py")


@contextlib.contextmanager
def _pool(*options: str) -> Iterator[dict[str, str]]:
    """A pool with the identity that apps need, and what it prints: `session pool`, `token`, `identity`, ..."""
    command = [sys.executable, "-m", "emulator.session_pool", "--port", "0", "--max-sessions", "300", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.partition("  ")
            printed[name.strip()] = value.strip()
            if line.startswith("ready"):
                break
        try:
            yield printed
        finally:
            process.terminate()
            process.wait(60)


def _settings(printed: dict[str, str], endpoint: str) -> dict[str, str]:
    identity = dict(pair.split("=", 1) for pair in printed["identity"].split())
    return {"POOL_MANAGEMENT_ENDPOINT": endpoint, "SIGNING_KEY": "k" * 43, **identity}


_NOTHING = {"a function that does nothing": "Hello", "a function that waits for 5 ms": "Wait"}


def _call(worker: Worker, session: str, name: str = "") -> float:
    """The milliseconds of a call, as the host sees it."""
    if name in _NOTHING:
        return worker.call(_NOTHING[name], _NOTHING[name].lower(), {})[0]
    milliseconds, response = worker.call("ExecutePythonCode", "executions", {"pythonCode": "1+1", "sessionId": session})
    assert response["result"] == "2", response
    return milliseconds


def cpu(workers: dict[str, Worker]) -> None:
    """The CPU time of the worker per call, over loopback without TLS."""
    sessions = {name: str(uuid.uuid4()) for name in workers}
    times: dict[str, list[float]] = {name: [] for name in workers}
    used = dict.fromkeys(workers, 0.0)
    for name, worker in workers.items():
        for _ in range(_CALLS // 2):
            _call(worker, sessions[name], name)
    for _ in range(_ROUNDS):
        for name, worker in workers.items():
            before = worker.cpu_seconds
            times[name] += [_call(worker, sessions[name], name) for _ in range(_CALLS)]
            used[name] += worker.cpu_seconds - before
    print("| in the genuine worker | CPU per call | p50 | CPU to load |\n|---|---|---|---|")
    for name, worker in workers.items():
        per_call, load = used[name] * 1000 / _CALLS / _ROUNDS, worker.loading_cpu_seconds
        print(f"| {name} | {per_call:.2f} ms | {p50(times[name]):.2f} ms | {load:.2f} s |")


def link(calls: dict[str, Callable[[str], float]]) -> None:
    """The duration of calls over TLS and a link with a delay. `calls` take a session, and return milliseconds."""
    used = {name: str(uuid.uuid4()) for name in calls}
    new: dict[str, list[float]] = {name: [] for name in calls}
    warm: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():
        call(used[name])
        call(used[name])
    for _ in range(_ROUNDS):
        for name, call in calls.items():
            new[name] += [call(str(uuid.uuid4())) for _ in range(_NEW_SESSIONS)]
            warm[name] += [call(used[name]) for _ in range(_CALLS // 5)]
    print("\n| over TLS, 20 ms there and back | new session, p50 / p95 | warm, p50 / p95 |\n|---|---|---|")
    for name in calls:
        figures = [f"{p50(times):.1f} / {p95(times):.1f} ms" for times in (new[name], warm[name])]
        print(f"| {name} | {' | '.join(figures)} |")


@contextlib.contextmanager
def _client(python: str, kind: str, endpoint: str, token: str, certificate: str) -> Iterator[Callable[[str], float]]:
    environment = {**os.environ, "REQUESTS_CA_BUNDLE": certificate, "SSL_CERT_FILE": certificate}
    command = [python, str(_CLIENT), kind, endpoint, token]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        assert process.stdin is not None and process.stdout is not None
        sent, received = process.stdin, process.stdout
        received.readline()

        def call(session: str) -> float:
            sent.write(f"{session}\n")
            sent.flush()
            return float(json.loads(received.readline())["seconds"]) * 1000

        yield call
        sent.close()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", type=Path, required=True)
    parser.add_argument("--clients")
    parser.add_argument("--before", type=Path)
    options = parser.parse_args()
    environment = prepare(options.worker)
    apps = {"before": options.before, "now": ROOT} if options.before else {"now": ROOT}
    with contextlib.ExitStack() as running:
        printed = running.enter_context(_pool())
        settings = _settings(printed, printed["session pool"])
        workers = {name: Worker(environment, environment / "hello", settings) for name in _NOTHING}
        for name, folder in apps.items():
            workers[f"{name}, rich results"] = Worker(environment, folder, settings)
            workers[f"{name}, RICH_RESULTS off"] = Worker(environment, folder, {**settings, "RICH_RESULTS": "false"})
        for worker in workers.values():
            running.enter_context(worker)
        cpu(workers)
    with contextlib.ExitStack() as running:
        printed = running.enter_context(_pool("--tls"))
        address = urlsplit(printed["session pool"])
        delayed = running.enter_context(DelayedLink(address.port or 0, _ONE_WAY_SECONDS))
        endpoint = printed["session pool"].replace(f":{address.port}", f":{delayed.port}", 1)
        settings = {**_settings(printed, endpoint), "REQUESTS_CA_BUNDLE": printed["certificate"]}
        calls: dict[str, Callable[[str], float]] = {}
        for kind, name in {"langchain": "LangChain's own call", "autogen": "AutoGen's own call"}.items():
            if options.clients:
                client = _client(options.clients, kind, endpoint, printed["token"], printed["certificate"])
                calls[name] = running.enter_context(client)
        for name, folder in apps.items():
            worker = running.enter_context(Worker(environment, folder, settings))
            calls[f"the connector, {name}"] = lambda session, worker=worker: _call(worker, session)  # type: ignore[misc]
        link(calls)
    print("\nload average: " + " ".join(f"{load:.1f}" for load in os.getloadavg()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
