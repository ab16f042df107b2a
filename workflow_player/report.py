"""What is printed and written of a play."""

import json
import shutil
from pathlib import Path

from workflow_player import mail_pages
from workflow_player.flow import Flow
from workflow_player.results import ActionResult, Played
from workflow_player.secure import hidden_parts, secrets_of, shown
from workflow_player.stage import Stage

STEPS = "steps.json"


def print_step(result: ActionResult, depth: int) -> None:
    """A line per step that has run, as it ends; the steps inside of another come before it."""
    if result.status == "Skipped":
        return
    extra = f", {result.polls} polls" if result.polls else ""
    extra += f", {result.attempts} requests" if result.attempts > 1 else ""
    name = f"  {'  ' * depth}{result.name}"
    print(f"{name:<46}  {result.status:<9} {_duration(result.seconds):>8}{extra}", flush=True)
    if result.status != "Succeeded" and result.error:
        print(f"  {'  ' * depth}    {result.error['code']}", flush=True)


def _duration(seconds: float) -> str:
    """A pause of days has not been made, but the flow would have."""
    for unit, length in (("days", 86400), ("hours", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s"


def write(flow: Flow, played: list[Played], stage: Stage, folder: Path) -> None:
    """Write what a play has made to the folder, and print where it is."""
    _remove_earlier(folder)
    folder.mkdir(parents=True, exist_ok=True)
    hidden, secrets = hidden_parts(flow), secrets_of(flow, stage.parameters())
    if stage.connector.key:
        secrets.add(stage.connector.key)
    steps = [
        [shown(result, hidden.get(name, set()), secrets) for name, result in run.actions.items()] for run in played
    ]
    (folder / STEPS).write_text(json.dumps(steps, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for run in played:
        skipped = [name for name, result in run.actions.items() if result.status == "Skipped"]
        if skipped:
            print(f"  not run: {', '.join(skipped)}")
        print(f"\nThe flow ended as {run.status}.")
        if run.status != "Succeeded":
            _print_errors(run, hidden)
        if run.response is not None:
            print(f"Its response: {run.response['statusCode']} {run.response.get('body')}")
    for number, mail in enumerate(stage.outlook.mails, 1):
        page = mail_pages.written(mail, number, folder / "mails")
        answer = f", answered with {mail.chosen}" if mail.chosen else ""
        print(f"A mail to {mail.to}: {mail.subject}{answer}\n    {page}")
    for number, approval in enumerate(stage.approvals.approvals, 1):
        page = mail_pages.approval_written(approval, number, folder / "approvals")
        print(f"An approval for {approval.assigned_to}: {approval.title}, answered with {approval.outcome}\n    {page}")
    for name, content in stage.new_files().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        print(f"A file: {name} ({len(content):,} bytes)\n    {file}")
    print(f"Every step with its inputs and outputs:\n    {folder / STEPS}")


def _remove_earlier(folder: Path) -> None:
    """What an earlier play has written, and nothing else."""
    if (folder / STEPS).is_file():
        for name in ("mails", "approvals", "sharepoint", "azureblob"):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / STEPS).unlink()


def _print_errors(run: Played, hidden: dict[str, set[str]]) -> None:
    """The messages of the steps that have failed by themselves."""
    for name, result in run.actions.items():
        if result.status in ("Failed", "TimedOut") and result.error and result.code != "ActionFailed":
            message = "its message is hidden" if "outputs" in hidden.get(name, ()) else result.error["message"]
            print(f"  {name}: {result.code}: {message}")
