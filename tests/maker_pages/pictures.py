"""make pictures: the mails and approvals of the flows, as a browser shows them, for docs/images.

The flows are played as `make play` plays them, so the pictures show what comes out and nothing else.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.connector.playground.conftest import OPTIONS, chromium

ROOT = Path(__file__).resolve().parents[2]
MAILS = {
    "mail-with-a-report.png": "examples/power_automate/scheduled_report",
    "mail-with-an-approval.png": "examples/logic_apps/approve_expenses",
    "approval.png": "examples/power_automate/approve_expenses",
}
WIDTH, HIGHEST = 760, 1200  # pixels


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        for name, flow in MAILS.items():
            output = Path(folder, name)
            command = [sys.executable, "-m", "workflow_player", flow, "--output", str(output)]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=120)
            (mail,) = [*output.glob("mails/*.html"), *output.glob("approvals/*.html")]
            page = browser.new_page(viewport={"width": WIDTH, "height": 400})
            page.goto(mail.as_uri())
            picture = ROOT / "docs" / "images" / name
            page.screenshot(path=picture, full_page=True)
            page.close()
            _shrink(picture)
            print(picture)
        browser.close()


def _shrink(picture: Path) -> None:
    """To what documentation needs: the top, in few colors."""
    with Image.open(picture) as taken:
        top = taken.crop((0, 0, taken.width, min(taken.height, HIGHEST))).convert("RGB")
    top.quantize(colors=32).save(picture, optimize=True)


if __name__ == "__main__":
    main()
