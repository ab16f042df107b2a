"""`make copilot-agent`, as a user runs it."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from copilot_agent.app_package import INSTRUCTIONS
from copilot_agent.document import FUNCTIONS, LONGEST_WAIT_SECONDS

ROOT = Path(__file__).resolve().parents[2]
TENANT, CLIENT = "0d6d4b5c-1111-4222-8333-0123456789ab", "7f1e9a2b-4444-4555-8666-fedcba987654"
URL = ("--url", "https://my-app.azurewebsites.net")


def agent(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "copilot_agent", *options], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def steps(completed: subprocess.CompletedProcess[str]) -> list[str]:
    assert (completed.returncode, completed.stderr) == (0, "")
    return re.split(r"^\d+\. ", completed.stdout, flags=re.MULTILINE)[1:]


def test_command_writes_the_package_and_prints_the_next_steps(tmp_path):
    """Without a reference ID, four: store the key, put its ID in, upload, test."""
    path = tmp_path / "a folder" / "agent.zip"
    completed = agent(*URL, "--output", str(path))
    store, again, upload, test = steps(completed)
    assert completed.stdout.splitlines()[:3] == [
        f"package    {path}",
        "connector  https://my-app.azurewebsites.net/api",
        "sign-in    function key",
    ]
    assert "API key registration" in store and "https://my-app.azurewebsites.net/api" in store
    assert "REFERENCE_ID='...'" in again and str(path) in upload and "ask" in test


def test_with_the_reference_id_the_package_is_complete(tmp_path):
    """Two steps are left: upload, test."""
    path = tmp_path / "agent.zip"
    assert len(steps(agent(*URL, "--reference-id", "abc123", "--output", str(path)))) == 2
    with zipfile.ZipFile(path) as package:
        (runtime,) = json.loads(package.read("ai-plugin.json"))["runtimes"]
    assert runtime["auth"]["reference_id"] == "abc123"


def test_steps_for_entra_id_have_what_the_portal_asks_for(tmp_path):
    """Redirect URI, endpoints, and a scope for which a sign-in is renewed."""
    ids = ("--auth", "entra", "--tenant-id", TENANT, "--client-id", CLIENT)
    register, *_ = steps(agent(*URL, *ids, "--output", str(tmp_path / "agent.zip")))
    for text in (
        "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect",
        f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize\n",
        f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token\n",
        f"{CLIENT}/.default offline_access\n",
    ):
        assert text in register


def test_a_wrong_option_is_an_error(tmp_path):
    """Which names it; nothing is written."""
    path = tmp_path / "agent.zip"
    completed = agent("--url", "http://127.0.0.1:7071", "--output", str(path))
    assert completed.returncode == 1 and completed.stderr.startswith("The agent was not written. URL is ")
    assert not path.exists()


def test_instructions_name_what_exists():
    """Each name in them that looks like one of the API's is a function of the plugin, or a word of its document."""
    text = INSTRUCTIONS.read_text(encoding="utf-8")
    document = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    functions = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", text)) - {"IO", "StringIO"}
    assert functions == set(FUNCTIONS)
    for word in re.findall(r"\b[a-z]+(?:[A-Z][A-Za-z]+)+\b", text):
        assert f"{word}:" in document, word
    assert f"waitInSeconds to {LONGEST_WAIT_SECONDS}" in text
