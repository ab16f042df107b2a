"""python -m connector_package: a custom connector for one deployment of the app, ready for import."""

import argparse
import shlex
import sys
from pathlib import Path

from connector.contract.documents import Documents
from connector.contract.validation import read_document

from .package import ROOT, PackageError, api_url, sign_in, write_package


def main() -> int:
    """Writes the folder and says what to do with it; 1 when an option is wrong, after a sentence that says which."""
    options = _parser().parse_args()
    try:
        url = api_url(options.url)
        who = sign_in(options.auth, tenant_id=options.tenant_id, client_id=options.client_id, resource=options.resource)
        write_package(options.output, url, who, Documents(read_document()).makers)
    except (PackageError, OSError) as error:
        print(f"No connector package was written. {error}", file=sys.stderr)
        return 1
    print(f"package    {options.output.resolve()}")
    print(f"connector  {url}")
    print(f"sign-in    {who.name}")
    print(f"next       cd {shlex.quote(str(options.output))}, then: paconn login; {who.command}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector_package", description=__doc__)
    parser.add_argument(
        "--url", default="", help="address of the function app, such as https://YOUR-APP.azurewebsites.net"
    )
    parser.add_argument("--auth", default="key", help="how callers sign in: key (default) or entra")
    parser.add_argument("--tenant-id", default="", help="with entra: the tenant that callers belong to")
    parser.add_argument("--client-id", default="", help="with entra: the app registration that callers sign in to")
    parser.add_argument(
        "--resource",
        default="",
        help="with entra: what the token is for (default: CLIENT-ID, the app registration itself)",
    )
    parser.add_argument(
        "--output", metavar="FOLDER", type=Path, default=ROOT / "dist" / "connector-package", help="where to write it"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
