"""Links in Chromium, as people open them: files are saved, and what is in them does nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.conftest import Api
from tests.connector.links.conftest import put, share
from tests.connector.playground.conftest import browser as browser
from tests.connector.playground.conftest import open_context as open_context

CHART = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.savefig('/mnt/data/Sales 2026.png')"
SCRIPT = "document.title = 'ran ' + localStorage.getItem('secret')"
HOSTILE = {
    "page.html": f"<!DOCTYPE html><title>quiet</title><script>{SCRIPT}</script><p>shown</p>",
    "image.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><title>quiet</title><script>{SCRIPT}</script></svg>',
}
NAMES = ["‮gpj.exe", "100% größer.csv", "a'b;c=d.csv", "😀" * 50 + ".csv"]


@pytest.fixture(scope="module")
def streaming(emulator, storage, running_connector):
    """A connector whose storage is closed to the public."""
    with running_connector(**emulator.environment, **storage.environment, LINK_DELIVERY="stream") as connector:
        yield connector


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context().new_page()


def link_to(api: Api, session_id: str, name: str) -> str:
    shared = share(api, session_id, name)
    assert shared.status_code == 200, shared.text
    return str(shared.json()["fileUrl"])


def saved(page: Page, url: str) -> tuple[str, bytes]:
    """The name and the content of the file that the browser saves when somebody clicks on the link."""
    page.set_content(f'<a href="{url}">Open</a>')
    with page.expect_download() as download:
        page.get_by_text("Open").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("kind", ["api", "api_with_storage", "streaming"])
def test_a_chart_is_saved_until_its_link_is_over(kind, request, session_id, page):
    """With no key. After the end of the session only a link with storage works, whatever serves it."""
    api: Api = request.getfixturevalue(kind)
    assert api.execute(CHART, session_id)["status"] == "Succeeded"
    url = link_to(api, session_id, "Sales 2026.png")
    name, content = saved(page, url)
    assert name == "Sales 2026.png" and content.startswith(b"\x89PNG")
    api.call("DELETE", f"/sessions/{session_id}").raise_for_status()
    if kind == "api":
        response = page.goto(url)
        assert response is not None and response.status == 404
        assert "This link does not work" in page.inner_text("body")
    else:
        assert saved(page, url) == (name, content)


def test_an_expired_link_is_a_page_that_says_so(api_with_storage, session_id, page, monkeypatch):
    """Nothing is saved."""
    put(api_with_storage, session_id)
    url = link_to(api_with_storage, session_id, "sales.csv")
    monkeypatch.setattr("connector.callers.signed_tokens.time.time", lambda: 9e9)
    response = page.goto(url)
    assert response is not None and response.status == 404
    assert "Ask for a new link" in page.inner_text("body")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["api", "api_with_storage", "streaming"])
def test_pages_and_images_with_scripts_are_saved(kind, name, request, session_id, page):
    """Not shown."""
    api: Api = request.getfixturevalue(kind)
    put(api, session_id, name, HOSTILE[name].encode())
    assert saved(page, link_to(api, session_id, name)) == (name, HOSTILE[name].encode())


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["api", "api_with_storage", "streaming"])
def test_scripts_read_nothing_even_if_a_browser_shows_the_file(kind, name, request, session_id, page):
    """From the connector, nothing runs; and the storage is another origin, which has nothing of the connector."""
    api: Api = request.getfixturevalue(kind)
    put(api, session_id, name, HOSTILE[name].encode())
    url = link_to(api, session_id, name)
    page.goto(f"{api.url}/health")
    page.evaluate("localStorage.setItem('secret', 'of the connector')")
    target = _target(api, url)
    page.route(target, lambda route: _shown(route, name))  # which the browser would follow a redirect to
    page.goto(target)
    if kind == "api_with_storage":
        assert urlsplit(target).netloc != urlsplit(url).netloc
        assert page.title() == "ran null"  # so the test would notice if a script could run
    else:
        assert page.title() == "quiet"
        assert page.evaluate("window.origin") == "null"


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_names_of_files(name, api_with_storage, streaming, session_id, page):
    """Browsers replace what deceives people."""
    api_with_storage.execute(f"open('/mnt/data/' + {name!a}, 'w').write('1')", session_id)
    for api in (api_with_storage, streaming):
        saved_name, content = saved(page, link_to(api, session_id, name))
        assert content == b"1" and "/" not in saved_name and "‮" not in saved_name
        assert saved_name.endswith(name.rpartition(".")[2])


def _target(api: Api, url: str) -> str:
    """Where a link leads."""
    found = api.call("GET", url.removeprefix(api.url), allow_redirects=False)
    return str(found.headers.get("Location", url))


def _shown(route: Route, name: str) -> Any:
    """As a browser would that ignores that a file is to be saved, and guesses its type."""
    response = route.fetch(max_redirects=0)
    headers = {key: value for key, value in response.headers.items() if key != "content-disposition"}
    if response.status == 200:
        headers["content-type"] = "text/html" if name.endswith("html") else "image/svg+xml"
    route.fulfill(response=response, headers=headers)
