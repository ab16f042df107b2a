"""agent-framework-core: the example with a tool of its own, over REST."""

from scripted_model import Call

SALES = "region,amount\nNorth,42\nSouth,17\nNorth,8\n"
PNG = b"\x89PNG\r\n\x1a\n"


def test_model_corrects_its_code_and_sees_the_chart(run_agent, tmp_path):
    """The model is given the error with its hint, the value of the corrected code, and a chart as an image."""
    sales = tmp_path / "sales.csv"
    sales.write_text(SALES)

    def script():
        given = yield
        assert given.text == "Which region sold most?"
        assert list(given.tools) == ["run_python"]
        given = yield run("import pandas as pd\nsales = pd.read_csv('/mnt/data/sales.csv')\nsales['Amount'].max()")
        assert "KeyError" in given.text and "amount" in given.text, given.text
        given = yield run("sales.groupby('region')['amount'].sum().to_dict()")
        assert "{'North': 50, 'South': 17}" in given.text
        assert given.images == ()
        given = yield "North, with 50."
        assert given.text == "Draw it."
        given = yield run("sales.groupby('region')['amount'].sum().plot.bar()")
        assert [image[:8] for image in given.images] == [PNG]
        assert "sessionId" not in given.text
        yield "The chart has two bars."

    output = run_agent("agent_framework_tool.py", script(), str(sales), "Which region sold most?", "Draw it.")
    assert output.splitlines() == ["North, with 50.", "The chart has two bars."]


def test_long_run_is_polled(run_agent, impatient_connector, tmp_path):
    """Code that runs longer than the call waits is polled until it ends: the model is given only the end."""
    (tmp_path / "empty.txt").touch()

    def script():
        yield
        given = yield run("import time\nprint('begin')\ntime.sleep(3)\n6 * 7")
        assert "begin" in given.text and '"result": "42"' in given.text
        yield "42"

    output = run_agent(
        "agent_framework_tool.py", script(), str(tmp_path / "empty.txt"), "Work.", connector=impatient_connector
    )
    assert output == "42\n"


def run(code):
    return Call("run_python", {"code": code})
