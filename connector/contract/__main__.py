"""python -m connector.contract: a derived document, for an import where no running app can be reached."""

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from .documents import Documents
from .routes import route_prefix
from .sign_in import PUBLIC_AUTHORITY, EntraId, scope_of
from .validation import read_document


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    entra = None
    if options.tenant_id or options.resource:
        if not (options.tenant_id and options.resource):
            parser.error("--tenant-id and --resource belong together: with both, callers sign in with Entra ID")
        entra = EntraId(PUBLIC_AUTHORITY, options.tenant_id, scope_of([options.resource]))
    elif options.sign_in == "user":
        parser.error("--sign-in user is for Entra ID: add --tenant-id and --resource")
    documents = Documents(read_document(), entra)
    derive = {
        "swagger": documents.makers,
        "openapi": documents.users if options.sign_in == "user" else documents.agents,
        "openapi-full": documents.clients,
        "mcp-swagger": documents.mcp,
    }
    text = json.dumps(derive[options.document](options.url + route_prefix()), indent=4, ensure_ascii=False)
    if options.output is None:
        print(text)
        return 0
    try:
        options.output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as failure:
        print(f"{options.output} cannot be written: {failure.strerror}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector.contract", description=__doc__)
    parser.add_argument(
        "document",
        choices=["swagger", "openapi", "openapi-full", "mcp-swagger"],
        help=(
            "swagger: Swagger 2.0, for custom connectors; openapi: OpenAPI 3.0, for agents; openapi-full: OpenAPI 3.0 "
            "with all operations, for generated clients; mcp-swagger: Swagger 2.0, for the MCP server in Copilot Studio"
        ),
    )
    parser.add_argument(
        "--url",
        required=True,
        type=_address,
        help="address of the function app, such as https://YOUR-APP.azurewebsites.net",
    )
    parser.add_argument("--tenant-id", metavar="UUID", help="with Entra ID: the tenant of the callers")
    parser.add_argument(
        "--resource", metavar="AUDIENCE", help="with Entra ID: what tokens are for, such as api://CLIENT-ID"
    )
    parser.add_argument(
        "--sign-in",
        choices=["token", "user"],
        default="token",
        help="with Entra ID, in openapi: a token that the agent's program obtains (default), or a sign-in of each user",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="where to write it; by default, standard output")
    return parser


def _address(text: str) -> str:
    """The app's address, without a route prefix that was copied with it."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not the address of an app. Give one like https://YOUR-APP.azurewebsites.net"
        )
    return text.rstrip("/").removesuffix(route_prefix())


if __name__ == "__main__":
    sys.exit(main())
