"""Names that users of SharePoint, OneDrive, Outlook and Linux give to files and folders."""

UPLOADED = [
    # Dashes, quotes and brackets of other scripts, and what Office and Outlook add.
    "Umsatz – Q1.csv",
    "Umsatz — „endgültig“ «2».csv",
    "‘a’ “b”.txt",
    "報告（最終）【1】.xlsx",
    "Q1: Zahlen: alle.csv",
    "RE: FW: data:x,y.msg",
    # Emoji, with joiners and variation selectors; digits and letters that are rare.
    "👍.txt",
    "👩‍👩‍👧‍👦 ❤️.txt",
    "½ cup² Ⅷ ٢٠٢٦ €.txt",
    "𠮷野家.txt",
    "हिन्दी.txt",
    "e\u0301te\u0301.txt",  # as macOS writes accents
    "\ufeffb\xa0o\u2028m\u202e.txt",
    # Punctuation with a meaning in addresses, headers, shells or on Windows.
    "a+b c.csv",
    "wow! it's ~[x] {y}.txt",
    'say "hi".txt',
    "a*b? <c> |d|.txt",
    "100%.csv",
    "%41 %2B %00.txt",
    "#1 a&b=c;d,e@f$g^h(i).txt",
    "-rf",
    "--help",
    "con.txt",
    # Dots and spaces at an end.
    ".hidden",
    "...",
    "dot.",
    " before.txt",
    "after ",
    "content",
    "x" * 251 + ".txt",
    "é" * 125 + ".txt",
]
"""Of files that every kind of upload stores."""

ONLY_IN_JSON = ["a%2Fb.csv", "a%22b.csv"]
"""In an address, %2F may be a slash. In the headers of parts, browsers write %22 for a quote."""

FOLDERS = ["v1.2", "2024.Q1/Umsatz – Q1", "plain/of „odd“/deep", "100%/%2F", " a /👍", ".config", "..x", "e\u0301"]
"""Folders that the pool does not take, but sessions can have."""

WRITTEN: list[bytes] = [
    *(name.encode() for name in (*UPLOADED, *ONLY_IN_JSON)),
    *(f"{folder}/in a folder.txt".encode() for folder in FOLDERS),
    *(f"{FOLDERS[1]}/{name}".encode() for name in ("Umsatz – Q1.csv", "100%.csv", "été.txt")),
    b"plain/plain.txt",
    b"back\\slash.txt",
    b"C:\\temp\\a.txt",
    b"line\nbreak.txt",
    b'quote"\r\nX-Injected: yes.txt',
    b"tab\tbell\x07.txt",
    b"new\nline/a.txt",
    b"back\\slash/a.txt",
    b"mnt/data/a.txt",
    b"mnt/data/mnt/data/b.txt",
    b"caf\xe9.txt",  # Latin-1
    b"\xff\xfe",
    b"stra\xdfe/a.txt",
]
"""Paths that a run gives to files. The last of them are not UTF-8."""


def as_listed(path: bytes) -> tuple[str, str]:
    """The folder and name of a path, as lists show them."""
    text = path.decode("utf-8", "surrogateescape")
    folder, _, name = "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in text).rpartition("/")
    return f"/mnt/data/{folder}" if folder.startswith("mnt/data") else folder, name
