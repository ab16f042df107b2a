"""Reading reports, and what the payload reports about values, outputs, files and errors."""

import base64
import io
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.in_session.report import Report, read_record, read_stdout
from tests.connector.in_session.kernels import Kernel, Kernels

NONCE = "0123456789abcdef"
REPORT = {
    "status": "ok", "executionCount": 1, "isNewSession": False, "milliseconds": 3, "result": "", "outputs": [],
    "files": [], "omitted": {}, "stdout": "", "stderr": "",
}  # fmt: skip
CLAIM = b'{"code": "hash", "started": 1.0}\n'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(), JSON)
@settings(max_examples=150, deadline=None)
def test_any_stdout_can_be_read(other: str, reported: Any) -> None:
    """What follows the mark is a report or nothing, and never an exception."""
    read_stdout(other, NONCE)
    read_stdout(f"{other}\x1e{NONCE}{json.dumps(reported)}\n", NONCE)


@given(st.binary() | st.builds(lambda end: CLAIM + end, st.binary()))
@settings(max_examples=150, deadline=None)
def test_any_record_can_be_read(content: bytes) -> None:
    """A file that code has written in place of the record is a record or None."""
    read_record(content)


@given(st.sampled_from(sorted(REPORT)), JSON)
@settings(max_examples=300, deadline=None)
def test_an_invalid_report_is_none(name: str, value: Any) -> None:
    """If any member is invalid, there is no report. A valid one can be serialized as JSON."""
    reported = read_stdout(f"\x1e{NONCE}{json.dumps({**REPORT, name: value})}\n", NONCE)
    if reported is not None and reported.report is not None:
        assert isinstance(reported.report.stdout, str) and isinstance(reported.report.milliseconds, int)
        json.dumps(reported.report.value, allow_nan=False)


@pytest.mark.parametrize("missing", sorted(REPORT))
def test_a_report_without_a_member_is_none(missing: str) -> None:
    """All of them are required."""
    reported = {name: value for name, value in REPORT.items() if name != missing}
    assert read_stdout(f"\x1e{NONCE}{json.dumps(reported)}\n", NONCE) is None


def test_a_truncated_line_is_none() -> None:
    """At every position, even if only the newline is missing."""
    line = f"before\x1e{NONCE}{json.dumps(REPORT)}\n"
    assert all(read_stdout(line[:length], NONCE) is None for length in range(len(line)))
    reported = read_stdout(line + "after", NONCE)
    assert reported is not None and (reported.before, reported.after) == ("before", "after")


def test_a_line_with_another_nonce_is_output() -> None:
    """Code can print such lines, but does not know the nonce of its run."""
    assert read_stdout(f"\x1e{'f' * 16}{json.dumps(REPORT)}\n", NONCE) is None


def test_text_is_valid() -> None:
    """Half of a surrogate pair cannot be encoded, wherever it is. Two halves are a character."""
    half, pair = chr(0xD83D), chr(0xD83D) + chr(0xDE00)
    members = {
        **REPORT,
        "stdout": f"a{half}b{pair}",
        "value": {half: [pair, {"x": half}]},
        "outputs": [{"contentType": "text/html", "title": half, "content": pair, "fileName": f"output-1.{half}"}],
        "files": [{"path": f"{half}.csv", "size": 1, "change": "Created"}],
        "error": {"name": half, "message": half, "traceback": half, "facts": [{"columns": [half]}]},
    }
    reported = read_stdout(f"\x1e{NONCE}{json.dumps(members)}\n", NONCE)
    assert reported is not None and reported.report is not None
    report = reported.report
    assert (report.stdout, report.value) == ("a\ufffdb\U0001f600", {"\ufffd": ["\U0001f600", {"x": "\ufffd"}]})
    (output,), (file,) = report.outputs, report.files
    assert (output.title, output.content, output.file_name) == ("\ufffd", "\U0001f600", "output-1.\ufffd")
    assert file.path == "\ufffd.csv"
    assert report.error is not None and report.error.message == "\ufffd"
    assert report.failure_facts == [{"columns": ["\ufffd"]}]


@pytest.mark.parametrize("content", [b"", b"\n", b"[]\n", b'{"code": 5}\n', b"\xff\n", b"[" * 5000 + b"\n"])
def test_an_invalid_record_is_none(content: bytes) -> None:
    """Without the required members."""
    assert read_record(content) is None


