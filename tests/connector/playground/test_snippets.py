""" "Use it elsewhere": every kind of text for every kind of call runs as it stands, and does what the page did."""

import base64
import json
import re
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Api
from tests.connector.playground.elsewhere import KINDS, PROGRAMS, Elsewhere, listed, said
from tests.connector.playground.files import opened, upload_named
from tests.connector.playground.running import run

Json = dict[str, Any]

TABS = ("curl", "Python", "JavaScript", "Logic Apps", "Power Automate", "Agent", "MCP")
MCP_CONFIGURATION = Path(__file__).parents[2] / "clients" / "fastmcp" / "mcp.json"
CONTENT = "region,amount\nSüd,42\n\x00".encode()

MAKE = """async ({kind, call, ...given}) => {
  const module = document.querySelector("script[type=module]").src.replace("main.js", "snippets/");
  const [{ SNIPPETS }, { requestOf }, { settings }] =
    await Promise.all(["snippets.js", "request.js", "place.js"].map((name) => import(module + name)));
  const request = requestOf(call);
  const unset = { auth: "key", scope: "", needsCredential: true, session: null, content: null, downloadBytes: 0 };
  const place = { ...unset, ...given };
  const snippet = SNIPPETS.find(({ key }) => key === kind);
  return [snippet.text(request, place), settings(place, request.usesSession)];
}"""
SEND = """async ([call, key]) => {
  const module = document.querySelector("script[type=module]").src.replace("main.js", "api/");
  const { send } = await import(module + "client.js");
  const { ofKey, useCredential } = await import(module + "credentials.js");
  useCredential(ofKey(key));
  return (await send(call)).json;
}"""
SHOW = """async (changes) => {
  const module = document.querySelector("script[type=module]").src.replace("main.js", "state/");
  const { update } = await import(module + "store.js");
  update((state) => Object.assign(state.sessions[0], changes));
}"""

HOSTILE = [
    "'",
    '"',
    "it's \"quoted\" 'twice'",
    "'''",
    "$HOME ${HOME} $(id) `id` $SESSION $1 $$",
    "!! !1 !x hello! != !",
    "\\ \\\\ \\n \\\" \\' \\u0041 \\N{DASH}",
    "#{} {0} {{x}} {x!r} %s %d %% %41",
    "@ @@ @{ @@{ @{parameters('sessionId')} @@@{x} x@{y}@",
    "<!-- </script> ]]> &amp;",
    "\nEND\nEOF\n",
    "tab\there, form\x0cfeed, bell\x07, escape\x1b[31m, delete\x7f, next line\x85",
    "\u202e reversed \u2066 isolated \u2069 \ufeff \u200b \u00a0 \u2028 \u2029",
    "é 漢字 😀 👩‍👩‍👧 \U0001f3f4",
    "`${`} \\` \\${",
]
CODES = [
    *[f"text = r'''{text} '''\nprint(ascii(text))" for text in HOSTILE if "'''" not in text],
    'text = r"""' + "\n".join(HOSTILE) + '"""\nlen(text), ascii(text)',
    "@staticmethod\ndef f(): return 'decorated @{x}'\nf()",
    "@",
    "'one line'",
    "print('ends with a quote:', '\"')#\"",
    "print('ends with a backslash') # \\",
    "print('\\'')\n# '''\n# \"\"\"\n'both'",
    "print('carriage')\r\nprint('return')\r\n",
    "\n\n  \nprint('lines before')\n\n1/0",
    "x = 'null\x00'",
    'print("long")\n' + "x = 'it\\'s' + \"$1 `x` !y @{z}\"\n" * 3500 + "len(x)",
]
FILE_NAMES = [
    "sales report 2026.csv",
    '-it\'s "quoted".txt',
    "@{x} a&b=c;d+e?f.txt",
    "#1 50% of [a-z]{b,c}.txt",
    "@$HOME `id` !x é 漢字 😀.txt",
]


class Make(Protocol):
    def __call__(self, kind: str, call: Json, **place: Any) -> tuple[str, str]: ...


