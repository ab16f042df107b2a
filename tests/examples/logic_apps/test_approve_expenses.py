"""The approval finds what a person should look at in a list of expenses, asks, and acts on the answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.examples.logic_apps.flows import CODE, FOLDER, connector, counts, files, player, ran, visible
from workflow_player.messages import CallTimedOut, Request, Response
from workflow_player.results import Played
from workflow_player.services.outlook import Outlook
from workflow_player.services.sharepoint import SharePoint

CONSUMPTION = files("approve_expenses")["consumption"]
HEADER = "employee,date,category,amount\n"
USUAL = HEADER + "".join(f"Ada,2026-03-{day:02},Meals,{20 + day}.40\n" for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13))
UNUSUAL = USUAL + "Grace,2026-03-04,Meals,951.70\n"
LIST = "/Shared Documents/Expenses/Submitted/march.csv"


@pytest.fixture(params=["consumption", "standard"])
def flow(request: pytest.FixtureRequest) -> Path:
    return files("approve_expenses")[request.param]


class Library(SharePoint):
    """A site with a list of expenses that has just been submitted, and the code."""

    def __init__(self, site: Path, expenses: str, code: str | None = None) -> None:
        super().__init__(site)
        for path, content in {
            LIST: expenses,
            "/Shared Documents/Code/check_expenses.py": code or (CODE / "check_expenses.py").read_text("utf-8"),
        }.items():
            file = site / path.strip("/")
            file.parent.mkdir(parents=True)
            file.write_text(content)

    def approved(self) -> dict[str, str]:
        folder = self.folder / "Shared Documents" / "Expenses" / "Approved"
        return {file.name: file.read_text() for file in folder.glob("*")}


def play(flow: Path, api: Any, library: Library, outlook: Outlook, **options: Any) -> Played:
    return player(flow, connector(api), library, outlook, **options).play(library.new_file(LIST))


def test_approve_puts_the_list_into_the_next_folder(api_with_key, flow, tmp_path):
    """The approver sees the unusual entries with their reasons; the approved list goes on, with a mark in its name."""
    library, outlook = Library(tmp_path, UNUSUAL), Outlook("Approve")
    played = play(flow, api_with_key, library, outlook)
    assert played.status == "Succeeded"
    (question,) = outlook.mails
    assert (question.to, question.options, question.chosen) == ("manager@YOUR-DOMAIN", ("Approve", "Reject"), "Approve")
    assert "<td>951.70</td>" in question.body and "median" in question.body
    assert "<td>22.4</td>" not in question.body
    ((name, content),) = library.approved().items()
    assert name.startswith("approved_20") and name.endswith("_march.csv")
    assert "951.7" in content and "22.4" in content


def test_reject_tells_who_has_submitted_the_list(api_with_key, flow, tmp_path):
    """Who has submitted it gets the entries with their reasons; the list does not go on."""
    library, outlook = Library(tmp_path, UNUSUAL), Outlook("Reject")
    play(flow, api_with_key, library, outlook)
    rejection = outlook.mails[-1]
    assert (rejection.to, rejection.subject) == ("ada@contoso.example", "Expenses not approved: march.csv")
    assert "<td>951.70</td>" in rejection.body and "median" in rejection.body
    assert not library.approved()


def test_rejection_of_a_list_from_a_service_goes_to_the_maker(api_with_key, tmp_path):
    """The author of such a file has no address."""
    library, outlook = Library(tmp_path, UNUSUAL), Outlook("Reject")
    arrived = json.loads(json.dumps(library.new_file(LIST)).replace('"Email"', '"None"'))
    player(CONSUMPTION, connector(api_with_key), library, outlook).play(arrived)
    assert outlook.mails[-1].to == "you@YOUR-DOMAIN"


def test_list_without_findings_goes_on_without_a_question(api_with_key, flow, tmp_path):
    """Nobody is asked."""
    library, outlook = Library(tmp_path, USUAL), Outlook()
    play(flow, api_with_key, library, outlook)
    assert not outlook.mails
    assert [name.partition("_")[0] for name in library.approved()] == ["nothing-found"]


def test_code_that_fails_is_reported_to_the_maker(api_with_key, flow, tmp_path):
    """A list that the code does not understand is neither approved nor rejected, and the run fails."""
    library, outlook = Library(tmp_path, "who,when\nAda,2026-03-02\n"), Outlook()
    played = play(flow, api_with_key, library, outlook)
    assert (played.status, (played.error or {})["code"]) == ("Failed", "ExpensesNotChecked")
    (mail,) = outlook.mails
    assert (mail.to, mail.subject) == ("you@YOUR-DOMAIN", "Expenses not checked: march.csv")
    assert "The file has no column" in mail.body
    assert not library.approved()


def test_code_that_writes_no_list_is_reported_to_the_maker(api_with_key, tmp_path):
    """Nothing is approved, and the maker learns which file is missing."""
    library, outlook = Library(tmp_path, UNUSUAL, code="[]"), Outlook()
    played = play(CONSUMPTION, api_with_key, library, outlook)
    assert (played.status, outlook.mails[0].subject) == ("Failed", "Expenses not decided: march.csv")
    assert "The code has written no file checked.csv." in outlook.mails[0].body
    assert not library.approved()


@pytest.mark.parametrize("polls", [True, False], ids=["the gateway polls", "the gateway does not poll"])
def test_run_that_takes_longer_than_its_call(emulator, running_connector, polls, tmp_path):
    """Whether or not the gateway polls a 202, the question has the findings."""
    library, outlook = Library(tmp_path, UNUSUAL), Outlook()
    with running_connector(**emulator.environment, CALLER_WAIT_SECONDS="0") as api:
        played = play(CONSUMPTION, api, library, outlook, connector_polls=polls)
    assert "<td>951.70</td>" in outlook.mails[0].body
    assert ("Get_run" in ran(played)) != polls


class Silent(Outlook):
    """Nobody answers."""

    def send(self, request: Request, seconds: float) -> Response:
        if request.url.startswith("/approvalmail"):
            raise CallTimedOut
        return super().send(request, seconds)


def test_session_ends_when_a_step_fails(api_with_key, flow, tmp_path):
    """Here the code has written no list, which the next step cannot get: the maker is told, and the run fails."""
    library, outlook = Library(tmp_path, UNUSUAL, "print('nothing')\n[]"), Outlook()
    played = play(flow, api_with_key, library, outlook)
    assert played.status == "Failed" and len(outlook.mails) == 1
    assert played.actions["End_session_after_problem"].status == "Succeeded"


def test_answer_that_never_comes(api_with_key, flow, tmp_path):
    """The maker is told, and the run fails; the list stays where it is."""
    library, outlook = Library(tmp_path, UNUSUAL), Silent()
    played = play(flow, api_with_key, library, outlook, longest_pause_seconds=0.02)
    assert (played.status, (played.error or {})["code"]) == ("Failed", "ExpensesNotDecided")
    assert outlook.mails[0].subject == "Expenses not decided: march.csv"
    assert not library.approved()


def test_run_history_hides_secrets(api_with_key, flow, tmp_path):
    """Neither the ID of the session, nor what somebody has spent."""
    library = Library(tmp_path, UNUSUAL)
    played = play(flow, api_with_key, library, Outlook())
    shown = visible(played, flow)
    assert played.actions["Session_ID"].outputs not in shown
    assert "951.7" not in shown and "22.4" not in shown


def test_readme_states_what_a_run_takes(api_with_key, tmp_path):
    """The number of actions, as played, for a list that is approved."""
    played = play(CONSUMPTION, api_with_key, Library(tmp_path, UNUSUAL), Outlook())
    readme = (FOLDER / "approve_expenses" / "README.md").read_text(encoding="utf-8")
    assert f"A list that is approved: {counts(played)}." in readme