def test_records_without_a_report() -> None:
    """The run is in progress, or it is lost because its interpreter has ended."""
    in_progress = read_record(CLAIM + b'{"status": "o')
    lost = read_record(CLAIM + b'{"lost": true}\n')
    assert in_progress is not None and (in_progress.report, in_progress.is_lost) == (None, False)
    assert lost is not None and (lost.report, lost.is_lost) == (None, True)


NOTHING = object()


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", 2),
        ("1.5", 1.5),
        ("True", True),
        ("'text'", "text"),
        ("10 ** 30", str(10**30)),
        ("10 ** 400", "1" + "0" * 400),
        ("float('nan')", None),
        ("[float('inf'), -float('inf')]", [None, None]),
        ("{'a': (1, 2), 3: None, 2.5: 'x', True: []}", {"a": [1, 2], "3": None, "2.5": "x", "true": []}),
        ("{(1, 2): 3}", {"(1, 2)": 3}),
        ("{1, 2}", [1, 2]),
        ("b'x'", NOTHING),
        ("1j", "1j"),
        ("import numpy as np\nnp.float64(1.5)", 1.5),
        ("import numpy as np\nnp.float32('nan')", None),
        ("import numpy as np\nnp.int8(5)", 5),
        ("import numpy as np\nnp.bool_(True)", True),
        ("import numpy as np\nnp.str_('s')", "s"),
        ("import numpy as np\nnp.array([[1, 2], [3, 4]])", [[1, 2], [3, 4]]),
        ("import numpy as np\nnp.array([1, float('nan')])", [1.0, None]),
        ("import numpy as np\nnp.array(['2024-01-01', 'NaT'], dtype='datetime64[D]')", ["2024-01-01", None]),
        ("import numpy as np\nnp.datetime64('2024-01-01T10:00')", "2024-01-01T10:00"),
        ("import numpy as np\nnp.zeros(60_000)[0]", 0.0),
        ("import datetime\ndatetime.date(2024, 2, 29)", "2024-02-29"),
        ("import datetime as d\n[d.datetime(2024, 1, 1, tzinfo=d.timezone.utc)]", ["2024-01-01T00:00:00+00:00"]),
        ("import datetime\ndatetime.time(10, 30)", "10:30:00"),
        ("import datetime\ndatetime.timedelta(1)", "P1D"),
        ("import decimal\ndecimal.Decimal('1.10')", "1.10"),
        ("import uuid\nuuid.UUID(int=5)", "00000000-0000-0000-0000-000000000005"),
        ("import pandas as pd\npd.Timestamp('2024-01-01')", "2024-01-01T00:00:00"),
        ("import pandas as pd\n[pd.NaT, pd.NA]", [None, None]),
        ("import collections\ncollections.Counter('aab')", {"a": 2, "b": 1}),
        ("class D(dict):\n  def items(self): raise SystemExit\n[D(a=1)]", [{"a": 1}]),
        ("class S(str):\n  def __len__(self): raise SystemExit\nS('s')", "s"),
        ("class I(int):\n  def bit_length(self): raise SystemExit\nI(5)", 5),
        ("x = []\nx.append(x)\nx", NOTHING),
        ("'x' * 2_000_000", NOTHING),
        ("None", NOTHING),
    ],
)  # fmt: skip
def test_the_value_is_json(used_kernel: Kernel, code: str, value: Any) -> None:
    """If JSON can represent it and it is not too large. Otherwise there is only the text."""
    report = used_kernel.report(code, max_characters=10_000_000)
    assert report.is_ok
    assert (report.value if report.has_value else NOTHING) == value
    assert type(report.value if report.has_value else NOTHING) is type(value)


def test_a_long_result_and_a_long_message_are_truncated(used_kernel: Kernel) -> None:
    """Like streams, so that code cannot make a record of any size."""
    report = used_kernel.report("'x' * 2_000_000", max_characters=10_000_000)
    assert len(report.result) < 1_100_000 and report.omitted["result"] == 2_000_000 - (1 << 20)
    report = used_kernel.report("raise ValueError('x' * 2_000_000)", max_characters=10_000_000)
    assert len(report.shown_error) < 300_000 and report.error and len(report.error.message) == 10_000


