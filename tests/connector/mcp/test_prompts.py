"""The recipes as prompts: what is listed, what a person sends by picking one, and which requests are refused."""

import subprocess
import sys
from typing import Any

import pytest

from connector.mcp.prompts import get_prompt, list_prompts
from connector.mcp.protocol import INVALID_PARAMS, ProtocolError
from connector.recipes.catalog import Recipe, recipes
from tests.connector.mcp.calls import LEGACY, MODERN, request

QUESTION = "Which products bring in the most revenue?"
CODE = "import pandas as pd\n\nprint(pd.read_csv('/mnt/data/orders.csv').describe())\n"
CATALOG = (
    Recipe(
        name="top_products",
        title="Top products",
        scenario="Sales and marketing",
        question=QUESTION,
        files=("orders.csv",),
        creates=("top.xlsx",),
        notes="Rename the column.",
        python_code=CODE,
    ),
    Recipe(
        name="two_files",
        title="Two files",
        scenario="Finance",
        question="Do they agree?",
        files=("a.csv", "b.csv"),
        creates=(),
        notes="",
        python_code='print("""\n```text\n""")\n',
    ),
)


def text_of(arguments: Any = None, name: str = "top_products") -> str:
    params = {"name": name} if arguments is None else {"name": name, "arguments": arguments}
    (message,) = get_prompt(CATALOG, params)["messages"]
    assert (message["role"], message["content"].keys()) == ("user", {"type", "text"})
    text: str = message["content"]["text"]
    return text


def refused(params: Any) -> str:
    with pytest.raises(ProtocolError) as raised:
        get_prompt(CATALOG, params)
    assert raised.value.code == INVALID_PARAMS
    return str(raised.value)


# ---- the catalog, as the connector serves it


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_each_recipe_is_a_prompt(api, version):
    """With its title, and its question as the description; no argument is required."""
    listed = request(api, "prompts/list", version=version).result["prompts"]
    assert [(prompt["name"], prompt["title"], prompt["description"]) for prompt in listed] == [
        (recipe.name, recipe.title, recipe.question) for recipe in recipes()
    ]
    for prompt in listed:
        assert [argument["name"] for argument in prompt["arguments"]] == ["file", "question", "sessionId"]
        assert all(argument["description"] and not argument["required"] for argument in prompt["arguments"])


def test_the_list_may_be_kept(api):
    """It is the same for all callers, and changes with the version of the app. A prompt has no such hint."""
    result = request(api, "prompts/list", version=MODERN).result
    assert (result["ttlMs"], result["cacheScope"]) == (300_000, "public")


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_every_prompt_has_the_complete_code_of_its_recipe(api, version):
    """And its question first; each fits the largest message that hosts accept, which `request` checks."""
    assert recipes()
    for recipe in recipes():
        result = request(api, "prompts/get", {"name": recipe.name}, version=version).result
        assert result["description"] == recipe.question
        assert "ttlMs" not in result
        (message,) = result["messages"]
        text = message["content"]["text"]
        assert text.startswith(f"{recipe.question}\n\n")
        assert f"python\n{recipe.python_code.strip()}\n`" in text
        assert all(name in text for name in (*recipe.files, *recipe.creates))


@pytest.mark.parametrize(("version", "status"), [(LEGACY, 200), (MODERN, 400)])
@pytest.mark.parametrize("params", [{"name": "nothing"}, {"name": None}, {}], ids=repr)
def test_an_unknown_prompt_is_an_error_of_the_protocol(api, version, status, params):
    """In both generations, with the code for wrong parameters and where to find the names."""
    answer = request(api, "prompts/get", params, version=version)
    assert (answer.status, answer.error["code"]) == (status, INVALID_PARAMS)
    assert "prompts/list" in answer.error["message"]


