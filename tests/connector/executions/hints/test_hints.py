"""Hints of runs in a real session: the remedy for each kind of failure, and no remedy for others that look like it."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Api

Run = Callable[[str], dict[str, Any]]

SETUP = """
import os, pandas as pd, numpy as np, io, subprocess, sys
for folder in ('in', 'lib/tools'):
    os.makedirs('/mnt/data/' + folder)
open('/mnt/data/in/sales.csv', 'w').write('Region;Sales\\nnorth;1\\n')
open('/mnt/data/report.txt', 'w').close()
open('/mnt/data/lib/figures_of_ours.py', 'w').write('x = 1')
open('/mnt/data/lib/tools/__init__.py', 'w').close()
open('/mnt/data/old.xls', 'wb').write(bytes.fromhex('d0cf11e0a1b11ae1') + bytes(2000))
open('/mnt/data/locked.xlsx', 'wb').write(bytes.fromhex('d0cf11e0a1b11ae1') + bytes(2000))
open('/mnt/data/text.xlsx', 'w').write('a;b\\n1;2\\n')
open('/mnt/data/page.csv', 'w').write('<html><body>\\n<p>a</p>\\n<p>a, b, c</p></body></html>')
pd.DataFrame({'a': [1]}).to_excel('/mnt/data/book.xlsx')
open('/mnt/data/book.csv', 'wb').write(open('/mnt/data/book.xlsx', 'rb').read())
open('/mnt/data/empty.csv', 'w').close()
open('/mnt/data/title.csv', 'w').write('Report\\nMarch\\nName,Sales,Region\\na,1,x\\n')
open('/mnt/data/ragged.csv', 'w').write('a,b,c\\n1,2,3\\n1,2,3,4\\n')
open('/mnt/data/mixed.csv', 'w').write('a;b,c\\n1;2,3,4,5\\n1;2,2,2,2,2\\n')
df = pd.DataFrame({'Sales': [1], ' Region': ['x'], 2024: [2], '\\ufeffid': [3]})
rows = pd.Series([1, 2], index=['a', 'b'])
record = {'Name': 1, 'Items': {'a': 1}}
def encoded(text, encoding):
    open('/mnt/data/encoded.csv', 'w', encoding=encoding).write(text)
    return pd.read_csv('/mnt/data/encoded.csv')
