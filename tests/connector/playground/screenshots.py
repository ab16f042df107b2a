"""make screenshots: pictures of the main states of the page, light and dark, on a desktop and on a phone.

They go to `screenshots/`, to be looked at, and those in the documentation to `docs/images/`.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import connector_with, emulated_pool

from .conftest import OPTIONS, chromium
from .screens import SCREENS
from .states import STATES

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
    with emulated_pool() as pool, connector_with(**pool.environment) as api, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        for state in states:
            for screen, options in SCREENS.items():
                for theme in ("light", "dark"):
                    page = browser.new_page(color_scheme=theme, reduced_motion="reduce", **options)
                    page.goto(f"{api.url}/playground")
                    STATES[state](page)
                    name = f"{state}-{screen}-{theme}"
                    page.screenshot(path=folder / f"{name}.png")
                    if name in IN_DOCUMENTATION:
                        shutil.copyfile(folder / f"{name}.png", ROOT / "docs" / "images" / IN_DOCUMENTATION[name])
                    page.close()
                    print(folder / f"{name}.png", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