@pytest.fixture
def keyed_page(open_page: Callable[..., Page], api_with_key: Api) -> Page:
    return open_page(api_with_key, from_sources=True)


@pytest.fixture
def page(open_page: Callable[..., Page], api: Api) -> Page:
    return open_page(api, from_sources=True)


def maker(page: Page, api: Api) -> Make:
    """Returns a function that returns the text of a kind for a call, and the settings for it."""

    def make(kind: str, call: Json, **place: Any) -> tuple[str, str]:
        text, settings = page.evaluate(MAKE, {"kind": kind, "call": call, "api": api.url, **place})
        return text, settings

    return make


@pytest.fixture
def make(keyed_page: Page, api_with_key: Api) -> Make:
    return maker(keyed_page, api_with_key)


@pytest.fixture
def page_sends(keyed_page: Page, api_with_key: Api) -> Callable[[Json], Any]:
    """Returns a function that has the page send a call."""
    return lambda call: keyed_page.evaluate(SEND, [call, api_with_key.key])


def run_call(session_id: str, code: str, **members: Any) -> Json:
    return {"operationId": "ExecutePythonCode", "json": {"sessionId": session_id, "pythonCode": code, **members}}


def file_call(operation_id: str, session_id: str, name: str, **more: Any) -> Json:
    return {"operationId": operation_id, "parameters": {"sessionId": session_id, "fileName": name, **more}}


def ran(kind: str, got: Any) -> str:
    """What programs print of an execution, made of what a text of this kind prints or returns."""
    if kind in PROGRAMS[1:]:
        return str(got)
    return said(json.loads(got) if kind == "curl" else got)


def assert_said(kind: str, got: Any, execution: Json) -> None:
    """A text of this kind printed or returned the execution. That of an agent is for a model: it has all parts."""
    if kind != "agent":
        assert without_counts(ran(kind, got)) == without_counts(said(execution))
        return
    parts = [execution["stdout"], execution["result"], execution.get("error", {}).get("message", "")]
    for part in parts:
        assert without_counts(part.strip()) in without_counts(got), part


def without_counts(text: str) -> str:
    return re.sub(r"In\[\d+\]", "In[]", text)


def upload(api: Api, session_id: str, name: str, content: bytes = CONTENT, folder: str = "") -> None:
    response = api.call(
        "POST",
        "/files",
        headers={"x-functions-key": str(api.key)},
        files=[("file", (name, content))],
        data={"sessionId": session_id, "folder": folder},
    )
    assert response.ok, response.text


def execute(api: Api, session_id: str, code: str) -> None:
    body = {"sessionId": session_id, "pythonCode": code}
    response = api.call("POST", "/executions", headers={"x-functions-key": str(api.key)}, json=body)
    assert response.json()["status"] == "Succeeded", response.text


def downloaded(api: Api, session_id: str, name: str, **parameters: str) -> bytes:
    response = api.call(
        "GET",
        f"/files/{quote(name, safe='')}/content",
        headers={"x-functions-key": str(api.key)},
        params={"sessionId": session_id, **parameters},
    )
    assert response.ok, response.text
    return response.content


def names_in(api: Api, session_id: str) -> list[str]:
    response = api.call(
        "GET",
        "/files",
        headers={"x-functions-key": str(api.key)},
        params={"sessionId": session_id, "recursive": "true"},
    )
    return [f"{file['folder']}/{file['fileName']}".lstrip("/") for file in response.json()["files"]]


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
def test_run_with_any_code(make, page_sends, api_with_key, session_id, tmp_path, kind):
    """The code arrives as it is, whatever characters are in it: the result is that of the page's own run."""
    elsewhere = Elsewhere(api_with_key, session_id, tmp_path)
    for index, code in enumerate(CODES):
        call = run_call(session_id, code, timeoutInSeconds=30, waitInSeconds=60, idempotencyKey=f"page-{index}")
        assert_said(kind, elsewhere.run(kind, *make(kind, call)), page_sends(call))


