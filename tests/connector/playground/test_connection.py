"""The connection: what it is called, what is said when it fails, and keys and tokens."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.conftest import Api
from tests.connector.callers.entra_issuer import CLIENT, CONNECTOR, EVE
from tests.connector.playground.entra_authority import Authority, running_authority
from tests.connector.playground.running import run

OpenPage = Callable[..., Page]

EVERYTHING_STORED = """async () => JSON.stringify([
  {...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state,
  await indexedDB.databases(), await caches.keys(), document.documentElement.outerHTML,
])"""


def chip(page: Page, words: str) -> Any:
    return expect(page.get_by_role("banner").get_by_role("button", name="Connection: ")).to_have_text(
        f"Connection: {words}"
    )


def enter(page: Page, label: str, text: str) -> None:
    page.get_by_role("textbox", name=label).fill(text)
    page.get_by_role("button", name="Connect", exact=True).click()


def calls_of(page: Page) -> list[Request]:
    """Of operations, as they are sent from now on."""
    noted: list[Request] = []
    page.on("request", lambda request: noted.append(request) if request.resource_type == "fetch" else None)
    return noted


def test_the_emulator_asks_for_nothing(page: Page) -> None:
    """It is called by its name, with the level of its isolation, and no key is asked for."""
    chip(page, "Emulator, isolation level 3")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


# ---- what the connection is


@pytest.mark.browser
def test_the_connection_in_words(page: Page, api: Api) -> None:
    """The dialog has what CheckConnection returns, and the packages can be searched."""
    page.get_by_role("button", name="Connection: ").click()
    dialog = page.get_by_role("dialog", name="Connection")
    found = api.call("GET", "/connection").json()
    for text in (found["message"], found["apiVersion"], api.url, "None is needed.", "level 3: own users"):
        expect(dialog).to_contain_text(text)
    expect(dialog).to_contain_text(f"Python {found['runtimes'][0]['version']}")
    packages = dialog.get_by_role("region", name="Packages that code can import")
    expect(packages.get_by_role("listitem")).to_have_count(len(found["packages"]))
    dialog.get_by_role("searchbox", name="Search packages").fill("MatPlot")
    names = [package["name"] for package in found["packages"] if "matplot" in package["name"].lower()]
    expect(packages.get_by_role("listitem")).to_have_count(len(names))
    dialog.get_by_role("searchbox").fill("<b>no such package</b>")
    expect(packages).to_contain_text("No package has “<b>no such package</b>” in its name.")
    with page.expect_response("**/api/connection"):
        dialog.get_by_role("button", name="Check again").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Connection: ")).to_be_focused()


NAMES: list[tuple[list[Any], str]] = [
    ([None], "Azure"),
    ([None, None], "Azure"),
    ([3, 2], "Emulator, isolation level 2"),
    ([1], "Emulator, no isolation"),
    ([3, None], "Azure"),
    ([None, "down"], "Azure, 1 of 2 pools"),
    ([3, "down"], "Emulator, isolation level 3, 1 of 2 pools"),
]
"""What a connection is called whose pools state these levels of isolation, or none, or are down."""


@pytest.mark.browser
def test_what_a_connection_is_called(page: Page, api: Api) -> None:
    """The emulator, if every available pool states its isolation, as pools in Azure do not."""
    found = api.call("GET", "/connection").json()
    page.route("**/api/connection", lambda route: route.fulfill(json=found))
    page.get_by_role("button", name="Connection: ").click()
    for levels, words in NAMES:
        found["pools"] = [
            {"name": f"pool-{number}", "tag": "t", "isAvailable": level != "down", "message": "as it is"}
            | ({"isolation": {"level": level, "description": f"level {level}: so"}} if isinstance(level, int) else {})
            for number, level in enumerate(levels)
        ]
        page.get_by_role("button", name="Check again").click()
        chip(page, words)
        expect(page.get_by_role("dialog").get_by_text("as it is")).to_have_count(levels.count("down"))


@pytest.mark.browser
def test_a_missing_role_is_explained(open_page: OpenPage, api_without_role: Api) -> None:
    """The page has the connector's own words, and a way to try again."""
    page = open_page(api_without_role)
    chip(page, "Not connected")
    message = api_without_role.call("GET", "/connection").json()["error"]["message"]
    expect(page.get_by_role("alert")).to_contain_text(message)
    assert "role" in message
    page.get_by_role("button", name="Connection: ").click()
    dialog = page.get_by_role("dialog", name="Connection")
    expect(dialog).to_contain_text(message)
    expect(dialog.get_by_role("button", name="Copy the request ID")).to_be_visible()
    with page.expect_response("**/api/connection") as answered:
        dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_contain_text(answered.value.headers["x-ms-request-id"])


@pytest.mark.browser
@pytest.mark.parametrize("occasion", ["a call succeeds", "half a minute is over"])
def test_an_error_that_is_over_is_no_longer_shown(page: Page, occasion: str) -> None:
    """The page asks again by itself."""
    page.clock.install()
    chip(page, "Emulator, isolation level 3")
    failure = {"error": {"code": "PoolUnavailable", "message": "The session pool is unavailable."}}
    page.route("**/api/connection", lambda route: route.fulfill(status=503, json=failure))
    page.get_by_role("button", name="Connection: ").click()
    page.get_by_role("dialog").get_by_role("button", name="Check again").click()
    chip(page, "Not connected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text("The session pool is unavailable.")
    page.unroute("**/api/connection")
    if occasion == "a call succeeds":
        run(page, "1")
    else:
        page.clock.run_for(31_000)
    chip(page, "Emulator, isolation level 3")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.browser
@pytest.mark.parametrize(
    "setting", [{}, {"POOL_MANAGEMENT_ENDPOINT": "https://127.0.0.1:1/none", "CALLER_WAIT_SECONDS": "long"}], ids=str
)
def test_wrong_settings_are_named(
    open_page: OpenPage, start_connector: Callable[..., Api], setting: dict[str, str]
) -> None:
    """The page opens, and says which setting to change."""
    page = open_page(start_connector(**setting))
    chip(page, "Not connected")
    expect(page.get_by_role("alert")).to_contain_text(
        "The value of the setting CALLER_WAIT_SECONDS is not valid." if setting else "POOL_MANAGEMENT_ENDPOINT"
    )


@pytest.mark.browser
def test_a_connection_that_is_lost_comes_back(open_page: OpenPage, api: Api) -> None:
    """A notice says so while the page tries again by itself, and what was written is kept."""
    page = open_page(api)
    chip(page, "Emulator, isolation level 3")
    page.context.set_offline(True)
    chip(page, "Offline")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Your code and results are kept.")
    notice.get_by_role("button", name="Try again").click()
    chip(page, "Offline")
    page.context.set_offline(False)
    chip(page, "Emulator, isolation level 3")
    expect(notice).to_have_count(0)


@pytest.mark.browser
def test_a_connector_that_does_not_answer_is_asked_again(open_page: OpenPage, api: Api) -> None:
    """Also without an event of the browser, which knows only its own network."""
    page = open_page(api)
    chip(page, "Emulator, isolation level 3")
    refused: list[str] = []

    def refuse(route: Any) -> None:
        if len(refused) < 2:
            refused.append(route.request.url)
            route.abort("connectionrefused")
        else:
            route.continue_()

    page.route("**/api/connection", refuse)
    page.get_by_role("button", name="Connection: ").click()
    page.get_by_role("dialog").get_by_role("button", name="Check again").click()
    chip(page, "Offline")
    chip(page, "Emulator, isolation level 3")
    assert len(refused) == 2


# ---- a function key


@pytest.mark.browser
def test_a_key_is_asked_for_once(open_page: OpenPage, api_with_key: Api) -> None:
    """A wrong key is said to be wrong, a right one is used for the call that was refused, and no other place has it."""
    page = open_page(api_with_key)
    calls = calls_of(page)
    chip(page, "Needs a key")
    dialog = page.get_by_role("dialog", name="Function key")
    field = page.get_by_role("textbox", name="Key")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_attribute("autocomplete", "off")
    dialog.get_by_text("Where to find a key").click()
    expect(dialog).to_contain_text("az functionapp keys list")
    enter(page, "Key", "no key ⚿")
    expect(dialog).to_contain_text("This is not a function key.")
    enter(page, "Key", "a-wrong-key")
    expect(dialog).to_contain_text("This key was not accepted.")
    expect(field).to_be_focused()
    enter(page, "Key", f"  {api_with_key.key}\n")
    expect(dialog).to_have_count(0)
    chip(page, "Emulator, isolation level 3")
    assert calls[-1].headers["x-functions-key"] == api_with_key.key
    assert api_with_key.key
    assert not any(api_with_key.key in request.url for request in calls)
    assert api_with_key.key not in page.evaluate(EVERYTHING_STORED)
    assert page.context.cookies() == []


@pytest.mark.browser
def test_all_refused_calls_wait_for_one_dialog(open_page: OpenPage, api_with_key: Api) -> None:
    """Each is sent again with the key, and fails with a sentence when the dialog is closed."""
    page = open_page(api_with_key, from_sources=True)
    send = """async () => {
      const main = document.querySelector("script[src$='main.js']").src;
      const { send } = await import(new URL("api/client.js", main).href);
      const call = () => send({ operationId: "ListFiles", parameters: { sessionId: crypto.randomUUID() } })
        .then(({ status }) => status, (failure) => `${failure.status} ${failure.message}`);
      window.outcomes = Promise.all([call(), call(), call()]);
    }"""
    answered = """(count) => count === performance.getEntriesByType("resource")
      .filter(({ name }) => name.includes("/api/files?")).length"""
    dialog = page.get_by_role("dialog", name="Function key")
    expect(dialog).to_be_visible()
    page.evaluate(send)
    page.wait_for_function(answered, arg=3)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert (
        page.evaluate("() => window.outcomes")
        == ["401 This needs a function key. Enter one at the top of the page, and try again."] * 3
    )
    expect(page.get_by_role("alert")).to_contain_text("The connector needs a function key.")
    page.evaluate(send)
    page.wait_for_function(answered, arg=6)
    expect(dialog).to_have_count(1)
    assert api_with_key.key
    enter(page, "Key", api_with_key.key)
    assert page.evaluate("() => window.outcomes") == [200] * 3
    expect(dialog).to_have_count(0)


@pytest.mark.browser
def test_a_key_is_changed_and_forgotten(open_page: OpenPage, api_with_key: Api) -> None:
    """The menu of the key does both; without a key, the page asks again."""
    page = open_page(api_with_key)
    assert api_with_key.key
    enter(page, "Key", api_with_key.key)
    menu = page.get_by_role("banner").get_by_role("button", name="Key", exact=True)
    menu.click()
    page.get_by_role("button", name="Change key").click()
    dialog = page.get_by_role("dialog", name="Function key")
    enter(page, "Key", "another-key")
    expect(dialog).to_contain_text("This key was not accepted.")
    dialog.get_by_role("button", name="Cancel").click()
    chip(page, "Emulator, isolation level 3")
    menu.click()
    calls = calls_of(page)
    page.get_by_role("button", name="Forget key").click()
    chip(page, "Needs a key")
    expect(dialog).to_be_visible()
    assert "x-functions-key" not in calls[-1].headers


@pytest.mark.browser
def test_a_key_in_the_address_is_not_used(open_page: OpenPage, api_with_key: Api) -> None:
    """It is removed from the address, and the page says why."""
    page = open_page(api_with_key)
    page.goto(f"{api_with_key.url}/playground?code={api_with_key.key}&other=1")
    expect(page.get_by_role("dialog", name="Function key")).to_be_visible()
    page.keyboard.press("Escape")
    remark = page.get_by_role("alert").filter(has_text="The address of this page had a key in it.")
    expect(remark).to_be_visible()
    assert page.url == f"{api_with_key.url}/playground?other=1"
    remark.get_by_role("button", name="Dismiss this remark").click()
    expect(remark).to_have_count(0)


@pytest.mark.browser
def test_a_right_key_of_an_app_with_a_problem_is_accepted(
    open_page: OpenPage, running_connector: Any, start_pool: Any
) -> None:
    """The problem is not the key's, and the page shows it."""
    pool = start_pool(role_held=False, container_type="Shell")
    with running_connector(require_keys=True, **pool.environment) as connector:
        page = open_page(connector)
        enter(page, "Key", connector.key)
        expect(page.get_by_role("dialog")).to_have_count(0)
        chip(page, "Not connected")


# ---- Entra ID


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with running_authority() as running:
        yield running


@pytest.fixture(scope="module")
def entra(running_connector: Any, emulator: Any, authority: Authority) -> Iterator[Api]:
    """The connector for Alice, without an application for the page."""
    with running_connector(require_keys=True, **emulator.environment, **authority.environment) as connector:
        yield connector


@pytest.fixture
def entra_page(running_connector: Any, emulator: Any, authority: Authority, open_page: OpenPage) -> Iterator[Page]:
    """The page of a connector for Alice, which signs in as its own application."""
    authority.lifetime_seconds, authority.renews = 3600, True
    authority.grants.clear()
    environment = {**emulator.environment, **authority.environment, "ENTRA_PLAYGROUND_CLIENT_ID": CLIENT}
    with running_connector(require_keys=True, **environment) as connector:
        yield open_page(connector, ignore_https_errors=True)


@pytest.mark.browser
def test_a_token_is_pasted(open_page: OpenPage, entra: Api, authority: Authority) -> None:
    """The dialog has the command that prints one; what is wrong with a token is said in the connector's words."""
    page = open_page(entra)
    chip(page, "Not signed in")
    dialog = page.get_by_role("dialog", name="Access token")
    dialog.get_by_role("button", name="Copy the command").click()
    assert page.evaluate("() => navigator.clipboard.readText()") == (
        f"az account get-access-token --scope {CONNECTOR}/.default --query accessToken --output tsv"
    )
    enter(page, "Access token", "something else")
    expect(dialog).to_contain_text("This is not an access token.")
    enter(page, "Access token", authority.token(seconds=-300))
    expect(dialog).to_contain_text("The token has expired. Request a new one.")
    enter(page, "Access token", authority.token(EVE))
    expect(dialog).to_contain_text("You are signed in, but may not call the connector.")
    expect(dialog).to_contain_text(EVE)
    calls = calls_of(page)
    token = authority.token()
    enter(page, "Access token", f'"{token}"')
    expect(dialog).to_have_count(0)
    chip(page, "Emulator, isolation level 3")
    assert calls[-1].headers["authorization"] == f"Bearer {token}"
    assert token not in page.evaluate(EVERYTHING_STORED)
    page.get_by_role("banner").get_by_role("button", name="Alice Lind").click()
    expect(page.get_by_text("You are signed in as Alice Lind. The token is valid until")).to_be_visible()


@pytest.mark.browser
def test_a_token_that_is_no_longer_accepted_is_asked_for_again(
    open_page: OpenPage, entra: Api, authority: Authority
) -> None:
    """The next call waits for another one, with the connector's reason."""
    page = open_page(entra)
    enter(page, "Access token", authority.token())
    chip(page, "Emulator, isolation level 3")
    error = {"error": {"code": "Unauthorized", "message": "The token has expired. Request a new one."}}
    page.route("**/api/connection", lambda route: route.fulfill(status=401, json=error), times=1)
    page.get_by_role("button", name="Connection: ").click()
    page.get_by_role("button", name="Check again").click()
    dialog = page.get_by_role("dialog", name="Access token")
    expect(dialog).to_contain_text("The token has expired. Request a new one.")
    enter(page, "Access token", authority.token())
    expect(page.get_by_role("dialog", name="Connection")).to_be_visible()
    chip(page, "Emulator, isolation level 3")


@pytest.mark.browser
def test_a_person_signs_in_in_a_window(entra_page: Page, authority: Authority) -> None:
    """The page gets a token, keeps it in memory, and forgets it when the person signs out."""
    page = entra_page
    chip(page, "Not signed in")
    dialog = page.get_by_role("dialog", name="Sign in")
    sign_in(page, "Alice Lind")
    expect(dialog).to_have_count(0)
    chip(page, "Emulator, isolation level 3")
    assert authority.redirect_addresses == {page.url + "/signed-in"}
    assert authority.grants == ["authorization_code"]
    stored = page.evaluate(EVERYTHING_STORED)
    assert "eyJ" not in stored, "a token"
    account = page.get_by_role("banner").get_by_role("button", name="Alice Lind")
    account.click()
    page.get_by_role("button", name="Sign out of this page").click()
    chip(page, "Not signed in")
    expect(dialog).to_be_visible()
    expect(account).to_have_count(0)


@pytest.mark.browser
def test_a_person_who_may_not_call_is_told(entra_page: Page) -> None:
    """By the connector's words; somebody else can sign in then."""
    page = entra_page
    dialog = page.get_by_role("dialog", name="Sign in")
    sign_in(page, "Eve Moss")
    expect(dialog).to_contain_text("You are signed in, but may not call the connector.")
    sign_in(page, "Alice Lind")
    chip(page, "Emulator, isolation level 3")


@pytest.mark.browser
def test_a_window_that_is_closed_does_not_block(entra_page: Page) -> None:
    """The page cannot know that it was closed; it can be opened again, or given up."""
    page = entra_page
    dialog = page.get_by_role("dialog", name="Sign in")
    with page.expect_popup() as popup:
        dialog.get_by_role("button", name="Sign in with Entra ID").click()
    expect(popup.value.get_by_role("link", name="Alice Lind")).to_be_visible()
    popup.value.close()
    expect(dialog).to_contain_text("Continue in the window that has opened.")
    dialog.get_by_role("button", name="Cancel").click()
    sign_in(page, "Alice Lind")
    chip(page, "Emulator, isolation level 3")


@pytest.mark.browser
def test_a_token_is_renewed_without_a_window(entra_page: Page, authority: Authority) -> None:
    """When one is refused, the next one is requested silently, and the call is sent again."""
    page = entra_page
    sign_in(page, "Alice Lind")
    chip(page, "Emulator, isolation level 3")
    refuse_once(page)
    page.get_by_role("button", name="Connection: ").click()
    with page.expect_response(lambda response: response.url.endswith("/connection") and response.status == 200):
        page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("dialog", name="Sign in")).to_have_count(0)
    assert authority.grants == ["authorization_code", "refresh_token"]


@pytest.mark.browser
def test_a_token_is_renewed_before_it_expires(entra_page: Page, authority: Authority) -> None:
    """So that no call has to fail first, such as a large upload."""
    page = entra_page
    page.clock.install()
    sign_in(page, "Alice Lind")
    chip(page, "Emulator, isolation level 3")
    with page.expect_request("**/oauth2/v2.0/token?*") as renewal:
        page.clock.fast_forward("56:00")
    assert "grant_type=refresh_token" in str(renewal.value.post_data)
    page.get_by_role("button", name="Connection: ").click()
    with page.expect_response("**/api/connection") as answered:
        page.get_by_role("button", name="Check again").click()
    assert answered.value.status == 200


@pytest.mark.browser
def test_a_person_signs_in_again_when_the_token_cannot_be_renewed(entra_page: Page, authority: Authority) -> None:
    """The dialog has the connector's reason."""
    page = entra_page
    sign_in(page, "Alice Lind")
    chip(page, "Emulator, isolation level 3")
    authority.renews = False
    refuse_once(page)
    page.get_by_role("button", name="Connection: ").click()
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("dialog", name="Sign in")).to_contain_text("The token has expired. Request a new one.")
    sign_in(page, "Alice Lind")
    chip(page, "Emulator, isolation level 3")


