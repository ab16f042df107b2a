"""What makers import for Power Automate: the two solutions, and the code that the flows run."""

import shutil
from pathlib import Path

from .connector_solution import connector_solution
from .flow_solution import flow_solution
from .package import ROOT, Document, SignIn

CODE = ROOT / "examples" / "workflow_code"


def write_solutions(folder: Path, url: str, caller_sign_in: SignIn, document: Document) -> list[Path]:
    """Write the solutions to `folder`, and to its folder `code` the files that makers put into their library.

    Returns the paths of the solutions in the order in which they are imported: the connector, then the flows.
    """
    definition = document(url)
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    for source in sorted(CODE.glob("*.py")):
        shutil.copyfile(source, code / source.name)
    written = []
    for solution in (connector_solution(definition, caller_sign_in), flow_solution(definition["info"]["version"])):
        path = folder / solution.file_name
        path.write_bytes(solution.archive())
        written.append(path)
    return written