def test_a_value_that_is_too_large_is_flagged(used_kernel: Kernel) -> None:
    """One that JSON cannot represent is not. A list has its first elements."""
    assert used_kernel.report("{'a': list(range(60_000))}").omitted == {"value": 1}
    assert used_kernel.report("object()").omitted == {}
    for code in ("list(range(60_000))", "import numpy as np\nnp.arange(60_000)", "range(10 ** 30)"):
        report = used_kernel.report(code)
        assert report.value == list(range(len(report.value))) and report.omitted == {"value": 1}, code
        assert len(report.value) > 49_900, code


def table(report: Report) -> Any:
    html, shown = report.outputs
    assert (html.content_type, shown.content_type) == ("text/html", "application/json")
    return json.loads(shown.content or "")


def test_a_data_frame_is_also_a_table(used_kernel: Kernel) -> None:
    """Columns with types, rows as JSON, missing values as null. A default index is omitted."""
    report = used_kernel.report(
        "import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None], 'c': [0.5, float('nan')],"
        " 't': pd.to_datetime(['2024-01-01', None]), 'o': [{1}, [1]]})"
    )
    found = table(report)
    kinds = {column["name"]: column["type"] for column in found["columns"]}
    assert list(kinds) == ["a", "b", "c", "t", "o"]
    assert (kinds["a"], kinds["c"], kinds["t"][:10]) == ("int64", "float64", "datetime64")
    assert found == {
        "columns": [{"name": name, "type": kind} for name, kind in kinds.items()],
        "rows": [[1, "x", 0.5, "2024-01-01T00:00:00", [1]], [2, None, None, None, [1]]],
        "rowCount": 2,
        "isTruncated": False,
    }  # fmt: skip


def test_the_index_of_a_data_frame_is_kept(used_kernel: Kernel) -> None:
    """As columns before the others. A column with several levels has one name."""
    found = table(
        used_kernel.report(
            "import pandas as pd\nf = pd.DataFrame({'k': ['a', 'a'], 'v': [1, 3]})\n"
            "f.groupby('k').agg({'v': ['min', 'max']})"
        )
    )
    assert [column["name"] for column in found["columns"]] == ["k", "v min", "v max"]
    assert found["rows"] == [["a", 1, 3]]


@pytest.mark.parametrize(
    "code",
    ["pd.DataFrame()", "pd.DataFrame({'a': []})", "pd.DataFrame([[1, 2]], columns=['a', 'a'])",
     "pd.DataFrame({'a': [1]}, index=pd.Index(['x'], name='a'))"],
)  # fmt: skip
def test_unusual_data_frames_are_shown(used_kernel: Kernel, code: str) -> None:
    """Without rows, or with duplicate names: at least as HTML."""
    assert used_kernel.report(f"import pandas as pd\n{code}").outputs[0].content_type == "text/html"


def test_a_long_data_frame_is_truncated_and_flagged(used_kernel: Kernel) -> None:
    """Its first thousand rows, and the number of rows."""
    found = table(used_kernel.report("import pandas as pd\npd.DataFrame({'n': range(50_000)})"))
    assert (len(found["rows"]), found["rowCount"], found["isTruncated"]) == (1000, 50_000, True)
    assert found["rows"][-1] == [999]


def test_figures_have_titles(used_kernel: Kernel) -> None:
    """In one run, in order, however the title was set."""
    report = used_kernel.report(
        "import matplotlib.pyplot as plt\n"
        "for title in ('one', 'two'):\n    plt.figure(figsize=(1, 1))\n    plt.title(title)\n    plt.plot([1])\n"
        "fig, axes = plt.subplots(1, 2, figsize=(1, 1))\nfig.suptitle('three')\n"
    )
    assert [(output.content_type, output.title) for output in report.outputs] == [
        ("image/png", "one"), ("image/png", "two"), ("image/png", "three"),
    ]  # fmt: skip
    assert all(base64.b64decode(output.content or "").startswith(b"\x89PNG") for output in report.outputs)


def test_outputs_are_in_order(used_kernel: Kernel) -> None:
    """A figure, a MIME bundle, and a data frame as the value. Each is stored in a file."""
    report = used_kernel.report(
        "import matplotlib.pyplot as plt, pandas as pd\nplt.figure(figsize=(1, 1))\nplt.plot([1])\nplt.show()\n"
        "print('between')\ndisplay({'text/markdown': '# m'}, raw=True)\npd.DataFrame({'a': [1]})",
        "ordered",
    )
    assert [(output.content_type, output.file_name) for output in report.outputs] == [
        ("image/png", "output-1.png"), ("text/markdown", "output-2.md"), ("text/html", "output-3.html"),
        ("application/json", "output-4.json"),
    ]  # fmt: skip
    assert report.stdout == "between\n"
    files = used_kernel.report("import os\nsorted(os.listdir('/mnt/data/_outputs/ordered'))").value
    assert files == ["execution.json", "output-1.png", "output-2.md", "output-3.html", "output-4.json"]


