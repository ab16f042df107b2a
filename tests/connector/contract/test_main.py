"""python -m connector.contract prints what the app serves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connector.contract", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("document", "fixture"),
    [("swagger", "makers"), ("openapi", "agents"), ("openapi-full", "clients"), ("mcp-swagger", "mcp")],
)
def test_it_prints_the_document_that_the_app_serves(document, fixture, api, request):
    """For the same address, they are equal."""
    printed = run(document, "--url", api.url.removesuffix("/api"))
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout) == request.getfixturevalue(fixture)


def test_it_prints_the_document_of_users():
    """With the tenant, and an audience that tokens are requested for."""
    options = ("--url", "https://app.example", "--tenant-id", "a-tenant", "--resource", "api://an-app")
    printed = json.loads(run("openapi", *options, "--sign-in", "user").stdout)
    assert printed["security"] == [{"entra": ["api://an-app/.default"]}]
    refused = run("openapi", *options[:2], "--sign-in", "user")
    assert refused.returncode == 2 and "--tenant-id" in refused.stderr


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/"])
def test_the_address_may_be_copied_with_or_without_the_prefix(path):
    """The operations are below /api in both cases."""
    swagger = json.loads(run("swagger", "--url", f"https://app.example{path}").stdout)
    assert (swagger["schemes"], swagger["host"], swagger["basePath"]) == (["https"], "app.example", "/api")


def test_it_writes_to_a_file(tmp_path):
    """Indented by four spaces, which certification requires."""
    path = tmp_path / "apiDefinition.swagger.json"
    assert run("swagger", "--url", "https://app.example", "--output", str(path)).stdout == ""
    assert path.read_text(encoding="utf-8").startswith('{\n    "swagger": "2.0",\n')


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    """In one line, and with an exit code that stops a script."""
    refused = run("swagger", "--url", "https://app.example", "--output", str(tmp_path / "none" / "swagger.json"))
    assert refused.returncode == 1
    assert refused.stderr == f"{tmp_path}/none/swagger.json cannot be written: No such file or directory\n"


@pytest.mark.parametrize("url", ["app.example", "ftp://app.example", "https://", "https://app.example/?code=1"])
def test_an_invalid_address_is_refused(url):
    """The message has an example."""
    refused = run("swagger", "--url", url)
    assert refused.returncode == 2
    assert "https://YOUR-APP.azurewebsites.net" in refused.stderr
