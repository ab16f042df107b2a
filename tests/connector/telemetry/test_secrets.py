"""No secret is in any log: every operation runs under every fault, with every logger at DEBUG.

Pool, storage, identity endpoint, host and connector run in this process, and so do their loggers and those of all
libraries.
"""

import base64
import contextlib
import io
import itertools
import logging
import secrets
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
import requests

from connector.http.operations import OPERATIONS, OPERATIONS_WITHOUT_SETTINGS
from connector.outbound.deadlines import Deadlines
from emulator.blob_storage.server import AUDIENCE
from tests.conftest import Api, Emulator, Storage

FAULTS: list[dict[str, Any]] = [
    *({"do": "answer", "status": status} for status in (400, 401, 403, 404, 413, 416, 500, 503)),
    {"do": "answer", "status": 429, "retryAfter": 0},
    {"do": "answer", "status": 429, "retryAfter": 60},
    {"do": "answer", "status": 200},
    {"do": "delay", "seconds": 0.5},
    {"do": "dropBefore"},
    {"do": "dropAfter"},
    {"do": "truncate"},
    {"do": "loseLastLine"},
    {"do": "cutStreams"},
    {"do": "expireSession"},
]
"""All that the emulator has for a request, and statuses that the pool has never had."""

STORAGE_FAULTS: list[dict[str, Any]] = [
    *({"do": "answer", "status": status} for status in (400, 401, 403, 404, 409, 412, 416, 500, 503)),
    {"do": "answer", "status": 503, "retryAfter": 0},
    {"do": "delay", "seconds": 0.5},
    {"do": "dropBefore"},
    {"do": "dropAfter"},
    {"do": "truncate"},
]

CALL_STORAGE = (
    "CheckConnection", "ShareFile", "OpenSharedFile", "OpenSharedFileHeaders", "ImportFile", "ExportFile",
    "SaveWorkspace", "GetWorkspace", "RestoreWorkspace", "DeleteWorkspace",
)  # fmt: skip

OTHER_LOGGERS = ("urllib3.connectionpool", "azure", "azure.identity", "msal", "requests", "asyncio", "uvicorn.error")

QUICK = Deadlines(
    operation_seconds=1,
    execution_margin_seconds=0.5,
    reserve_seconds=0.2,
    read_seconds=0.3,
    hand_over_pause_seconds=0.001,
    hand_over_seconds=0.01,
    start_seconds=0.5,
    retry_pause_seconds=0.001,
    longest_retry_pause_seconds=0.01,
)


class Secrets:
    """Marked values, which are searched for in the log as they are, and as base64."""

    def __init__(self, emulator: Emulator, storage: Storage) -> None:
        self.imports = storage.server.container_url("imports")
        self.session_id, self.execution_id = secrets.token_hex(16), secrets.token_hex(16)
        self.file, self.folder, self.code, self.content = (f"{name}Q{secrets.token_hex(6)}" for name in "fdct")
        self.blob, self.workspace = (f"{name}Q{secrets.token_hex(6)}" for name in "bw")
        self.signature = secrets.token_urlsafe(24)
        self.idempotency_key = secrets.token_hex(12)
        parts = (b'{"alg": "RS256", "kid": "k"}', secrets.token_bytes(40), secrets.token_bytes(64))
        self.bearer = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        settings = emulator.environment
        self.others = [settings["SIGNING_KEY"], settings["IDENTITY_HEADER"]]
        self.others.append(storage.server.authority.issue(AUDIENCE)[0])
        self.found_in_urls: list[str] = []

    def in_log(self, text: str) -> list[str]:
        values = [*(value for name, value in vars(self).items() if isinstance(value, str) and name != "imports")]
        values += self.others
        forms = {form for value in [*values, *self.found_in_urls] for form in (value, *_base64_forms(value))}
        assert len(forms) > 25 and all(len(form) > 8 for form in forms)
        return [form for form in forms if form.lower() in text.lower()]


