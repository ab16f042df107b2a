"""A recipe becomes the code of the report, as the pages for makers say under Make it yours."""

from connector.recipes.catalog import recipes
from connector_package.flow_solution import ENVIRONMENT_VARIABLES
from tests.maker_pages.pages import DOCS, FOLLOWED, PAGES, PNG, ROOT, play
from workflow_player.flow import Flow
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.outlook import Outlook
from workflow_player.services.sharepoint import SITE, SharePoint

SAVES = 'plt.savefig("/mnt/data/chart.png")'
VALUES = {
    "cic_Site": SITE,
    "cic_Library": "Documents",
    "cic_Recipients": "team@contoso.com",
    "cic_Maker": "me@contoso.com",
}


def test_recipe_with_two_changes_is_the_code_of_the_report(api, tmp_path):
    """With the name of the file, and a chart that is saved instead of shown, the mail has its table and its chart."""
    assert all(SAVES in PAGES[name] for name in FOLLOWED if name != "copilot-studio")
    library = tmp_path / "Shared Documents"
    (library / "Sales").mkdir(parents=True)
    (library / "Code").mkdir()
    (library / "Sales" / "own.csv").write_bytes((DOCS / "recipes/data/auction_sales.csv").read_bytes())
    recipe = next(each for each in recipes() if each.name == "top_products_by_revenue").python_code
    code = recipe.replace("auction_sales.csv", "own.csv").replace("plt.show()", SAVES)
    (library / "Code" / "sales_report.py").write_text(code, encoding="utf-8")
    flow = Flow.read(ROOT / "examples/power_automate/scheduled_report/flow.json")
    named = {f"{variable.display_name} ({variable.schema_name})": variable for variable in ENVIRONMENT_VARIABLES}
    parameters = {
        name: VALUES[variable.schema_name]
        for name, variable in named.items()
        if name in flow.parameters and variable.schema_name in VALUES
    }
    outlook = Outlook()
    played = play(flow, CodeInterpreter(api.url, {}), SharePoint(tmp_path), outlook, parameters=parameters)
    assert played.status == "Succeeded", played.statuses()
    (mail,) = outlook.mails
    assert mail.to == "team@contoso.com"
    assert "<th>Product</th>" in mail.body
    assert mail.attachments[0].content.startswith(PNG)
