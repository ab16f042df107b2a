"""The files of the page: which ones are served, how large they are, and what browsers do with them."""

import json
import logging
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from connector.playground.site import FRAME, INDEX, PAGE, SIGNED_IN, Site
from tests.conftest import Api
from tests.connector.playground.conftest import Complaints

MOST_BYTES = 300_000
"""Of all files, compressed."""

SITE = Site()
FILES = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file())
SERVED = [
    path
    for path in FILES
    if not path.endswith((".d.ts", "state/types.js", "api/models.js"))
    and not path.startswith("styles/")
    and path not in (INDEX, SIGNED_IN)
]
SPECIFIER = re.compile(r"""(?:\bfrom|^import|\bimport\(|\bnew URL\()\s*["'](\.[^"']+)["']""", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)


def test_every_file_is_served() -> None:
    """As it is in the folder, under its path. Types, the parts of the style sheet, and documents are no such files."""
    for path in SERVED:
        asset = SITE.asset(path)
        assert asset is not None, f"{path} has an ending without a content type"
        assert asset.content == (PAGE / path).read_bytes()


def test_styles_are_one_file() -> None:
    """In the order of their names, which begins with the tokens."""
    styles = SITE.asset("styles.css")
    assert styles is not None
    texts = [path.read_text(encoding="utf-8") for path in sorted((PAGE / "styles").iterdir())]
    found = [styles.content.find(re.sub(r"/\*.*?\*/\n?", "", text, flags=re.DOTALL).encode()) for text in texts]
    assert -1 not in found and found == sorted(found)


def test_what_modules_import_exists() -> None:
    """Also what they load later. Libraries import nothing."""
    for path in (path for path in SERVED if path.endswith(".js")):
        text = COMMENT.sub("", (PAGE / path).read_text(encoding="utf-8"))
        if path.startswith("libraries/"):
            assert not re.search(r"^import\b|\bfrom\s*[\"']\.", text, re.MULTILINE)
            continue
        for specifier in SPECIFIER.findall(text):
            target = (PAGE / path).parent.joinpath(specifier).resolve().relative_to(PAGE.resolve()).as_posix()
            assert SITE.asset(target) is not None, (path, specifier)


def test_everything_is_small() -> None:
    """All files together, as browsers get them."""
    assets = [SITE.asset(path) for path in [*SERVED, "styles.css"]]
    size = sum(len(asset.compressed) for asset in assets if asset) + len(SITE.document(INDEX, {}).compressed)
    assert size < MOST_BYTES


def test_documents_are_complete() -> None:
    """Nothing in them is left to fill in."""
    for name in (INDEX, SIGNED_IN):
        text = SITE.document(name, {"auth": "key"}).content.decode()
        assert not re.search(r"\{\w+\}|<!-- modules", text)
    assert 'data-auth="key"' in SITE.document(INDEX, {"auth": "key"}).content.decode()


@pytest.mark.browser
def test_all_modules_are_fetched_at_once(page: Page) -> None:
    """The page names every module that it starts with, and no other, so none waits for the one that imports it."""
    page.wait_for_load_state("networkidle")
    named = page.locator("link[rel=modulepreload]").evaluate_all("(links) => links.map((link) => link.href)")
    loaded = page.evaluate(
        "() => performance.getEntriesByType('resource').map((e) => e.name).filter((name) => name.endsWith('.js'))"
    )
    plain = page.locator("script:not([type])").evaluate_all("(scripts) => scripts.map((script) => script.src)")
    assert sorted(loaded) == sorted([*named, *plain])


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
    assert [name for name in from_network if "/playground/" in name] == []


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


def test_the_folder_has_no_other_files() -> None:
    """Everything in it is deployed."""
    endings = {"".join(Path(path).suffixes[-2:]) if path.endswith(".d.ts") else Path(path).suffix for path in FILES}
    assert endings <= {".html", ".css", ".js", ".d.ts", ".svg", ".csv", ".txt"}
