"""python -m azure_checks: what is wrong with infra/ and azure.yaml, as far as this machine can tell."""

import sys
from pathlib import Path

from .compiler import compilers
from .templates import findings

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    found = findings(ROOT)
    print(*found, sep="\n", end="\n" if found else "")
    compiler = next(compilers(), None)
    print(f"templates  {len(found)} findings in {len(list((ROOT / 'infra').glob('*.bicep')))} Bicep files")
    print(f"compiler   {' '.join(compiler) if compiler else 'none here: only the checks of azure_checks/ were made'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
