"""python -m azure_checks.connection: calls CheckConnection of the deployed app and prints the result.

azd runs this after each deployment, with any Python: it needs only the standard library. The function key comes from
CONNECTOR_KEY or from the Azure CLI, and is never printed. With Entra ID, a token from CONNECTOR_TOKEN or the Azure CLI
is used instead.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

RETRY_SECONDS = 15.0
"""Pause between two calls."""

TEMPORARY = (403, 404, 500, 502, 503)
"""Statuses that a new deployment may return for some minutes, until roles take effect and instances have started. 500
comes from a connector that cannot read a setting in the key vault before its role takes effect."""

SEE_THE_TABLE = "See the troubleshooting table in docs/deploy.md."

WITHOUT_A_MESSAGE = {
    404: f"The app has loaded no function, often because its packages are for another Python version. {SEE_THE_TABLE}",
}
"""By status, what to do if the response is the host's, which has no message."""


class CheckFailed(Exception):
    """The app could not be called. The message states the problem and the remedy."""


class NotReady(CheckFailed):
    """There is no key or no response yet: an app has neither before it has started."""


def main() -> int:
    """Returns 0 if the connector is connected."""
    parser = argparse.ArgumentParser(prog="python -m azure_checks.connection", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="", help="URL of the function app (default: CONNECTOR_URL, which azd sets)")
    parser.add_argument("--wait", type=float, default=300, help="seconds to retry temporary failures (default: 300)")
    options = parser.parse_args()
    try:
        variables = {**azd_values(), **os.environ}
        url = app_url(options.url or variables.get("CONNECTOR_URL", ""))
        status, body = check(f"{url}/api/connection", variables, options.wait)
    except CheckFailed as error:
        print(f"The connection was not checked. {error}", file=sys.stderr)
        return 1
    if variables.get("PLAYGROUND") != "off":
        print(f"playground  {url}/api/playground")
    print(f"connector   {url}/api")
    if status != 200:
        failure = body.get("error", {})
        print(f"connection  failed with {status} {failure.get('code', '')}".rstrip())
        print(f"what to do  {failure.get('message') or WITHOUT_A_MESSAGE.get(status, SEE_THE_TABLE)}")
        return 1
    print(f"connection  {body['status']}: {body['message']}")
    runtimes = [f"{runtime['name']} {runtime['version']}" for runtime in body.get("runtimes", [])]
    print(f"pool        {', '.join(runtimes)}")
    pools = body.get("pools", [])
    for pool in pools if len(pools) > 1 else []:
        state = "available" if pool["isAvailable"] else "not available"
        print(f"            {pool['name']} {pool['tag']}: {state}")
    for container in body.get("storage", []):
        state = "available" if container["isAvailable"] else f"not available. {container['message']}"
        print(f"storage     {container['use'].lower()} {container['containerUrl']}: {state}")
    if not body.get("storage"):
        print("storage     not configured: links end with their sessions, and there are no exports and workspaces")
    print("next        make connector-package writes the custom connector for this app")
    return 0


def azd_values() -> dict[str, str]:
    """The variables of azd's current environment, which include the outputs of infra/. Empty without azd."""
    azd = shutil.which("azd")
    if azd is None:
        return {}
    done = subprocess.run([azd, "env", "get-values"], capture_output=True, text=True, timeout=60)
    lines = [line.partition("=") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    return {name: value.strip('"') for name, _, value in lines}


def app_url(url: str) -> str:
    """The base URL of the app, to which a key may be sent. Raises CheckFailed."""
    if not url:
        raise CheckFailed("There is no URL. Run `azd up` first, or pass --url https://YOUR-APP.azurewebsites.net.")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise CheckFailed(f"'{url}' is not an https URL, and the key would be sent unencrypted. Pass an https URL.")
    return url.rstrip("/").removesuffix("/api")


def credentials(variables: Mapping[str, str]) -> dict[str, str]:
    """The header that authenticates the call. Raises CheckFailed.

    azd and the Azure CLI each have a default subscription and tenant: the app is in those of azd.
    """
    if variables.get("CONNECTOR_AUTH") == "entra":
        scope = f"api://{variables.get('ENTRA_CLIENT_ID', '')}/.default"
        tenant = _option("--tenant", variables.get("AZURE_TENANT_ID"))
        command = ["account", "get-access-token", "--scope", scope, *tenant, "--query", "accessToken"]
        token = variables.get("CONNECTOR_TOKEN") or _from_azure_cli(command, "CONNECTOR_TOKEN")
        return {"Authorization": f"Bearer {token}"}
    name, group = variables.get("AZURE_FUNCTION_NAME", ""), variables.get("AZURE_RESOURCE_GROUP", "")
    subscription = _option("--subscription", variables.get("AZURE_SUBSCRIPTION_ID"))
    command = ["functionapp", "keys", "list", "--name", name, "--resource-group", group, *subscription]
    command += ["--query", "functionKeys.default"]
    return {"x-functions-key": variables.get("CONNECTOR_KEY") or _from_azure_cli(command, "CONNECTOR_KEY")}


def _option(name: str, value: str | None) -> list[str]:
    return [name, value] if value else []


def _from_azure_cli(command: list[str], variable: str) -> str:
    """What the Azure CLI prints. `variable` is the environment variable that would make this call unnecessary."""
    az = shutil.which("az")
    if az is None:
        raise CheckFailed(f"The Azure CLI is not installed, and no key was set. Install it, or set {variable}.")
    done = subprocess.run([az, *command, "--output", "tsv"], capture_output=True, text=True, timeout=120)
    if done.returncode != 0 or not done.stdout.strip():
        reason = done.stderr.strip() or "no message"
        raise NotReady(f"The Azure CLI returned no key ({reason}). Run `az login`, or set {variable}.")
    return done.stdout.strip()


def check(url: str, variables: Mapping[str, str], wait: float) -> tuple[int, dict[str, Any]]:
    """Status and body of the last response. Temporary failures are retried for `wait` seconds. Raises CheckFailed."""
    deadline = time.monotonic() + wait
    while True:
        is_last = time.monotonic() + RETRY_SECONDS > deadline
        try:
            status, body = _call(url, credentials(variables))
            missing = _not_available(body)
            if is_last or (status not in TEMPORARY and not missing):
                return status, body
            problem = f"The {missing[0]} is not available." if missing else f"The app returns {status}."
        except NotReady as failure:
            if is_last:
                raise
            problem = str(failure)
        print(f"waiting     {problem} This is normal for some minutes after a deployment.", flush=True)
        time.sleep(RETRY_SECONDS)


def _not_available(body: Mapping[str, Any]) -> list[str]:
    pools = [f"pool {pool['name']}" for pool in body.get("pools", []) if not pool["isAvailable"]]
    containers = [one["containerUrl"] for one in body.get("storage", []) if not one["isAvailable"]]
    return pools + [f"container {url}" for url in containers]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: urllib would send the key to the new location."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _call(url: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and body. Raises NotReady."""
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=60) as response:
            status, content = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, content = error.code, error.read()
    except OSError as error:
        raise NotReady(f"The app cannot be reached: {error}.") from None
    try:
        body = json.loads(content)
    except ValueError:
        body = {}
    return status, body if isinstance(body, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