@pytest.mark.browser
def test_code_is_not_changed_by_a_terminal(make, page_sends, api_with_key, session_id, tmp_path):
    """Pasted into an interactive bash, which expands ! in what it reads, the command still sends the code as it is."""
    settings = ""
    commands, expected = [], []
    for text in HOSTILE[:6]:
        call = run_call(session_id, f'text = r"""{text} """\nascii(text)')
        command, settings = make("curl", call)
        commands.append(f"{command}\necho")
        expected.append(page_sends(call)["result"])
    filled_in = settings.replace("YOUR-KEY", str(api_with_key.key)).replace("YOUR-SESSION-ID", session_id)
    completed = subprocess.run(
        ["bash", "--norc", "-i"],
        input="\n".join(["set -o history -o histexpand", "echo x", filled_in, *commands, ""]).encode(),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HISTFILE": ""},
        capture_output=True,
        timeout=60,
    )
    results = [json.loads(line)["result"] for line in completed.stdout.decode().splitlines() if line.startswith("{")]
    assert results == expected, completed.stderr.decode()


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
def test_run_without_a_session(make, api_with_key, session_id, tmp_path, kind):
    """A call that makes a session says nothing of one."""
    text, settings = make(
        kind, {"operationId": "ExecutePythonCode", "json": {"sessionId": None, "pythonCode": "6 * 7"}}
    )
    assert "SESSION" not in text + settings and "sessionId" not in text
    got = Elsewhere(api_with_key, session_id, tmp_path).run(kind, text, settings)
    assert "42" in (got if kind in (*PROGRAMS, "agent") else said(got))


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["curl", "python", "javascript", "logic-apps"])
def test_long_run_is_polled(open_page, emulator, running_connector, session_id, tmp_path, kind):
    """If the response is a 202, the text asks for the result until there is one."""
    environment = {**emulator.environment, "CALLER_WAIT_SECONDS": "1"}
    with running_connector(require_keys=True, **environment) as api:
        make = maker(open_page(api, from_sources=True), api)
        call = run_call(session_id, "import time\nprint('started')\ntime.sleep(3)\n'done'", timeoutInSeconds=120)
        got = Elsewhere(api, session_id, tmp_path).run(kind, *make(kind, call))
    assert ran(kind, got) == "Succeeded\nstarted\n\ndone\n"