def test_the_return_value_of_matplotlib_is_not_a_result(used_kernel: Kernel) -> None:
    """Lines and axes are of no use to the caller."""
    report = used_kernel.report("import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1, 2])")
    assert (report.result, report.has_value, len(report.outputs)) == ("", False, 1)


def test_files_that_a_run_created_or_changed(kernel: Kernel) -> None:
    """Only those, in all folders, with size and time; without links and the run's own outputs."""
    kernel.report(
        "import os\nos.makedirs('/mnt/data/a/b')\nfor n in ('kept', 'changed', 'gone', 'a/b/deep'):\n"
        "    open('/mnt/data/' + n, 'w').write('1')"
    )
    time.sleep(0.02)
    report = kernel.report(
        "open('/mnt/data/changed', 'a').write('2'); open('/mnt/data/a/b/deep', 'w').write('345')\n"
        "open('/mnt/data/a/new.csv', 'w').write('new'); os.remove('/mnt/data/gone')\n"
        "os.symlink('/etc', '/mnt/data/folder'); os.symlink('/etc/passwd', '/mnt/data/link')\n"
        "open('/mnt/data/kept').read(); display({'text/html': 'x'}, raw=True)"
    )
    assert [(file.path, file.size, file.is_new) for file in report.files] == [
        ("a/b/deep", 3, False), ("a/new.csv", 3, True), ("changed", 2, False),
    ]  # fmt: skip
    assert all(file.modified and abs(file.modified.timestamp() - time.time()) < 60 for file in report.files)


def test_many_files(kernel: Kernel) -> None:
    """All are reported when they are created, and none in the next run. Beyond a thousand, the rest is counted."""
    report = kernel.report("for n in range(500): open(f'/mnt/data/{n:03}', 'w').close()")
    assert [file.path for file in report.files] == [f"{number:03}" for number in range(500)]
    time.sleep(0.02)
    assert kernel.report("1").files == []
    report = kernel.report("for n in range(1100): open(f'/mnt/data/more-{n}', 'w').close()")
    assert (len(report.files), report.omitted) == (1000, {"files": 100})


def test_the_oldest_outputs_are_removed(kernel: Kernel) -> None:
    """Beyond the limits, which are low in this test. The newest are always kept."""
    kernel.report("get_ipython().kernel.do_execute.__globals__.update(KEPT_EXECUTIONS=3, KEPT_BYTES=100_000)")
    for number in range(4):
        kernel.report("1", f"run-{number}")
    names = "import os\nsorted(os.listdir('/mnt/data/_outputs'))"
    assert kernel.report(names, "looking").value == ["looking", "run-1", "run-2", "run-3"]
    kernel.report("display({'text/html': 'x' * 200_000}, raw=True)", "large")
    assert kernel.report(names, "looking-again").value == ["large", "looking-again"]


def test_records_survive_the_interpreter(kernel: Kernel) -> None:
    """A new one takes over those of the previous one, and removes them in the same order."""
    kernel.report("1", "of-the-first")
    kernel.restart()
    report = kernel.report("import os\nos.listdir('/mnt/data/_outputs')", "of-the-second")
    assert report.is_new_session and sorted(report.value) == ["of-the-first", "of-the-second"]
    kept = kernel.report("[f.rsplit('/')[-1] for f, _ in get_ipython().kernel.do_execute.__globals__['_kept']]")
    assert kept.value == ["of-the-first", "of-the-second"]


def test_an_error_has_its_line_and_the_users_frames(kernel: Kernel) -> None:
    """Including those of a module in the session, without those of libraries and the payload."""
    kernel.report(
        "import sys\nsys.path.insert(0, '/mnt/data')\n"
        "open('/mnt/data/sales.py', 'w').write('import json\\ndef read(t):\\n    return json.loads(t)\\n')"
    )
    report = kernel.report("import sales\n\ndef total():\n    return sales.read('{')\n\ntotal()")
    error = report.error
    assert error is not None and (error.name, error.line) == ("JSONDecodeError", 4)
    assert error.traceback.splitlines() == [
        "Traceback (most recent call last):",
        "  Cell In[2], line 6",
        "    total()",
        "  Cell In[2], line 4, in total",
        "    return sales.read('{')",
        "  File /mnt/data/sales.py, line 3, in read",
        "    return json.loads(t)",
        f"JSONDecodeError: {error.message}",
    ]


