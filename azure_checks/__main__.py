"""python -m azure_checks: checks infra/ and azure.yaml, as far as that is possible without Azure."""

import sys
from pathlib import Path

from .checks import findings
from .compiler import find_compiler

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    try:
        compiler = find_compiler()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    found = findings(ROOT)
    if compiler:
        report = compiler.check(ROOT / "infra")
        print(*report.notes, sep="\n", end="\n" if report.notes else "")
        found += report.findings
    print(*found, sep="\n", end="\n" if found else "")
    print(f"templates  {len(found)} finding{'' if len(found) == 1 else 's'} in infra/ and azure.yaml")
    if compiler:
        print(f"compiler   {compiler.version()}: infra/ was linted, and its format and compiled files were checked")
    else:
        print("compiler   not found: infra/ was not linted, and its compiled files may be stale")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
