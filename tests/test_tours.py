"""README's six calls and docs/tour.md do what they show: their commands are run as written, against the emulator."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.markdown import Step, links, section, steps
from tests.shown import assert_lines_shown, assert_shown

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOURS = {
    "README": steps(section(README, "Six calls")),
    "tour": steps((ROOT / "docs" / "tour.md").read_text(encoding="utf-8")),
}
END_OF_STEP = "----- end of step -----"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def connector_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connector as `make run` starts it, on free ports; Ctrl-C must end it with exit code 0."""
    errors = tmp_path_factory.mktemp("emulator") / "stderr.txt"
    command = [sys.executable, "-m", "emulator", "--port", "0", "--pool-port", "0"]
    with errors.open("w") as stderr, subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, process_group=0
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = ""
            for line in process.stdout:
                words = line.split()
                url = words[1] if words[:1] == ["connector"] else url
                if words == ["ready"]:
                    break
            else:
                pytest.fail(f"the emulator ended before it was ready:\n{errors.read_text()}")
            yield url
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0, errors.read_text()
        finally:
            process.kill()


class Played:
    """A tour that one bash has run: the output of each step, and the folder with the files that it wrote."""

    def __init__(self, tour: list[Step], url: str, folder: Path) -> None:
        script = "set -euo pipefail\n" + "".join(f"{step.commands}printf '\\n{END_OF_STEP}\\n'\n" for step in tour)
        (folder / "tour.sh").write_text(script, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name not in ("SESSION", "CURL_HOME")}
        environment |= {"API": url, "TMPDIR": str(folder), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        done = subprocess.run(
            ["bash", "tour.sh"], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=90
        )
        output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert done.returncode == 0, f"exit code {done.returncode}\n{output}\n{errors}"
        self.outputs = output.split(f"\n{END_OF_STEP}\n")[:-1]
        self.folder = folder


@pytest.fixture(scope="module")
def play(connector_url: str, tmp_path_factory: pytest.TempPathFactory) -> object:
    """Runs the tour of a name, once."""
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("the tours need curl")
        pytest.skip("the tours need curl")

    @cache
    def played(name: str) -> Played:
        return Played(TOURS[name], connector_url, tmp_path_factory.mktemp(name))

    return played


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, number) for name, tour in TOURS.items() for number, step in enumerate(tour) if step.kind],
)
def test_step(play, name, number):
    """A step of a tour, run as written, gives the response that the page shows below it."""
    step, output = TOURS[name][number], play(name).outputs[number]
    if step.kind == "text":
        assert_lines_shown(step.shown, output)
    else:
        last = [line for line in output.splitlines() if line.startswith("{")][-1]
        assert_shown(json.loads(step.shown), json.loads(last))


def test_readme_shows_its_chart(play):
    """README's calls download a chart, and the page shows it as a picture of the same size, of less than 60 KB."""
    chart = (play("README").folder / "chart.png").read_bytes()
    (picture,) = [ROOT / target for target in links(section(README, "Six calls")) if target.endswith(".png")]
    shown = picture.read_bytes()
    assert chart.startswith(PNG) and shown.startswith(PNG)
    assert len(shown) < 60_000
    assert size(chart) == pytest.approx(size(shown), abs=8)  # other fonts take some pixels more or less


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the PNG's header."""
    assert re.fullmatch(b"IHDR", png[12:16])
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
