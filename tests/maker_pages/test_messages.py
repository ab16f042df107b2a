"""The messages that the pages for makers quote are those of the connector."""

import json
import re

from tests.conftest import Api
from tests.maker_pages.pages import FOLLOWED, PAGES
from tests.markdown import section, table


def _quoted(page: str) -> list[str]:
    """The messages in the table of what fails, which the connector itself returns."""
    rows = table(section(page, "If something fails"))
    shown = [text for first, *_ in rows for text in re.findall(r'(?:`: |with )"([^"]+)"', first)]
    return [text for text in shown if "'...'" not in text]


def test_messages_of_the_connector_are_its_own(api):
    """What the tables quote is what the connector answers to these mistakes."""
    said = json.dumps([*_refused(api), *_failed(api)], ensure_ascii=False)
    said = json.loads(json.dumps(said)).replace('\\"', '"')
    quoted = [text for name in FOLLOWED for text in _quoted(PAGES[name])]
    assert len(quoted) >= 8
    for text in quoted:
        assert text in said, text


def _refused(api: Api) -> list[str]:
    session = api.execute("1")["sessionId"]
    calls = [
        ("GET", f"/files/chart.png/content?sessionId={session}", None),
        ("GET", "/files/chart.png/content?sessionId=", None),
        ("POST", "/files", {"files": [{"fileName": "a.csv", "fileContent": "Region,Amount\nNorth,3"}]}),
        ("POST", "/executions", {"code": "1"}),
        ("POST", "/imports", {"fileUrl": "https://contoso.sharepoint.com/a.csv"}),
    ]
    return [api.call(method, path, json=body).json()["error"]["message"] for method, path, body in calls]


def _failed(api: Api) -> list[str]:
    session = api.execute("open('a.csv', 'w').write('Region,Amount\\nNorth,3\\n')")["sessionId"]
    cp1252 = "open('u.csv', 'wb').write('Umsatz;Größe\\n1;2'.encode('cp1252'))\n"
    codes = [
        ("import pandas as pd\npd.read_csv('a.csv')['region']", 90),
        ("open('s.csv', 'w').write('Region;Amount\\n1;2')\nimport pandas as pd\npd.read_csv('s.csv')['Amount']", 90),
        (f"{cp1252}import pandas as pd\npd.read_csv('u.csv')", 90),
        ("import seaborn", 90),
        ("import time\ntime.sleep(5)", 1),
    ]
    runs = [api.execute(code, session, timeoutInSeconds=seconds) for code, seconds in codes]
    return [str(run["error"]["hint"]) for run in runs]
