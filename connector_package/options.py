"""The options that describe a deployment of the app: where it is, and how its callers sign in."""

import argparse

from .package import SignIn, api_url, sign_in


def add_deployment_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", default="", help="the URL of the function app, such as https://YOUR-APP.azurewebsites.net"
    )
    parser.add_argument("--auth", default="key", help="how callers sign in: key (default) or entra")
    parser.add_argument("--tenant-id", default="", help="with entra: the tenant of the callers")
    parser.add_argument("--client-id", default="", help="with entra: the app registration that callers sign in with")
    parser.add_argument(
        "--resource",
        default="",
        help="with entra: the resource that the token is for (default: the app registration itself, CLIENT-ID)",
    )


def deployment(options: argparse.Namespace) -> tuple[str, SignIn]:
    """The URL of the operations, and the way to sign in. Raises PackageError."""
    caller_sign_in = sign_in(
        options.auth, tenant_id=options.tenant_id, client_id=options.client_id, resource=options.resource
    )
    return api_url(options.url), caller_sign_in
