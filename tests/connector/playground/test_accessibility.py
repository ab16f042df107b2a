"""axe-core finds nothing serious, in any state, light and dark, on a desktop and on a phone."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.conftest import Api

from .screens import SCREENS
from .states import STATES


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(open_page: Callable[..., Page], api: Api, state: str, screen: str, theme: str) -> None:
    """No finding at all, also none that axe-core calls minor."""
    page = open_page(api, color_scheme=theme, reduced_motion="reduce", **SCREENS[screen])
    STATES[state](page)
    findings = Axe().run(page).response["violations"]
    assert [
        (finding["id"], finding["impact"], [node["html"] for node in finding["nodes"]]) for finding in findings
    ] == []
