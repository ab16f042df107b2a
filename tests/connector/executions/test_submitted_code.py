"""The code that runs, made of the code that callers send."""

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.executions.submitted_code import code_to_run
from connector.in_session.cell import code_hash
from tests.conftest import Api

CODE = "import math\nmath.pi"


@pytest.mark.parametrize(
    "info",
    ["", "python", "Python", "py", "python3", "python3.11", "py3", "ipython", "pycon", "{.python}", "{python}",
     'python title="a.py"', "python {linenos=true}", "python:a.py", "python a.py", " python ", "text", "tool_code"],
)  # fmt: skip
@pytest.mark.parametrize("fence", ["```", "````", "~~~", "~~~~~"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_fence_around_the_code_is_removed(fence: str, info: str, end: str) -> None:
    """Its line remains as a comment, so that all lines keep their numbers."""
    sent = f"{fence}{info}\n{CODE}\n{fence}".replace("\n", end)
    assert code_to_run(sent) == f"#\n{CODE}"


@pytest.mark.parametrize(
    "sent",
    [
        f"```python\n{CODE}\n```  \n\n",
        f"```python  \n{CODE}\n````",
        f"```python\n{CODE}",
        f"```python\n{CODE}\n",
        f"```python\n{CODE}```",
        f"  ```python\n{textwrap.indent(CODE, '  ')}\n  ```",
        f"\t```python\n{textwrap.indent(CODE, chr(9))}\n\t```",
        f"\ufeff```python\n{CODE}\n```",
        f"```python\n\ufeff{CODE}\n```",
    ],
)
def test_a_fence_may_be_imperfect(sent: str) -> None:
    """Models forget its end, indent it, or close it on the last line."""
    assert code_to_run(sent) == f"#\n{CODE}"


@pytest.mark.parametrize(
    "sent",
    [f"{CODE}\n```", f"{CODE}\n```\n\n", f"\ufeff{CODE}", f"\ufeff\ufeff{CODE}", CODE.replace("\n", "\r\n")],
)
def test_other_additions_are_removed(sent: str) -> None:
    """A lonely fence at the end, byte order marks, carriage returns."""
    assert code_to_run(sent) == CODE


@pytest.mark.parametrize("sent", ["`6 * 7`", "``6 * 7``", "```6 * 7```", "```python 6 * 7```", " `6 * 7`\n"])
def test_code_within_a_line_of_markdown_is_code(sent: str) -> None:
    """No Python program begins with a backtick."""
    assert code_to_run(sent) == "6 * 7"


def test_empty_lines_at_the_top_keep_their_numbers() -> None:
    """IPython drops them, and then dedents the code by its first line."""
    assert code_to_run("\n \n  x = 1\n  x") == "  #\n\n  x = 1\n  x"
    assert code_to_run("```\n\n    x = 1\n    x\n```") == "    #\n\n    x = 1\n    x"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "\n",
        "x = 1\n",
        '"""\n```python\nx\n```\n"""\nx = 1',
        '"""\n```"""',
        "'''```'''",
        "def f():\n    '''\n    ```\n    '''",
        "%%writefile a.md\n```python\nx\n```",
        "\n%%bash\nls\n```",
        "~~~x",
        "~~~x\n~~~y",
        "# ```\nx",
        "print('```')",
        "print('''\r```''')".replace("\r", "\n"),
        "!echo `date`",
    ],
)
def test_a_program_is_not_changed(code: str) -> None:
    """Strings and cell magics may contain fences, and `~` is an operator."""
    assert code_to_run(code) == code


@pytest.mark.parametrize(
    "sent",
    [
        "Here is the code:\n```python\nx = 1\n```",
        "```python\nx = 1\n```\nThis sets x.",
        "```python\nx = 1\n```\nand then\n```python\ny = 1\n```",
        "```sql\nselect 1\n```",
        "```python import os\nos.getcwd()\n```",
        "```\n",
    ],
)
def test_text_around_a_fence_is_not_removed(sent: str) -> None:
    """What is code in it is not certain: the run fails, with a hint."""
    assert code_to_run(sent) == sent


def test_a_docstring_in_a_fence_may_have_fences() -> None:
    """The last one closes."""
    code = 'def f():\n    """\n    ```\n    f()\n    ```\n    """\nf.__doc__'
    assert code_to_run(f"```python\n{code}\n```") == f"#\n{code}"


@given(st.text(alphabet="`~ \n\tx#'\"%\ufeffpy=1", max_size=40))
def test_valid_programs_remain_the_same_programs(code: str) -> None:
    """Whatever they consist of."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return
    assert ast.dump(ast.parse(code_to_run(code))) == ast.dump(tree)


def test_fenced_and_unfenced_code_have_the_same_hash() -> None:
    """So both are the same execution to an idempotency key."""
    assert code_hash(code_to_run(f"```python\n{CODE}\n```")) == code_hash(code_to_run(CODE))
    assert code_hash(code_to_run(f"\n\n{CODE}")) == code_hash(CODE)
    assert code_hash("#x\n1") != code_hash("1")


def test_execute_python_code_runs_fenced_code(api: Api) -> None:
    """Once for one idempotency key, fenced or not."""
    key = "fenced-and-unfenced"
    fenced = api.execute("```python\nimport uuid\nuuid.uuid4().hex\n```", idempotencyKey=key)
    plain = api.execute("import uuid\nuuid.uuid4().hex", idempotencyKey=key)
    assert fenced["status"] == "Succeeded" and plain["result"] == fenced["result"]


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("```python\nx = 1\n1 / 0\n```", 3),
        ("\n\n```\r\n\r\n1 / 0\r\n```", 5),
        ("\n\n1 / 0", 3),
        ("\n    x = 1\n    1 / 0", 3),
        ("\n\n    x = 1\n    1 / 0", 4),
        ("```python\nx = 1\nx = = 1\n```", 3),
        ("\ufeff\nif True:\n    1 / 0", 3),
    ],
)
def test_lines_of_errors_are_those_of_the_callers_text(api: Api, sent: str, line: int) -> None:
    """In `error.line` and in the traceback."""
    error = api.execute(sent)["error"]
    assert error["line"] == line and f"line {line}" in error["traceback"]