@pytest.mark.browser
def test_module_runs_in_browsers(open_context, make, api_with_key, session_id):
    """The module in JavaScript runs in a browser too, where the settings are global variables."""
    text, _ = make("javascript", run_call(session_id, "print('from a browser')"))
    page = open_context().new_page()
    page.route("**/call.mjs", lambda route: route.fulfill(body=text, content_type="text/javascript"))
    page.goto(f"{api_with_key.url}/openapi.json")
    settings = {"API": api_with_key.url, "KEY": api_with_key.key, "SESSION": session_id}
    with page.expect_console_message() as message:
        page.evaluate(
            "async (settings) => { Object.assign(globalThis, settings); await import('./call.mjs'); }", settings
        )
    assert message.value.text == "Succeeded\nfrom a browser\n\n"


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
def test_poll_and_cancel(make, page_sends, api_with_key, session_id, tmp_path, kind):
    """A run is looked up, and canceled."""
    code = "import time\nprint('started')\ntime.sleep(600)"
    started = page_sends(run_call(session_id, code, timeoutInSeconds=600, waitInSeconds=0))
    assert started["status"] == "Running"
    parameters = {"sessionId": session_id, "executionId": started["executionId"]}
    elsewhere = Elsewhere(api_with_key, session_id, tmp_path)
    for operation_id in ("CancelExecution", "GetExecution"):
        call = {"operationId": operation_id, "parameters": parameters}
        got = elsewhere.run(kind, *make(kind, call))
        expected = page_sends({"operationId": "GetExecution", "parameters": parameters})
        assert expected["status"] == "Canceled"
        assert_said(kind, got, expected)


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
def test_files_with_any_name(make, api_with_key, session_id, tmp_path, kind):
    """Files are uploaded, downloaded and deleted under the names that they have."""
    elsewhere = Elsewhere(api_with_key, session_id, tmp_path, CONTENT)
    for index, name in enumerate(FILE_NAMES):
        folder = {"folder": "plans/50% of 2026 & more"} if index % 2 else {}
        path = f"{folder['folder']}/{name}" if folder else name
        (tmp_path / name).write_bytes(CONTENT)
        text, settings = make(kind, file_call("PutFile", session_id, name, **folder))
        encoded = base64.b64encode(CONTENT).decode()
        elsewhere.run(kind, text.replace("BASE64-OF-THE-FILE", encoded), settings)
        assert names_in(api_with_key, session_id) == [path]
        (tmp_path / name).unlink()

        got = elsewhere.run(kind, *make(kind, file_call("DownloadFile", session_id, name, **folder)))
        if kind in PROGRAMS:
            assert (tmp_path / name).read_bytes() == CONTENT
            (tmp_path / name).unlink()
        elif kind == "agent":
            assert f"/mnt/data/{path}" in got and f"{len(CONTENT)} bytes" in got
            assert downloaded(api_with_key, session_id, name, **folder) == CONTENT
        else:  # workflows read a CSV file as text
            assert got == CONTENT.decode()

        elsewhere.run(kind, *make(kind, file_call("DeleteFile", session_id, name, **folder)))
        assert names_in(api_with_key, session_id) == []


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["python", "javascript"])
def test_links_of_a_run(open_page, api_with_storage, session_id, tmp_path, kind):
    """A program that asks for links prints one for each file of its run, which anyone can open."""
    make = maker(open_page(api_with_storage, from_sources=True), api_with_storage)
    call = run_call(session_id, "open('report.txt', 'w').write('done')", includeContent="links")
    printed = Elsewhere(api_with_storage, session_id, tmp_path).run(kind, *make(kind, call))
    (link,) = re.findall(r"report\.txt (http\S+)", printed)
    assert opened(link) == b"done"


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
def test_copies(open_page, api_with_storage, session_id, tmp_path, kind):
    """A file gets a link, goes to storage, and comes back from there, where that is possible under another name."""
    api = api_with_storage
    make = maker(open_page(api, from_sources=True), api)
    upload(api, session_id, "sales 2026.csv", folder="plans")
    elsewhere = Elsewhere(api, session_id, tmp_path)

    def addresses(operation_id: str, parameters: Json, **members: Any) -> list[str]:
        call = {"operationId": operation_id, "parameters": parameters, "json": {"sessionId": session_id, **members}}
        return re.findall(r"https?://[^\s'\"\\]+", str(elsewhere.run(kind, *make(kind, call))))

    (link,) = addresses("ShareFile", {"fileName": "sales 2026.csv"}, folder="plans", lifetimeInSeconds=3600)
    blob = {"blobName": f"tests/snippets-{kind}.csv", "ifExists": "replace"}
    (exported,) = addresses("ExportFile", {}, fileName="sales 2026.csv", folder="plans", **blob)
    name = {} if kind == "agent" else {"fileName": "back.csv"}  # models cannot choose another
    addresses("ImportFile", {}, blobUrl=exported, **name)
    assert opened(link) == CONTENT
    assert downloaded(api, session_id, name.get("fileName", f"snippets-{kind}.csv")) == CONTENT


@pytest.mark.browser
@pytest.mark.parametrize("kind", PROGRAMS)
def test_file_with_an_unusual_name_is_downloaded(make, api_with_key, session_id, tmp_path, kind):
    """Code can give files names that no upload can have, with line breaks and backslashes."""
    name = "two\nlines 'and' a \\ backslash\x07\u202e.txt"
    execute(api_with_key, session_id, f"open({name!r}, 'w').write('found')")
    Elsewhere(api_with_key, session_id, tmp_path).run(kind, *make(kind, file_call("DownloadFile", session_id, name)))
    assert (tmp_path / name).read_text() == "found"


