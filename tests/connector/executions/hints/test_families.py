"""Hints as functions of what is known: in direct runs, name, message and traceback alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.executions.hints import remarks_on, with_hint
from connector.executions.hints.encodings import likely_encoding
from connector.executions.hints.memory import amount
from connector.models import ExecutionError

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = (
    "message", "name", "isCause", "errno", "filename", "modules", "moduleFiles", "wanted", "similar",
    "isDefinedInCode",
    "program", "files", "fileCount", "sameFiles", "similarFiles", "missingFolder", "command", "exitCode", "written",
    "columns", "labels", "keys", "labelCount", "path", "head", "sample", "memoryLimit", "text", "offset", "hasFence",
)  # fmt: skip
NAMES = (
    "KeyError", "ModuleNotFoundError", "ImportError", "NameError", "SyntaxError", "FileNotFoundError", "ValueError",
    "UnicodeDecodeError", "MemoryError", "CalledProcessError", "AttributeError", "ParserError", "TypeError", "OSError",
)  # fmt: skip


def hint(name: str, message: str, *facts: dict[str, object], traceback: str = "") -> str | None:
    return with_hint(ExecutionError(name, message, line=1, traceback=traceback), facts).hint


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("ModuleNotFoundError", "No module named 'seaborn'", "seaborn is not available in this session."),
        ("ModuleNotFoundError", "No module named 'fuzzywuzzy'", "Use difflib"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'a.csv'", "ListFiles"),
        ("OSError", "Cannot save file into a non-existent directory: 'out'", "os.makedirs('out', exist_ok=True)"),
        ("gaierror", "[Errno -2] Name or service not known", "could not reach the network"),
        ("ConnectionError", "Max retries exceeded (Caused by NameResolutionError(Failed to resolve 'a'))", "network"),
        ("ConnectTimeout", "timed out", "could not reach the network"),
        ("MemoryError", "", "chunksize"),
        ("_ArrayMemoryError", "Unable to allocate 7.28 TiB", "usecols"),
        ("RuntimeError", "asyncio.run() cannot be called from a running event loop", "await main()"),
        ("RuntimeError", "This event loop is already running", "await main()"),
        ("SyntaxError", "invalid character '“' (U+201C) (123.py, line 1)", "straight quotes"),
        ("NameError", "name 'pd' is not defined", "import pandas as pd"),
        ("NameError", "name 'null' is not defined", "None"),
        ("UnicodeDecodeError", "'utf-8' codec can't decode byte 0xfc in position 1", "encoding='cp1252'"),
        ("EmptyDataError", "No columns to parse from file", "is empty"),
        ("TesseractNotFoundError", "tesseract is not installed or it's not in your PATH", "tesseract is not installed"),
        ("StdinNotImplementedError", "raw_input was called", "input() is not supported"),
        ("AttributeError", "'DataFrame' object has no attribute 'append'", "pd.concat"),
        ("AttributeError", "module 'numpy' has no attribute 'bool'.", "np.bool_"),
        ("AttributeError", "`np.Inf` was removed in the NumPy 2.0 release.", "np.inf"),
        ("ValueError", "Invalid frequency: 2QS-OCT_", None),
        ("ValueError", "Invalid frequency: -3BM", "'-3BME'"),
        ("TypeError", "read_excel() got an unexpected keyword argument 'sheetname'", "sheet_name"),
        ("TypeError", "OneHotEncoder.__init__() got an unexpected keyword argument 'sparse'", "sparse_output"),
        ("NameError", "name 'prnt' is not defined", None),
        ("KeyError", "'a'", None),
        ("ConnectionRefusedError", "[Errno 111] Connection refused", None),
        ("ConnectionError", "HTTPConnectionPool(host='localhost', port=80): [Errno 111] Connection refused", None),
        ("ZeroDivisionError", "division by zero", None),
        ("ModuleNotFoundError", "No module named 'json.nothing'", None),
        ("AttributeError", "'Basket' object has no attribute 'append'", None),
        ("CalledProcessError", "Command 'false' returned non-zero exit status 1.", None),
    ],
)  # fmt: skip
def test_a_direct_run_has_the_hints_that_its_message_allows(name: str, message: str, words: str | None) -> None:
    """They claim nothing about the session that is not known."""
    found = hint(name, message)
    assert found is None if words is None else words in (found or ""), found


def test_a_direct_run_has_the_line_of_the_code() -> None:
    """From IPython's traceback."""
    message = "[Errno 2] No such file or directory: 'charts/c.png'"
    traceback = (
        f"Cell In[1], line 2\n      1 x = 1\n----> 2 plt.savefig('charts/c.png')\n\nFileNotFoundError: {message}"
    )
    assert "If the folder charts does not exist" in (hint("FileNotFoundError", message, traceback=traceback) or "")
    assert "makedirs" not in (hint("FileNotFoundError", message) or "")


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (["pandas", "pyarrow"], "engine='pyarrow'"),
        (["pandas", "polars"], "polars reads and writes Parquet"),
        (["pandas"], "df.to_csv"),
    ],
)
def test_only_installed_packages_are_substitutes(modules: list[str], words: str) -> None:
    """The best of them."""
    error = ("ModuleNotFoundError", "No module named 'fastparquet'")
    assert words in (hint(*error, {"modules": modules}) or "")
    assert "polars" in words or "polars" not in (hint(*error, {"modules": modules}) or "")


