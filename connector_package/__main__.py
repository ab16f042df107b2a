"""python -m connector_package: generate the custom connectors for one deployment of the app.

That with the operations, in the folder `mcp` that of the MCP server, for agents in Copilot Studio, and in the folder
`solutions` what Power Automate imports: the connector, and flows that use it.
"""

import argparse
import sys
from pathlib import Path

from connector.contract.documents import Documents
from connector.contract.validation import read_document

from .next_steps import next_steps
from .options import add_deployment_options, deployment
from .package import ROOT, PackageError, write_package
from .solutions import write_solutions


def main() -> int:
    """Write the files and print the next steps. Returns 1, after an error message, if an option is wrong."""
    options = _parser().parse_args()
    try:
        url, caller_sign_in = deployment(options)
        documents = Documents(read_document())
        write_package(options.output, url, caller_sign_in, documents.makers)
        write_package(options.output / "mcp", url, caller_sign_in, documents.mcp, "mcp-readme.md")
        solutions = write_solutions(options.output / "solutions", url, caller_sign_in, documents.makers)
    except (PackageError, OSError) as error:
        print(f"The connector package was not written. {error}", file=sys.stderr)
        return 1
    print(f"package    {options.output.resolve()}")
    print(f"connector  {url}")
    print(f"sign-in    {caller_sign_in.name}")
    print()
    print("\n".join(next_steps(options.output, caller_sign_in, solutions)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector_package", description=__doc__)
    add_deployment_options(parser)
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        default=ROOT / "dist" / "connector-package",
        help="where to write the files",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