"""


@pytest.fixture(scope="module")
def run(api: Api) -> Run:
    """Runs code in one session, which has some files and variables."""
    session = uuid.uuid4().hex
    assert api.execute(SETUP, session)["status"] == "Succeeded"
    return lambda code: api.execute(code, session)


REMEDIES = {
    # Imports
    "import sklaern": "Did you mean sklearn?",
    "import nothing_like_it": "nothing_like_it is not installed in this session",
    "import figures_of_ours": "sys.path.insert(0, '/mnt/data/lib')",
    "import tools": "sys.path.insert(0, '/mnt/data/lib')",
    "import Pillow": "is imported as PIL",
    "import sklearn.nothing": "this version of it has no module sklearn.nothing",
    "from PIL import ImageDrow": "Did you mean ImageDraw",
    "from google.colab import files": "uploaded files are in /mnt/data",
    "import fuzzywuzzy": "difflib",
    "df.to_csv('/mnt/data/no/c.csv')": "os.makedirs('/mnt/data/no', exist_ok=True)",
    "pd.read_excel('/mnt/data/locked.xlsx')": "Remove the password",
    "pd.read_excel('/mnt/data/old.xls')": "Save the workbook as .xlsx",
    # Files
    "open('/mnt/data/Sales.CSV')": "The session has a file with that name: /mnt/data/in/sales.csv",
    "open('/mnt/data/reports.txt')": "Did you mean /mnt/data/report.txt?",
    "open('/mnt/data/nothing')": "/mnt/data/in/sales.csv",
    "open('nowhere/nothing')": "The folder nowhere does not exist. The session has these files",
    "import matplotlib.pyplot as plt\nplt.savefig('charts/c.png')": "os.makedirs('charts', exist_ok=True)",
    "open('out/a.txt', 'w')": "os.makedirs('out', exist_ok=True)",
    "open('/nowhere/a.txt', 'w')": "Write files below /mnt/data",
    "open('/usr/a.txt', 'w')": "below /mnt/data",
    "open('https://example.com/a.csv')": "open() reads no URLs",
    r"open('C:\\data\\nothing.csv')": "a path on another computer",
    "open('~/nothing')": "expanduser",
    "open('/mnt/data')": "Append the name of a file",
    # Programs
    "subprocess.run(['pdftotext_', 'a.pdf'])": "The program pdftotext_ is not installed",
    "subprocess.run(['tesseract', 'a'], env={'PATH': '/nowhere'})": "The program tesseract is not installed",
    "subprocess.run('soffice a', shell=True, check=True, env={'PATH': '/nowhere'})": "soffice is not installed",
    "subprocess.check_output('ls | no_java a', shell=True, stderr=subprocess.STDOUT)": "no_java is not installed",
    "subprocess.run('ls -l', check=True)": "as a list, or set shell=True",
    "subprocess.run([sys.executable, '-c', 'exit(\"why\")'], check=True, capture_output=True)": "wrote: why",
    # Frames and other things with keys
    "df['sales']": "Did you mean 'Sales'? The columns are: 'Sales', ' Region', 2024",
    "df['Region']": "str.strip()",
    "df['2024']": "2024, without quotes? It is a number",
    "df['id']": "utf-8-sig",
    "df[['Sales', 'other']]": "The columns are",
    "df.groupby('region')": "Did you mean ' Region'?",
    "df.sort_values('sale')": "Did you mean 'Sales'?",
    "df.merge(df, on='nothing')": "The columns are",
    "df.groupby('Sales')['nothing'].sum()": "The columns are",
    "df.drop(columns='sales')": "Did you mean 'Sales'?",
    "df.Sale": "Did you mean 'Sales'?",
    "pd.read_csv('/mnt/data/in/sales.csv')['Sales']": "sep=';'",
    "pd.read_csv('/mnt/data/ragged.csv', nrows=1, usecols=['A'])": "Did you mean 'a'?",
    "pd.read_csv('/mnt/data/ragged.csv', nrows=1, parse_dates=['date'])": "The columns are: 'a', 'b', 'c'",
    "df.loc['x']": "The labels are: 0.",
    "df.loc[['x']]": "The labels are: 0.",
    "df.loc[0, 'x']": "The columns are: 'Sales'",
    "rows[0]": ".iloc[0]",
    "record['name']": "Did you mean 'Name'?",
    "pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([('a', 'x')]))['b']": "The columns are: ('a', 'x')",
    "pd.read_excel('/mnt/data/book.xlsx', sheet_name='Data')": "The sheets are: 'Sheet1'",
    "import openpyxl\nopenpyxl.load_workbook('/mnt/data/book.xlsx')['Data']": "The sheets are: 'Sheet1'",
    "os.environ['KEY_OF_NOBODY']": "Put the value into the code",
    # Contents
    "encoded('Müller,Größe\\n1,2\\n', 'cp1252')": "cp1252",
    "encoded('Preis in €\\n1\\n', 'cp1252')": "cp1252",
    "encoded('a,ä\\n1,2\\n', 'utf-16')": "utf-16",
    "encoded('姓名,城市\\n张三,北京\\n李四,上海市浦东新区\\n', 'gb18030')": "gb18030",
    "encoded('名前,都市\\n山田たろう,とうきょう\\n', 'shift_jis')": "shift_jis",
    "encoded('Имя,Город\\nИван,Москва\\n', 'cp1251')": "cp1251",
    "encoded('이름,도시\\n홍길동,서울특별시\\n', 'euc_kr')": "euc_kr",
    "encoded('名前,都市\\n山田たろう,とうきょう\\n', 'euc_jp')": "euc_jp",
    "encoded('Imię,Nazwisko\\nŁukasz,Żółć\\n', 'cp1250')": "or that of the file's language",
    "encoded('İsim,Şehir\\nIşık,Çanakkale\\n', 'cp1254')": "or that of the file's language",
    "encoded('שם,עיר\\nדוד,ירושלים\\n', 'cp1255')": "or that of the file's language",
    "encoded('Größe;Straße\\nMüller;Köln\\n', 'mac_roman')": "or that of the file's language",
    "encoded('L’été à Liège – 5 €\\n', 'cp1252')": "cp1252",
    "b'M\\xfcller'.decode()": "cp1252",
    "pd.read_csv('/mnt/data/book.csv')": "Read it with pd.read_excel",
    "pd.read_excel('/mnt/data/text.xlsx')": "pd.read_csv(path, sep=';')",
    "pd.read_csv('/mnt/data/empty.csv')": "The file is empty",
    "pd.read_csv('/mnt/data/title.csv')": "skiprows=2",
    "pd.read_csv('/mnt/data/ragged.csv')": "on_bad_lines='skip'",
    "pd.read_csv(io.StringIO('a,b\\n1,2\\n3,4,5\\n'))": "on_bad_lines='skip'",
    "import zipfile\nzipfile.ZipFile('/mnt/data/locked.xlsx')": "without a password",
    "pd.read_csv('/mnt/data/mixed.csv')": "sep=';'",
    "pd.read_csv('/mnt/data/page.csv')": "HTML",
    # Memory
    "np.zeros((10**6, 10**6))": "chunksize",
    "' ' * 10**12": "This session has",
    # Event loops
    "import asyncio\nasync def main(): pass\nasyncio.run(main())": "`await main()`",
    "import asyncio\nasync def f(x): pass\nasyncio.get_event_loop().run_until_complete(f(1))": "`await f(1)`",
    # The network
    "import urllib.request\nurllib.request.urlopen('http://example.com')": "could not reach the network",
    "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)": "could not reach the network",
    "import requests\nrequests.get('https://example.com')": "could not reach the network",
    # Names
    "recrod": "Did you mean record?",
    "sns.lineplot()": "import seaborn as sns",
    "json.dumps(1)": "`import json`",
    "[true]": "true is written True",
    "x = 3\nx &lt; 4": "HTML tags or entities",
    "prnt(1)": "Did you mean print?",
    # Removed spellings
    "pd.Series([1], index=pd.date_range('2024', periods=1)).resample('M').sum()": "'ME'",
    "pd.date_range('2024', periods=2, freq='15T')": "'15min'",
    "pd.date_range('2024', periods=2, freq='H')": "'h'",
    "pd.date_range('2024', periods=2, freq='Q-DEC')": "'QE-DEC'",
    "df.append({})": "pd.concat",
    "df.iteritems()": "items()",
    "df.ix[0]": ".loc",
    "df.applymap(str)": "df.map",
    "df.fillna(method='ffill')": "ffill()",
    "pd.read_csv('/mnt/data/in/sales.csv', delim_whitespace=True)": r"sep=r'\s+'",
    "pd.read_csv('/mnt/data/in/sales.csv', error_bad_lines=False)": "on_bad_lines",
    "pd.ExcelWriter('/mnt/data/w.xlsx').save()": "close()",
    "pd.read_exel('a')": "Did you mean read_excel",
    "np.float(1)": "np.float64",
    "np.NaN": "np.nan",
    "np.trapz([1])": "np.trapezoid",
    "np.product([1])": "np.prod",
    "from sklearn.datasets import load_boston": "load_diabetes",
    "from sklearn.metrics import plot_confusion_matrix": "ConfusionMatrixDisplay",
    "import matplotlib.pyplot as plt\nplt.style.use('seaborn-whitegrid')": "seaborn-v0_8-whitegrid",
    "import matplotlib.pyplot as plt\nplt.cm.get_cmap('viridis')": "plt.get_cmap",
    "from PIL import Image\nImage.ANTIALIAS": "LANCZOS",
    "from collections import Mapping": "collections.abc.Mapping",
    "from scipy.integrate import simps": "simpson",
    "{}.has_key(1)": "in dictionary",
    "from datetime import datetime\ndatetime.datetime.now()": "leave out one `datetime.`",
    "import matplotlib.pyplot as plt\nplt.subplots(2, 2)[1].plot([1])": "axes.flat[0]",
    "import io\nraise ValueError(f'columns {list(pd.read_csv(io.StringIO(\"A;B\")))}')": "Read it with `sep=';'`",
    # Values
    "pd.Series(['1.234,50']).astype(float)": "decimal=','",
    "pd.to_numeric(pd.Series(['12,50']))": "dtype={'COLUMN': str}",
    "raise ValueError(\"Amount has 2 texts that are no numbers, such as '1.234,50'.\")": "decimal=','",
    "pd.Series(['1,234.50']).astype(float)": "thousands=','",
    "pd.DataFrame({'a': ['x'], 'b': [1]}).mean()": "numeric_only=True",
    "pd.to_datetime(pd.Series(['01/02/2024', '31/01/2024']))": "dayfirst=True",
    "import json\njson.dumps(np.int64(1))": "default=str",
    "bool(rows > 1)": ".any()",
    "input()": "input() is not supported here",
    "breakpoint()": "Debuggers are not supported",
    "import tkinter\ntkinter.Tk()": "no display",
    "%matplotlib widget": "Leave out the choice of a backend",
    "import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\nplt.plot()": "Leave out the choice",
}  # fmt: skip


@pytest.mark.parametrize("code", REMEDIES)
def test_a_hint_states_the_remedy(run: Run, code: str) -> None:
    """It appears in `error.hint`."""
    error = run(code).get("error")
    assert error is not None and REMEDIES[code] in error.get("hint", ""), error


@pytest.mark.parametrize(
    ("package", "code", "words"),
    [
        ("tabulate", "df.to_markdown()", "df.to_string()"),
        ("jinja2", "df.style", "without .style"),
        ("pyarrow", "df.rename(columns=str).to_parquet('/mnt/data/a.parquet')", "df.to_csv, df.to_pickle"),
        ("pyarrow", "pd.read_parquet('/mnt/data/book.csv')", "as CSV before the upload"),
        ("lxml", "pd.read_xml(io.StringIO('<a><b/></a>'))", "parser='etree'"),
        ("lxml", "pd.read_html(io.StringIO('<table></table>'))", "html.parser"),
        ("xlsxwriter", "pd.ExcelWriter('/mnt/data/x.xlsx', engine='xlsxwriter')", "engine='openpyxl'"),
        ("seaborn", "import seaborn as sns", "Use matplotlib"),
        ("docx", "from docx import Document", "zipfile"),
    ],
)
def test_a_package_that_is_missing_has_a_substitute(run: Run, package: str, code: str, words: str) -> None:
    """It is installed itself. The package may be the cause of another error."""
    installed = run(f"import importlib.util\nimportlib.util.find_spec('{package}') is not None")["value"]
    if installed:
        pytest.skip(f"the sessions of this emulator have {package}")
    error = run(code)["error"]
    assert f"{package} is not installed" in error["hint"] and words in error["hint"], error


@pytest.mark.parametrize(
    "code",
    [
        "1 / 0",
        "[][1]",
        "int('x')",
        "float('x')",
        "df.nunique(numeric_only=True)",
        "import json.nothing",
        "{}['k']",
        "record['Items']['b']",
        "undefined_name",
        "try:\n    import lxml_\nexcept ImportError:\n    {}['k']",
        "try:\n    import urllib.request\n    urllib.request.urlopen('http://example.com')\nexcept OSError:\n    1 / 0",
        "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)",
        "raise RuntimeError('asyncio is running')",
        "raise KeyError('Sales')",
        "class A: pass\nA().append(1)",
        "raise MemoryError_ if False else ValueError('memory')",
        "subprocess.run([sys.executable, '-c', 'raise SystemExit(3)'], check=True)",
        "print(late)\nlate = 1",
        "x = (1,\n",
        "if True:\nprint(1)",
        "raise ValueError('Invalid frequency of visits: M')",
        "raise FileNotFoundError('no rows')",
        "pd.DataFrame({'order': [1]})['order'].map(lambda x: 1 / 0)",
        "assert False",
        "import zipfile\nzipfile.ZipFile('/mnt/data/title.csv')",
    ],
)  # fmt: skip
def test_a_failure_without_a_remedy_has_no_hint(run: Run, code: str) -> None:
    """The error itself is sufficient."""
    error = run(code).get("error")
    assert error is not None and "hint" not in error, error


def test_the_column_is_meant_if_a_frame_has_it_in_another_spelling(run: Run) -> None:
    """Although pandas had an attribute of that name."""
    error = run("pd.DataFrame({'Append': [1]}).append")["error"]
    assert "Did you mean 'Append'?" in error["hint"]


def test_a_name_error_in_a_new_session_has_a_hint(api: Api) -> None:
    """If no other reason is known: its variables may be those of a session that has ended."""
    assert "no variables from earlier runs" in api.execute("sales + 1")["error"]["hint"]
    assert "hint" not in api.execute("sales + 1\nsales = 1")["error"]


def test_the_same_hint_is_returned_later(api: Api, run: Run) -> None:
    """It is made of the execution record, and of nothing that only the first call knows."""
    execution = run("df['sales']")
    path = f"/executions/{execution['executionId']}?sessionId={execution['sessionId']}"
    assert api.call("GET", path).json()["error"] == execution["error"]


def test_a_background_run_has_a_hint(run: Run, api: Api) -> None:
    """As any other."""
    execution = api.execute("open('charts/c.png', 'wb')", timeoutInSeconds=300)
    assert "os.makedirs('charts'" in execution["error"]["hint"]


@pytest.mark.parametrize("seconds", [60, 300])
def test_a_run_whose_interpreter_is_killed_has_the_limit_of_memory(api: Api, seconds: int) -> None:
    """Memory may be the reason, in one call of the pool and in the background."""
    error = api.execute("import os\nos.kill(os.getpid(), 9)", timeoutInSeconds=seconds)["error"]
    assert error["name"] == "KernelRestarted" and error["hint"].count("This session has") == 1


# ---- syntax


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1\nprint(“a”)", 'Line 2, column 7, has the character “ (LEFT DOUBLE QUOTATION MARK, U+201C)'),
        ("```python\nprint(‘a’)\n```", "Line 2, column 7"),
        ('print("a”)', "column 9"),
        ("5 – 3", "Replace it with a hyphen-minus (-)"),
        ("x\u00a0= 1", "NO-BREAK SPACE, U+00A0). Replace it with an ordinary space"),
        ("x =\u200b 1", "ZERO WIDTH SPACE, U+200B). It is invisible"),
        ("x = [1，2]", "FULLWIDTH COMMA, U+FF0C). Replace it with `,`"),
        ("print（1）", "FULLWIDTH LEFT PARENTHESIS"),
        ("x = 2 × 3", "an asterisk (*)"),
        ("x ≤ 3", "<="),
        ("if True:\n\tx = 1\n        y = 2", "spaces only, or with tabs only"),
        ("Here is the code:\n```python\nx = 1\n```", "Send only the code"),
        ("```python\nx = 1\n```\nand\n```python\ny = 1\n```", "Send only the code"),
        ("if 3 &lt; 4:\n    pass", "HTML tags or entities"),
        ("<p>print(1)</p>", "HTML tags or entities"),
        ("import os\\nprint(1)", "escaped twice"),
        ("return 5", "Write the value as the last line"),
        ("open('C:\\Users\\x')", "r'...'"),
    ],
)  # fmt: skip
def test_text_that_is_no_python_has_a_hint(run: Run, code: str, words: str) -> None:
    """It names what does not belong there."""
    error = run(code)["error"]
    assert words in error.get("hint", ""), error


@pytest.mark.parametrize("code", ["x = = 1", "print 'a'", "x = (1\ny = 2", "def f(:\n    pass", "class = 1"])
def test_errors_in_python_have_no_hint(run: Run, code: str) -> None:
    """Python's own messages are good."""
    error = run(code)["error"]
    assert error["name"] == "SyntaxError" and "hint" not in error, error


