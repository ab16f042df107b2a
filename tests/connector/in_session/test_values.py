"""The value of a run as JSON: types of the standard library, numpy and pandas, and what has no JSON form."""

from typing import Any

import pytest

from tests.connector.in_session.kernels import Kernel

NUMPY = "import numpy as np\n"
PANDAS = "import pandas as pd\n"
SALES = PANDAS + "sales = pd.DataFrame({'k': ['a', 'a', 'b'], 'q': [1, 2, 1], 'v': [1.5, float('nan'), 2]})\n"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("import collections\ncollections.defaultdict(list, a=[1])", {"a": [1]}),
        ("import collections\ncollections.namedtuple('P', 'x y')(1, [2])", {"x": 1, "y": [2]}),
        ("import collections\nd = collections.deque([1, 2], 5)\nd", [1, 2]),
        ("import dataclasses as d\n@d.dataclass\nclass A:\n  x: int\n  y: object = None\nA(1, A(2))",
         {"x": 1, "y": {"x": 2, "y": None}}),
        ("import types, collections as c\n[types.SimpleNamespace(a={1}), types.MappingProxyType({'b': 2})]",
         [{"a": [1]}, {"b": 2}]),
        ("import collections as c\n[c.ChainMap({'a': 1}), c.UserDict(a=(1,)), c.UserList([1]), c.UserString('s')]",
         [{"a": 1}, {"a": [1]}, [1], "s"]),
        ("import collections as c\nclass D(c.UserDict):\n  def __iter__(self): 1 / 0\nD(a=1)", {"a": 1}),
        ("import sqlite3\nc = sqlite3.connect(':memory:')\nc.row_factory = sqlite3.Row\n"
         "c.execute('select 1 as a, 2 as b').fetchall()", [{"a": 1, "b": 2}]),
        ("class P:\n  __attrs_attrs__ = ()\nP()", {}),
        ("{3, 1, 2}", [1, 2, 3]),
        ("frozenset('ba')", ["a", "b"]),
        ("[{1: 'a'}.keys(), {1: 'a'}.values(), {1: 'a'}.items(), range(2)]", [[1], ["a"], [[1, "a"]], [0, 1]]),
        ("import array\narray.array('i', [1, 2])", [1, 2]),
        ("import pathlib\npathlib.Path('/mnt/data/a')", "/mnt/data/a"),
        ("import fractions\nfractions.Fraction(1, 3)", "1/3"),
        ("import enum\nclass C(enum.Enum):\n  R = 'red'\n[C.R, {C.R: C.R}]", ["red", {"red": "red"}]),
        ("import enum\nclass N(enum.IntEnum):\n  A = 1\nN.A", 1),
        ("import datetime as d\n[d.timedelta(1, 3661, 500), -d.timedelta(0, 90), d.timedelta()]",
         ["P1DT1H1M1.0005S", "-PT1M30S", "PT0S"]),
        ("[2 ** 53 - 1, 2 ** 53, -2 ** 53]", [2**53 - 1, str(2**53), str(-(2**53))]),
        ("class Big(int):\n  def __repr__(self): return 'big'\n[Big(7 * 10 ** 5000)]", ["7" + "0" * 5000]),
        ("{1: 'a', '1': 'b', None: 'c', (1, 2): 'd', frozenset([3]): 'e'}",
         {"1": "a", "1.1": "b", "null": "c", "(1, 2)": "d", "frozenset({3})": "e"}),
        ("[len, b'x', {'a': ...}]", ["<built-in function len>", "b'x'", {"a": "Ellipsis"}]),
        ("{'n': b'x' * 5000, 'm': 1}", {"n": repr(b"x" * 1000)[:1000], "m": 1}),
        ("class R:\n  def __repr__(self): return 'R'\n{'a': R(), 'b': 1}", {"a": "R", "b": 1}),
        (NUMPY + "[np.timedelta64(5, 'D'), np.array([1, 'NaT'], 'm8[h]'), np.timedelta64(1, 'ns')]",
         ["P5D", ["PT1H", None], "PT0.000000001S"]),
        (NUMPY + "np.array([(1, 'a')], dtype=[('n', int), ('t', 'U3')])", [{"n": 1, "t": "a"}]),
        (NUMPY + "np.ma.array([1, 2], mask=[0, 1])", [1, None]),
        (NUMPY + "[np.array([1j]), np.int64(2 ** 60), np.array(['a', None], dtype=object)]",
         [["1j"], str(2**60), ["a", None]]),
        (PANDAS + "[pd.Timedelta('1 days 2 ns'), pd.Period('2024-01'), pd.Interval(0, 1)]",
         ["P1DT0.000000002S", "2024-01", "(0, 1]"]),
        (PANDAS + "[pd.Categorical(['a', None]), pd.Index([1, 2]), pd.MultiIndex.from_tuples([(1, 'a')])]",
         [["a", None], [1, 2], [[1, "a"]]]),
        (PANDAS + "pd.date_range('2024-07-01', periods=1, tz='Europe/Berlin')", ["2024-07-01T00:00:00+02:00"]),
    ],
)  # fmt: skip
def test_value_of_a_type(used_kernel: Kernel, code: str, value: Any) -> None:
    """Also of members."""
    report = used_kernel.report(code)
    assert (report.is_ok, report.value, report.omitted) == (True, value, {})


