"""Actions run after others by their statuses, and a group ends as its branches do.

Sources: "Handle errors and exceptions" of Azure Logic Apps; runs that were measured in Power Automate.
"""

import pytest

from tests.workflow_player.flows import FAILS, compose, play
from workflow_player.errors import FlowError
from workflow_player.order import run_order


def test_order():
    """Each after those that it names, whatever their order in the file; statuses in any case."""
    actions = {"C": compose(3, "B", statuses=("SUCCEEDED",)), "A": compose(1), "B": compose(2, "A")}
    assert run_order(actions) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ({"A": compose(1, "B"), "B": compose(1, "A")}, "after each other"),
        ({"A": compose(1, "Missing")}, "Missing"),
        ({"A": compose(1), "B": compose(1, "A", statuses=("Done",))}, "Done"),
    ],
)
def test_orders_that_cannot_be(actions, words):
    """Circles, names that are not beside the action, statuses that there are not."""
    with pytest.raises(FlowError, match=words):
        run_order(actions)


def test_skipped_is_passed_on():
    """What runs after a skipped action is skipped too, unless it says that it runs then."""
    played = play(
        {
            "A": FAILS,
            "B": compose(1, "A"),
            "C": compose(1, "B"),
            "D": compose(1, "B", statuses=("Skipped",)),
        }
    )
    assert played.statuses() == {"A": "Failed", "B": "Skipped", "C": "Skipped", "D": "Succeeded"}
    error = played.actions["B"].error
    assert error and error["code"] == "ActionConditionFailed"


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        ({"A": FAILS}, "Failed"),
        ({"A": FAILS, "B": compose(1, "A", statuses=("Failed",))}, "Succeeded"),
        ({"A": FAILS, "B": compose(1, "A")}, "Failed"),
        # The branch that handles the failure has succeeded; the other has ended with the failure.
        ({"A": FAILS, "B": compose(1, "A", statuses=("Failed",)), "C": compose(1, "A")}, "Failed"),
        ({"A": compose(1), "B": compose(1, "A", statuses=("Failed",))}, "Succeeded"),
    ],
    ids=["fails", "handled", "not reached", "handled in one branch of two", "nothing to handle"],
)
def test_status_of_a_run(actions, status):
    """That of the last actions of all branches; if one was skipped, that of those before it counts."""
    assert play(actions).status == status
    assert play({"Scope": {"type": "Scope", "actions": actions}}).actions["Scope"].status == status
