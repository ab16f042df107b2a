"""python -m azure_checks: checks the templates and each azure.yaml, as far as that is possible without Azure."""

import sys

from .checks import findings
from .compiler import find_compiler
from .projects import ROOT, projects


def main() -> int:
    try:
        compiler = find_compiler()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    number = 0
    for project, prefix in projects(ROOT):
        found = findings(project)
        if compiler:
            report = compiler.check(project / "infra")
            print(*(f"{prefix}{note}\n" for note in report.notes), sep="", end="")
            found += report.findings
        print(*(f"{prefix}{finding}\n" for finding in found), sep="", end="")
        print(
            f"templates  {len(found)} finding{'' if len(found) == 1 else 's'} in {prefix}infra/ and {prefix}azure.yaml"
        )
        number += len(found)
    if compiler:
        print(f"compiler   {compiler.version()}: infra/ was linted, and its format and compiled files were checked")
    else:
        print("compiler   not found: infra/ was not linted, and its compiled files may be stale")
    return 1 if number else 0


if __name__ == "__main__":
    sys.exit(main())
