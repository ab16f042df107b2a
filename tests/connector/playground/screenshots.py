"""make screenshots: pictures of the main states of the page, light and dark, on a desktop and on a phone.

They go to `screenshots/`, to be looked at, and those in the documentation to `docs/images/`.
"""

import argparse
import contextlib
import itertools
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.conftest import connector_with, emulated_pool

from .conftest import OPTIONS, chromium
from .screens import SCREENS
from .states import SHORT_LIFE, STATES

ROOT = Path(__file__).resolve().parents[3]
IN_DOCUMENTATION = {
    "succeeded-desktop-light": "playground-light.png",
    "succeeded-desktop-dark": "playground-dark.png",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("states", nargs="*", help=f"of {', '.join(STATES)}; without any, all")
    states = parser.parse_args().states or list(STATES)
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    with contextlib.ExitStack() as running:
        browser = running.enter_context(sync_playwright()).chromium.launch(executable_path=chromium(), args=OPTIONS)
        pool = running.enter_context(emulated_pool())
        denied = running.enter_context(emulated_pool(role_held=False))
        short = running.enter_context(emulated_pool(cooldown=SHORT_LIFE))
        settings: dict[str, dict[str, Any]] = {
            "open": pool.environment,
            "keyed": {"require_keys": True, **pool.environment},
            "denied": denied.environment,
            "short": short.environment,
        }
        for connector in settings:
            of_it = [state for state in states if STATES[state].connector == connector]
            with connector_with(**settings[connector]) as api:
                for state, screen, theme in itertools.product(of_it, SCREENS, ("light", "dark")):
                    page = browser.new_page(color_scheme=theme, reduced_motion="reduce", **SCREENS[screen])
                    page.goto(f"{api.url}/playground")
                    STATES[state].reach(page)
                    name = f"{state}-{screen}-{theme}"
                    page.screenshot(path=folder / f"{name}.png")
                    if name in IN_DOCUMENTATION:
                        shutil.copyfile(folder / f"{name}.png", ROOT / "docs" / "images" / IN_DOCUMENTATION[name])
                    page.close()
                    print(folder / f"{name}.png", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