def test_a_chain_of_errors_is_complete(used_kernel: Kernel) -> None:
    """The first comes first. The line is that of the last."""
    error = used_kernel.report("try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('v') from e").error
    assert error is not None and (error.name, error.message, error.line) == ("ValueError", "v", 4)
    positions = [error.traceback.index(words) for words in ("KeyError", "the direct cause of", "ValueError: v")]
    assert positions == sorted(positions)


def test_a_syntax_error_has_its_line(used_kernel: Kernel) -> None:
    """Although it has no frames."""
    error = used_kernel.report("x = 1\n\ndef f(:\n    pass").error
    assert error is not None and (error.name, error.line) == ("SyntaxError", 3)
    assert "def f(:" in error.traceback


@pytest.fixture(scope="module")
def fact_kernel(kernels: Kernels) -> Any:
    """A kernel of a session that has a file."""
    with kernels.new() as kernel:
        kernel.report("import os\nos.makedirs('/mnt/data/in')\nopen('/mnt/data/in/sales.csv', 'w').close()")
        yield kernel


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        ("open('/mnt/data/Sales.CSV')", "sameFiles", ["/mnt/data/in/sales.csv"]),
        ("open('/mnt/data/in/sale.csv')", "similarFiles", ["/mnt/data/in/sales.csv"]),
        ("open('a/b')", "missingFolder", "a"),
        ("open('/mnt/data/b')", "missingFolder", ""),
        ("open('b')", "fileCount", 1),
        ("import subprocess\nsubprocess.run(['none', 'a'])", "program", "none"),
        ("x = 1\nprnt(x)", "similar", ["print"]),
        ("late\nlate = 1", "isDefinedInCode", True),
        ("early == 1", "isDefinedInCode", False),
        ("import pandas as pd\npd.DataFrame({'a': [1], 'b': [2]})['c']", "columns", ["'a'", "'b'"]),
        ("import pandas as pd\npd.DataFrame({'a': [1], 'b': [2]}).loc[5]", "labels", ["0"]),
        ("d = {'a': 1}\nd['b']", "keys", ["'a'"]),
        ("b'\\xfcber'.decode()", "sample", "fc626572"),
        ("x = 1\n```", "hasFence", True),
        ("x = = 1", "offset", 5),
        ("import subprocess\nsubprocess.run('exit 3', shell=True, check=True)", "exitCode", 3),
    ],
)  # fmt: skip
def test_an_error_has_facts(fact_kernel: Kernel, code: str, name: str, value: Any) -> None:
    """What only the session knows, for the connector to make a hint of."""
    facts = fact_kernel.report(code).failure_facts
    assert facts[0].get(name) == value, facts


def test_an_import_error_has_the_installed_modules(fact_kernel: Kernel) -> None:
    """Without those of Python itself."""
    facts = fact_kernel.report("import nothing_like_it").failure_facts[0]
    assert {"pandas", "numpy"} <= set(facts["modules"]) and "json" not in facts["modules"]


def test_memory_errors_have_the_limit(fact_kernel: Kernel) -> None:
    """In bytes."""
    facts = fact_kernel.report("' ' * 10**12").failure_facts[0]
    assert 1 << 28 < facts["memoryLimit"] < 1 << 50


def test_the_chain_of_an_error_has_causes_and_contexts(fact_kernel: Kernel) -> None:
    """A context is only what was being handled."""
    code = "try:\n    try:\n        {}['k']\n    except KeyError as e:\n        raise ValueError('v') from e\n"
    facts = fact_kernel.report(f"{code}except ValueError:\n    1 / 0").failure_facts
    links = [(link["name"], link["isCause"]) for link in facts]
    assert links == [("ZeroDivisionError", True), ("ValueError", False), ("KeyError", True)]


