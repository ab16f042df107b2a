"""The example in docs/session-pool-emulator.md."""

import json


def test_example_runs_unchanged(run_example):
    """It prints the sum of the uploaded numbers."""
    assert json.loads(run_example("langchain"))["result"] == 7