@pytest.mark.browser
@pytest.mark.parametrize("kind", PROGRAMS)
@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 200_000], ids=["empty", "51 MB"])
def test_file_of_any_size_is_uploaded(make, api_with_key, session_id, tmp_path, kind, content):
    """An empty file is uploaded, and so is a large one."""
    (tmp_path / "data.bin").write_bytes(content)
    text, settings = make(kind, file_call("PutFile", session_id, "data.bin"))
    Elsewhere(api_with_key, session_id, tmp_path).run(kind, text, settings)
    headers = {"x-functions-key": str(api_with_key.key)}
    response = api_with_key.call("GET", f"/files/data.bin/content?sessionId={session_id}", headers=headers)
    assert response.content == content


@pytest.mark.browser
@pytest.mark.parametrize("kind", PROGRAMS)
def test_larger_file_is_uploaded_in_chunks(make, api_with_key, session_id, tmp_path, kind):
    """A file that is too large for one request is sent in chunks."""
    size = 100_000_001
    with (tmp_path / "large file.bin").open("wb") as file:
        file.truncate(size)
    call = {**file_call("PutFile", session_id, "large file.bin"), "file": {"size": size}}
    text, settings = make(kind, call)
    Elsewhere(api_with_key, session_id, tmp_path).run(kind, text, settings)
    response = api_with_key.call(
        "GET", f"/files?sessionId={session_id}", headers={"x-functions-key": str(api_with_key.key)}
    )
    assert [(file["fileName"], file["size"]) for file in response.json()["files"]] == [("large file.bin", size)]


@pytest.mark.browser
@pytest.mark.parametrize("kind", PROGRAMS)
def test_larger_file_is_downloaded_in_parts(make, api_with_key, session_id, tmp_path, kind):
    """A file that is too large for one response is received in ranges."""
    size = 100_000_001
    code = f"with open('a large file.bin', 'wb') as file:\n    file.seek({size - 3})\n    file.write(b'end')"
    execute(api_with_key, session_id, code)
    text, settings = make(kind, file_call("DownloadFile", session_id, "a large file.bin"), downloadBytes=size)
    Elsewhere(api_with_key, session_id, tmp_path).run(kind, text, settings)
    with (tmp_path / "a large file.bin").open("rb") as file:
        assert file.seek(0, 2) == size
        file.seek(size - 4)
        assert file.read() == b"\x00end"


@pytest.mark.browser
def test_larger_file_in_workflows(make, session_id):
    """The HTTP action then sends chunks by itself."""
    call = {**file_call("PutFile", session_id, "large.bin"), "file": {"size": 100_000_001}}
    ((_, action),) = json.loads(make("logic-apps", call)[0]).items()
    assert action["runtimeConfiguration"]["contentTransfer"] == {"transferMode": "Chunked"}


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
def test_lists_and_sessions(make, page_sends, api_with_key, session_id, tmp_path, kind):
    """The other calls return what the page gets."""
    upload(api_with_key, session_id, "sales.csv")
    upload(api_with_key, session_id, "it's 50%.csv", folder="plans & more/@{x}")
    elsewhere = Elsewhere(api_with_key, session_id, tmp_path)
    for parameters in ({"recursive": True, "maxItems": 50}, {"folder": "plans & more/@{x}"}):
        call = {"operationId": "ListFiles", "parameters": {"sessionId": session_id, **parameters}}
        got = elsewhere.run(kind, *make(kind, call))
        got = json.loads(got) if kind == "curl" else got
        if kind == "agent":
            files = page_sends(call)["files"]
            assert all(f"{file['folder']}/{file['fileName']}".strip("/") in got for file in files)
        else:
            assert (got if kind in PROGRAMS[1:] else listed(got)) == listed(page_sends(call))
    for call in (
        {"operationId": "GetSession", "parameters": {"sessionId": session_id}},
        {"operationId": "CheckConnection"},
    ):
        got = elsewhere.run(kind, *make(kind, call))
        text = got if kind in PROGRAMS else json.dumps(got)
        assert set(page_sends(call)) <= set(re.findall(r"\w+", text))
    elsewhere.run(kind, *make(kind, {"operationId": "EndSession", "parameters": {"sessionId": session_id}}))
    assert names_in(api_with_key, session_id) == []


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["curl", "python", "javascript", "logic-apps"])
def test_sign_in(make, session_id, kind):
    """Where callers sign in with Entra ID, the text sends a token instead of the key."""
    text, settings = make(kind, run_call(session_id, "1"), auth="entra")
    assert "Bearer" in text and "x-functions-key" not in text and "KEY" not in text + settings