def sign_in(page: Page, name: str) -> None:
    with page.expect_popup() as popup:
        page.get_by_role("dialog", name="Sign in").get_by_role("button", name="Sign in with Entra ID").click()
    with popup.value.expect_event("close"):
        popup.value.get_by_role("link", name=name).click()


def refuse_once(page: Page) -> None:
    """The next check of the connection, as if the token had expired."""
    error = {"error": {"code": "Unauthorized", "message": "The token has expired. Request a new one."}}
    page.route("**/api/connection", lambda route: route.fulfill(status=401, json=error), times=1)


@pytest.mark.browser
def test_the_redirect_page_opened_by_itself(entra_page: Page) -> None:
    """It says that nothing happens there."""
    entra_page.goto(entra_page.url + "/signed-in")
    expect(entra_page.get_by_text("There is nothing to sign in to here.")).to_be_visible()


# ---- the rest of the top line


@pytest.mark.browser
@pytest.mark.parametrize("name", ["openapi.json", "swagger.json", "openapi-full.json", "mcp-swagger.json"])
def test_documents_are_downloaded(page: Page, api: Api, name: str) -> None:
    """As the connector serves them."""
    page.get_by_role("button", name="OpenAPI documents").click()
    with page.expect_download() as download:
        page.locator(f"a[download='{name}']").click()
    assert download.value.suggested_filename == name
    assert json.loads(download.value.path().read_text()) == api.call("GET", f"/{name}").json()
    expect(page.locator(f"a[download='{name}']")).to_be_hidden()


@pytest.mark.browser
def test_the_theme_is_remembered(page: Page) -> None:
    """As the system, light, dark; a choice is there before the first paint of the next time."""
    background = "() => getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(background)
    page.get_by_role("button", name="Theme: as the system. Switch to light").click()
    light = page.evaluate(background)
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: light. Switch to dark")).to_be_visible()
    assert page.evaluate(background) == light
    page.get_by_role("button", name="Theme: light. Switch to dark").click()
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) == dark
    page.get_by_role("button", name="Theme: dark. Switch to as the system").click()
    assert page.evaluate(background) == light
    assert page.evaluate("() => localStorage.length") == 0
