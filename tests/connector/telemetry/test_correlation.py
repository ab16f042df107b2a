"""The ids of a request, from its headers."""

import re

import pytest

from connector.telemetry.correlation import Correlation

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def test_a_trace_is_continued_with_a_new_span_for_each_call():
    """The trace, its state and whether it is sampled are those of the request."""
    correlation = Correlation.of({"traceparent": TRACEPARENT, "tracestate": "congo=t61rcWkgMzE"})
    first, second = correlation.service_headers(), correlation.service_headers()
    assert correlation.trace_id == TRACE
    for headers in (first, second):
        assert re.fullmatch(f"00-{TRACE}-(?!b7ad6b7169203331)[0-9a-f]{{16}}-01", headers["traceparent"])
        assert headers["tracestate"] == "congo=t61rcWkgMzE"
    assert first["traceparent"] != second["traceparent"]


def test_a_later_version_may_have_more_parts():
    """W3C: those of version 00 are read."""
    assert Correlation.of({"traceparent": f"cc{TRACEPARENT[2:]}-what-comes"}).trace_id == TRACE


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        TRACEPARENT.upper(),
        f"ff{TRACEPARENT[2:]}",
        f"{TRACEPARENT}-more",
        TRACEPARENT.replace(TRACE, "0" * 32),
        TRACEPARENT.replace("b7ad6b7169203331", "0" * 16),
        f"{TRACEPARENT[:-2]}٠١",
        f"cc{TRACEPARENT[2:]}-" + "x" * 1000,
    ],
)
def test_an_invalid_trace_is_replaced(wrong):
    """By the host's; without one, by a new trace, with nothing of what was sent."""
    headers = {"traceparent": wrong, "tracestate": "a=b"}
    started = [Correlation.of(headers) for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}", each.trace_id) for each in started)
    assert started[0].trace_id != started[1].trace_id
    assert "tracestate" not in started[0].service_headers()
    assert Correlation.of(headers, TRACEPARENT).trace_id == TRACE


@pytest.mark.parametrize("valid", ["a", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "{1}", "x" * 128])
def test_the_callers_id_is_passed_on(valid):
    """As it is."""
    correlation = Correlation.of({"x-ms-client-request-id": valid})
    assert correlation.client_request_id == correlation.service_headers()["x-ms-client-request-id"] == valid


@pytest.mark.parametrize("wrong", ["", " ", "a b", "a\nb", "a\r\nx-other: 1", "é", "x" * 129, "\x00", "\u2028"])
def test_a_callers_id_that_is_no_plain_word_is_ignored(wrong):
    """The pool gets the connector's own instead."""
    correlation = Correlation.of({"x-ms-client-request-id": wrong})
    assert correlation.client_request_id is None
    assert correlation.service_headers()["x-ms-client-request-id"] == correlation.request_id