@pytest.mark.parametrize(
    ("program", "modules", "words"),
    [
        ("pdftotext", ["pandas", "pypdf"], "Use the Python package pypdf"),
        ("/usr/bin/pdftotext", ["pypdf"], "The program pdftotext is not installed"),
        ("pdftotext", ["pandas"], "before the upload"),
        ("java", ["pdfplumber"], "pdfplumber"),
        ("git", [], "network"),
        ("unknown", [], "unknown is not installed"),
        ("./run.sh", [], "Check its path"),
    ],
)
def test_a_program_that_is_missing_has_a_package_in_its_place(program: str, modules: list[str], words: str) -> None:
    """If it is installed."""
    facts: dict[str, object] = {"program": program, "modules": modules, "errno": 2}
    found = hint("FileNotFoundError", f"[Errno 2] No such file or directory: '{program}'", facts)
    assert words in (found or ""), found


def test_a_library_that_lacks_a_program_is_understood() -> None:
    """The failure of the program is its context."""
    context = {"name": "FileNotFoundError", "message": "", "program": "dot", "errno": 2, "isCause": False}
    found = hint("ExecutableNotFound", "failed to execute 'dot'", {}, context)
    assert "The program dot is not installed" in (found or "")


TEXTS = {
    "cp1252": ["Müller;Größe;Straße", "Preis: 5 € – “gut”", "São Paulo, Málaga, Besançon", "naïve café"],
    "cp1251": ["Имя;Город\nИван;Москва\nМария;Санкт-Петербург", "ОТЧЁТ за март"],
    "gb18030": ["姓名,城市\n张三,北京\n李四,上海市浦东新区", "销售额;地区\n1;华东"],
    "big5": ["姓名,城市\n王小明,臺北市\n陳大文,高雄市,國語"],
    "shift_jis": ["名前,都市\n山田たろう,とうきょう", "売上,数量\nリンゴ,3"],
    "euc_kr": ["이름,도시\n홍길동,서울특별시\n김영희,부산광역시"],
    "utf-16": ["a,b\n1,ä"],
    "utf-16-le": ["name,value\nhello,5"],
}


@pytest.mark.parametrize(("encoding", "text"), [(encoding, text) for encoding in TEXTS for text in TEXTS[encoding]])
def test_the_encoding_of_text_is_recognized(encoding: str, text: str) -> None:
    """From its bytes."""
    data = text.encode(encoding)
    assert likely_encoding(data[:8], data) == encoding


def test_bytes_that_are_no_text_have_no_encoding() -> None:
    """Such as those of a program."""
    assert likely_encoding(bytes(range(1, 9)), bytes(range(1, 200))) is None


def test_an_existing_hint_is_kept() -> None:
    """As that of a full disk."""
    error = ExecutionError("MemoryError", "", hint="Delete files.")
    assert with_hint(error) == error


@given(
    st.sampled_from(NAMES),
    st.text(max_size=30) | st.sampled_from(["'k'", "name 'x' is not defined", "No module named 'x.y'", "U+D800"]),
    st.lists(st.dictionaries(st.sampled_from(MEMBERS), Json, max_size=8), max_size=3),
)
def test_forged_facts_cause_no_exception(name: str, message: str, facts: list[dict[str, object]]) -> None:
    """User code can write a report."""
    found = hint(name, message, *facts)
    assert found is None or len(found.encode()) <= 4000
    remarks_on(message, facts[0] if facts else {}, has_failed=False)


def test_a_hint_has_a_limit() -> None:
    """However long the names are."""
    assert len(hint("KeyError", "'a'", {"columns": ["'" + "b" * 5000 + "'"]}) or "") == 1000


def test_amounts_of_memory_are_in_binary_units() -> None:
    """As the pool's limits are."""
    assert [amount(size) for size in (1 << 31, 512 << 20, 3 << 29)] == ["2 GB", "512 MB", "1.5 GB"]
