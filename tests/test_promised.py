"""No test passes with an answer that openapi.yaml does not promise."""

import http.client
from urllib.parse import urlsplit

import pytest
import requests

from connector.errors import ConnectorError, InvalidFileName
from connector.models import Connection
from tests.promised import PromiseBroken, promises

CHECK = "connector.connection.check_connection"
broken = pytest.mark.xfail(raises=PromiseBroken, strict=True, reason="an answer breaks a promise, and that is noticed")


def wrong_version(*_: object) -> Connection:
    return Connection(message="", api_version=5, runtimes=[], packages=[])  # type: ignore[arg-type]


class Teapot(ConnectorError):
    """What no operation answers."""

    status = 418


def teapot(*_: object) -> Connection:
    raise Teapot("Short and stout.")


def bad_name(*_: object) -> Connection:
    raise InvalidFileName("Which file?")


@broken
def test_an_answer_of_another_shape_fails_the_test_that_got_it(api, monkeypatch):
    """A member of another type, through the client that the tests use."""
    monkeypatch.setattr(CHECK, wrong_version)
    assert api.call("GET", "/connection").status_code == 200


@broken
def test_an_answer_that_nobody_looked_at_fails_the_test_too(api, monkeypatch):
    """The client does not matter, and neither does what it does with the answer."""
    monkeypatch.setattr(CHECK, wrong_version)
    address = urlsplit(api.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("GET", f"{address.path}/connection")
    connection.getresponse().read()
    connection.close()


@broken
def test_a_status_that_the_operation_does_not_list_fails_the_test(api, monkeypatch):
    """`default` excuses nothing."""
    monkeypatch.setattr(CHECK, teapot)
    assert api.call("GET", "/connection").status_code == 418


@broken
def test_an_error_code_that_the_operation_does_not_have_fails_the_test(api, monkeypatch):
    """Its status is listed, but an operation that takes no file name cannot say that one is wrong."""
    monkeypatch.setattr(CHECK, bad_name)
    assert api.call("GET", "/connection").status_code == 400


def test_the_message_names_operation_status_and_member(api, monkeypatch):
    """Who broke the contract sees where."""
    monkeypatch.setattr(CHECK, wrong_version)
    api.call("GET", "/connection")
    with pytest.raises(PromiseBroken, match=r"CheckConnection answered 200: \$\.apiVersion: 5 is not of type 'string'"):
        promises.settle()
    promises.settle()


def test_an_answer_from_another_process_is_held_to_the_same(api, monkeypatch):
    """What comes over the wire is looked at, where the connector's own door is out of reach."""
    monkeypatch.setattr(CHECK, wrong_version)
    seen: list[str] = []
    monkeypatch.setattr(promises, "check", lambda operation_id, *_: seen.append(operation_id))
    requests.get(f"{api.url}/connection", timeout=10)
    assert seen == ["CheckConnection", "CheckConnection"]  # at the door, and on the wire
