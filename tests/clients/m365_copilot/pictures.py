"""make pictures: the cards of the agent, drawn by Microsoft's renderer in a browser, for docs/images.

They are filled with responses of a running connector. Copilot's own colors and fonts are not published.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent import NODE_MODULES, ROOT, Api, fill, read_cards, running_api, write_package
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.connector.playground.conftest import OPTIONS, chromium

WIDTH = 420  # pixels
CODE = """
import matplotlib.pyplot as plt, pandas as pd
table = pd.DataFrame({"region": ["North", "South", "West", "East"], "revenue": [1200, 800, 450, 930]})
figure, axes = plt.subplots(figsize=(6, 2.6))
axes.bar(table.region, table.revenue, color="#0f5c6e")
axes.set_ylabel("EUR")
axes.set_title("Revenue by region")
plt.show()
table["share"] = (table.revenue / table.revenue.sum()).map("{:.0%}".format)
table.to_excel("/mnt/data/revenue_by_region.xlsx", index=False)
print(table.to_string(index=False))
"""
WRONG_CODE = "import pandas as pd\ntable = pd.read_csv('/mnt/data/revenue.csv')"
PAGE = """
<style>
body { margin: 8px; background: #f5f5f5; }
#card { width: %dpx; border: 1px solid #d1d1d1; border-radius: 8px; background: #fff; overflow: hidden; }
a { color: #0f5c6e; }
</style>
<div id="card"></div>
"""
DRAW = """([card, settings]) => {
    AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
        result.outputHtml = markdownit().render(text);
        result.didProcess = true;
    };
    const drawn = new AdaptiveCards.AdaptiveCard();
    drawn.hostConfig = new AdaptiveCards.HostConfig(settings);
    drawn.parse(card);
    document.getElementById("card").appendChild(drawn.render());
}"""


def colors(default: str, subtle: str) -> dict[str, str]:
    return {"default": default, "subtle": subtle}


SETTINGS = {
    "fontFamily": "Inter, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "spacing": {"small": 4, "default": 12, "padding": 16},
    "containerStyles": {
        "default": {
            "backgroundColor": "#ffffff",
            "foregroundColors": {
                "default": colors("#242424", "#616161"),
                "good": colors("#0e700e", "#0e700e"),
                "attention": colors("#b10e1c", "#b10e1c"),
            },
        }
    },
}


def shown(api: Api) -> Iterator[tuple[str, str, Any]]:
    """The name of each picture, the function whose card it shows, and the response that fills it."""
    run = api.run(CODE)
    session_id = run["sessionId"]
    yield "copilot-run", "ExecutePythonCode", run
    yield "copilot-failed", "ExecutePythonCode", api.run(WRONG_CODE, sessionId=session_id)
    (api.imports / "orders_2026.csv").write_text("order,amount\n" * 90_000)
    body = {"blobUrl": f"{api.imports_url}/orders_2026.csv", "sessionId": session_id}
    yield "copilot-imported", "ImportFile", api.call("POST", "/imports", body)[1]
    yield "copilot-files", "ListFiles", api.call("GET", f"/files?sessionId={session_id}")[1]
    body = {"sessionId": session_id}
    yield "copilot-shared", "ShareFile", api.call("POST", "/files/revenue_by_region.xlsx/links", body)[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_api() as api, sync_playwright() as playwright:
        cards = read_cards(write_package(Path(folder)))
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        page = browser.new_page(viewport={"width": WIDTH + 60, "height": 900})
        for name, function, response in shown(api):
            page.set_content(PAGE % WIDTH)
            for library in (
                "adaptivecards/dist/adaptivecards.min.js",
                "markdown-it/dist/browser/markdown-it.umd.min.js",
            ):
                page.add_script_tag(path=NODE_MODULES / library)
            page.evaluate(DRAW, [fill(cards[function], response)["card"], SETTINGS])
            page.wait_for_load_state("networkidle")
            picture = ROOT / "docs" / "images" / f"{name}.png"
            page.locator("#card").screenshot(path=picture)
            with Image.open(picture) as taken:
                few = taken.convert("RGB").quantize(colors=64)
            few.save(picture, optimize=True)
            print(picture)
        browser.close()


if __name__ == "__main__":
    main()