@pytest.mark.browser
@pytest.mark.parametrize("kind", PROGRAMS)
def test_token_is_sent(make, api_with_key, session_id, tmp_path, kind):
    """The settings get a token from the Azure CLI, and programs send it."""
    az = tmp_path / "az"
    az.write_text('#!/bin/bash\nprintf "token %s" "$*" | tr " " "-"\n')
    az.chmod(0o755)
    scope = "api://0f8fad5b-d9cb-469f-a165-70867728950e/.default"
    with Recorder() as recorder:
        text, settings = make(kind, {"operationId": "CheckConnection"}, auth="entra", scope=scope, api=recorder.url)
        Elsewhere(api_with_key, session_id, tmp_path).run(kind, text, f"PATH=$PWD:$PATH\n{settings}")
    (headers,) = recorder.requests
    token = f"token-account-get-access-token---scope-{scope}---query-accessToken---output-tsv"
    assert headers["Authorization"] == f"Bearer {token}"


@pytest.mark.browser
def test_managed_identity(make, session_id):
    """A workflow then signs in with its managed identity."""
    text, _ = make("logic-apps", run_call(session_id, "1"), auth="entra", scope="api://abc/.default")
    ((_, action),) = json.loads(text).items()
    assert action["inputs"]["authentication"] == {"type": "ManagedServiceIdentity", "audience": "api://abc"}
    assert action["inputs"]["headers"] == {"Content-Type": "application/json"}


@pytest.mark.browser
def test_mcp_configuration_is_the_tested_one(make, session_id):
    """The configuration of an MCP client is that with which tests/clients/fastmcp calls the connector."""
    text, _ = make("mcp", run_call(session_id, "1"), api="https://YOUR-APP.azurewebsites.net/api")
    assert f"{text}\n" == MCP_CONFIGURATION.read_text(encoding="utf-8")


@pytest.mark.browser
@pytest.mark.parametrize("place", [{"auth": "entra"}, {"needsCredential": False}], ids=["entra", "emulator"])
def test_mcp_configuration_without_a_key(make, session_id, place):
    """With Entra ID the client signs its user in, and the emulator asks for nothing: there is no header to fill in."""
    text, _ = make("mcp", run_call(session_id, "1"), api="https://app.example/api", **place)
    server = {"type": "http", "url": "https://app.example/api/mcp"}
    assert json.loads(text) == {"servers": {"code-interpreter": server}}


class Recorder:
    """A server that answers every request with an empty object, and notes its headers."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        noted = self.requests

        class Noting(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                noted.append(self.headers)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Noting)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Panel:
    """The panel on a page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.region = page.get_by_role("region", name="Use it elsewhere")

    def open(self) -> None:
        self.region.get_by_role("button", name="Use it elsewhere").click()

    def tab(self, name: str) -> Locator:
        return self.region.get_by_role("tab", name=name, exact=True)

    def copied(self) -> str:
        button = self.region.get_by_role("button", name="Copy", exact=True)
        button.click()
        expect(button.get_by_text("Copied")).to_be_visible()
        text: str = self._page.evaluate("navigator.clipboard.readText()")
        return text


