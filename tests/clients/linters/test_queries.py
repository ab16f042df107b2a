"""The queries of docs/operations.md and of the alerts are valid, by the compiler of Kusto's language."""

import json
import re
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
PACKAGE = BIN.parent / "node_modules/@kusto/language-service-next"
PROGRAM = Path(__file__).with_name("queries.js")
ROOT = Path(__file__).resolve().parents[3]


def reported(*queries: str) -> list[list[str]]:
    """What is wrong with each query."""
    completed = subprocess.run(
        [BIN / "node", PROGRAM, PACKAGE],
        input=json.dumps(queries),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return json.loads(completed.stdout)


def test_the_queries_are_valid():
    """In syntax, names and types."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    queries = re.findall(r"^```kusto\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    alerts = (ROOT / "infra/alerts.bicep").read_text(encoding="utf-8")
    alert_queries = re.findall(r"^ +query: '((?:\\'|[^'])+)'$", alerts, re.MULTILINE)
    assert len(queries) > 15 and len(alert_queries) == len(re.findall(r"^ +threshold: \d", alerts, re.MULTILINE))
    queries += [query.replace("\\'", "'") for query in alert_queries]
    assert dict(zip(queries, reported(*queries), strict=True)) == dict.fromkeys(queries, [])


def test_mistakes_are_found():
    """An unknown column, operator and function, and a type that does not fit."""
    mistakes = ["requests | where message == ''", "traces | sumarize count()", "traces | extend x = tonumber2(message)"]
    assert all(reported(*mistakes, "traces | where timestamp > 'x'"))
