"""The clean-up copies a blob into a session by reference, runs the code, and copies the result back."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Storage, emulated_storage
from tests.examples.logic_apps.flows import CODE, FOLDER, connector, counts, files, player, ran, visible
from tests.workflow_player.services.connected import account_of
from workflow_player.results import Played
from workflow_player.services.blob_storage import BlobStorage
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.outlook import Outlook

CONSUMPTION = files("clean_up_file")["consumption"]
PART_BYTES = 32 << 20
"""What the first call copies at least."""

UNTIDY = "name ; city\nAda;  London \n;\nGrace;New York\nAda;London\n"
TIDY = "name,city\nAda,London\nGrace,New York\n"


@pytest.fixture(params=["consumption", "standard"])
def flow(request: pytest.FixtureRequest) -> Path:
    return files("clean_up_file")[request.param]


@pytest.fixture(scope="module")
def account(emulator):
    """Storage with the container of the code beside those of the connector."""
    with emulated_storage(emulator.authority, containers=("files", "imports", "code")) as storage:
        storage.put("clean_up.py", (CODE / "clean_up.py").read_bytes(), "code")
        yield storage


@pytest.fixture(scope="module")
def service(emulator, account, running_connector):
    with running_connector(**emulator.environment, **account.environment) as api:
        yield connector(api)


def play(flow: Path, service: CodeInterpreter, account: Storage, outlook: Outlook, name: str, **options: Any) -> Played:
    url = account.server.container_url("imports").removesuffix("/imports")
    blobs = BlobStorage(account_of(account), url)
    parameters = {"blobEndpoint": url, **options.pop("parameters", {})}
    return player(flow, service, blobs, outlook, parameters=parameters, **options).play(
        blobs.changed_blob(f"/imports/{name}")
    )


def test_result_is_put_back_and_summarized(service, account, flow):
    """The cleaned file is in storage under its name, and the mail says what was changed."""
    outlook = Outlook()
    account.put("Export für März.csv", UNTIDY.encode("cp1252"))
    played = play(flow, service, account, outlook, "Export für März.csv")
    assert played.status == "Succeeded"
    assert account.get("exports/cleaned/Export für März.csv").decode() == TIDY
    (mail,) = outlook.mails
    assert (mail.to, mail.subject) == ("team@YOUR-DOMAIN", "Cleaned up: Export für März.csv")
    assert "4 rows read, 2 kept.\n1 empty rows and 1 repeated rows were left out." in mail.body
    assert played.actions["Export_file"].outputs["body"]["blobUrl"] in mail.body


@pytest.mark.parametrize("polls", [True, False], ids=["the gateway polls", "the gateway does not poll"])
def test_large_file(emulator, account, running_connector, polls):
    """Copies that take longer than their calls are continued, whether or not the gateway polls a 202."""
    outlook = Outlook()
    account.put("large.csv", UNTIDY.encode() + b" " * PART_BYTES)
    environment = {**emulator.environment, **account.environment, "CALLER_WAIT_SECONDS": "0"}
    account.put("copy.py", b"import shutil\nshutil.copy('/mnt/data/input.csv', '/mnt/data/cleaned.csv')", "code")
    with running_connector(**environment) as api:
        played = play(
            CONSUMPTION,
            connector(api),
            account,
            outlook,
            "large.csv",
            connector_polls=polls,
            parameters={"cleanUpCodeBlob": "/code/copy.py"},
        )
    assert played.status == "Succeeded"
    assert account.get("exports/cleaned/large.csv") == account.get("large.csv", "imports")
    assert outlook.mails[0].subject == "Cleaned up: large.csv"
    assert "exports/cleaned/large.csv" in outlook.mails[0].body
    continued = {"Continue_import", "Continue_export", "Get_run"} & ran(played).keys()
    assert continued == (set() if polls else {"Continue_import", "Continue_export", "Get_run"})


def test_no_content_passes_through_the_workflow(service, account, flow):
    """Neither an input nor an output of any action has the content of the file or of the result."""
    account.put("people.csv", UNTIDY.encode())
    played = play(flow, service, account, Outlook(), "people.csv")
    assert not any("Grace" in repr((result.inputs, result.outputs)) for result in played.actions.values())


def test_code_that_fails_is_reported_to_the_maker(service, account, flow):
    """The maker gets the error, and the run fails; nothing is put back."""
    outlook = Outlook()
    account.put("empty.csv", b"")
    played = play(flow, service, account, outlook, "empty.csv")
    assert (played.status, (played.error or {})["code"]) == ("Failed", "CleanUpFailed")
    (mail,) = outlook.mails
    assert (mail.to, mail.subject) == ("you@YOUR-DOMAIN", "Not cleaned up: empty.csv")
    assert played.actions["Run_code"].outputs["body"]["error"]["message"] in mail.body
    assert "exports/cleaned/empty.csv" not in account.names("exports/")


def test_blob_that_is_gone(service, account, flow):
    """The maker gets the connector's message, and the run fails."""
    outlook = Outlook()
    played = play(flow, service, account, outlook, "gone.csv")
    assert (played.status, (played.error or {})["code"]) == ("Failed", "CleanUpFailed")
    assert "The blob does not exist." in outlook.mails[0].body


def test_run_history_hides_secrets(service, account, flow):
    """The ID of the session is in no input and no output that is shown."""
    account.put("people.csv", UNTIDY.encode())
    played = play(flow, service, account, Outlook(), "people.csv")
    assert played.actions["Session_ID"].outputs not in visible(played, flow)


def test_readme_states_what_a_run_takes(service, account):
    """The number of actions, as played, which is the same for a file of any size."""
    account.put("people.csv", UNTIDY.encode())
    played = play(CONSUMPTION, service, account, Outlook(), "people.csv")
    readme = (FOLDER / "clean_up_file" / "README.md").read_text(encoding="utf-8")
    assert f"A file of any size: {counts(played)}." in readme
