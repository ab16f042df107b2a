"""Checks that infra/ writes exactly the application settings that the connector and the Functions host read."""

import re
from collections.abc import Iterator

from connector.settings import SETTINGS

from .compiled import Snapshot

READ_BY_THE_HOST = re.compile(r"AzureWebJobsStorage__(blobServiceUri|credential|clientId)|APPLICATIONINSIGHTS_[A-Z_]+")

SCOPES = "WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES"
"""Read by App Service authentication, where it is on: "Configure built-in MCP server authorization" (preview)."""

LEFT_AT_DEFAULT = {
    "POOL_CREDENTIAL": "the default is the managed identity",
    "MAX_CODE_CHARACTERS": "the makers' document depends on it, so it changes with the code and not with a deployment",
}
"""Settings of the connector that infra/ does not write, and why."""

THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"


def findings(snapshot: Snapshot) -> Iterator[str]:
    if not snapshot.of_type("Microsoft.Web/sites"):
        return
    written = snapshot.site_config("appsettings")
    read = {setting.name for setting in SETTINGS}
    for name in written:
        if name not in read and name != SCOPES and not READ_BY_THE_HOST.fullmatch(name):
            yield f"the app setting {name} is read neither by the connector nor by the host"
        if name in LEFT_AT_DEFAULT:
            yield f"the app setting {name} must not be written: {LEFT_AT_DEFAULT[name]}"
    for name in sorted(read - written.keys() - LEFT_AT_DEFAULT.keys()):
        yield f"the app setting {name} is read by the connector, and not written"
    if (SCOPES in written) != snapshot.site_config("authsettingsV2")["platform"]["enabled"]:
        yield f"{SCOPES} must be written where App Service authentication is on, and only there"
    for site in snapshot.of_type("Microsoft.Web/sites"):
        scale = site["properties"]["functionAppConfig"]["scaleAndConcurrency"]
        calls = scale["triggers"]["http"]["perInstanceConcurrency"]
        if written.get(THREADS) != str(4 * calls):
            yield f"{THREADS} is {written.get(THREADS)}, and must be four times perInstanceConcurrency, {calls}"
