"""The cards, filled by the template engine with responses of the running connector."""

import json
import re

import pytest
from agent import fill, read_cards, running_api, write_package

CHART = """
import matplotlib.pyplot as plt, pandas as pd
table = pd.DataFrame({"region": ["North", "South", "Süd 😀"], "revenue": [1200, 800, 450]})
plt.bar(["N", "S", "O"], table.revenue)
plt.title("Revenue by région")
plt.show()
table.to_csv("/mnt/data/revenue_by [region].csv")
print(table)
int(table.revenue.sum())
"""


def texts(node):
    """Everything that a card shows, in order."""
    if isinstance(node, list):
        return [text for item in node for text in texts(item)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if "text" in node else []
    return own + [text for value in node.values() for text in texts(value)]


def links(card):
    return re.findall(r"\]\(([^)]+)\)", json.dumps(card))


def elements(node):
    if isinstance(node, list):
        return [element for item in node for element in elements(item)]
    if not isinstance(node, dict):
        return []
    return [node] + [element for value in node.values() for element in elements(value)]


def checked(card, response):
    """The card's texts. It has no placeholder, nothing empty, no base64, and neither of the IDs."""
    whole = json.dumps(card, ensure_ascii=False)
    for unwanted in ("N/A", "undefined", "null", "NaN", "[object", "${", "$when", "$data"):
        assert unwanted not in whole, unwanted
    without_links = re.sub(r"https?://[^\s\")]+", "", whole)
    assert not re.search(r"[A-Za-z0-9+/=]{200,}", without_links)
    for element in elements(card):
        if element.get("type") == "Container":
            assert element["items"]
        if element.get("type") == "RichTextBlock":
            assert element["inlines"]
        if "text" in element:
            assert element["text"].strip()
    for name in ("sessionId", "executionId"):
        if response.get(name):
            assert response[name] not in without_links
    assert len(whole) < 28_000  # the most that Teams takes in a message
    return texts(card)


@pytest.fixture(scope="module")
def api():
    """A connector with storage."""
    with running_api() as running:
        yield running


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    """Returns a function that fills the card of a function, and returns its texts and the card. The reader of Adaptive
    Cards has no objection to it.
    """
    cards = read_cards(write_package(tmp_path_factory.mktemp("agent")))

    def shown(function, response):
        filled = fill(cards[function], response)
        assert filled["objections"] == []
        return checked(filled["card"], response), filled["card"]

    return shown


def test_a_run_with_a_chart(api, show):
    """The card has result, printed text, the chart with its picture and link, and the file with its size and link."""
    response = api.run(CHART)
    assert "content" not in response["outputs"][0]
    found, card = show("ExecutePythonCode", response)
    assert found[:3] == ["The code has run", "Result", "2450"]
    assert "Süd 😀" in found[found.index("Printed output") + 1]
    assert found[found.index("Charts") + 1] == "Revenue by région"
    assert found[found.index("Files") + 1 :][:2] == ["revenue_by [region].csv", " (57 bytes)"]
    urls = [response["outputs"][0]["fileUrl"], response["files"][0]["fileUrl"]]
    assert links(card) == urls
    (picture,) = [element for element in elements(card) if element.get("type") == "Image"]
    assert (picture["url"], picture["altText"]) == (urls[0], "Revenue by région")


def test_columns_stay_aligned(api, show):
    """Spaces that a page would merge are ones that it keeps; the text is in a font of fixed width."""
    _, card = show("ExecutePythonCode", api.run("print(' a     b\\n one   two words')"))
    (run,) = [element for element in elements(card) if element.get("fontType") == "Monospace"]
    assert run["text"] == "\u00a0a\u00a0\u00a0\u00a0\u00a0 b\n\u00a0one\u00a0\u00a0 two words\n"


def test_a_run_that_fails(api, show):
    """The card has the error with its line, and the hint."""
    response = api.run("import pandas as pd\npd.read_csv('/mnt/data/sales.csv')")
    found, _ = show("ExecutePythonCode", response)
    assert found[0] == "The code failed"
    assert "".join(found[1:4]).startswith("FileNotFoundError: [Errno 2]") and found[3] == " (line 2)"
    assert found[4:] == ["Hint: ", response["error"]["hint"]]


def test_a_long_error_is_cut(api, show):
    """At 600 characters."""
    found, _ = show("ExecutePythonCode", api.run("raise ValueError('x ' * 5000)"))
    assert len(found[2]) == 602 and found[2].endswith(" …")


def test_a_run_that_goes_on_and_is_canceled(api, show):
    """While it runs, the card says to ask again; GetExecution's says the same, and CancelExecution's that it ended."""
    response = api.run("import time; time.sleep(60)", waitInSeconds=0)
    address = f"/executions/{response['executionId']}?sessionId={response['sessionId']}&includeContent=links"
    expected = ["The code is still running", "Ask for the result in a moment."]
    assert show("ExecutePythonCode", response)[0] == expected
    assert show("GetExecution", api.call("GET", address)[1])[0] == expected
    found, _ = show("CancelExecution", api.call("DELETE", address)[1])
    assert found[0] == "The run was canceled"


def test_a_run_without_output(api, show):
    """The card says so, and has no headings."""
    found, _ = show("ExecutePythonCode", api.run("x = 1"))
    assert found == ["The code has run", "It printed nothing, and made no file."]


def test_a_long_text_is_cut_after_a_line(api, show):
    """The card has its beginning, in whole lines, and says that there is more; so for one that the connector cuts."""
    for lines in (500, 20_000):
        response = api.run(f"print('a line with *marks* and 😀\\n' * {lines})")
        assert ("truncated" in response) == (lines == 20_000)
        found, _ = show("ExecutePythonCode", response)
        text = found[found.index("Printed output") + 1]
        assert set(text.removesuffix(" …").split("\n")) == {"a line with *marks* and 😀"}
        assert 2000 < len(text) <= 2502
        assert found[-1] == "The text is longer than this card shows. Ask for the part that you need."


def test_many_files(api, show):
    """The card has ten of them, and the number of the others; the list has fifteen."""
    response = api.run("for number in range(30): open(f'/mnt/data/{number:02}.csv', 'w').write('x' * number * 100_000)")
    found, card = show("ExecutePythonCode", response)
    assert found[-2:] == ["and 20 more", response["notice"]] and len(links(card)) == 10
    listed, _ = show("ListFiles", api.call("GET", f"/files?sessionId={response['sessionId']}")[1])
    assert listed[0] == "30 files" and listed[-1] == "and 15 more" and len(listed) == 2 + 2 * 15
    assert listed[1:5] == ["00.csv", " (0 bytes)", "01.csv", " (100.0 kB)"] and listed[2 * 14 + 2] == " (1.4 MB)"
    page = api.call("GET", f"/files?sessionId={response['sessionId']}&maxItems=1")[1]
    assert show("ListFiles", page)[0][-1] == "There are more files than these. Ask for the next ones."


def test_many_charts(api, show):
    """The card has five of them, and the number of the others."""
    code = "import matplotlib.pyplot as plt\nfor number in range(7):\n    plt.plot([1, number]); plt.show()"
    found, card = show("ExecutePythonCode", api.run(code))
    assert found[-1] == "and 2 more" and len(links(card)) == 5


def test_charts_without_links(api, show):
    """With `never`, the card has their names."""
    response = api.run(CHART, includeContent="never")
    found, card = show("ExecutePythonCode", response)
    assert links(card) == [] and not [one for one in elements(card) if one.get("type") == "Image"]
    assert "Revenue by région" in found and "revenue_by [region].csv" in found


def test_an_empty_list(api, show):
    """The card says so."""
    session_id = api.run("x = 1")["sessionId"]
    found, _ = show("ListFiles", api.call("GET", f"/files?sessionId={session_id}")[1])
    assert found == ["There are no files here"]


def test_a_shared_file(api, show):
    """The card has the link, and until when it works and for whom."""
    session_id = api.run("open('/mnt/data/a b.txt', 'w').write('x' * 1234)")["sessionId"]
    status, response = api.call("POST", "/files/a b.txt/links", {"sessionId": session_id})
    assert status == 200
    found, card = show("ShareFile", response)
    assert found[:2] == ["a b.txt", " (1.2 kB)"] and links(card) == [response["fileUrl"]]
    until = response["expirationTime"].replace("T", " ")[:16]
    assert found[-1] == f"Anyone who has this link can open the file until {until} UTC."


def test_an_imported_file(api, show):
    """The card has its name and size."""
    (api.imports / "sales.csv").write_text("region,revenue\nNorth,1200\n")
    status, response = api.call("POST", "/imports", {"blobUrl": f"{api.imports_url}/sales.csv"})
    assert status == 200, response
    assert show("ImportFile", response)[0] == ["The file is ready to be used", "sales.csv", " (26 bytes)"]


@pytest.mark.parametrize(
    ("function", "method", "path", "body"),
    [
        ("ExecutePythonCode", "POST", "/executions", {"pythonCode": ""}),
        ("GetExecution", "GET", "/executions/00000000-0000-4000-8000-000000000000?sessionId=none-such", None),
        ("ImportFile", "POST", "/imports", {"blobUrl": "https://example.com/a.csv"}),
        ("ListFiles", "GET", "/files?sessionId=x", None),
        ("ShareFile", "POST", "/files/a.txt/links", {"sessionId": "none-such-session"}),
    ],
)
def test_an_error_instead_of_a_result(api, show, function, method, path, body):
    """If Copilot fills the card with an error, the card has its message, and nothing else but its code."""
    status, response = api.call(method, path, body)
    assert status >= 400
    found, _ = show(function, response)
    assert found[-1] == response["error"]["message"] and len(found) <= 2
