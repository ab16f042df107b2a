"""axe-core finds nothing serious, in any state, light and dark, on a desktop and on a phone."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.conftest import Api, connector_with, emulated_pool

from .screens import SCREENS
from .states import SHORT_LIFE, STATES

FIXTURES = {"open": "api", "keyed": "api_with_key", "denied": "api_without_role", "short": "api_with_short_sessions"}


@pytest.fixture(scope="module")
def api_with_short_sessions() -> Iterator[Api]:
    with contextlib.ExitStack() as running:
        pool = running.enter_context(emulated_pool(cooldown=SHORT_LIFE))
        connector = running.enter_context(connector_with(**pool.environment))
        assert connector.call("GET", "/connection").status_code == 200  # so it has its token
        yield connector


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(
    open_page: Callable[..., Page], request: pytest.FixtureRequest, state: str, screen: str, theme: str
) -> None:
    """No finding at all, also none that axe-core calls minor."""
    reach, connector = STATES[state]
    api = request.getfixturevalue(FIXTURES[connector])
    page = open_page(api, color_scheme=theme, reduced_motion="reduce", **SCREENS[screen])
    reach(page)
    findings = Axe().run(page).response["violations"]
    assert [
        (finding["id"], finding["impact"], [node["html"] for node in finding["nodes"]]) for finding in findings
    ] == []
