"""The example in docs/session-pool-emulator.md."""


def test_example_runs_unchanged(run_example):
    """It prints the sum that its code printed."""
    assert run_example("autogen").split() == ["0", "7"]
