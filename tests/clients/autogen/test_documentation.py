"""The example in the documentation."""


def test_the_example_runs_as_it_stands(run_example):
    """And prints the sum that its code printed."""
    assert run_example("autogen").split() == ["0", "7"]
