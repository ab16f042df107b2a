"""docs/clients.md: its rows lead to what they name, with the versions that are tested, and its Python runs.

Its TypeScript, the generated Python and the settings of the bridge are run by the tests in tests/clients.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import Api
from tests.markdown import anchors, links, section, table

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
ROWS = table(PAGE)
PATHS = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))["paths"]
PNG = b"\x89PNG\r\n\x1a\n"


def pins() -> dict[str, str]:
    """The version of each package that npm installs for the tests of clients."""
    found: dict[str, str] = {}
    for path in (ROOT / "tests" / "clients").glob("*/package.json"):
        found |= json.loads(path.read_text(encoding="utf-8"))["devDependencies"]
    return found


def test_each_row_leads_to_a_section():
    """And each section has a row, in the same order."""
    titles = re.findall(r"^## .+$", PAGE, re.MULTILINE)
    assert [f"#{anchor}" for title in titles for anchor in anchors(title)] == [
        target for client, *_ in ROWS for target in links(client)
    ]


@pytest.mark.parametrize(("client", "documents"), [row[:2] for row in ROWS], ids=[row[0] for row in ROWS])
def test_documents_of_a_row_are_served(client, documents):
    """At the address that the page gives, if the client takes one."""
    named = re.findall(r"[\w-]+\.(?:json|yaml)", documents)
    assert (named or documents == "none") and all(f"/{name}" in PATHS for name in named)


@pytest.mark.parametrize(
    ("package", "title"),
    [
        ("openapi-typescript", "openapi-typescript and openapi-fetch"),
        ("openapi-fetch", "openapi-typescript and openapi-fetch"),
        ("@hey-api/openapi-ts", "hey-api"),
        ("@ivotoby/openapi-mcp-server", "Bridges from OpenAPI to MCP"),
    ],
)
def test_versions_are_those_of_the_tests(package, title):
    """In the row, and in the commands of the section."""
    version = pins()[package]
    (row,) = [row for row in ROWS if row[0].startswith(f"[{title}]")]
    assert version in row[-1] and "by a test" in row[-1]
    assert set(re.findall(rf"{package}@([\d.]+)", section(PAGE, title))) <= {version}


def test_program_with_requests_saves_a_chart(api_with_key: Api, tmp_path, monkeypatch):
    """As it is on the page, with the address and the key in their places."""
    (code,) = re.findall(r"<!-- run by tests/test_clients_page.py -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    for placeholder, value in (
        ("https://YOUR-APP.azurewebsites.net/api", api_with_key.url),
        ('"KEY"', repr(api_with_key.key)),
    ):
        assert placeholder in code
        code = code.replace(placeholder, value)
    (tmp_path / "sales.csv").write_text("region,amount\nNorth,42\nSouth,17\n")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/clients.md", "exec"), {})
    (chart,) = tmp_path.glob("*.png")
    assert chart.read_bytes().startswith(PNG)
