"""play.json says what a play starts with."""

import json
from pathlib import Path

import pytest

from workflow_player import play_file
from workflow_player.flows import flows_in
from workflow_player.play_file import ROOT, Place, PlayFailed, filled_in, start_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A repository with a flow and a file."""
    monkeypatch.setattr(play_file, "ROOT", tmp_path)
    (tmp_path / "flow").mkdir()
    (tmp_path / "sample.csv").write_text("a")
    (tmp_path / "mine.csv").write_text("b")
    return tmp_path


def write(folder: Path, **members: object) -> Path:
    (folder / "flow" / "play.json").write_text(json.dumps(members))
    return folder / "flow" / "consumption.json"


def test_files(folder):
    """A file of one's own takes the place of the sample, under the name that the flow expects, or its own."""
    flow = write(
        folder, file={"sample": "sample.csv", "put": "sharepoint:/Docs/"}, files={"azureblob:/c/x.py": "sample.csv"}
    )
    assert start_of(flow, None, None).file == Place("sharepoint", "/Docs/sample.csv")
    start = start_of(flow, folder / "mine.csv", "Reject")
    assert (start.file, start.answer) == (Place("sharepoint", "/Docs/mine.csv"), "Reject")
    assert start.files == {
        Place("azureblob", "/c/x.py"): folder / "sample.csv",
        Place("sharepoint", "/Docs/mine.csv"): folder / "mine.csv",
    }
    flow = write(folder, file={"sample": "sample.csv", "put": "web:/sales.csv"})
    assert start_of(flow, folder / "mine.csv", None).file == Place("web", "/sales.csv")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"fle": 1}, "unknown members: fle"),
        ({"file": {"sample": "x.csv", "put": "web:/a"}}, "no file .*x.csv"),
        ({"file": {"sample": "sample.csv", "put": "onedrive:/a"}}, "no place"),
    ],
)
def test_mistakes(folder, members, words):
    """The message says what is wrong."""
    with pytest.raises(PlayFailed, match=words):
        start_of(write(folder, **members), None, None)


def test_a_flow_without_a_play_file(folder):
    """It cannot be played yet; a flow that reads no file takes none."""
    with pytest.raises(PlayFailed, match="no play.json"):
        start_of(folder / "flow" / "x.json", None, None)
    with pytest.raises(PlayFailed, match="reads no file"):
        start_of(write(folder), folder / "mine.csv", None)


def test_placeholders():
    """They are replaced in all texts; unknown ones are an error."""
    assert filled_in({"a": ["${x}/${y.z}", 1]}, {"x": "1", "y.z": "2"}) == {"a": ["1/2", 1]}
    with pytest.raises(PlayFailed, match=r"no \$\{q\}; there are: x"):
        filled_in("${q}", {"x": "1"})


@pytest.mark.parametrize(
    "flow", flows_in(ROOT / "examples"), ids=lambda flow: str(flow.path.relative_to(ROOT / "examples"))
)
def test_every_flow_of_the_examples_can_be_played(flow):
    """It has what a play starts with, and the files are there."""
    start = start_of(flow.path, None, None)
    assert start.about and start.about[-1] == "."
