"""The settings of a deployment. The only reader of the environment.

`SETTINGS` is the table in the documentation. A wrong value is an error that names the setting. It is raised by
`Settings.from_environment`, so that the app can start and report it.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .errors import InternalError
from .session_pool.endpoints import canonical
from .session_pool.wire import API_VERSIONS

LONGEST_WAIT_SECONDS = 220
"""How long a call may wait for its run. The front end of Azure Functions gives up after 230 s."""

_SHORTEST_SECRET = 32
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*")
_MOST_LINK_HOURS = 8760
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Setting:
    """One environment variable. Without a `default`, the sentence states whether it is required."""

    name: str
    default: str | None
    sentence: str
    parse: Callable[[str], Any]


def _text(value: str) -> str:
    return value


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an http(s) address without a query")
    return value.rstrip("/")


def _endpoints(value: str) -> tuple[str, ...]:
    """Of one pool or several. The message has no value, so it counts the addresses."""
    listed = re.split(r"[,\s]+", value.strip(", \t\r\n"))
    found: dict[str, int] = {}
    for number, text in enumerate(listed, start=1):
        try:
            if ";" in text or "://" in text.partition("://")[2]:
                raise ValueError
            first = found.setdefault(canonical(_endpoint(text)), number)
        except ValueError:
            if len(listed) == 1:
                raise ValueError("an http(s) address without a query") from None
            raise ValueError(
                f"http(s) addresses without a query, separated by commas: number {number} is none"
            ) from None
        if first != number:
            raise ValueError(f"the address of each pool once: number {number} is the pool of number {first}")
    return tuple(text.rstrip("/") for text in listed)


def _authority(value: str) -> str:
    # azure-identity accepts this too, and its constants for sovereign clouds are hosts without a scheme.
    address = _endpoint(value if "://" in value else f"https://{value}")
    parts = urlsplit(address)
    if parts.path or (parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost")):
        raise ValueError("the https address of a host alone")
    return address


def _uuid(kind: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not _UUID.fullmatch(value.lower()):
            raise ValueError(f"a {kind}, which is a UUID")
        return value.lower()

    return parse


def _names(value: str) -> tuple[str, ...]:
    names = [name for part in value.split(",") if (name := part.strip())]
    if not names:
        raise ValueError("names, separated by commas")
    return tuple(name.lower() if _UUID.fullmatch(name.lower()) else name for name in names)


def _origins(value: str) -> tuple[str, ...]:
    origins = [origin for part in value.split(",") if (origin := part.strip().lower())]
    if not origins or not all(map(_ORIGIN.fullmatch, origins)):
        raise ValueError("origins such as https://chat.example, without a path and separated by commas")
    return tuple(origins)


def _container(value: str) -> str:
    """https, except on loopback, where an emulator is."""
    parts = urlsplit(value)
    is_local = parts.hostname in ("127.0.0.1", "localhost")
    segments = parts.path.strip("/").split("/")
    if (
        parts.scheme != "https"
        and not (is_local and parts.scheme == "http")
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
        or not all(segments)
        or len(segments) != (2 if is_local else 1)
    ):
        raise ValueError("the https address of a container, such as https://ACCOUNT.blob.core.windows.net/files")
    return value.rstrip("/")


def _containers(value: str) -> tuple[str, ...]:
    return tuple(_container(text) for text in re.split(r"[,\s]+", value.strip(", \t\r\n")))


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(host for part in value.split(",") if (host := part.strip().lower().rstrip(".")))
    if not hosts or not all(map(_HOST.fullmatch, hosts)):
        raise ValueError("names of hosts such as contoso.sharepoint.com or *.contoso.com, separated by commas")
    return hosts


def _hours(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= _MOST_LINK_HOURS:
        raise ValueError(f"a whole number from 1 to {_MOST_LINK_HOURS}")
    return int(value)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value

    return parse


def _boolean(value: str) -> bool:
    return bool(_one_of("true", "false")(value.lower()) == "true")


def _secret(value: str) -> str:
    # While App Service cannot read the secret that a setting refers to, the app gets the reference, which is no secret.
    if len(value) < _SHORTEST_SECRET or value.startswith("@Microsoft.KeyVault("):
        raise ValueError(f"a random text of at least {_SHORTEST_SECRET} characters")
    return value


def _wait(value: str) -> int:
    if not value.isdecimal() or int(value) > LONGEST_WAIT_SECONDS:
        raise ValueError(f"a whole number from 0 to {LONGEST_WAIT_SECONDS}")
    return int(value)


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise ValueError("a whole number above 0")
    return int(value)


SETTINGS = (
    Setting(
        "POOL_MANAGEMENT_ENDPOINT",
        None,
        "Address of the session pool: its `poolManagementEndpoint`. Required. Several pools are separated by commas.",
        _endpoints,
    ),
    Setting(
        "POOL_API_VERSION",
        API_VERSIONS[0],
        "Version of the pool's data plane. `2025-02-02-preview`, `2024-10-02-preview`, `2024-08-02-preview` and "
        "`2024-02-02-preview` are for regions that do not support the newest.",
        _one_of(*API_VERSIONS),
    ),
    Setting(
        "POOL_CREDENTIAL",
        "managed_identity",
        "The identity that calls the pool and storage: `managed_identity`, or `azure_cli` (of `az login`) for "
        "development.",
        _one_of("managed_identity", "azure_cli"),
    ),
    Setting(
        "AZURE_CLIENT_ID",
        None,
        "Client ID of a user-assigned managed identity. Without it, the app's own identity is used.",
        _text,
    ),
    Setting(
        "CONNECTOR_AUTH",
        "key",
        "How callers authenticate. `key`: with a function key, and all callers share their sessions. `entra`: with a "
        "token of Entra ID, and each caller has separate sessions.",
        _one_of("key", "entra"),
    ),
    Setting(
        "ENTRA_TENANT_ID",
        None,
        "With `entra`: the tenant that callers belong to. Required then.",
        _uuid("tenant ID"),
    ),
    Setting(
        "ENTRA_AUDIENCES",
        None,
        "With `entra`: the accepted audiences of tokens, separated by commas: the app registration's client ID, and "
        "its application ID URI. Required then.",
        _names,
    ),
    Setting(
        "ENTRA_ALLOWED_CALLERS",
        None,
        "With `entra`: who may call, separated by commas: object IDs, application IDs, app roles or groups. Required "
        "then, and refused with `key`.",
        _names,
    ),
    Setting(
        "ENTRA_PLAYGROUND_CLIENT_ID",
        None,
        "With `entra`: the client ID of the app registration with which people sign in on the Playground. Without it, "
        "they enter a token.",
        _uuid("client ID"),
    ),
    Setting(
        "AZURE_AUTHORITY_HOST",
        "https://login.microsoftonline.com",
        "With `entra`: the host of Entra ID, which differs in sovereign clouds. azure-identity reads it too.",
        _authority,
    ),
    Setting(
        "SIGNING_KEY",
        None,
        "A secret of at least 32 characters, the same on all instances. It signs addresses that workflows use without "
        "a function key: to poll background runs, for chunked uploads, for links to files and for upload URLs.",
        _secret,
    ),
    Setting(
        "SIGNING_KEY_PREVIOUS",
        None,
        "The previous `SIGNING_KEY`: addresses that were signed with it stay valid.",
        _secret,
    ),
    Setting(
        "CALLER_WAIT_SECONDS",
        "90",
        "How many seconds a call waits for its run when it does not set `waitInSeconds`, 0 to 220. A run that may take "
        "longer becomes a background run.",
        _wait,
    ),
    Setting(
        "PUBLIC_BASE_URL",
        None,
        "Address under which callers reach the app, when it is not `https://$WEBSITE_HOSTNAME`.",
        _endpoint,
    ),
    Setting(
        "MAX_CODE_CHARACTERS",
        "262144",
        "Maximum length of the code of a run.",
        _positive,
    ),
    Setting(
        "RICH_RESULTS",
        "true",
        "Whether runs report all their outputs, files and errors. With `false`, only what the pool alone reports.",
        _boolean,
    ),
    Setting(
        "PLAYGROUND",
        "on",
        "Whether the app serves the Playground, a page for people: `on` or `off`.",
        _one_of("on", "off"),
    ),
    Setting(
        "MCP_ALLOWED_ORIGINS",
        None,
        "Origins of web pages that may call the MCP server, such as `https://chat.example`, separated by commas, "
        "besides the app's own. Clients that are not web pages need none.",
        _origins,
    ),
    Setting(
        "FILES_CONTAINER_URL",
        None,
        "Address of the container of Blob Storage for links, exports and workspaces. Without it, links end with their "
        "sessions, and there are no exports and workspaces.",
        _container,
    ),
    Setting(
        "IMPORT_CONTAINER_URLS",
        None,
        "Addresses of containers that files may be imported from, separated by commas.",
        _containers,
    ),
    Setting(
        "FILE_URL_HOSTS",
        None,
        "Hosts that files may be imported from by their URLs, separated by commas: exact names, or `*.` and a domain. "
        "Without it, none.",
        _hosts,
    ),
    Setting(
        "LINK_MAX_HOURS",
        "168",
        "How many hours a link to a file may work at most, 1 to 8760. The storage must keep files as long.",
        _hours,
    ),
    Setting(
        "LINK_DELIVERY",
        "redirect",
        "How links in storage are served. `redirect`: from the storage itself, by a signed URL of at most an hour. "
        "`stream`: through the connector, where the storage is closed to the public.",
        _one_of("redirect", "stream"),
    ),
    Setting(
        "PYTHON_THREADPOOL_THREAD_COUNT",
        "256",
        "How many calls one worker process serves at a time: most of them may wait for the session pool, and fewer for "
        "runs. The Functions worker reads it too, to set the number of its threads, and has another default.",
        _positive,
    ),
    Setting(
        "MEMORY_FOR_FILES_MB",
        "1024",
        "How many megabytes large bodies and files may take in one worker process and the Functions host. What exceeds "
        "this is refused with `ConnectorBusy`.",
        _positive,
    ),
)


_REQUIRED_WITH_ENTRA = {
    "ENTRA_TENANT_ID": "Set it to the ID of the tenant that callers belong to.",
    "ENTRA_AUDIENCES": "Set it to the client ID of the app registration that tokens are for.",
    "ENTRA_ALLOWED_CALLERS": ("Set it to the object IDs, application IDs, app roles or groups that may call."),
}


def signs_in_with_entra(environment: Mapping[str, str]) -> bool:
    """Whether callers need tokens. Independent of other settings, so that errors in those can be reported."""
    return environment.get("CONNECTOR_AUTH", "").strip() == "entra"


def serves_playground(environment: Mapping[str, str]) -> bool:
    """Independent of other settings, too, which the page reports. A value that is not valid turns it off."""
    return environment.get("PLAYGROUND", "").strip() in ("", "on")


@dataclass(frozen=True)
class Settings:
    """The value of each setting."""

    pool_management_endpoint: tuple[str, ...]
    pool_api_version: str
    pool_credential: str
    azure_client_id: str | None
    connector_auth: str
    entra_tenant_id: str | None
    entra_audiences: tuple[str, ...] | None
    entra_allowed_callers: tuple[str, ...] | None
    entra_playground_client_id: str | None
    azure_authority_host: str
    signing_key: str | None
    signing_key_previous: str | None
    caller_wait_seconds: int
    public_base_url: str | None
    max_code_characters: int
    rich_results: bool
    playground: str
    mcp_allowed_origins: tuple[str, ...] | None
    files_container_url: str | None
    import_container_urls: tuple[str, ...] | None
    file_url_hosts: tuple[str, ...] | None
    link_max_hours: int
    link_delivery: str
    python_threadpool_thread_count: int
    memory_for_files_mb: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises InternalError, whose message names the setting and what it takes."""
        values = {setting.name.lower(): _value(setting, environment) for setting in SETTINGS}
        if values["pool_management_endpoint"] is None:
            raise InternalError(
                "The setting POOL_MANAGEMENT_ENDPOINT is missing. Set it to the session pool's poolManagementEndpoint."
            )
        if values["connector_auth"] == "entra":
            for name, use in _REQUIRED_WITH_ENTRA.items():
                if values[name.lower()] is None:
                    raise InternalError(f"The setting {name} is missing, and CONNECTOR_AUTH=entra needs it. {use}")
        elif values["entra_allowed_callers"] is not None:
            raise InternalError(
                "The setting ENTRA_ALLOWED_CALLERS restricts callers, and CONNECTOR_AUTH=key does not identify them. "
                "Set CONNECTOR_AUTH to entra, or remove ENTRA_ALLOWED_CALLERS."
            )
        if values["public_base_url"] is None and (hostname := environment.get("WEBSITE_HOSTNAME")):
            scheme = "http" if hostname.startswith(("localhost:", "127.0.0.1:")) else "https"
            values["public_base_url"] = f"{scheme}://{hostname}"
        return cls(**values)


def _value(setting: Setting, environment: Mapping[str, str]) -> Any:
    text = environment.get(setting.name, "").strip() or setting.default
    if text is None:
        return None
    try:
        return setting.parse(text)
    except ValueError as expected:
        # Without the value, which callers may not be allowed to know.
        raise InternalError(f"The value of the setting {setting.name} is not valid. Set it to {expected}.") from None
