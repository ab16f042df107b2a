"""A test fails if a response is not as openapi.yaml promises."""

import http.client
from urllib.parse import urlsplit

import pytest
import requests

from connector.errors import ConnectorError, InvalidFileName, InvalidRequest
from connector.models import Connection
from tests.promised import PromiseBroken, promises

CHECK = "connector.connection.check_connection"
broken = pytest.mark.xfail(raises=PromiseBroken, strict=True, reason="a broken promise fails the test")


def wrong_version(*_: object) -> Connection:
    return Connection(message="", api_version=5, runtimes=[], packages=[], pools=[], storage=[])  # type: ignore[arg-type]


class Teapot(ConnectorError):
    """An error of no operation."""

    status = 418


def teapot(*_: object) -> Connection:
    raise Teapot("Short and stout.")


def bad_name(*_: object) -> Connection:
    raise InvalidFileName("Which file?")


@broken
def test_a_response_with_another_schema_fails_the_test(api, monkeypatch):
    """A member of another type, through the client of the tests."""
    monkeypatch.setattr(CHECK, wrong_version)
    assert api.call("GET", "/connection").status_code == 200


@broken
def test_a_response_that_is_not_read_fails_the_test(api, monkeypatch):
    """Through any client, even one that ignores the response."""
    monkeypatch.setattr(CHECK, wrong_version)
    address = urlsplit(api.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("GET", f"{address.path}/connection")
    connection.getresponse().read()
    connection.close()


@broken
def test_a_status_that_the_operation_does_not_list_fails_the_test(api, monkeypatch):
    """`default` does not promise it."""
    monkeypatch.setattr(CHECK, teapot)
    assert api.call("GET", "/connection").status_code == 418


@broken
def test_an_error_code_that_the_operation_does_not_have_fails_the_test(api, monkeypatch):
    """Its status is listed, but an operation without a file name cannot report an invalid one."""
    monkeypatch.setattr(CHECK, bad_name)
    assert api.call("GET", "/connection").status_code == 400


def test_the_message_names_operation_status_and_member(api, monkeypatch):
    """That is where the contract is broken."""
    monkeypatch.setattr(CHECK, wrong_version)
    api.call("GET", "/connection")
    with pytest.raises(PromiseBroken, match=r"CheckConnection returned 200: \$\.apiVersion: 5 is not of type 'string'"):
        promises.settle()
    promises.settle()


def test_a_response_from_another_process_is_checked_too(api, monkeypatch):
    """Where it is received, as the wrapper cannot be reached."""
    monkeypatch.setattr(CHECK, wrong_version)
    seen: list[str] = []
    monkeypatch.setattr(promises, "check", lambda operation_id, *_: seen.append(operation_id))
    requests.get(f"{api.url}/connection", timeout=10)
    assert seen == ["CheckConnection", "CheckConnection"]  # in the wrapper, and where it was received


@broken
def test_a_header_that_the_operation_does_not_list_fails_the_test(api, monkeypatch):
    """Clients can only use what the document has."""

    def with_header(*_: object) -> Connection:
        raise InvalidRequest("Which request?", headers={"Retry-After": "5"})

    monkeypatch.setattr(CHECK, with_header)
    assert api.call("GET", "/connection").status_code == 400