@pytest.mark.parametrize("code", ["object()", "lambda: 1", "(n for n in [1])", "b'x'", SALES + "sales.groupby('k')"])
def test_no_value(used_kernel: Kernel, code: str) -> None:
    """Of an object that JSON cannot represent."""
    report = used_kernel.report(code)
    assert (report.is_ok, report.has_value, report.omitted) == (True, False, {})


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("class L(list):\n  def __iter__(self): raise SystemExit\nL([1])", [1]),
        ("class T(tuple):\n  def __iter__(self): raise SystemExit\nT([1])", [1]),
        ("class S(set):\n  def __iter__(self): raise SystemExit\nS([1])", [1]),
        ("class D(dict):\n  def __getitem__(self, k): raise SystemExit\n  keys = values = items = None\nD(a=1)",
         {"a": 1}),
        ("class F(float):\n  def __float__(self): raise SystemExit\n  __pos__ = None\nF(1.5)", 1.5),
        ("import collections\nclass O(collections.OrderedDict):\n  items = None\no = O(a=1, b=2)\n"
         "o.move_to_end('a')\n[o, list(o)]", [{"b": 2, "a": 1}, ["b", "a"]]),
        ("import datetime\nclass N(datetime.datetime):\n  def isoformat(self): raise SystemExit\nN(2024, 1, 1)",
         "2024-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_methods_of_subclasses_do_not_run(used_kernel: Kernel, code: str, value: Any) -> None:
    """They may do anything. Those of the base class are used."""
    report = used_kernel.report(code.replace("):\n", "):\n  def _repr_pretty_(self, p, cycle): p.text('shown')\n", 1))
    assert report.has_value and report.value == value
    if isinstance(value, list) and isinstance(value[0], dict):
        assert list(report.value[0]) == ["b", "a"]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("sales", [{"k": "a", "q": 1, "v": 1.5}, {"k": "a", "q": 2, "v": None}, {"k": "b", "q": 1, "v": 2.0}]),
        ("sales.set_index('k')[['q']]", [{"k": "a", "q": 1}, {"k": "a", "q": 2}, {"k": "b", "q": 1}]),
        ("sales[sales.q == 1][['q']]", [{"index": 0, "q": 1}, {"index": 2, "q": 1}]),
        ("sales.groupby('k')['q'].sum()", [{"k": "a", "q": 3}, {"k": "b", "q": 1}]),
        ("sales.groupby('k').size()", [{"k": "a", "value": 2}, {"k": "b", "value": 1}]),
        ("sales.k.value_counts()", [{"k": "a", "count": 2}, {"k": "b", "count": 1}]),
        ("sales.groupby(['k', 'q']).agg({'q': ['min', 'max']})",
         [{"k": "a", "q": 1, "q min": 1, "q max": 1}, {"k": "a", "q": 2, "q min": 2, "q max": 2},
          {"k": "b", "q": 1, "q min": 1, "q max": 1}]),
        ("sales.pivot_table(index='k', columns='q', values='v')", [{"k": "a", "1": 1.5}, {"k": "b", "1": 2.0}]),
        ("sales[['q']].describe().loc[['count', 'max']]", [{"index": "count", "q": 3.0}, {"index": "max", "q": 2.0}]),
        ("pd.DataFrame([[1, 2]], columns=['a', 'a'], index=pd.Index(['x'], name='a'))",
         [{"a": "x", "a.1": 1, "a.2": 2}]),
        ("pd.DataFrame({1: [2 ** 60], 'n': [pd.Timedelta(1, 's')]})", [{"1": str(2**60), "n": "PT1S"}]),
        ("pd.DataFrame()", []),
        ("sales.v", [1.5, None, 2.0]),
        ("sales.set_index('k').q", [{"k": "a", "q": 1}, {"k": "a", "q": 2}, {"k": "b", "q": 1}]),
        ("{'a': sales[['q']], 'n': 3}", {"a": [{"q": 1}, {"q": 2}, {"q": 1}], "n": 3}),
    ],
)  # fmt: skip
def test_value_of_a_frame(used_kernel: Kernel, code: str, value: Any) -> None:
    """Its records; of a series with the default index, its values."""
    report = used_kernel.report(SALES + code)
    assert (report.value, report.omitted) == (value, {})


