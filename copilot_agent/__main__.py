"""python -m copilot_agent: write an agent for Microsoft 365 Copilot, for one deployment of the app."""

import argparse
import sys
from pathlib import Path

from connector.contract.documents import Documents
from connector.contract.validation import read_document
from connector_package.options import add_deployment_options, deployment
from connector_package.package import ROOT, Entra, PackageError, SignIn

from .app_package import NO_REFERENCE, Choices, Json, write_app_package
from .document import CONTENTS
from .next_steps import next_steps


def main() -> int:
    """Write the app package and print the next steps. Returns 1, after an error message, if an option is wrong."""
    options = _parser().parse_args()
    try:
        url, caller_sign_in = deployment(options)
        choices = Choices(
            reference_id=options.reference_id or NO_REFERENCE,
            content=options.content,
            version=options.version,
            developer=options.developer,
            website=options.website,
        )
        document = _document(url, caller_sign_in)
        write_app_package(options.output, document, choices)
    except (PackageError, OSError) as error:
        print(f"The agent was not written. {error}", file=sys.stderr)
        return 1
    print(f"package    {options.output.resolve()}")
    print(f"connector  {url}")
    print(f"sign-in    {caller_sign_in.name}")
    print()
    print("\n".join(next_steps(options.output, document, caller_sign_in, choices)))
    return 0


def _document(url: str, caller_sign_in: SignIn) -> Json:
    """With Entra ID, for a host that signs in each of its users: the scheme for tokens is taken for a stored key."""
    if not isinstance(caller_sign_in, Entra):
        return Documents(read_document()).agents(url)
    return Documents(read_document(), caller_sign_in.contract).users(url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m copilot_agent", description=__doc__)
    add_deployment_options(parser)
    parser.add_argument(
        "--reference-id", default="", help="the ID of the key or the client that is registered for Copilot"
    )
    parser.add_argument(
        "--content",
        default=CONTENTS[0],
        help="what cards have of charts and files: links (default), which anyone can open who has them, or never",
    )
    parser.add_argument("--version", default="1.0.0", help="of the app, to be raised for an update (default: 1.0.0)")
    parser.add_argument("--developer", default="", help="the name of your organization (default: the host's)")
    parser.add_argument("--website", default="", help="your page on support, privacy and terms of use")
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=ROOT / "dist" / "copilot-agent" / "code-interpreter.zip",
        help="where to write the app package",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
