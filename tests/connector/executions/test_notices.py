"""The notice of an execution."""

from connector.executions.notices import joined, with_notice
from connector.models import Execution


def test_notices_are_joined() -> None:
    """In one string, because the member is one."""
    assert joined([]) is None
    assert joined(["A figure was lost.", "Keep it."]) == "A figure was lost. Keep it."


def test_a_notice_is_added_to_the_others() -> None:
    """None replaces another."""
    execution = Execution("session", "execution", "Succeeded")
    assert with_notice(execution, "One.").notice == "One."
    assert with_notice(with_notice(execution, "One."), "Two.").notice == "Two. One."
