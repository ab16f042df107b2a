"""What is installed in place of packages that are not: a table of knowledge, and who reads it."""

import sys
from collections.abc import Set

IMPORT_NAMES = {
    "pillow": "PIL",
    "beautifulsoup4": "bs4",
    "beautifulsoup": "bs4",
    "scikit-learn": "sklearn",
    "scikit_learn": "sklearn",
    "scikitlearn": "sklearn",
    "opencv": "cv2",
    "opencv-python": "cv2",
    "opencv_python": "cv2",
    "pyyaml": "yaml",
    "python-docx": "docx",
    "python_docx": "docx",
    "python-pptx": "pptx",
    "python_pptx": "pptx",
    "scikit-image": "skimage",
    "scikit_image": "skimage",
    "pymupdf": "fitz",
    "python-dateutil": "dateutil",
    "python_dateutil": "dateutil",
    "attrs": "attr",
    "odfpy": "odf",
    "python-calamine": "python_calamine",
    "pycryptodome": "Crypto",
    "pyjwt": "jwt",
    "msoffcrypto-tool": "msoffcrypto",
    "pil": "PIL",
    "dotenv": "dotenv",
    "python-dotenv": "dotenv",
    "faiss": "faiss",
    "memory-profiler": "memory_profiler",
    "pypdf2": "PyPDF2",
    "fpdf2": "fpdf",
    "levenshtein": "Levenshtein",
}
"""Modules by the names that their packages have on PyPI."""

MOVED_MODULES = {
    "sklearn.externals": "sklearn.externals has been removed. Import joblib itself: `import joblib`.",
    "sklearn.cross_validation": "sklearn.cross_validation has been removed. Use sklearn.model_selection.",
    "sklearn.grid_search": "sklearn.grid_search has been removed. Use sklearn.model_selection.",
    "sklearn.preprocessing.imputation": "Use `from sklearn.impute import SimpleImputer`.",
    "pandas.io.json.json_normalize": "Use pd.json_normalize.",
    "pandas.util.testing": "pandas.util.testing has been removed. Use pandas.testing.",
    "pandas.plotting._matplotlib": "pandas.plotting._matplotlib is not public. Use pandas.plotting.",
    "pandas.tools": "pandas.tools has been removed. Use pandas.plotting, or functions of pandas itself.",
    "numpy.core": "numpy.core is not public. Use functions of numpy itself.",
    "numpy.distutils": "numpy.distutils has been removed. Use setuptools.",
    "scipy.misc": "scipy.misc has been removed. Use scipy.special, scipy.datasets or imageio.",
    "matplotlib.finance": "matplotlib.finance has been removed. Draw candlesticks with ax.vlines and ax.bar.",
    "mpl_finance": "Draw candlesticks with matplotlib: ax.vlines for the range, ax.bar for open and close.",
    "google.colab": (
        "Leave out google.colab: uploaded files are in /mnt/data, and files that are written there can be downloaded."
    ),
    "distutils": "distutils has been removed from Python. Use setuptools, shutil or packaging.",
    "imp": "imp has been removed from Python. Use importlib.",
    "StringIO": "Use `from io import StringIO`.",
    "cStringIO": "Use `from io import BytesIO`.",
    "urllib2": "Use urllib.request.",
    "urlparse": "Use urllib.parse.",
    "Queue": "Use `import queue`.",
    "ConfigParser": "Use `import configparser`.",
    "HTMLParser": "Use `from html.parser import HTMLParser`.",
    "cPickle": "Use `import pickle`.",
    "Tkinter": "Sessions have no display. Draw with matplotlib.",
    "tkinter": "Sessions have no display. Draw with matplotlib.",
    "_tkinter": "Sessions have no display. Draw with matplotlib.",
}
"""Modules that have moved or been removed, or are of no use in a session."""

_SUBSTITUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "xlsxwriter": (("openpyxl", "Use openpyxl: `engine='openpyxl'`"),),
    "openpyxl": (
        ("xlsxwriter", "Write with xlsxwriter: `engine='xlsxwriter'`"),
        ("python_calamine", "Read with `engine='calamine'`"),
    ),
    "xlrd": (
        ("python_calamine", "Read with `engine='calamine'`"),
        ("openpyxl", "Save the workbook as .xlsx, which openpyxl reads"),
    ),
    "python_calamine": (("openpyxl", "Save the file as .xlsx, which openpyxl reads"),),
    "pyxlsb": (
        ("python_calamine", "Read with `engine='calamine'`"),
        ("openpyxl", "Save the workbook as .xlsx, which openpyxl reads"),
    ),
    "odf": (
        ("python_calamine", "Read with `engine='calamine'`"),
        ("openpyxl", "Use .xlsx, which openpyxl reads and writes"),
    ),
    "tabulate": (("pandas", "Use df.to_string() or df.to_csv()"),),
    "prettytable": (("tabulate", "Use tabulate"), ("pandas", "Use df.to_string()")),
    "pyarrow": (
        ("fastparquet", "Use fastparquet: `engine='fastparquet'`"),
        ("polars", "polars reads and writes Parquet"),
        ("duckdb", "duckdb reads and writes Parquet"),
        ("pandas", "Use CSV or pickle: df.to_csv, df.to_pickle"),
    ),
    "jinja2": (
        (
            "pandas",
            "Use the frame without .style: df.to_html(), df.to_string(), or df.round() and df.map() for formats",
        ),
    ),
    "lxml": (("xml", "Use xml.etree.ElementTree, `pd.read_xml(..., parser='etree')`, or html.parser"),),
    "html5lib": (("lxml", "Use lxml: `flavor='lxml'`"), ("html", "Use html.parser")),
    "bs4": (("lxml", "Use lxml.html"), ("html", "Use html.parser")),
    "tables": (("h5py", "Use h5py"), ("pandas", "Use df.to_pickle or df.to_csv")),
    "h5py": (("numpy", "Use np.savez"),),
    "numexpr": (("pandas", "Use `engine='python'`"),),
    "seaborn": (("matplotlib", "Use matplotlib: plt.hist, plt.boxplot, plt.imshow, df.plot"),),
    "plotly": (("matplotlib", "Use matplotlib, or df.plot"),),
    "altair": (("plotly", "Use plotly"), ("matplotlib", "Use matplotlib, or df.plot")),
    "bokeh": (("plotly", "Use plotly"), ("matplotlib", "Use matplotlib, or df.plot")),
    "wordcloud": (("matplotlib", "Count words with collections.Counter, and draw a bar chart"),),
    "squarify": (("plotly", "Use plotly.express.treemap"), ("matplotlib", "Draw rectangles with matplotlib")),
    "polars": (("pandas", "Use pandas"),),
    "dask": (("pandas", "Use pandas with chunksize"),),
    "modin": (("pandas", "Use pandas"),),
    "duckdb": (("sqlite3", "Use sqlite3 with df.to_sql, or pandas"),),
    "pandasql": (("duckdb", "Use duckdb.sql"), ("sqlite3", "Use sqlite3 with df.to_sql and pd.read_sql")),
    "sqlalchemy": (("sqlite3", "Use sqlite3.connect, which df.to_sql and pd.read_sql accept"),),
    "statsmodels": (("scipy", "Use scipy.stats, such as linregress, or np.polyfit"),),
    "sympy": (("scipy", "Compute numerically with scipy.optimize or scipy.integrate"),),
    "pingouin": (("scipy", "Use scipy.stats"),),
    "xgboost": (
        ("lightgbm", "Use lightgbm"),
        ("sklearn", "Use sklearn.ensemble.HistGradientBoostingClassifier or -Regressor"),
    ),
    "lightgbm": (
        ("xgboost", "Use xgboost"),
        ("sklearn", "Use sklearn.ensemble.HistGradientBoostingClassifier or -Regressor"),
    ),
    "catboost": (
        ("xgboost", "Use xgboost"),
        ("sklearn", "Use sklearn.ensemble.HistGradientBoostingClassifier or -Regressor"),
    ),
    "imblearn": (("sklearn", "Use class_weight='balanced', or sklearn.utils.resample"),),
    "prophet": (
        ("statsmodels", "Use statsmodels.tsa.holtwinters"),
        ("numpy", "Fit trend and season with np.linalg.lstsq"),
    ),
    "torch": (("sklearn", "Use sklearn.neural_network for small networks"),),
    "tensorflow": (("torch", "Use torch"), ("sklearn", "Use sklearn.neural_network for small networks")),
    "keras": (("torch", "Use torch"), ("sklearn", "Use sklearn.neural_network for small networks")),
    "nltk": (("sklearn", "Use sklearn.feature_extraction.text, or re"), ("re", "Use re and collections.Counter")),
    "spacy": (("nltk", "Use nltk"), ("sklearn", "Use sklearn.feature_extraction.text, or re")),
    "textblob": (("nltk", "Use nltk"), ("re", "Use re with a list of words")),
    "fuzzywuzzy": (
        ("rapidfuzz", "Use rapidfuzz"),
        ("difflib", "Use difflib.SequenceMatcher or difflib.get_close_matches"),
    ),
    "thefuzz": (
        ("rapidfuzz", "Use rapidfuzz"),
        ("difflib", "Use difflib.SequenceMatcher or difflib.get_close_matches"),
    ),
    "rapidfuzz": (("difflib", "Use difflib.SequenceMatcher or difflib.get_close_matches"),),
    "Levenshtein": (("rapidfuzz", "Use rapidfuzz.distance"), ("difflib", "Use difflib.SequenceMatcher")),
    "cv2": (("skimage", "Use skimage"), ("PIL", "Use PIL, with numpy and scipy.ndimage")),
    "skimage": (("cv2", "Use cv2"), ("PIL", "Use PIL, with numpy and scipy.ndimage")),
    "imageio": (("PIL", "Use PIL: Image.open, and Image.save with save_all for animations"),),
    "PyPDF2": (("pypdf", "Use pypdf"), ("fitz", "Use fitz"), ("pdfplumber", "Use pdfplumber")),
    "pypdf": (("PyPDF2", "Use PyPDF2"), ("fitz", "Use fitz"), ("pdfplumber", "Use pdfplumber")),
    "pdfplumber": (("pypdf", "Use pypdf"), ("fitz", "Use fitz"), ("PyPDF2", "Use PyPDF2")),
    "fitz": (("pypdf", "Use pypdf"), ("pdfplumber", "Use pdfplumber"), ("PyPDF2", "Use PyPDF2")),
    "pdfminer": (("pypdf", "Use pypdf"), ("fitz", "Use fitz"), ("PyPDF2", "Use PyPDF2")),
    "tabula": (("pdfplumber", "Use pdfplumber's extract_tables"),),
    "camelot": (("pdfplumber", "Use pdfplumber's extract_tables"),),
    "reportlab": (("fpdf", "Use fpdf"), ("matplotlib", "Write pages with matplotlib.backends.backend_pdf.PdfPages")),
    "fpdf": (
        ("reportlab", "Use reportlab"),
        ("matplotlib", "Write pages with matplotlib.backends.backend_pdf.PdfPages"),
    ),
    "weasyprint": (
        ("reportlab", "Use reportlab"),
        ("matplotlib", "Write pages with matplotlib.backends.backend_pdf.PdfPages"),
    ),
    "pdfkit": (
        ("reportlab", "Use reportlab"),
        ("matplotlib", "Write pages with matplotlib.backends.backend_pdf.PdfPages"),
    ),
    "docx": (("zipfile", "A .docx is a ZIP file: read word/document.xml with zipfile and xml.etree.ElementTree"),),
    "pptx": (("zipfile", "A .pptx is a ZIP file: read ppt/slides/*.xml with zipfile and xml.etree.ElementTree"),),
    "yaml": (("ruamel", "Use ruamel.yaml"), ("json", "Use JSON, if you choose the format")),
    "toml": (("tomllib", "Use tomllib"),),
    "tomli": (("tomllib", "Use tomllib"),),
    "orjson": (("json", "Use json"),),
    "ujson": (("json", "Use json"),),
    "simplejson": (("json", "Use json"),),
    "demjson": (("json", "Use json"),),
    "pytz": (("zoneinfo", "Use zoneinfo.ZoneInfo"),),
    "arrow": (("datetime", "Use datetime and zoneinfo"),),
    "pendulum": (("datetime", "Use datetime and zoneinfo"),),
    "dateutil": (("datetime", "Use datetime"),),
    "chardet": (("charset_normalizer", "Use charset_normalizer"),),
    "tqdm": (("builtins", "Leave it out: iterate without it"),),
    "rich": (("builtins", "Leave it out: use print"),),
    "tabulator": (("pandas", "Use pandas"),),
    "colorama": (("builtins", "Leave it out: output has no colors"),),
    "termcolor": (("builtins", "Leave it out: output has no colors"),),
    "nest_asyncio": (("builtins", "Leave it out: `await` works at the top level"),),
    "requests": (("urllib", "Use urllib.request, if the pool allows network access"),),
    "httpx": (("requests", "Use requests"), ("urllib", "Use urllib.request, if the pool allows network access")),
    "aiohttp": (("requests", "Use requests"), ("urllib", "Use urllib.request, if the pool allows network access")),
    "yfinance": (("builtins", "It needs the network: fetch the data beforehand, and upload it with UploadFile"),),
    "pandas_datareader": (
        ("builtins", "It needs the network: fetch the data beforehand, and upload it with UploadFile"),
    ),
    "pyodbc": (("builtins", "Query the database beforehand, and upload the rows with UploadFile"),),
    "psycopg2": (("builtins", "Query the database beforehand, and upload the rows with UploadFile"),),
    "pymssql": (("builtins", "Query the database beforehand, and upload the rows with UploadFile"),),
    "mysql": (("builtins", "Query the database beforehand, and upload the rows with UploadFile"),),
    "pymysql": (("builtins", "Query the database beforehand, and upload the rows with UploadFile"),),
    "streamlit": (("matplotlib", "Sessions serve no pages: draw with matplotlib"),),
    "dash": (("matplotlib", "Sessions serve no pages: draw with matplotlib"),),
    "gradio": (("matplotlib", "Sessions serve no pages: draw with matplotlib"),),
    "joblib": (("pickle", "Use pickle"),),
    "cloudpickle": (("pickle", "Use pickle"),),
    "openai": (
        ("builtins", "Sessions have no network access unless the pool allows egress: call models outside of the code"),
    ),
}
"""For each module, others with what to do, the best first. Those of Python itself are always installed."""

_SAME = {"fastparquet": "pyarrow", "calamine": "python_calamine", "pdf2image": "fitz", "webcolors": "matplotlib"}


def substitute(module: str, installed: Set[str] | None, source: str = "") -> str:
    """A sentence with the best substitute that is installed, after a space. Empty if there is none.

    `source` is the line that needs the module.
    """
    if "read_html" in source and module in ("lxml", "html5lib", "bs4"):
        return " Use html.parser.HTMLParser, or save the table as CSV."
    if "read_parquet" in source and not (installed or set()) & {"fastparquet", "pyarrow", "polars", "duckdb"}:
        return " Save the data as CSV before the upload."
    if module == "fastparquet" and installed and "pyarrow" in installed:
        return " Use pyarrow: `engine='pyarrow'`."
    for other, remedy in _SUBSTITUTES.get(_SAME.get(module, module), ()):
        if other in sys.stdlib_module_names or other in (installed or ()):
            return f" {remedy}."
    return ""
