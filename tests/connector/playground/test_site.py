"""The files of the page: which ones are served, how large they are, and what browsers do with them."""

import hashlib
import json
import logging
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page

from connector.playground.site import BUILT, FRAME, INDEX, SIGNED_IN, Site
from tests.conftest import Api
from tests.connector.playground.conftest import SOURCES, Complaints

MOST_BYTES = 300_000
"""Of all files, compressed."""

SITE = Site()
FILES = sorted(path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*") if path.is_file())
SERVED = [path for path in FILES if path not in (INDEX, SIGNED_IN, "sources.sha256")]


def test_every_file_is_served() -> None:
    """As it is in the folder, under its path. Documents have other addresses."""
    for path in SERVED:
        asset = SITE.asset(path)
        assert asset is not None, f"{path} has an ending without a content type"
        assert asset.content == (BUILT / path).read_bytes()


def test_what_is_built_is_up_to_date() -> None:
    """Whoever changes the page builds it: make playground."""
    found = hashlib.sha256()
    for path in sorted(path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*") if path.is_file()):
        found.update(path.encode() + b"\0" + (SOURCES / path).read_bytes() + b"\0")
    assert (BUILT / "sources.sha256").read_text() == f"{found.hexdigest()}\n"


def test_a_first_visit_needs_few_requests(page: Page) -> None:
    """Each costs a call of a function. What is needed later is fetched later. Icons are the browser's choice."""
    page.wait_for_load_state("networkidle")
    fetched = page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert sorted(name.rpartition("/")[2] for name in fetched if re.search(r"/playground/(?!.*icon)", name)) == [
        "main.js",
        "styles.css",
        "theme.js",
    ]


def test_everything_is_small() -> None:
    """All files together, as browsers get them."""
    assets = [SITE.asset(path) for path in SERVED]
    size = sum(len(asset.compressed) for asset in assets if asset) + len(SITE.document(INDEX, {}).compressed)
    assert size < MOST_BYTES


def test_documents_are_complete() -> None:
    """Nothing in them is left to fill in."""
    for name in (INDEX, SIGNED_IN):
        text = SITE.document(name, {"auth": "key"}).content.decode()
        assert not re.search(r"\{\w+\}|<!-- modules", text)
    assert 'data-auth="key"' in SITE.document(INDEX, {"auth": "key"}).content.decode()


@pytest.mark.browser
def test_a_second_visit_asks_for_the_page_alone(page: Page) -> None:
    """Its files are in the browser's cache."""
    page.wait_for_load_state("networkidle")
    requested: list[str] = []
    page.on("response", lambda response: requested.append(response.url))
    page.reload(wait_until="networkidle")
    from_network = page.evaluate(
        "() => performance.getEntriesByType('resource').filter((e) => e.transferSize > 0).map((e) => e.name)"
    )
    assert [name for name in from_network if "/playground/" in name and "icon" not in name] == []


# ---- the frame


def frame_address(page: Page) -> str:
    (main,) = page.locator("script[type=module]").evaluate_all("(scripts) => scripts.map((script) => script.src)")
    return str(main).removesuffix("main.js") + FRAME


SHOW = """([address, html]) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.src = address;
  addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data === "ready") frame.contentWindow.postMessage(html, "*");
    else if (typeof event.data === "object") resolve(event.data); // and not the height of the document
  });
  document.body.append(frame);
})"""
"""Shows HTML in the frame as the page does. Returns what it posts, or what the policy of the page refuses."""


@pytest.mark.browser
def test_the_frame_runs_scripts_without_an_origin(page: Page, api: Api, complaints: Complaints) -> None:
    """It cannot read the page, its storage and its cookies, nor call the connector."""
    html = """<script>
      const attempt = (read) => { try { return String(read()); } catch (failure) { return failure.name; } };
      const found = { origin: self.origin, parent: attempt(() => parent.document.title),
        storage: attempt(() => localStorage.length), cookie: attempt(() => document.cookie) };
      fetch("ADDRESS").then(() => "answered", () => "refused")
        .then((call) => parent.postMessage({ ...found, call }, "*"));
    </script>"""
    with page.expect_console_message(lambda message: "Fetch API" in message.text):
        found = page.evaluate(SHOW, [frame_address(page), html.replace("ADDRESS", f"{api.url}/health")])
    assert found == {
        "origin": "null",
        "parent": "SecurityError",
        "storage": "SecurityError",
        "cookie": "SecurityError",
        "call": "refused",
    }
    complaints.expect("Content Security Policy")


@pytest.mark.browser
@pytest.mark.parametrize("target", ["the connector", "another server", "the page"])
def test_the_frame_cannot_leave_its_document(
    page: Page, api: Api, complaints: Complaints, caplog: pytest.LogCaptureFixture, target: str
) -> None:
    """Of all addresses, the page may frame that one alone: so no script in it sends anything in an address."""
    caplog.set_level(logging.INFO)
    requested: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    addresses = {
        "the connector": f"{api.url}/health?secret",
        "another server": f"http://127.0.0.1:{server.server_port}/?secret",
        "the page": f"{api.url}/playground?secret",
    }
    address = frame_address(page)
    page.wait_for_load_state("networkidle")
    caplog.clear()
    try:
        with page.expect_console_message(lambda message: "frame-src" in message.text):
            refused = page.evaluate(SHOW, [address, f"<script>location = {json.dumps(addresses[target])};</script>"])
        assert refused == "frame-src"
    finally:
        server.shutdown()
        server.server_close()
    assert requested == []
    operations = {record.__dict__.get("operation") for record in caplog.records}
    assert operations & {"GetHealth", "GetPlayground"} == set()
    complaints.expect("frame-src")


@pytest.mark.browser
def test_the_frame_has_no_origin_in_a_tab_of_its_own(page: Page, open_context: Callable[..., Any]) -> None:
    """Its own policy sandboxes it, not the page alone."""
    tab = open_context().new_page()
    tab.goto(frame_address(page))
    assert tab.evaluate("() => self.origin") == "null"
