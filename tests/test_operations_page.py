"""docs/operations.md and the alerts know the records: their kinds, fields, events and counters."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from connector import errors
from connector.telemetry import events
from connector.telemetry.activity import (
    Activity,
    begun,
    note_execution_status,
    note_mcp_method,
    note_minted_session,
    note_session,
    note_tool,
)
from connector.telemetry.correlation import Correlation
from connector.telemetry.open_telemetry import COUNTERS
from connector.telemetry.pool_calls import PoolCall
from connector.telemetry.storage_calls import StorageCall
from tests.markdown import section, table

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^```kusto\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """A record of each kind with all of its fields, and one of each event."""
    caplog.set_level(logging.INFO)
    correlation = Correlation.of({"x-ms-client-request-id": "mine"})
    with begun(Activity("GetFile", correlation, caller="tenant/caller")) as activity:
        note_session("a-session")
        note_minted_session()
        note_execution_status("Succeeded")
        note_mcp_method("tools/call")
        note_tool("ExecutePythonCode")
        with pytest.raises(errors.PoolUnavailable), PoolCall("p", "GET", "files") as call:
            call.attempted(503, bytes_in=1, bytes_out=1)
            raise errors.PoolUnavailable("unavailable")
        with pytest.raises(errors.StorageUnavailable), StorageCall("a/c", "PUT", "PutBlock") as call:
            call.attempted(503, bytes_in=1, bytes_out=1)
            raise errors.StorageUnavailable("unavailable")
        activity.responded(500, "InternalError", bytes_in=0, bytes_out=0, failure=ValueError())
        activity.responded(200, None, bytes_in=0, bytes_out=0)
        events.started(pools=["p"], api_version="2025-10-02-preview", milliseconds=1)
        events.settings_refused("missing")
        events.token_renewed("pool", 1)
        events.token_failed("storage", ValueError())
        events.token_rejected("pool")
        events.circuit_opened("p", ValueError())
        events.circuit_closed("p")
    return [json.loads(record.getMessage()) for record in caplog.records]


@pytest.fixture
def written_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the process had not responded to a request before."""
    monkeypatch.setattr("connector.telemetry.activity._processed", False)


def documented() -> dict[str, set[str]]:
    """The kinds of records by field. Some rows have two fields."""
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (all|`\w+`(?:, `\w+`)*) \|", PAGE, re.MULTILINE)
    kinds = {"request", "poolCall", "storageCall", "event"}
    return {
        field: kinds if where == "all" else set(re.findall(r"\w+", where))
        for fields, where in rows
        for field in re.findall(r"\w+", fields)
    }


@pytest.mark.usefixtures("written_first")
def test_the_page_lists_the_fields_of_each_record(written: list[dict[str, Any]]) -> None:
    """All of them, and no others. `record` is the kind."""
    found: dict[str, set[str]] = {}
    for record in written:
        for field in record.keys() - {"record"}:
            found.setdefault(field, set()).add(record["record"])
    assert found == documented()


def test_the_page_lists_the_events(written: list[dict[str, Any]]) -> None:
    """As values of the field."""
    (row,) = re.findall(r"^\| `event` \| `event` \| (.*) \|$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == {record["event"] for record in written if "event" in record}


def test_the_page_lists_the_counters() -> None:
    """With their descriptions."""
    assert dict(table(section(PAGE, "With OpenTelemetry"))) == COUNTERS


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_a_query_reads_records_that_exist(number: int) -> None:
    """Kinds, fields, events and error codes are those of the records."""
    query, fields, all_kinds = QUERIES[number], documented(), {"request", "poolCall", "storageCall", "event"}
    kinds = set(re.findall(r"\"record\":\"(\w*)'?", query)) or {"request"}
    assert kinds <= {"", *all_kinds}
    for field in re.findall(r"\br\.(\w+)", query):
        assert field == "record" or fields[field] & (all_kinds if "" in kinds else kinds), field
    for name in re.findall(r'\bevent\)? (?:==|startswith) "(\w+)"', query):
        assert any(event.startswith(name) for event in re.findall(r"`(\w+)`", PAGE)), name
    for code in re.findall(r'r\.code\) == "(\w+)"', query):
        assert issubclass(getattr(errors, code), errors.ConnectorError)
    assert re.match(r"(let \w+ = .*\n?)?(traces|requests|StorageBlobLogs|\|)", query)


def test_there_are_queries() -> None:
    """Each question has one."""
    questions = re.findall(r"^### (.*)$", section(PAGE, "Questions and queries"), re.MULTILINE)
    assert len(questions) > 12 and all(question.endswith("?") for question in questions)
    for part in section(PAGE, "Questions and queries").split("\n### ")[1:]:
        assert "```kusto" in part, part.splitlines()[0]
