"""Output that is made to attack whoever looks at it: text stays text, and HTML stays in its frame.

What remains: code in the frame can use the processor and show what it likes in its own rectangle, and Chromium lets it
make an RTCPeerConnection, which no policy forbids. Only browsers that give frames without an origin a process of their
own, as Chromium does, keep the page usable while code in a frame loops forever.
"""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.conftest import Api
from tests.connector.playground.conftest import Complaints
from tests.connector.playground.running import run

HOSTILE = [
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    '<a href="javascript:window.hacked=1">go</a>',
    '"><svg onload=window.hacked=1>',
    "'><iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "</pre></section></main><style>* {display: none}</style>",
    "${window.hacked=1} {{window.hacked=1}} <!--?lit$1$-->",
    "javascript:window.hacked=1",
    "\u202egnp.exe \u2066 \x1b]0;title\x07 \x1b[31mred",
]
OF_THE_FRAME = re.compile(
    "directive: \"(?:default-src 'none'|connect-src 'none'|script-src 'unsafe-inline'"
    "|style-src 'unsafe-inline'|img-src data: blob:)"
    "|sandboxed|because it violates the document's Content Security Policy"
)
"""What Chromium reports of documents in the frame: their own policy has held."""


@dataclass
class OtherSite:
    """Any other address that output may want to reach."""

    url: str
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def other_site() -> Iterator[OtherSite]:
    """Nothing may have been asked for there when the test ends."""
    site = OtherSite("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    server.server_close()
    assert site.requests == []


def returning(html: str) -> str:
    """Code that returns the HTML."""
    return f"from IPython.display import HTML\nHTML({html!r})"


def show_html(page: Page, html: str) -> Frame:
    """Runs code that returns the HTML. Returns its frame."""
    results = run(page, returning(html))
    frame = results.locator("user-html iframe").element_handle().content_frame()
    assert frame is not None
    return frame


def shape(page: Page) -> dict[str, list[str]]:
    """The kinds of elements on the page, and what in them could run."""
    found: dict[str, list[str]] = page.evaluate("""() => {
      const elements = [...document.querySelectorAll("*")];
      const attributes = elements.flatMap((element) => [...element.attributes]);
      return {
        kinds: [...new Set(elements.map((element) => element.localName))].sort(),
        handlers: attributes.filter(({ name }) => name.startsWith("on") || name === "srcdoc").map(({ name }) => name),
        addresses: attributes
          .filter(({ name, value }) => /^(?:href|src|action|data)$/.test(name) && /^\\s*javascript:/i.test(value))
          .map(({ value }) => value),
      };
    }""")
    return found


def everywhere(texts: list[str]) -> str:
    """Code that puts the texts wherever a run returns text."""
    names = [text.replace("/", "\u2215").replace("\x1b", "").replace("\x07", "") for text in texts]
    return f"""import sys, warnings
import pandas as pd, matplotlib.pyplot as plt
warnings.simplefilter("ignore")
from IPython.display import JSON, Latex, Markdown, display
texts, names = {texts!r}, {names!r}
for text in texts:
    print(text)
    print(text, file=sys.stderr)
for name in names:
    open(name, "w").close()
display(Markdown("".join(texts)), Latex("".join(texts)), JSON({{text: text for text in texts}}))
plt.figure(figsize=(1, 1))
plt.plot([1])
plt.title(names[0].replace("$", "") + names[1])
plt.show()
display(pd.DataFrame([texts], columns=texts, index=pd.Index([texts[1]], name=texts[0])))
display({{"application/x-" + names[0]: "x", "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"}}, raw=True)
{{text: [text] for text in texts}}"""


def failing(texts: list[str]) -> str:
    """Code that puts the texts into an exception, its traceback and its hint."""
    return f"""import pandas as pd
def fail():
    pd.DataFrame([{texts!r}], columns={texts!r})[{"".join(texts)!r}]
fail()"""


@pytest.mark.browser
def test_text_stays_text(page: Page, other_site: OtherSite) -> None:
    """Markup in output, names, titles and errors is shown, and makes no element that harmless text does not make."""
    harmless = [f"it's word {number}" for number in range(len(HOSTILE) + 1)]
    hostile = [*HOSTILE, f"<img src={other_site.url}/text>"]
    shapes = []
    for texts in (harmless, hostile):
        results = run(page, everywhere(texts))
        expect(results.get_by_text("Succeeded", exact=True)).to_be_visible()
        expect(results.get_by_role("table")).to_have_count(1)
        seen = shape(page)
        results = run(page, failing(texts))
        expect(results.get_by_role("group", name="Error", exact=True)).to_contain_text("KeyError")
        shapes.append((seen, shape(page)))
        expect(results.get_by_role("group", name="Error", exact=True)).to_contain_text(texts[0])
        title = page.title()
    for before, after in zip(*shapes, strict=True):
        assert set(after["kinds"]) - set(before["kinds"]) == set()
    for seen in shapes[1]:
        assert seen["handlers"] == [] and seen["addresses"] == []
    assert page.evaluate("() => window.hacked") is None
    assert title == "Code Interpreter Playground"
    results.get_by_role("button", name="Run 3").click()
    printed = results.get_by_role("group", name="Printed", exact=True).locator("growing-text")
    for text in hostile[:-2]:
        expect(printed).to_contain_text(text)


@pytest.mark.browser
def test_html_cannot_leave_its_frame(page: Page, complaints: Complaints, other_site: OtherSite) -> None:
    """Its script runs, without cookies, storage, this page, other addresses, windows, forms, dialogs and downloads."""
    downloads: list[str] = []
    page.on("download", lambda download: downloads.append(download.suggested_filename))
    page.context.on("page", lambda opened: downloads.append(opened.url))
    frame = show_html(
        page,
        """<form action="/api/executions" method="post"><input name="pythonCode" value="1"></form>
        <a id="top" target="_top" href="OTHER/top">x</a><a id="save" download="x" href="data:,x">x</a>
        <link rel="stylesheet" href="OTHER/style"><link rel="preload" as="image" href="OTHER/preload">
        <link rel="prefetch" href="OTHER/prefetch"><img src="OTHER/image"><script src="OTHER/script"></script>
        <iframe src="OTHER/frame"></iframe><object data="OTHER/object"></object><video src="OTHER/video"></video>
        <pre id="found"></pre>
        <script>
        const found = {ran: true};
        const attempts = {
          cookie: () => document.cookie, setCookie: () => { document.cookie = "a=b" },
          localStorage: () => localStorage.length, sessionStorage: () => sessionStorage.length,
          database: () => indexedDB.open("x"), parent: () => parent.document.title, top: () => top.document.title,
          address: () => parent.location.href, worker: () => navigator.serviceWorker.register("/x.js"),
          navigate: () => { top.location = "OTHER/navigate" }, open: () => String(open("OTHER/open")),
          origin: () => origin, evaluate: () => eval("1"),
        };
        for (const [name, attempt] of Object.entries(attempts))
          try { found[name] = attempt() } catch (failure) { found[name] = failure.name }
        for (const click of ["top", "save"]) document.getElementById(click).click();
        document.forms[0].submit();
        navigator.sendBeacon("OTHER/beacon", "x");
        new EventSource("OTHER/events");
        new WebSocket("OTHER/socket".replace("http", "ws")).onerror = () => {};
        alert(1);
        const call = (url) => fetch(url).then(() => "got", (failure) => failure.name);
        Promise.all(["/api/connection", "OTHER/fetch"].map(call)).then((answers) => {
          found.calls = answers;
          document.getElementById("found").textContent = JSON.stringify(found);
        });
        </script>""".replace("OTHER", other_site.url),
    )
    result = frame.locator("#found")
    expect(result).to_contain_text("calls")
    refused = (
        "cookie",
        "setCookie",
        "localStorage",
        "sessionStorage",
        "database",
        "parent",
        "top",
        "address",
        "worker",
    )
    assert json.loads(result.inner_text()) == {
        **dict.fromkeys((*refused, "navigate"), "SecurityError"),
        "ran": True,
        "open": "null",
        "origin": "null",
        "evaluate": "EvalError",
        "calls": ["TypeError", "TypeError"],
    }
    # What the frame started before has had as much time as another run takes.
    run(page, "1")
    assert downloads == []
    assert page.url.endswith("/api/playground")
    complaints[:] = [complaint for complaint in complaints if not OF_THE_FRAME.search(complaint)]


@pytest.mark.browser
@pytest.mark.parametrize(
    "target", ["/api/health", "/api/playground", "OTHER/page", "data:text/html,x", "/api/openapi.json"]
)
@pytest.mark.parametrize("how", ["script", "refresh"])
def test_a_frame_cannot_go_elsewhere(
    page: Page, complaints: Complaints, other_site: OtherSite, target: str, how: str
) -> None:
    """It may be navigated by what is in it, but browsers load no document there except the frame's own."""
    answered: list[str] = []
    page.on("requestfinished", lambda request: answered.append(request.url) if request.frame.parent_frame else None)
    target = target.replace("OTHER", other_site.url)
    forms = {
        "script": f"<script>location.href = {target!r}</script>",
        "refresh": f'<meta http-equiv="refresh" content="0;url={target}">',
    }
    with page.expect_console_message(lambda message: "frame-src" in message.text):
        run(page, returning(forms[how]))
    complaints.expect("frame-src")
    assert not [url for url in answered if not url.endswith("/frame.html")]


@pytest.mark.browser
def test_messages_of_a_frame_are_only_heights(page: Page) -> None:
    """Whatever else it posts changes nothing, and its height has limits, also if it grows with the frame."""
    frame = show_html(
        page,
        """<p>forged</p><script>
        const forged = [{type: "ready"}, "<p>x</p>", null, NaN, -5, {height: 5}, ["ready"], "height", Infinity];
        const post = () => { for (const message of [...forged, 1e9]) parent.postMessage(message, "*") };
        let left = 5; // some of them after the frame has reported its real height
        const timer = setInterval(() => { post(); if (--left === 0) clearInterval(timer); }, 200);
        </script>""",
    )
    element = page.locator("user-html iframe")
    expect(element).to_have_css("height", "800px")
    expect(frame.get_by_text("forged")).to_be_visible()
    show_html(page, '<div style="height: calc(100vh + 100px)">grows</div>')
    expect(element).to_have_css("height", "800px")
    page.evaluate("() => postMessage(50, '*')")
    page.evaluate("() => postMessage('ready', '*')")
    expect(element).to_have_css("height", "800px")


@pytest.mark.browser
def test_a_frame_that_floods_the_page_is_stopped(page: Page) -> None:
    """Thousands of messages end the frame, and not the page."""
    flood = "for (let number = 0; number < 999; number++) parent.postMessage(number, '*')"
    results = run(page, returning(f"<script>setInterval(() => {{{flood}}})</script>"))
    expect(results.get_by_text("Stopped, because it sent too many messages to the page.")).to_be_visible()
    expect(run(page, "'still here'")).to_contain_text("still here")


@pytest.mark.browser
def test_a_frame_cannot_keep_the_focus(page: Page) -> None:
    """What people type goes where they typed before, not into a field in the frame."""
    editor = page.get_by_role("textbox", name="Python code")
    frame = show_html(page, "<input id=f><script>setTimeout(() => { f.focus(); document.title = 'took' })</script>")
    frame.wait_for_function("() => document.title === 'took'")
    expect(editor).to_be_focused()
    page.keyboard.type("# typed", delay=50)
    expect(editor).to_have_value(re.compile("# typed$"))
    expect(frame.locator("#f")).to_have_value("")
    again = "setInterval(() => { f.blur(); f.focus() }, 50)"
    results = run(page, returning(f"<input id=f><script>{again}</script>"))
    expect(results.get_by_text("Stopped, because it kept taking the focus.")).to_be_visible()
    expect(editor).to_be_focused()


@pytest.mark.browser
def test_a_frame_that_loops_forever_leaves_the_page_usable(page: Page) -> None:
    """In browsers that isolate such frames; another run, or the same one again, can be chosen."""
    run(page, "print('before')")
    results = run(page, returning("<script>setTimeout(() => {while (true);}, 100)</script>"))
    expect(results.locator("user-html iframe")).to_be_visible()
    results.get_by_role("button", name="Run 1, succeeded").click()
    expect(results.get_by_role("group", name="Printed", exact=True).locator("growing-text")).to_have_text("before\n")
    expect(run(page, "'after'")).to_contain_text("after")


@pytest.mark.browser
def test_images_run_and_load_nothing(page: Page, other_site: OtherSite) -> None:
    """An SVG is drawn, its script and its remote image do nothing; what is no image is said to be none."""
    svg = f"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="50" height="40"
      onload="parent.hacked=1"><script>parent.hacked=1; top.hacked=1</script><rect width="50" height="40"/>
      <image href="{other_site.url}/image" width="9" height="9"/>
      <foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="{other_site.url}/"/></foreignObject>
    </svg>"""
    code = f"""from IPython.display import display
display({{"image/svg+xml": {svg!r}}}, raw=True)
display({{"image/png": b"no image <script>hacked=1</script>"}}, raw=True)"""
    results = run(page, code)
    image = results.get_by_role("img", name="Chart without a title")
    expect(image).to_have_js_property("naturalWidth", 50)
    address = image.get_attribute("src")
    assert address is not None and address.startswith("data:image/svg+xml")
    expect(results.get_by_text("The browser cannot show this image.")).to_be_visible()
    assert page.evaluate("() => window.hacked") is None
    expect(page.locator("#results script, #results svg:not(.icon), #results foreignObject")).to_have_count(0)


@pytest.mark.browser
def test_the_document_of_the_frame_has_no_origin_anywhere(page: Page, api: Api) -> None:
    """Not even where someone opens it in a tab."""
    show_html(page, "<p>x</p>")
    address = page.locator("user-html iframe").get_attribute("src")
    tab = page.context.new_page()
    tab.goto(str(address))
    assert tab.evaluate("() => origin") == "null"


ENDLESS = {
    "comments before HTML": "from IPython.display import HTML\nHTML('<!---->' * 40 + 'x')",
    "JSON without an end": "display({'application/json': '[' * 100_000 + ']' * 100_000}, raw=True)",
    "a table without a number of rows": (
        "display({'application/json': {'columns': [{'name': 'a'}], 'rows': [[1]], 'rowCount': None}}, raw=True)"
    ),
    "a cell without an end": (
        'display({\'application/json\': \'{"columns": [{"name": "a"}], "rowCount": 1, "rows": [[\''
        " + '[' * 100_000 + ']' * 100_000 + ']]}'}, raw=True)"
    ),
    "an SVG that draws itself again and again": """from IPython.display import SVG
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect id="r0" width="1" height="1"/>'
for level in range(1, 12):
    svg += f'<g id="r{level}">' + f'<use href="#r{level - 1}"/>' * 10 + '</g>'
SVG(svg + '</svg>')""",
    "an image of 400 megapixels": """import struct, zlib
def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 6, 0, 0, 0)
pixels = zlib.compress(bytes(1_000_000))
image = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
display({"image/png": image}, raw=True)""",
}
"""Code whose output takes forever, or ends the rendering of the page, if it is read carelessly."""


@pytest.mark.browser
@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_the_page_goes_on_whatever_is_displayed(page: Page, code: str) -> None:
    """It shows that in some form, and the rest of the page remains as it was."""
    results = run(page, code)
    expect(results.get_by_role("button", name=re.compile("^(Save|CSV)$"))).to_be_visible()
    if "SVG" in code or "image/png" in code:
        expect(results.get_by_text("The browser cannot show this image.")).to_be_visible()
    expect(run(page, "'still here'")).to_contain_text("still here")
