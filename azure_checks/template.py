"""python -m azure_checks.template: compiles the templates of each project, and writes the snapshots of their scenarios.

It needs the standard library alone.
"""

import sys
from pathlib import Path

from .compiler import CompilationFailed, compiled_files, find_compiler
from .projects import ROOT, projects


def main() -> int:
    try:
        compiler = find_compiler()
        if compiler is None:
            raise FileNotFoundError("No Bicep compiler was found. Run `az bicep install`, or set BICEP to the program.")
        for project, prefix in projects(ROOT):
            write(project / "infra", compiler.compile(project / "infra"), prefix)
    except (FileNotFoundError, CompilationFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def write(infra: Path, current: dict[str, str], prefix: str = "") -> None:
    """Writes the files that changed, and deletes the snapshots that belong to no scenario."""
    committed = compiled_files(infra)
    for file, text in current.items():
        if committed.get(file) != text:
            (infra / file).write_text(text, encoding="utf-8")
            print(f"wrote {prefix}infra/{file}")
    for file in committed.keys() - current.keys():
        (infra / file).unlink()
        print(f"deleted {prefix}infra/{file}")


if __name__ == "__main__":
    sys.exit(main())