def test_what_is_copied_runs(page, api, session_id, tmp_path):
    """A text is copied with a click, and runs in a shell after the settings were pasted."""
    page.evaluate(SHOW, {"lastCall": run_call(session_id, "print('from $elsewhere')")})
    panel = Panel(page)
    panel.open()
    page.get_by_role("button", name="Copy the settings").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()
    settings = page.evaluate("navigator.clipboard.readText()")
    assert f"export API={api.url} KEY=none" in settings
    got = json.loads(Elsewhere(api, session_id, tmp_path).run("curl", panel.copied(), settings))
    assert got["stdout"] == "from $elsewhere\n"


@pytest.mark.browser
def test_what_was_done_on_the_page_goes_on_elsewhere(page, api, session_id, tmp_path):
    """After an upload and a run, the text with the session ID runs in that session, with its files and variables."""
    panel = Panel(page)
    upload_named(page, {"it's new.csv": "region\nNorth\n"})
    panel.open()
    panel.tab("Agent").click()
    expect(panel.region).to_contain_text("Upload of it's new.csv.")
    code = "text = open(\"/mnt/data/it's new.csv\").read()\ncount = globals().get('count', 0) + 1\nprint(text, count)"
    run(page, code)
    expect(panel.region).to_contain_text("Run of the code")
    panel.tab("Python").click()
    page.get_by_label("With session ID").check()
    elsewhere = Elsewhere(api, session_id, tmp_path)
    text = panel.copied()
    assert elsewhere.run("python", text, f"export API={api.url} KEY=none") == "Succeeded\nregion\nNorth\n 2\n\n\n"


@pytest.mark.browser
def test_copying_without_a_clipboard(page):
    """Where the browser gives pages no clipboard, as for plain http, texts are copied all the same."""
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate(SHOW, {"code": "print('copied')"})
    panel = Panel(page)
    panel.open()
    button = panel.region.get_by_role("button", name="Copy", exact=True)
    button.click()
    expect(button.get_by_text("Copied")).to_be_visible()
    expect(button).to_be_focused()
    editor = page.get_by_role("textbox", name="Python code")
    editor.fill("")
    editor.press("Control+V")
    expect(editor).to_have_value(re.compile("^curl .*copied.*END$", re.DOTALL))


@pytest.mark.browser
def test_any_step_can_be_chosen(page, api):
    """Uploads, the last run and downloads of what it made; what is done next is shown, whatever was chosen before."""
    page.get_by_role("button", name=re.compile("^Sales report")).first.click()
    results = page.get_by_role("region", name="Results", exact=True)
    expect(results.get_by_text("Succeeded", exact=True)).to_be_visible(timeout=60_000)
    panel = Panel(page)
    panel.open()
    step = panel.region.get_by_label("Step")
    options = step.get_by_role("option")
    expect(options).to_have_text(["Upload of sales.csv", "Run of the code", "Download of revenue.png"])
    expect(step.locator("option:checked")).to_have_text("Run of the code")
    step.select_option("Upload of sales.csv")
    assert "-T sales.csv" in panel.copied()
    step.select_option("Download of revenue.png")
    assert "-o revenue.png" in panel.copied()
    run(page, "print('next')")
    expect(step.locator("option:checked")).to_have_text("Run of the code")
    assert "print('next')" in panel.copied()


@pytest.mark.browser
def test_secrets_are_not_in_texts(page):
    """Neither the key nor the session ID is in a text, unless the session ID is asked for; it is never shown."""
    key = "a-key-that-is-secret"
    session_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    page.evaluate(SEND, [{"operationId": "CheckConnection"}, key])
    page.evaluate(SHOW, {"id": session_id, "lastCall": run_call(session_id, "6 * 7")})
    panel = Panel(page)
    panel.open()
    for tab in TABS:
        panel.tab(tab).click()
        text = panel.copied()
        assert session_id not in text and key not in text
        assert session_id not in panel.region.inner_html() and key not in panel.region.inner_html()
        if tab == "MCP":
            continue
        page.get_by_label("With session ID").check()
        assert session_id in panel.copied()
        expect(panel.region.get_by_role("tabpanel")).to_contain_text("0f8f••••")
        assert session_id not in panel.region.inner_html()
        page.get_by_label("With session ID").uncheck()


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
def test_text_with_the_session_id_runs(make, api_with_key, session_id, tmp_path, kind):
    """With the session ID in it, a text needs no other setting than the address and the key."""
    upload(api_with_key, session_id, "sales.csv")
    for operation_id in ("ListFiles", "GetSession"):
        call = {"operationId": operation_id, "parameters": {"sessionId": session_id}}
        text, settings = make(kind, call, session=session_id)
        assert "SESSION" not in settings and "parameters('sessionId')" not in text
        got = Elsewhere(api_with_key, "another", tmp_path).run(kind, text, settings)
        assert ("sales.csv" if operation_id == "ListFiles" else "expires") in str(got)


