"""python -m workflow_player: plays a flow of examples/ with a file of yours, on the connector with the emulator."""

import argparse
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import requests

from workflow_player import report
from workflow_player.errors import FlowError
from workflow_player.flows import flow_at, known_flows
from workflow_player.play_file import PlayFailed, start_of
from workflow_player.player import Player
from workflow_player.scripted_agent import model_of
from workflow_player.stage import Connector, set_up


def main() -> int:
    """Returns 0 if the flow has succeeded, 1 if not, 2 if it could not be played, 130 after Ctrl-C."""
    arguments = _parser().parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        return _play(arguments)
    except (FlowError, PlayFailed) as mistake:
        print(f"\nNot played: {mistake}", file=sys.stderr)
        return 2
    except requests.RequestException:
        print(f"\nNot played: the connector at {arguments.url or 'this machine'} does not answer.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _play(arguments: argparse.Namespace) -> int:
    if not arguments.flow:
        raise PlayFailed("which flow? " + known_flows())
    flow, others = flow_at(arguments.flow)
    start = start_of(flow.path, arguments.file, arguments.answer)
    print(f"{flow.path} ({flow.dialect})")
    for other in others:
        print(f"    not played: {other.path} ({other.dialect})")
    if start.about:
        print(start.about)
    if arguments.url and "acasession" in flow.connections.values():
        raise PlayFailed(
            "this flow needs the session pool of the connector: play it without --url, so that one is started"
        )
    with _connector(arguments) as connector, tempfile.TemporaryDirectory(prefix="play-") as site:
        with set_up(start, connector, Path(site)) as stage:
            player = Player(
                flow,
                stage.services,
                {name: value for name, value in stage.parameters().items() if name in flow.parameters},
                model_of(start),
                app_settings=stage.app_settings(),
                on_step=report.print_step,
            )
            print("\nSteps, as they end:")
            played = player.play_each(stage.trigger_outputs())
            report.write(flow, played, stage, arguments.output)
    return 0 if all(run.status == "Succeeded" for run in played) else 1


@contextlib.contextmanager
def _connector(arguments: argparse.Namespace) -> Iterator[Connector]:
    if arguments.url:
        yield _running(arguments.url.rstrip("/").removesuffix("/api") + "/api", arguments.key)
        return
    from workflow_player.local_azure import running  # it imports the emulator, which a play on a URL does not need

    print("Starting the connector with an emulated session pool and storage.", flush=True)
    with running() as started:
        yield Connector(started.url, started.key, started.account, started.storage_url, started.pool)


def _running(url: str, key: str | None) -> Connector:
    """A play would hide why each call fails, so the key is tried before."""
    headers = {"x-functions-key": key} if key else {}
    if requests.get(f"{url}/connection", headers=headers, timeout=120).status_code == 401:
        what = "does not accept this function key" if key else "asks for a function key"
        raise PlayFailed(f"the connector at {url} {what}: --key KEY")
    return Connector(url, key)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workflow_player", description=__doc__)
    parser.add_argument("flow", nargs="?", help="the file of a flow, or a folder with one")
    parser.add_argument("--file", type=_file, help="your file, in place of the example's")
    parser.add_argument("--answer", metavar="OPTION", help="what the person chooses who is asked")
    parser.add_argument("--url", help="a running connector (default: one is started)")
    parser.add_argument("--key", help="its function key")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("play-output"),
        metavar="FOLDER",
        help="where results go (default: play-output)",
    )
    return parser


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return Path(text)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a function of the host that is still waiting would keep the process alive
