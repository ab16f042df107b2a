"""The two solutions for Power Automate, in the order in which makers import them."""

from pathlib import Path

from .connector_solution import connector_solution
from .flow_solution import flow_solution
from .package import Document, SignIn


def write_solutions(folder: Path, url: str, caller_sign_in: SignIn, document: Document) -> list[Path]:
    """Write the solution with the connector and that with the flows to `folder`. Returns their paths, in this order."""
    definition = document(url)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for solution in (connector_solution(definition, caller_sign_in), flow_solution(definition["info"]["version"])):
        path = folder / solution.file_name
        path.write_bytes(solution.archive())
        written.append(path)
    return written
