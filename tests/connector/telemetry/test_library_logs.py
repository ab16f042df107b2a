"""Log records of libraries have no values."""

import logging

import pytest

from connector.telemetry.library_logs import LIBRARIES, withhold_values
from tests.test_imports import LIBRARIES as IMPORTED

SECRET = "Abrechnung-4711"
PLAIN = "it's about selling Abrechnung"


@pytest.fixture(autouse=True)
def withheld(caplog):
    withhold_values()
    caplog.set_level(logging.DEBUG)


def logged(caplog) -> str:
    return logging.Formatter("%(name)s %(message)s").format(caplog.records[-1])


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("%s://%s GET %r", (SECRET, SECRET, {"path": SECRET})),
        ("%(a)s %(b)r", ({"a": SECRET, "b": [SECRET]},)),
        ("%-20.10s|%5s", (SECRET, SECRET)),
        (f"Starting new connection: /files/{SECRET}?identifier={SECRET}", ()),
        (f"Request headers: 'Authorization': '{SECRET}'", ()),
        (f'{{"token": "{SECRET}"}}', ()),
        ("retry after %r", (ConnectionError(f"/files/{SECRET}"),)),
        (ValueError(f"'{SECRET}'"), ()),
        (ValueError(SECRET), ()),
        (f"Never retrieved: <Future exception=ValueError('no {SECRET}')>", ()),
        (f"Never retrieved: <Future exception=ValueError('the plans, {PLAIN}')>", ()),
        (f"Uploading {PLAIN}.txt", ()),
        ("%d", (SECRET,)),
    ],
)
def test_values_are_withheld(caplog, message, arguments):
    """Whether they are arguments, or already in the text."""
    logging.getLogger("urllib3.connectionpool").debug(message, *arguments)
    assert "Abrechnung" not in logged(caplog) and "urllib3.connectionpool" in logged(caplog)


def test_numbers_and_types_of_exceptions_are_kept(caplog):
    """They help, and are not secret."""
    logging.getLogger("urllib3").warning("%s failed with %d after %.1f s: %s", SECRET, 503, 0.25, TimeoutError(SECRET))
    assert logged(caplog) == "urllib3 ... failed with 503 after 0.2 s: TimeoutError"


def test_the_beginning_of_a_formatted_text_is_kept(caplog):
    """It says what happened."""
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task-1 %d>")
    assert logged(caplog) == "asyncio Task exception was never ..."
    logging.getLogger("azure.core").info("No body was attached to the request")
    assert logged(caplog) == "azure.core No body was attached to the request"


def test_records_can_be_made_without_a_name(caplog):
    """As the standard library does to receive those of other processes."""
    assert logging.makeLogRecord({"name": "worker", "msg": "a/b"}).getMessage() == "a/b"


def test_a_stack_has_no_messages(caplog):
    """But types and places, also those of causes."""
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as failure:
            raise RuntimeError(SECRET) from failure
    except RuntimeError:
        logging.getLogger("azure.identity").exception("get_token failed: %s", SECRET)
    text = logged(caplog)
    assert SECRET not in text and "RuntimeError" in text and "ValueError" in text
    assert f"{__file__}:" in text and "test_a_stack_has_no_messages" in text


def test_other_loggers_are_left_alone(caplog):
    """Also one whose name only begins like a library's, and a second call changes nothing."""
    withhold_values()
    logging.getLogger("urllib3000").warning("%s", "a/b")
    assert logged(caplog) == "urllib3000 a/b"


def test_every_library_that_the_connector_uses_is_one_of_them():
    """tests/test_imports.py lists these; azure.functions only has types."""
    covered = {name.partition(".")[0] for name in LIBRARIES}
    assert {name.partition(".")[0] for name in IMPORTED} <= covered
    assert "azure.functions" not in LIBRARIES
