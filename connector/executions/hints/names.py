"""Names that are not defined: imports that were forgotten, words of JSON, variables of earlier runs, typing errors."""

import re

from .failure import Failure, alternatives
from .syntax import HAS_MARKUP

_IMPORTS = {
    "pd": "import pandas as pd",
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "px": "import plotly.express as px",
    "go": "import plotly.graph_objects as go",
    "pl": "import polars as pl",
    "sp": "import scipy as sp",
    "sm": "import statsmodels.api as sm",
    "mpl": "import matplotlib as mpl",
    "mdates": "import matplotlib.dates as mdates",
    "tf": "import tensorflow as tf",
    "dt": "import datetime as dt",
    "nx": "import networkx as nx",
    "ET": "import xml.etree.ElementTree as ET",
    "BytesIO": "from io import BytesIO",
    "StringIO": "from io import StringIO",
    "Path": "from pathlib import Path",
    "timedelta": "from datetime import timedelta",
    "date": "from datetime import date",
    "Counter": "from collections import Counter",
    "defaultdict": "from collections import defaultdict",
    "OrderedDict": "from collections import OrderedDict",
    "namedtuple": "from collections import namedtuple",
    "Decimal": "from decimal import Decimal",
    "dataclass": "from dataclasses import dataclass",
    "Image": "from PIL import Image",
    "List": "from typing import List",
    "Dict": "from typing import Dict",
    "Optional": "from typing import Optional",
    "Any": "from typing import Any",
    "sleep": "from time import sleep",
    "partial": "from functools import partial",
    "reduce": "from functools import reduce",
    "pprint": "from pprint import pprint",
    "randint": "from random import randint",
    "sqrt": "from math import sqrt",
    "LinearRegression": "from sklearn.linear_model import LinearRegression",
    "train_test_split": "from sklearn.model_selection import train_test_split",
    "StandardScaler": "from sklearn.preprocessing import StandardScaler",
    "KMeans": "from sklearn.cluster import KMeans",
}
_MODULES = frozenset(
    "os sys re io json csv math random time datetime string glob shutil base64 zipfile itertools functools collections "
    "statistics pathlib subprocess sqlite3 decimal hashlib uuid copy pickle operator textwrap calendar urllib requests "
    "asyncio logging warnings struct types typing traceback heapq bisect fractions platform tempfile threading html "
    "pandas numpy matplotlib scipy sklearn seaborn plotly openpyxl unicodedata locale secrets inspect gzip".split()
)
_JSON = {"true": "True", "false": "False", "null": "None"}
_OTHER_LANGUAGES = {
    "undefined": "None",
    "NULL": "None",
    "nil": "None",
    "TRUE": "True",
    "FALSE": "False",
    "nan": "float('nan')",
    "NaN": "float('nan')",
    "inf": "float('inf')",
    "xrange": "range",
    "unicode": "str",
    "raw_input": "a value in the code",
    "basestring": "str",
    "long": "int",
    "unichr": "chr",
}
_ESCAPED = re.compile(r"&(lt|gt|amp|quot|nbsp);")
_NEW_SESSION = (
    "This session has no variables from earlier runs: it is new, or its interpreter was restarted. Run the code that "
    "sets them first."
)
_NAME = re.compile(r"name '(\w+)' is not defined")


def hint(failure: Failure) -> str | None:
    error = failure.error
    found = _NAME.search(error.message) if error.name == "NameError" else None
    if found is None:
        return None
    name = found[1]
    if name in ("lt", "gt", "amp", "quot", "nbsp") and _ESCAPED.search(failure.source):
        return HAS_MARKUP
    if name in _JSON:
        return f"In Python, {name} is written {_JSON[name]}. Read JSON text with json.loads."
    if name in _OTHER_LANGUAGES:
        return f"Python has no {name}: use {_OTHER_LANGUAGES[name]}."
    if error.is_true("isDefinedInCode"):
        return None
    if name in _IMPORTS:
        return f"Import it first: `{_IMPORTS[name]}`."
    if name in _MODULES:
        return f"Import it first: `import {name}`."
    similar = error.texts("similar")
    if similar:
        return f"Did you mean {alternatives(similar)}?"
    return _NEW_SESSION if failure.is_new_session else None