@pytest.mark.browser
def test_before_anything_was_done(page):
    """The panel then has the run of the code in the editor, and follows it."""
    page.evaluate(SHOW, {"code": "print('first')"})
    panel = Panel(page)
    panel.open()
    expect(panel.region).to_contain_text("print('first')")
    page.evaluate(SHOW, {"code": "print('second')"})
    expect(panel.region).to_contain_text("print('second')")


@pytest.mark.browser
def test_tabs_by_keyboard(page):
    """Arrow keys move between the tabs, and the tab is remembered when the page is opened again."""
    panel = Panel(page)
    panel.open()
    panel.tab("curl").focus()
    page.keyboard.press("ArrowRight")
    expect(panel.tab("Python")).to_be_focused()
    expect(panel.tab("Python")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("End")
    expect(panel.tab("MCP")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(panel.tab("curl")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.reload()
    panel.open()
    expect(panel.tab("MCP")).to_have_attribute("aria-selected", "true")


@pytest.mark.browser
def test_short_file_is_in_the_tool_call(page):
    """A tool call that uploads a short file has its content."""
    page.evaluate("""async () => {
      const module = document.querySelector("script[type=module]").src.replace("main.js", "state/");
      const { update } = await import(module + "store.js");
      const parameters = { sessionId: "test-1234", fileName: "sales.csv" };
      const lastCall = { operationId: "PutFile", parameters, file: new File(["North,42"], "sales.csv") };
      update((state) => Object.assign(state.sessions[0], { lastCall }));
    }""")
    panel = Panel(page)
    panel.open()
    panel.tab("Agent").click()
    expect(panel.region).to_contain_text('"content": "Tm9ydGgsNDI="')
    expect(panel.region).to_contain_text("Upload of sales.csv.")


@pytest.mark.browser
def test_text_is_saved_as_a_file(page):
    """A text is saved under a name that says what it is."""
    panel = Panel(page)
    panel.open()
    panel.tab("Python").click()
    with page.expect_download() as download:
        panel.region.get_by_role("button", name="Save as call.py").click()
    assert download.value.suggested_filename == "call.py"
    assert "requests.post(" in Path(download.value.path()).read_text()


@pytest.mark.browser
def test_documents_are_linked(page, api):
    """The documents are linked, and are there."""
    panel = Panel(page)
    panel.open()
    for name in ("openapi.json", "swagger.json", "mcp-swagger.json"):
        link = panel.region.get_by_role("link", name=name, exact=True)
        address = link.evaluate("(element) => element.href")
        assert address == f"{api.url}/{name}"
        assert page.request.get(address).ok


@pytest.mark.browser
def test_hostile_names_are_shown_as_text(page, session_id):
    """What is in a name or in code is text, on the page too."""
    hostile = "<img src=x onerror=alert(1)>.txt"
    page.evaluate(SHOW, {"lastCall": file_call("DownloadFile", session_id, hostile)})
    panel = Panel(page)
    panel.open()
    for tab in TABS:
        panel.tab(tab).click()
        assert panel.region.locator("img").count() == 0
    panel.tab("Agent").click()
    expect(panel.region).to_contain_text(f"Download of {hostile}.")