def test_no_recipe_is_read_before_a_prompt_is_asked_for():
    """A cold start waits for nothing that only prompts need."""
    program = (
        "import connector.mcp.methods\n"
        "from connector.recipes import catalog\n"
        "assert catalog.recipes.cache_info().currsize == 0\n"
        "methods = connector.mcp.methods.methods(None)\n"
        "assert catalog.recipes.cache_info().currsize == 0\n"
        "methods['prompts/list']({}, None)\n"
        "assert catalog.recipes.cache_info().currsize == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# ---- what a person sends


def test_the_request_begins_with_the_question_and_names_the_file():
    """As a person would write it, before anything that is for the model alone."""
    lines = text_of({"file": "umsatz 2026.csv"}).splitlines()
    assert lines[0] == QUESTION
    assert "My file is umsatz 2026.csv." in lines[2]
    assert "CreateUploadUrl" in lines[2]


def test_a_question_of_ones_own_replaces_that_of_the_recipe():
    """Which then stands beside the code, whose question it is."""
    text = text_of({"question": "Which customers buy\nless than last year?"})
    assert text.splitlines()[0] == "Which customers buy less than last year?"
    assert text.index(QUESTION) > text.index("orders.csv")
    assert "another question" not in text_of()


def test_a_file_in_a_session_needs_no_upload():
    """The session ID is passed on to the tools."""
    text = text_of({"file": "orders.csv", "sessionId": "0123abcd-x1"})
    assert "My file is orders.csv, in the session 0123abcd-x1." in text
    assert "CreateUploadUrl" not in text
    assert "ListFiles" in text_of({"sessionId": "0123abcd-x1"})


@pytest.mark.parametrize("arguments", [None, {}, {"file": "", "question": " ", "sessionId": ""}])
def test_without_a_file_the_model_asks_for_one(arguments):
    """Hosts send an empty text for what a person has left out. Made-up data is shown as such, and only if wanted."""
    text = text_of(arguments)
    assert text.splitlines()[0] == QUESTION
    assert "ask me for it" in text and "call its values made up" in text


def test_the_columns_are_looked_at_before_the_example_is_adapted():
    """And results are handed over: these are the steps, in their order."""
    text = text_of({"file": "a.csv"})
    places = [text.index(words) for words in ("1. First run code", "2. Adapt", "3. Answer", "ShareFile", CODE)]
    assert places == sorted(places)
    assert "Do not guess" in text and "do not invent" in text
    assert text.endswith("To adapt it:\n\nRename the column.\n")


def test_code_is_fenced_whatever_it_contains():
    """Also fences of its own."""
    text = text_of(name="two_files")
    assert "````python\n" in text and text.endswith("\n````\n")
    assert "a.csv and b.csv" in text


def test_a_file_keeps_its_name():
    """Two spaces are others than one; control characters, which a terminal would obey, are not passed on."""
    text = text_of({"file": " a  b\x1b[2J\x00.csv\n"})
    assert "My file is a  b [2J .csv. If" in text


def test_text_that_cannot_be_encoded_is_replaced():
    """A host gets valid JSON."""
    assert "My file is a\ufffd.csv." in text_of({"file": "a\ud800.csv"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "not an object"),
        ("a.csv", "not an object"),
        ({"file": 1}, "argument file is not a string"),
        ({"question": None}, "argument question is not a string"),
        ({"columns": "a"}, "argument columns is unknown. Send any of file, question, sessionId"),
        ({"file": "x" * 1_001}, "argument file is too long"),
        ({"sessionId": "../x"}, "argument sessionId is not a session ID"),
        ({"sessionId": "x" * 129}, "argument sessionId is too long"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_arguments_are_an_error_of_the_protocol(arguments, words):
    """Which names the argument and what to send."""
    assert words in refused({"name": "top_products", "arguments": arguments})


def test_all_prompts_have_the_same_arguments():
    """So that a person who knows one knows all."""
    assert len({str(prompt["arguments"]) for prompt in list_prompts(CATALOG)["prompts"]}) == 1
