"""python -m azure_checks.connection: calls CheckConnection of the app that azd deployed, and shows its answer.

azd runs this after each deployment, with whatever Python there is: it needs the standard library alone. The key comes
from CONNECTOR_KEY, or from Azure by the Azure CLI, and is never shown. With Entra sign-in it is a token, from
CONNECTOR_TOKEN or the Azure CLI.
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

PAUSE = 15.0
"""Seconds between two calls."""

PASSES = (403, 404, 500, 502, 503)
"""What a new deployment may answer for some minutes: roles take time to arrive, and instances to start. 500 is the
connector's, which cannot read a setting in the key vault before such a role is there."""


class NotCalled(Exception):
    """The app cannot be called; the message says what to do."""


class NotYet(NotCalled):
    """There is no key, or no answer: an app gives neither before it has started."""


def main() -> int:
    """0 when the connector is connected."""
    parser = argparse.ArgumentParser(prog="python -m azure_checks.connection", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--url", default="", help="address of the function app (default: CONNECTOR_URL, which azd knows)"
    )
    parser.add_argument("--wait", type=float, default=300, help="seconds for which failures may pass by (default: 300)")
    options = parser.parse_args()
    try:
        known = {**azd_values(), **os.environ}
        url = address(options.url or known.get("CONNECTOR_URL", ""))
        status, answer = asked(f"{url}/api/connection", known, options.wait)
    except NotCalled as error:
        print(f"The connection was not checked. {error}", file=sys.stderr)
        return 1
    print(f"connector   {url}/api")
    if status != 200:
        failure = answer.get("error", {})
        print(f"connection  failed with {status} {failure.get('code', '')}".rstrip())
        print(f"what to do  {failure.get('message') or 'docs/deploy.md has a table of errors.'}")
        return 1
    print(f"connection  {answer['status']}: {answer['message']}")
    runtimes = [f"{runtime['name']} {runtime['version']}" for runtime in answer.get("runtimes", [])]
    print(f"pool        {', '.join(runtimes)}")
    print("next        make connector-package writes the custom connector for this address")
    return 0


def azd_values() -> dict[str, str]:
    """The variables of azd's current environment, which the templates' outputs are part of; none without azd."""
    azd = shutil.which("azd")
    if azd is None:
        return {}
    done = subprocess.run([azd, "env", "get-values"], capture_output=True, text=True, timeout=60)
    lines = [line.partition("=") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    return {name: value.strip('"') for name, _, value in lines}


def address(url: str) -> str:
    """The app's address, if a key may go there. Raises NotCalled."""
    if not url:
        raise NotCalled("There is no address: run `azd up` first, or give --url https://YOUR-APP.azurewebsites.net.")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise NotCalled(f"'{url}' is no https address, and a key would be sent to it.")
    return url.rstrip("/").removesuffix("/api")


def credentials(known: Mapping[str, str]) -> dict[str, str]:
    """The header that lets the call in. Raises NotCalled.

    azd and the Azure CLI each have a subscription and a tenant of their own: azd's are those that the app is in.
    """
    if known.get("CONNECTOR_AUTH") == "entra":
        scope = f"api://{known.get('ENTRA_CLIENT_ID', '')}/.default"
        tenant = _option("--tenant", known.get("AZURE_TENANT_ID"))
        command = ["account", "get-access-token", "--scope", scope, *tenant, "--query", "accessToken"]
        return {"Authorization": f"Bearer {known.get('CONNECTOR_TOKEN') or _asked_azure(command, 'CONNECTOR_TOKEN')}"}
    app = ["--name", known.get("AZURE_FUNCTION_NAME", ""), "--resource-group", known.get("AZURE_RESOURCE_GROUP", "")]
    subscription = _option("--subscription", known.get("AZURE_SUBSCRIPTION_ID"))
    command = ["functionapp", "keys", "list", *app, *subscription, "--query", "functionKeys.default"]
    return {"x-functions-key": known.get("CONNECTOR_KEY") or _asked_azure(command, "CONNECTOR_KEY")}


def _option(name: str, value: str | None) -> list[str]:
    return [name, value] if value else []


def _asked_azure(command: list[str], instead: str) -> str:
    az = shutil.which("az")
    if az is None:
        raise NotCalled(f"There is no Azure CLI to ask for the key: install it, or set {instead}.")
    done = subprocess.run([az, *command, "--output", "tsv"], capture_output=True, text=True, timeout=120)
    if done.returncode != 0 or not done.stdout.strip():
        said = done.stderr.strip() or "it said nothing"
        raise NotYet(f"The Azure CLI gave no key ({said}). Run `az login`, or set {instead}.")
    return done.stdout.strip()


def asked(url: str, known: Mapping[str, str], wait: float) -> tuple[int, dict[str, Any]]:
    """Status and body of the last answer. What may pass by is asked again for `wait` seconds. Raises NotCalled."""
    until = time.monotonic() + wait
    while True:
        is_last = time.monotonic() + PAUSE > until
        try:
            status, answer = _call(url, credentials(known))
            if is_last or status not in PASSES:
                return status, answer
            passing = f"It answers {status}."
        except NotYet as failure:
            if is_last:
                raise
            passing = str(failure)
        print(f"waiting     {passing} That is usual for some minutes after a deployment.", flush=True)
        time.sleep(PAUSE)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key is for this address; urllib would take it along to another."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _call(url: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and body. Raises NotYet."""
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=60) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    except OSError as error:
        raise NotYet(f"The app cannot be reached: {error}.") from None
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    return status, answer if isinstance(answer, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
