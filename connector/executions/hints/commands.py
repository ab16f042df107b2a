"""Programs that a session lacks, and commands that fail."""

import re

from .failure import Failure, Link
from .network import NO_NETWORK, UNREACHABLE

NOT_FOUND = re.compile(
    r"(?:^|\n)(?:/\S*/)?(?:ba|da|z)?sh: (?:line )?(?:\d+: )?(?P<program>[\w.+/-]+): (?:command )?not found",
    re.MULTILINE,
)
"""What shells write."""

_PROGRAMS: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(
        ("pdftotext", "pdfinfo", "mutool"),
        (("pypdf", "PyPDF2", "fitz", "pdfplumber"), "Extract the text before the upload."),
    ),
    **dict.fromkeys(
        ("pdftoppm", "pdftocairo", "gs"), (("fitz", "pypdfium2"), "Convert the pages to images before the upload.")
    ),
    "qpdf": (("pypdf", "PyPDF2", "fitz"), ""),
    "java": (("pdfplumber",), "Write it in Python."),
    "tesseract": (("easyocr",), "Recognize the text before the upload."),
    **dict.fromkeys(
        ("soffice", "libreoffice", "unoconv", "antiword", "catdoc"),
        (("docx", "openpyxl", "pptx", "reportlab"), "Convert the file before the upload."),
    ),
    "pandoc": (("docx", "markdown"), "Convert the file before the upload."),
    **dict.fromkeys(("wkhtmltopdf", "chromium", "google-chrome"), (("weasyprint", "reportlab", "matplotlib"), "")),
    "ffmpeg": (("imageio_ffmpeg", "moviepy", "cv2"), "Write animations as GIF: `writer='pillow'`."),
    **dict.fromkeys(("convert", "magick", "identify"), (("PIL",), "")),
    "dot": (("networkx", "matplotlib"), ""),
    "xls2csv": (("openpyxl", "pandas"), ""),
    "sqlite3": ((), "Use Python's module sqlite3."),
    **dict.fromkeys(("unzip", "zip", "7z", "7za"), ((), "Use Python's module zipfile.")),
    "unrar": ((), "Pack the files as ZIP before the upload."),
    "jq": ((), "Use Python's module json."),
    "file": ((), "Read the first bytes of the file."),
    **dict.fromkeys(("python", "python3"), ((), "Use sys.executable.")),
    "pip": ((), "Packages cannot be installed without network access."),
    **dict.fromkeys(
        ("conda", "mamba", "apt", "apt-get", "sudo", "yum", "brew", "npm"),
        ((), "Nothing can be installed in sessions."),
    ),
    **dict.fromkeys(("git", "curl", "wget", "ping", "ssh", "az"), ((), f"It would need the network, and {NO_NETWORK}")),
    **dict.fromkeys(("node", "Rscript", "R", "gcc", "g++", "make", "go", "dotnet"), ((), "Write it in Python.")),
}
"""For each program, packages that replace it, and what to do without them."""

_NAMED_BY_ERRORS = {
    "TesseractNotFoundError": "tesseract",
    "PDFInfoNotInstalledError": "pdftoppm",
    "JavaNotFoundError": "java",
    "ExecutableNotFound": "dot",
}
_STARTED = re.compile(r"No such file or directory: '(?P<program>.*)'")
LIST_INSTALLED = "CheckConnection lists what is installed."
_INSTALLS = re.compile(r"\b(?:pip3?|conda|mamba|apt|apt-get|uv)\b.*\binstall\b(?P<packages>.*)")


def hint(failure: Failure) -> str | None:
    for link in failure.links:
        program = link.text("program") or _NAMED_BY_ERRORS.get(link.name, "")
        if program and (link.is_os_error or link.name in _NAMED_BY_ERRORS):
            return missing_program(program, failure)
    started = _STARTED.search(failure.error.message) if failure.starts_program else None
    if started:
        return missing_program(started["program"], failure)
    if failure.error.name == "CalledProcessError":
        return _failed(failure.error, failure)
    return None


def missing_program(program: str, failure: Failure | None = None) -> str:
    """`failure` has what is installed, if it is known."""
    if "/" in program and not program.startswith(("/usr", "/bin", "/opt")):
        return f"The program {program} does not exist. Check its path."
    if " " in program:
        return (
            f"There is no program named {program!r}. Pass the program and its arguments as a list, or set shell=True."
        )
    name = program.rpartition("/")[2]
    packages, remedy = _PROGRAMS.get(name, ((), ""))
    installed = failure.modules if failure is not None else None
    found = [package for package in packages if package in (installed or ())]
    if found:
        remedy = f"Use the Python package {found[0]} instead."
    return f"The program {name} is not installed in this session. {remedy}".rstrip()


def _failed(error: Link, failure: Failure) -> str | None:
    command, written = error.text("command"), error.text("written")
    missing = NOT_FOUND.search(f"\n{written}")
    if missing:
        return missing_program(missing["program"], failure)
    if error.number("exitCode") == 127 and command:
        return missing_program(command.split()[0], failure)
    install = _INSTALLS.search(command or error.message.replace("', '", " "))
    if install:
        return not_installable(_packages(install["packages"]), failure.modules)
    if UNREACHABLE.search(written):
        return f"The command could not reach the network: {NO_NETWORK}"
    last = written.strip().rpartition("\n")[2][:300]
    return f"The command wrote: {last}" if last else None


def _packages(arguments: str) -> list[str]:
    words = re.findall(r"(?<![\w-])[A-Za-z][\w.-]*", arguments.split("]")[0])
    return [word for word in words if word not in ("U", "q", "y")]


def not_installable(packages: list[str], installed: frozenset[str] | None) -> str:
    """What to do instead of installing packages."""
    from .substitutes import IMPORT_NAMES, substitute  # the table is large, and seldom needed

    sentences = [
        "Packages cannot be installed without network access, which sessions have only if the pool allows egress."
    ]
    for package in packages[:3]:
        module = IMPORT_NAMES.get(package.lower(), package).replace("-", "_")
        if installed is not None and module in installed:
            sentences.append(f"{package} is installed already: import {module}.")
        elif installed is not None:
            instead = substitute(module, installed)
            sentences.append(f"{package} is not installed.{instead}")
    return " ".join(sentences if len(sentences) > 1 else [*sentences, LIST_INSTALLED])
