"""The files of sessions as resources: their URIs, and their content as text or bytes."""

import base64

import pytest

from tests.connector.callers.entra_issuer import ALICE, BOB, Issuer
from tests.connector.mcp.calls import LEGACY, MODERN, call, request, run


def uri(session_id, path):
    return f"code-interpreter://sessions/{session_id}/files/{path}"


def read(api, address, version=LEGACY, **headers):
    return request(api, "resources/read", {"uri": address}, version=version, **headers)


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_resources_have_a_template_and_no_list(api, version):
    """The list would need the ID of a session."""
    assert request(api, "resources/list", version=version).result["resources"] == []
    (template,) = request(api, "resources/templates/list", version=version).result["resourceTemplates"]
    assert template["uriTemplate"] == uri("{sessionId}", "{+path}")
    assert template["description"]


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_a_text_is_read_as_text(api, session_id, version):
    """If it is UTF-8."""
    call(api, "UploadFile", sessionId=session_id, fileName="a.csv", content="é,b\r\n")
    (content,) = read(api, uri(session_id, "a.csv"), version).result["contents"]
    assert content == {"uri": uri(session_id, "a.csv"), "mimeType": "text/csv", "text": "é,b\r\n"}


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"\xff\xfe"), ("a.bin", b"text"), ("a.png", b"\x89PNG")])
def test_other_files_are_read_as_bytes(api, session_id, name, content):
    """Whose type is not one of text, or that are not UTF-8."""
    encoded = base64.b64encode(content).decode()
    call(api, "UploadFile", sessionId=session_id, fileName=name, content=encoded, encoding="base64")
    (read_content,) = read(api, uri(session_id, name)).result["contents"]
    assert read_content["blob"] == encoded
    assert "text" not in read_content


@pytest.mark.parametrize(
    "name", ["a b.txt", "a#b.txt", "a?b=c&d.txt", "100%.txt", "a%20b.txt", "漢字.txt", "it's[1];,+$@!.txt", "a:b.txt"]
)
def test_links_are_the_uris_of_files(api, session_id, name):
    """In any folder and with any name, which a URI encodes."""
    ran = run(
        api, f"import os\nos.makedirs('x y/z', exist_ok=True)\nopen('x y/z/' + {name!r}, 'w').write('q')", session_id
    )
    (link,) = ran.links
    assert link["uri"].isascii()
    assert " " not in link["uri"]
    assert read(api, link["uri"]).result["contents"][0]["text"] == "q"


@pytest.mark.parametrize(("written", "name"), [("a#b.txt", "a#b.txt"), ("a?b.txt", "a?b.txt"), ("é.txt", "é.txt")])
def test_reserved_characters_may_be_written_as_they_are(api, session_id, written, name):
    """As the template's {+path} lets clients do."""
    call(api, "UploadFile", sessionId=session_id, fileName=name, content="q")
    assert read(api, uri(session_id, written)).result["contents"][0]["text"] == "q"


def test_outputs_are_resources_too(api, session_id):
    """In the folder .outputs."""
    named = run(api, "from IPython.display import HTML\ndisplay(HTML('<b>x</b>'))", session_id)
    folder = named.after("folder ")
    assert read(api, uri(session_id, f"{folder}/output-1.html")).result["contents"][0]["text"] == "<b>x</b>"


@pytest.mark.parametrize(("version", "code", "status"), [(LEGACY, -32002, 200), (MODERN, -32602, 400)])
def test_a_missing_file_has_the_code_of_the_protocol(api, session_id, version, code, status):
    """Which differs between the generations. The data has the URI."""
    answer = read(api, uri(session_id, "none.txt"), version)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.error["data"]["uri"] == uri(session_id, "none.txt")


@pytest.mark.parametrize(
    "address",
    ["", None, 1, "file:///etc/passwd", "code-interpreter://sessions/x", uri("a b c d", "x"),
     uri("long-enough", "../x"), uri("long-enough", "a/%2e%2e/b"), uri("long-enough", "folder/"),
     uri("long-enough", "a%00b")],
)  # fmt: skip
def test_another_uri_is_invalid(api, address):
    """Nothing outside of /mnt/data has one."""
    assert read(api, address).error["code"] == -32602


def test_a_file_that_is_too_large_is_an_error(start_connector, emulator, session_id):
    """With the code of GetFile's error."""
    api = start_connector(**emulator.environment)
    run(api, "open('/mnt/data/large.bin', 'wb').truncate(80_000_000)", session_id)
    assert "80,000,000 bytes" in read(api, uri(session_id, "large.bin")).error["message"]


@pytest.fixture(scope="module")
def issuer():
    running = Issuer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def entra(running_connector, emulator, issuer):
    with running_connector(**{**emulator.environment, **issuer.environment}) as connector:
        yield connector


def test_another_callers_session_cannot_be_used(entra, issuer, session_id):
    """With its ID, too: signed-in callers have separate sessions."""
    alice, bob = ({"headers": issuer.bearer(caller)} for caller in (ALICE, BOB))
    arguments = {"sessionId": session_id, "fileName": "secret.txt"}
    assert not call(entra, "UploadFile", **arguments, content="secret", **alice).is_error
    assert call(entra, "GetFile", **arguments, **alice).text.endswith("secret")
    assert call(entra, "GetFile", **arguments, **bob).text.startswith("FileNotFound: ")
    assert "no files" in call(entra, "ListFiles", sessionId=session_id, **bob).text
    address = uri(session_id, "secret.txt")
    assert read(entra, address, **alice).result["contents"][0]["text"] == "secret"
    assert read(entra, address, **bob).error["code"] == -32002


def test_an_error_of_the_pool_is_one_of_the_protocol(api_without_role, session_id):
    """Its message is that of the REST operations."""
    assert "role" in read(api_without_role, uri(session_id, "x")).error["message"].lower()


@pytest.mark.parametrize("sent", ["NaN", '{"x": [Infinity]}', f'"{"x" * 100_000}"'])
def test_what_is_no_uri_is_not_repeated(api, sent):
    """It may be of any length, and no JSON."""
    message = f'{{"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {{"uri": {sent}}}}}'
    response = api.call("POST", "/mcp", data=message, headers={"Content-Type": "application/json"})
    assert response.json()["error"]["code"] == -32602
    assert len(response.text) < 300


def test_a_uri_of_another_scheme_is_named(api):
    """So that clients know which of their requests was refused (SEP-2164)."""
    error = read(api, "file:///etc/passwd").error
    assert (error["code"], error["data"]) == (-32602, {"uri": "file:///etc/passwd"})