@pytest.mark.parametrize(
    "code", ["x = = 1", "x = 1\nprint(“a”)", "def f():\n    x\n  y", "print('a", "if True:\n\tx\n        y"]
)
def test_errors_name_no_temporary_files(run: Run, code: str) -> None:
    """The kernel makes up a name for each cell."""
    error = run(code)["error"]
    assert ".py" not in error["message"] + error["traceback"] + error.get("hint", ""), error


# ---- notices of runs that succeed

FONT = "import matplotlib\nmatplotlib.rcParams['font.family'] = 'cmr10'\n"
FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1])\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("!no_such_program a", "The program no_such_program is not installed"),
        ("_ = subprocess.run('pdftotext_ a', shell=True)", "The program pdftotext_ is not installed"),
        ("!pip install a-package-of-nobody", "a-package-of-nobody is not installed"),
        ("!pip install fuzzywuzzy", "Use difflib"),
        ("import urllib.request\ntry:\n    urllib.request.urlopen('http://example.com')\nexcept OSError as e: print(e)",
         "tried to reach the network"),
        (f"{FIGURE}plt.title('日本語')\nplt.show()", "no installed font has all of them"),
        (f"{FONT}{FIGURE}plt.title('Ж')\nplt.show()", "plt.rcParams['font.family'] = "),
    ],
)  # fmt: skip
def test_a_run_that_succeeds_but_not_as_meant_has_a_notice(run: Run, code: str, words: str) -> None:
    """What a program or a library has only written about is stated."""
    execution = run(code)
    assert execution["status"] == "Succeeded" and words in execution.get("notice", ""), execution


@pytest.mark.parametrize(
    "code",
    ["print('a: not found')", "!echo a", "print('No glyph missing')", "import logging\nlogging.warning('not found')"],
)
def test_other_output_causes_no_notice(run: Run, code: str) -> None:
    """It is the code's own."""
    assert "notice" not in run(code)


def test_pip_fails_at_once_without_a_network(run: Run) -> None:
    """It does not try again."""
    assert "Retrying" not in run("!pip install a-package-of-nobody")["stdout"]
