"""Faults on demand, as tests of the connector use them."""

import time

import pytest
import requests

from emulator.blob_storage.faults import Faults, InvalidFault
from tests.emulator.blob_storage.conftest import Wire, block_id, code_of


@pytest.fixture
def wire(start_wire) -> Wire:
    """An account of its own: faults would meet the requests of other tests."""
    wire = start_wire()
    wire.put("files/a", b"0123456789" * 100_000)
    return wire


def test_an_answer_replaces_the_real_one(wire):
    """As often as asked, for requests that match; nothing is done."""
    wire.server.faults.add("answer", status=503, retryAfter=7, times=2, operation="PutBlock", path="files/b.*")
    assert wire.call("GET", "files/a").status_code == 200
    assert wire.put_block("files/a", "1", b"1").status_code == 201
    for _ in range(2):
        response = wire.put_block("files/b", "1", b"1")
        assert code_of(response) == (503, "ServerBusy")
        assert response.headers["Retry-After"] == "7"
    assert "b" not in wire.server.account.container("files").uncommitted
    assert wire.put_block("files/b", "1", b"1").status_code == 201


def test_a_fault_has_any_error_code(wire):
    """Of any status from 400 on."""
    wire.server.faults.add("answer", status=403, errorCode="AuthorizationFailure", method="head")
    response = wire.call("HEAD", "files/a")
    assert (response.status_code, response.headers["x-ms-error-code"]) == (403, "AuthorizationFailure")


def test_a_dropped_request_is_not_done(wire):
    """dropBefore: the connection ends without an answer."""
    wire.server.faults.add("dropBefore", method="PUT")
    with pytest.raises(requests.ConnectionError):
        wire.put_block("files/b", "1", b"1")
    assert "b" not in wire.server.account.container("files").uncommitted


def test_a_lost_answer_was_done(wire):
    """dropAfter: the connection ends without an answer, and the effect is there."""
    wire.put_block("files/b", "1", b"1")
    wire.server.faults.add("dropAfter", operation="PutBlockList")
    with pytest.raises(requests.ConnectionError):
        wire.commit("files/b", "1")
    assert wire.call("GET", "files/b").content == b"1"
    wire.server.faults.add("dropAfter", operation="GetBlob")
    with pytest.raises(requests.ConnectionError):
        wire.call("GET", "files/a")
    assert wire.server.account.container("files").blob("a").blocks[0][1].holders == 1


def test_a_truncated_answer_has_the_full_length(wire):
    """Its head promises more than arrives."""
    wire.server.faults.add("truncate", operation="GetBlob")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)) as cut:
        wire.call("GET", "files/a")
    assert "500000 bytes read" in str(cut.value)
    assert len(wire.call("GET", "files/a").content) == 1_000_000


def test_a_delay(wire):
    """The answer is the real one, later."""
    wire.server.faults.add("delay", seconds=0.2)
    started = time.perf_counter()
    assert wire.call("HEAD", "files/a").status_code == 200
    assert time.perf_counter() - started >= 0.2


def test_faults_over_http(wire):
    """POST adds one, GET lists those that wait, DELETE removes them; a page of another site cannot send JSON."""
    address = wire.server.url.rpartition("/")[0] + "/faults"
    added = requests.post(address, json={"do": "answer", "status": 500, "path": "files/a"}, timeout=30)
    assert added.json()["waiting"][0]["status"] == 500
    assert requests.get(address, timeout=30).json() == added.json()
    assert wire.call("GET", "files/a").status_code == 500
    assert requests.get(address, timeout=30).json() == {"waiting": []}
    requests.post(address, json={"do": "dropBefore", "times": 5}, timeout=30)
    assert requests.delete(address, timeout=30).json() == {"waiting": []}
    assert wire.call("GET", "files/a").status_code == 200
    assert requests.post(address, data='{"do": "dropBefore"}', timeout=30).status_code == 415
    for body in ("[]", "{", '{"do": 1}', '{"do": "delay", "else": 1}', '{"do": "delay", "times": 0}', '{"times": 1}'):
        refused = requests.post(address, body, headers={"Content-Type": "application/json"}, timeout=30)
        assert refused.status_code == 400, body
        assert refused.json()["error"]["code"] == "InvalidFault"


@pytest.mark.parametrize(
    "members",
    [
        {"do": "explode"},
        {"do": "delay", "seconds": "1"},
        {"do": "delay", "seconds": -1},
        {"do": "answer", "status": 200},
        {"do": "answer", "errorCode": "not a word"},
        {"do": "answer", "path": "("},
        {"do": "answer", "retryAfter": True},
    ],
)
def test_invalid_faults(members):
    """Each says what is wrong; none waits."""
    faults = Faults()
    with pytest.raises(InvalidFault, match="'"):
        faults.add(**members)
    assert faults.waiting() == []


def test_blocks_of_a_lost_part_can_be_sent_again(wire):
    """The client does not know whether it arrived; the same ID makes it one block."""
    wire.server.faults.add("dropAfter", operation="PutBlock")
    with pytest.raises(requests.ConnectionError):
        wire.put_block("files/c", "1", b"part")
    wire.put_block("files/c", "1", b"part")
    assert list(wire.server.account.container("files").uncommitted["c"]) == [block_id("1")]
