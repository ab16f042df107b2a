"""The example in the documentation."""

import json


def test_the_example_runs_as_it_stands(run_example):
    """And prints the sum of what it uploaded."""
    assert json.loads(run_example("langchain"))["result"] == 7