def test_value_of_a_large_frame_is_shortened(used_kernel: Kernel) -> None:
    """To a thousand records, fewer if it is wide. The flag is set only then."""
    report = used_kernel.report(PANDAS + "pd.DataFrame({'n': range(2_000_000)})")
    assert (len(report.value), report.value[-1], report.omitted) == (1000, {"n": 999}, {"value": 1})
    report = used_kernel.report(PANDAS + "pd.DataFrame({'n': range(1000)})")
    assert (len(report.value), report.omitted) == (1000, {})
    report = used_kernel.report(PANDAS + "pd.DataFrame([range(500)] * 800)", max_characters=10_000_000)
    assert 50 < len(report.value) < 100 and report.omitted == {"value": 1}


def test_a_frame_with_more_columns_than_a_value_may_have_is_not_read(used_kernel: Kernel) -> None:
    """Each column of 60,000 takes time, and none of them would be in the value."""
    wide = "class Wide(pd.DataFrame):\n  head = None\n  _repr_html_ = None\n"
    report = used_kernel.report(PANDAS + wide + "Wide([range(60_000)])")
    assert (report.value, report.omitted) == ([], {"value": 1})


def test_columns_of_one_name_are_numbered(used_kernel: Kernel) -> None:
    """However many: counting from 1 for each of 20,000 would take half a minute."""
    keys = "class K:\n  __repr__ = lambda self: 'k'\n"
    value = used_kernel.report(keys + "{K(): 0 for _ in range(20_000)}", max_characters=10_000_000).value
    assert list(value) == ["k", *(f"k.{number}" for number in range(1, 20_000))]


def test_frames_of_other_libraries(used_kernel: Kernel) -> None:
    """A subclass of pandas' frame, such as GeoPandas has, is a table. Objects in cells are their text."""
    report = used_kernel.report(
        PANDAS + "class GeoDataFrame(pd.DataFrame):\n  _constructor = pd.DataFrame\n"
        "class Point:\n  def __str__(self): return 'POINT (1 2)'\n  def __repr__(self): return '<POINT>'\n"
        "GeoDataFrame({'geometry': [Point()]})"
    )
    assert report.value == [{"geometry": "POINT (1 2)"}]
    assert [output.content_type for output in report.outputs] == ["text/html", "application/json"]


def test_a_value_is_valid_text(used_kernel: Kernel) -> None:
    """Also the names of members. Two halves of a pair are a character."""
    report = used_kernel.report("{'\\ud800': ['\\ud83d\\ude00', 'a\\udc80']}")
    assert report.value == {"\ufffd": ["\U0001f600", "a\ufffd"]}
