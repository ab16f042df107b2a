"""Messages of pandas, NumPy, matplotlib and scikit-learn about values and calls that they do not accept: a table."""

MESSAGES = (
    (
        r"^OSError: '(?P<style>seaborn[\w-]*)' is not a valid package style",
        "The names of seaborn's styles have a version: plt.style.use('{style8}').",
    ),
    (r"max_features.*must be .*Got 'auto'", "Use `max_features='sqrt'`, or 1.0 for regression."),
    (
        r"(?:'mse'|'mae').*instead|must be a str among .*Got '(?:mse|mae|ls|lad|deviance)'",
        "Use 'squared_error', 'absolute_error' or 'log_loss'.",
    ),
    (r"penalty.*Got 'none'", "Use `penalty=None`."),
    (r"'mean_squared_error' is not a valid scoring value", "Use 'neg_mean_squared_error'."),
    (
        (
            r"could not convert string to numeric|agg function failed|Could not convert .* to numeric|"
            r"does not support operation '(?:mean|sum|std|var|median|prod)'|Cannot perform reduction '(?:mean|sum|"
            r"std)'"
        ),
        "Some columns are not numeric: pass `numeric_only=True`, or select the columns first.",
    ),
    (
        r"Cannot mask with non-boolean array containing NA",
        "Missing values are neither true nor false: use str.contains(..., na=False), or fillna(False).",
    ),
    (r"Can only use \.str accessor", "Convert the values first: s.astype(str).str."),
    (r"Can only use \.dt accessor", "Convert the values first: pd.to_datetime(s).dt."),
    (
        r"The truth value of a (?:Series|DataFrame|array)",
        "Use &, | and ~ with parentheses instead of and, or, not; or .any(), .all(), .empty.",
    ),
    (
        r"cannot reindex on an axis with duplicate labels|cannot reindex from a duplicate axis",
        "Remove duplicates first: df[~df.index.duplicated()], or reset_index().",
    ),
    (r"Index contains duplicate entries, cannot reshape", "Use pivot_table with aggfunc instead of pivot."),
    (
        r"assignment destination is read-only",
        "pandas returns read-only arrays: make a copy first, such as s.to_numpy(copy=True).",
    ),
    (
        r"Cannot (?:set|use) .*chained assignment|ChainedAssignmentError",
        "Assign in one step: df.loc[rows, 'column'] = value.",
    ),
    (
        r"Invalid value '.*' for dtype",
        "The column has another type. Convert it first, for example with df['a'] = df['a'].astype('float64').",
    ),
    (r"Using a non-tuple sequence for multidimensional indexing", "Index with a tuple: a[tuple(index)]."),
    (
        r"setting an array element with a sequence.*inhomogeneous",
        "The rows have different lengths: pass dtype=object, or pad them.",
    ),
    (
        r"module 'matplotlib' has no attribute 'plot'|module 'matplotlib' has no attribute 'show'",
        "Use `import matplotlib.pyplot as plt`.",
    ),
    (r"read_csv\(\) takes|read_excel\(\) takes", "Only the path is positional: name the other arguments."),
)
"""Other messages."""
