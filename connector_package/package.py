"""The files of custom connectors, for one deployment and one way to sign in.

The operations come from the makers' document, or from that of the MCP server; everything else from power-platform/. A
package is for one deployment:
with the policy that takes the host from the connection, a key would be sent to any host that a maker enters.
"""

import ipaddress
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connector.contract.routes import route_prefix
from connector.contract.sign_in import PUBLIC_AUTHORITY, EntraId, scope_of

Json = dict[str, Any]
Document = Callable[[str], Json]
"""Returns the Swagger 2.0 document for the URL of the operations."""

ROOT = Path(__file__).resolve().parent.parent
POWER_PLATFORM = ROOT / "power-platform"
SCRIPT = "create_connector.sh"
"""In each package: creates or updates the connector, with pac or paconn."""

EXAMPLE_URL = "https://YOUR-APP.azurewebsites.net"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SETTINGS = {  # for paconn, which asks for the environment
    "apiProperties": "apiProperties.json",
    "apiDefinition": "apiDefinition.swagger.json",
    "icon": "icon.png",
    "powerAppsUrl": "https://api.powerapps.com",
    "powerAppsApiVersion": "2016-11-01",
}


class PackageError(Exception):
    """An option is wrong; the message names it and states what is expected."""


@dataclass(frozen=True)
class FunctionKey:
    """Callers sign in with a function key, which is stored in the connection."""

    name = "function key"

    def definition(self, document: Json) -> Json:
        return document

    def properties(self) -> Json:
        return _template("key")


@dataclass(frozen=True)
class Entra:
    """Callers sign in as themselves, with the app registration `client_id`, for a token for `resource`.

    If both are the same registration, `resource` must be its client ID: Entra ID refuses the application ID URI with
    AADSTS90009, at the latest when the token is renewed.

    Each connector has a redirect URL of its own, which exists when the connector does (`redirectMode`): connectors that
    have been made since February 2024 must not share one.
    """

    tenant_id: str
    client_id: str
    resource: str
    name = "Entra ID"

    @property
    def contract(self) -> EntraId:
        """The sign-in, as documents of the contract declare it."""
        return EntraId(PUBLIC_AUTHORITY, self.tenant_id, scope_of([self.resource]))

    def definition(self, document: Json) -> Json:
        return self.contract.makers(document)

    def properties(self) -> Json:
        values = {"TENANT-ID": self.tenant_id, "CLIENT-ID": self.client_id, "RESOURCE": self.resource}
        filled: Json = _filled(_template("entra"), values)
        return filled


SignIn = FunctionKey | Entra


def sign_in(auth: str, *, tenant_id: str = "", client_id: str = "", resource: str = "") -> SignIn:
    """The way to sign in that the options describe. Raises PackageError."""
    if auth == "key":
        return FunctionKey()
    if auth != "entra":
        raise PackageError(f"AUTH is '{auth}'. Set it to key (a function key) or entra (sign-in with Entra ID).")
    for name, value in (("TENANT_ID", tenant_id), ("CLIENT_ID", client_id)):
        if not _UUID.fullmatch(value):
            problem = f"is '{value}'" if value else "is missing"
            raise PackageError(f"{name} {problem}. With AUTH=entra, set it to the UUID that the Azure portal shows.")
    return Entra(tenant_id, client_id, resource or client_id)


def api_url(url: str) -> str:
    """The URL of the operations, from that of the function app. Raises PackageError."""
    if not url:
        raise PackageError(f"URL is missing. Set it to the URL of your function app: URL={EXAMPLE_URL}")
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname or "", parts.port is not None
    except ValueError:
        parts, host, has_port = urlsplit(""), "", False
    prefix = route_prefix()
    if parts.query or parts.fragment or "@" in parts.netloc:  # it may contain a key, which must not be printed
        raise PackageError(f"URL contains more than a host. Remove the key and everything else: URL={EXAMPLE_URL}")
    if parts.scheme == "http" or _is_local(host):
        raise PackageError(f"URL is '{url}'. It is called from the cloud, over https: URL={EXAMPLE_URL}")
    if parts.scheme != "https" or "." not in host or has_port or parts.path.rstrip("/") not in ("", prefix):
        raise PackageError(f"URL is '{url}'. Set it to the URL of a function app, such as {EXAMPLE_URL}")
    if host == urlsplit(EXAMPLE_URL).hostname:  # whoever has that name would get the keys of makers
        raise PackageError(f"URL is '{url}', the example. Set it to the URL of your own function app.")
    return f"https://{host}{prefix}"


def write_package(
    folder: Path, url: str, caller_sign_in: SignIn, document: Document, readme: str = "readme.md"
) -> None:
    """Write the files of the connector to `folder`. `url` is the result of `api_url`; `readme` is a file of
    power-platform/.
    """
    folder.mkdir(parents=True, exist_ok=True)
    definition = caller_sign_in.definition(document(url))
    _write(folder / "settings.json", {**_created(folder, definition["host"]), **_SETTINGS})
    _write(folder / _SETTINGS["apiDefinition"], definition)
    _write(folder / _SETTINGS["apiProperties"], caller_sign_in.properties())
    for source, name in ((_SETTINGS["icon"], _SETTINGS["icon"]), (readme, "readme.md"), (SCRIPT, SCRIPT)):
        shutil.copyfile(POWER_PLATFORM / source, folder / name)
    (folder / SCRIPT).chmod(0o755)


def _created(folder: Path, host: str) -> Json:
    """What paconn has written to settings.json when it created the connector for the same app, to be kept: with the ID,
    a new package updates this connector.
    """
    try:
        earlier = json.loads((folder / _SETTINGS["apiDefinition"]).read_text(encoding="utf-8"))
        settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if earlier.get("host") != host:
        return {}
    return {name: settings[name] for name in ("connectorId", "environment") if settings.get(name)}


def _template(auth: str) -> Json:
    found: Json = json.loads((POWER_PLATFORM / f"apiProperties.{auth}.json").read_text(encoding="utf-8"))
    return found


def _filled(node: Any, values: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _filled(value, values) for name, value in node.items()}
    if isinstance(node, list):
        return [_filled(item, values) for item in node]
    return values.get(node, node) if isinstance(node, str) else node


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _write(path: Path, value: Json) -> None:
    # Microsoft's coding standards for connectors require four spaces. paconn reads the files in the encoding of the
    # machine, which on Windows is not UTF-8: so they are ASCII.
    path.write_text(json.dumps(value, indent=4) + "\n", encoding="ascii")