def _base64_forms(value: str) -> list[str]:
    """What any base64 that contains the value contains, for each of its three positions."""
    encoded = (base64.b64encode(b"x" * offset + value.encode() + b"x" * 3).decode() for offset in range(3))
    return [text[4:-8] for text in encoded if len(text) > 20]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that any logger logs, as an ordinary handler writes it, with stacks."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s %(threadName)s"))
    loggers = [logging.getLogger(name) for name in ("", *OTHER_LOGGERS)]
    loggers += [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate = True
    logging.root.addHandler(handler)
    try:
        yield text
    finally:
        logging.root.removeHandler(handler)
        for logger, level, propagate in before:
            logger.setLevel(level)
            logger.propagate = propagate


def calls(
    secret: Secrets, urls: dict[str, str], headers: dict[str, str]
) -> dict[str, Callable[[str], requests.Response]]:
    """By operationId. Each gets the URL of the app."""

    def call(method: str, path: str, **request: Any) -> Callable[[str], requests.Response]:
        merged = {**headers, **request.pop("headers", {})}
        return lambda base: requests.request(
            method, base + path, headers=merged, timeout=30, allow_redirects=False, **request
        )

    session, file = f"sessionId={secret.session_id}", f"/files/{quote(f'{secret.file} ü.txt')}"
    folder = f"folder={secret.folder}"
    code = f"'{secret.code}'\nprint('{secret.content}')"
    run = {"pythonCode": code, "sessionId": secret.session_id, "idempotencyKey": secret.idempotency_key}
    run |= {"timeoutInSeconds": 1, "waitInSeconds": 0}
    content = base64.b64encode(secret.content.encode()).decode()
    files = [{"fileName": f"{secret.file}.txt", "fileContent": content}]
    body = {"sessionId": secret.session_id, "folder": secret.folder, "files": files}
    chunk = {"Content-Range": f"bytes=0-{len(secret.content) - 1}/{len(secret.content) + 1}"}
    upload = urls.get("upload", f"/uploads?token={secret.bearer}")
    workspace, owned = f"/workspaces/{secret.workspace}", {"sessionId": secret.session_id, "waitInSeconds": 0}
    transfer = urls.get("transfer", f"/transfers?token={secret.bearer}")
    signed = f"https://files.example/{secret.blob}?sig={secret.signature}"
    tool = {"name": "ExecutePythonCode", "arguments": {"pythonCode": code, "sessionId": secret.session_id}}
    message = {"jsonrpc": "2.0", "id": secret.idempotency_key, "method": "tools/call", "params": tool}
    return {
        "ExecutePythonCode": call("POST", "/executions", json=run),
        "GetExecution": call("GET", f"/executions/{secret.execution_id}?{session}"),
        "CancelExecution": call("DELETE", f"/executions/{secret.execution_id}?{session}"),
        "PollExecution": call("GET", urls.get("poll", f"/polls?token={secret.bearer}")),
        "UploadFile": call("POST", "/files", json=body),
        "PutFile": call("PUT", f"{file}?{session}&{folder}", data=secret.content.encode()),
        "ListFiles": call("GET", f"/files?{session}&{folder}&recursive=true&maxItems=1"),
        "ListMoreFiles": call("GET", urls.get("listing", f"/listings?token={secret.bearer}")),
        "GetFile": call("GET", f"{file}?{session}"),
        "DownloadFile": call("GET", f"{file}/content?{session}", headers={"Range": "bytes=1-2"}),
        "DownloadFileHeaders": call("HEAD", f"{file}/content?{session}&{folder}"),
        "PatchUpload": call("PATCH", upload, data=secret.content.encode(), headers=chunk),
        "GetUpload": call("GET", upload),
        "ShareFile": call("POST", f"{file}/links", json={"sessionId": secret.session_id}),
        "OpenSharedFile": call("GET", urls.get("link", f"/shared/a?token={secret.bearer}")),
        "OpenSharedFileHeaders": call("HEAD", urls.get("link", f"/shared/a?token={secret.bearer}")),
        "CreateUploadUrl": call("POST", "/uploads", json={"sessionId": secret.session_id, "fileName": secret.file}),
        "PutUpload": call(
            "PUT", urls.get("upload_url", f"/uploads?token={secret.bearer}"), data=secret.content.encode()
        ),
        "DeleteFile": call("DELETE", f"{file}?{session}"),
        "CancelUpload": call("DELETE", upload),
        "ImportFile": both(
            call("POST", "/imports", json={**owned, "blobUrl": f"{secret.imports}/{secret.blob}"}),
            call("POST", "/imports", json={**owned, "fileUrl": signed}),
        ),
        "ExportFile": call(
            "POST",
            "/exports",
            json={**owned, "fileName": f"{secret.file}0", "folder": secret.folder, "blobName": secret.blob},
        ),
        "PollTransfer": call("GET", transfer),
        "CancelTransfer": call("DELETE", transfer),
        "SaveWorkspace": call("PUT", workspace, json=owned),
        "GetWorkspace": call("GET", workspace),
        "DeleteWorkspace": call("DELETE", workspace),
        "RestoreWorkspace": call("POST", f"{workspace}/restore", json=owned),
        "GetSession": call("GET", f"/sessions/{secret.session_id}"),
        "CheckConnection": call("GET", "/connection"),
        "GetOpenApiDocument": call("GET", "/openapi.json"),
        "GetFullOpenApiDocument": call("GET", "/openapi-full.json"),
        "GetSwaggerDocument": call("GET", "/swagger.json"),
        "GetMcpSwaggerDocument": call("GET", "/mcp-swagger.json"),
        "CallMcpServer": call("POST", "/mcp", json=message),
        "GetProtectedResourceMetadata": call("GET", f"/oauth-protected-resource?{session}"),
        "GetHealth": call("GET", f"/health?{session}&code={secret.bearer}"),
        "EndSession": call("DELETE", f"/sessions/{secret.session_id}"),
    }


def both(
    first: Callable[[str], requests.Response], second: Callable[[str], requests.Response]
) -> Callable[[str], requests.Response]:
    """Two requests for one operation."""
    return lambda base: (first(base), second(base))[1]


def prepared(api: Api, secret: Secrets, headers: dict[str, str]) -> dict[str, str]:
    """The signed URLs of a run, an upload and a list, relative to the app's."""

    def call(method: str, path: str, more: dict[str, str] | None = None, **request: Any) -> requests.Response:
        response = api.call(method, path, headers={**headers, **(more or {})}, **request)
        assert response.ok, response.text
        return response

    files = [{"fileName": f"{secret.file}{number}", "fileContent": ""} for number in range(3)]
    body = {"sessionId": secret.session_id, "folder": secret.folder, "files": files}
    call("POST", "/files", json=body)
    listing = call("GET", f"/files?sessionId={secret.session_id}&recursive=true&maxItems=1").json()["nextLink"]
    chunked = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": str(len(secret.content) + 1)}
    put = call("PUT", f"/files/{secret.file}?sessionId={secret.session_id}", chunked)
    run = {"pythonCode": "import time; time.sleep(60)", "sessionId": secret.session_id, "waitInSeconds": 0}
    poll = call("POST", "/executions", json=run)
    secret.execution_id = poll.json()["executionId"]
    link = call("POST", f"/files/{secret.file}0/links", json={"sessionId": secret.session_id, "folder": secret.folder})
    upload_url = call("POST", "/uploads", json={"sessionId": secret.session_id, "fileName": secret.file})
    urls = {
        "upload": put.headers["Location"],
        "poll": poll.headers["Location"],
        "listing": listing,
        "link": link.json()["fileUrl"],
        "upload_url": upload_url.json()["uploadUrl"],
    }
    secret.found_in_urls = [url.partition("?token=")[2] for url in urls.values()]
    return {name: url.removeprefix(api.url) for name, url in urls.items()}


def test_no_secret_is_logged_under_any_fault(
    emulator: Emulator,
    start_storage: Callable[..., Storage],
    running_connector: Callable[..., contextlib.AbstractContextManager[Api]],
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    """Session IDs, names, code, contents, keys, tokens and signed URLs, by any operation."""
    storage = start_storage()
    secret = Secrets(emulator, storage)
    environment = {**emulator.environment, **storage.environment, "FILE_URL_HOSTS": "other.example"}
    with running_connector(require_keys=True, **environment) as api:
        headers = {"x-functions-key": str(api.key)}
        storage.put(secret.blob, secret.content.encode())  # now that the libraries log no URLs
        secret.others += [str(api.key), emulator.authority.issue()[0]]
        urls = prepared(api, secret, headers)
    monkeypatch.setattr("connector.app.DEADLINES", QUICK)
    faults = emulator.pool.url + "/faults"
    statuses: set[int] = set()
    with running_connector(require_keys=True, **environment) as api:
        operations = calls(secret, urls, {"x-functions-key": str(api.key)})
        secret.others.append(str(api.key))
        assert operations.keys() == {*OPERATIONS, *OPERATIONS_WITHOUT_SETTINGS}
        for fault in FAULTS:
            added = requests.post(faults, json={**fault, "times": 1_000, "identifier": secret.session_id}, timeout=10)
            assert added.ok, added.text
            with ThreadPoolExecutor(len(operations)) as threads:
                statuses |= set(threads.map(lambda operation: operation(api.url).status_code, operations.values()))
            requests.delete(faults, timeout=10)
        for fault in STORAGE_FAULTS:
            storage.server.faults.add(**fault, times=1_000)
            with ThreadPoolExecutor(len(CALL_STORAGE)) as threads:
                statuses |= set(threads.map(lambda name: operations[name](api.url).status_code, CALL_STORAGE))
            storage.server.faults.clear()
    assert {200, 204, 403, 404, 413, 429, 502, 503, 504} <= statuses
    text = log.getvalue()
    assert '"record":"request"' in text and '"record":"poolCall"' in text and "urllib3.connectionpool" in text
    assert '"record":"storageCall"' in text
    assert secret.in_log(text) == []


ECHOES: list[Callable[[bytes, bytes], bytes]] = [
    lambda target, body: b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n",
    lambda target, body: b"HTTP/1.1 200 OK\r\nbroken " + target + b"\r\n: x\r\nContent-Length: 2\r\n\r\n{}",
    lambda target, body: b"HTTP/1.1 200 OK\r\nContent-Length: " + target + b"\r\n\r\n{}",
    lambda target, body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx" + target + b"\r\n",
    lambda target, body: b"HTTP/1.1 429 " + target + b"\r\nRetry-After: " + target + b"\r\nContent-Length: 0\r\n\r\n",
    lambda target, body: target + b" is no response\r\n\r\n",
    lambda target, body: b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" + body[:9],
    lambda target, body: b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b'{"value": [' + target + body,
]
"""Broken responses that contain the request's path and body."""


@pytest.fixture
def echoing_pool() -> Iterator[str]:
    """Responds with each of ECHOES in turn, and closes the connection."""
    echoes = itertools.cycle(ECHOES)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split(b" ")[1]
            lines = list(iter(self.rfile.readline, b"\r\n"))
            lengths = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
            body = self.rfile.read(lengths[0]) if lengths else b""
            with contextlib.suppress(OSError):
                self.wfile.write(next(echoes)(target, body))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/subscriptions/s/resourceGroups/g/sessionPools/p"
        server.shutdown()


def test_no_secret_is_logged_when_the_pool_returns_them(
    echoing_pool: str,
    emulator: Emulator,
    storage: Storage,
    running_connector: Callable[..., contextlib.AbstractContextManager[Api]],
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """In responses that cannot be read. Nothing is printed past the log, either."""
    secret = Secrets(emulator, storage)
    with running_connector(**emulator.environment, **storage.environment) as api:
        urls = prepared(api, secret, {})
    monkeypatch.setattr("connector.app.DEADLINES", QUICK)
    echoing = {
        "POOL_MANAGEMENT_ENDPOINT": echoing_pool,
        "FILES_CONTAINER_URL": f"{echoing_pool.partition('/sub')[0]}/account/files",
        "IMPORT_CONTAINER_URLS": storage.environment["IMPORT_CONTAINER_URLS"],
    }
    with running_connector(**{**emulator.environment, **echoing}) as api:
        operations = calls(secret, urls, {}).values()
        with ThreadPoolExecutor(len(operations)) as threads:
            for _ in range(3):
                statuses = set(threads.map(lambda operation: operation(api.url).status_code, operations))
    text = log.getvalue()
    assert 502 in statuses and '"record":"poolCall"' in text and "HeaderParsingError" in text
    assert secret.in_log(text) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("broken", ["pool", "storage", "identity", "sign-in", "bug"])
def test_no_secret_is_logged_when_a_service_is_down(
    broken: str,
    emulator: Emulator,
    storage: Storage,
    running_connector: Callable[..., contextlib.AbstractContextManager[Api]],
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    """Neither those of requests, nor those in messages of exceptions."""
    monkeypatch.setattr("connector.app.DEADLINES", QUICK)
    secret = Secrets(emulator, storage)
    environment = {**emulator.environment, **storage.environment}
    if broken == "pool":
        environment["POOL_MANAGEMENT_ENDPOINT"] = "http://127.0.0.1:9/subscriptions/s/resourceGroups/g/sessionPools/p"
    elif broken == "storage":
        secret.imports = "http://127.0.0.1:9/account/imports"
        environment |= {
            "FILES_CONTAINER_URL": "http://127.0.0.1:9/account/files",
            "IMPORT_CONTAINER_URLS": secret.imports,
        }
    elif broken == "identity":
        environment["IDENTITY_ENDPOINT"] = "http://127.0.0.1:9/msi/token"
    elif broken == "sign-in":
        environment |= {
            "CONNECTOR_AUTH": "entra",
            "ENTRA_TENANT_ID": "00000000-0000-0000-0000-000000000001",
            "ENTRA_AUDIENCES": "api://connector",
            "ENTRA_ALLOWED_CALLERS": "*",
            "AZURE_AUTHORITY_HOST": "http://127.0.0.1:9",
        }
    else:

        def fails(*arguments: Any, **keywords: Any) -> None:
            raise ValueError(f"{arguments} {keywords} {secret.session_id} {secret.code}") from KeyError(secret.file)

        monkeypatch.setattr("connector.session_pool.client.SessionPoolClient.call", fails)
    with running_connector(**environment) as api:
        for operation in calls(secret, {}, {"Authorization": f"Bearer {secret.bearer}"}).values():
            operation(api.url)
    text = log.getvalue()
    levels = {"pool": "WARNING", "storage": "WARNING", "identity": "WARNING", "sign-in": "WARNING", "bug": "ERROR"}
    assert f'{levels[broken]} connector.telemetry {{"record":"request"' in text
    assert secret.in_log(text) == []