@pytest.mark.parametrize(
    "code",
    [
        "class E(Exception):\n    def __str__(self): 1 / 0\nraise E",
        "class E(KeyError):\n    __module__ = property(lambda self: 1 / 0)\nraise E('k')",
        "e = ValueError()\ne.__cause__ = e\nraise e",
        "class A:\n    def __getattr__(self, name): 1 / 0\nA().b",
        "e = ImportError('x')\ne.name = 5\nraise e",
        "e = FileNotFoundError(2, 'no', b'\\xff' * 10_000)\nraise e",
        "e = UnicodeDecodeError('utf-8', b'a', 900, 901, 'no')\nraise e",
        "raise KeyError('\\ud800')",
        "raise KeyError('k' * 10_000_000)",
        "open = None\nimport difflib\ndifflib.get_close_matches = None\nnothing_of_this",
    ],
)  # fmt: skip
def test_facts_are_bounded_and_never_raise(fact_kernel: Kernel, code: str) -> None:
    """Whatever the exception is."""
    report = fact_kernel.report(code)
    assert not report.is_ok and report.failure_facts and len(json.dumps(report.failure_facts)) < 20_000


def test_a_run_in_a_restarted_interpreter_is_the_first_of_a_session(kernel: Kernel) -> None:
    """Its variables are lost."""
    kernel.report("sales = 1")
    kernel.restart()
    assert kernel.report("sales + 1").is_new_session
    assert not kernel.report("1").is_new_session


@pytest.mark.parametrize(
    "code",
    ["print('a' * 600_000 + 'b' * 900_000 + 'c' * 600_000, end='')",
     "for letter, times in (('a', 600), ('b', 900), ('c', 600)):\n"
     "    for _ in range(times): print(letter * 1000, end='')"],
    ids=["at once", "in pieces"],
)  # fmt: skip
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_long_stream_keeps_its_beginning_and_end(used_kernel: Kernel, code: str, stream: str) -> None:
    """One mebibyte in all, and a mark that states how much is omitted."""
    code = code if stream == "stdout" else f"import sys\n{code}".replace("end=''", "end='', file=sys.stderr")
    report = used_kernel.report(code, max_characters=10_000_000)
    text, half = getattr(report, stream), 1 << 19
    omitted = 2_100_000 - 2 * half
    mark = f"\n[... {omitted:,} characters omitted ...]\n"
    assert text == "a" * half + mark + "c" * half
    assert report.omitted == {stream: omitted}


def test_a_report_too_long_for_stdout_is_in_the_record(kernel: Kernel) -> None:
    """stdout says so, and nothing is truncated."""
    ran, reported = kernel.wrapped("print('x' * 10_000)", "long", max_characters=4096)
    assert reported is not None and reported.report is None
    assert len(ran.stream("stdout")) < 4096 // 10 + 200
    with kernel.process.data.read("_outputs/long", "execution.json")[0] as file:
        record = read_record(file.read())
    assert record is not None and record.report is not None and record.report.stdout == "x" * 10_000 + "\n"


def test_another_version_replaces_an_older_one(kernel: Kernel) -> None:
    """There is no second layer: the code runs once, in the same namespace, and the newer version reports."""
    kernel.report("x = 1")
    report = kernel.report("x += 1\nprint('once')\nx", data_folder="/mnt/data/.")  # any difference is a new version
    assert (report.value, report.stdout, report.execution_count, report.is_new_session) == (2, "once\n", 2, False)
    names = "k = get_ipython().kernel\nk._connector_payload['do_execute'].__func__.__module__, k.do_execute.__module__"
    assert kernel.report(names).value == ["ipykernel.ipkernel", "code_interpreter_payload"]
    assert kernel.report("x").value == 2


def test_an_execution_is_not_run_again(kernel: Kernel) -> None:
    """Whatever its code is."""
    kernel.report("n = 1", "same")
    ran, reported = kernel.wrapped("n += 1", "same")
    assert reported is not None and reported.report is None
    assert kernel.report("n").value == 1


def test_a_file_uploaded_between_runs_is_not_created_by_the_next_run(kernel: Kernel) -> None:
    """It is changed by a run that writes to it, and not reported by others."""
    kernel.report("import os\nos.mkdir('/mnt/data/in')")
    for folder in ("", "in"):
        kernel.process.data.write(folder, "uploaded.csv", io.BytesIO(b"1"))
    time.sleep(0.02)
    report = kernel.report("open('/mnt/data/in/uploaded.csv', 'a').write('2');")
    assert [(file.path, file.is_new) for file in report.files] == [("in/uploaded.csv", False)]
    time.sleep(0.02)  # the clock of file times is coarse
    assert kernel.report("1").files == []
