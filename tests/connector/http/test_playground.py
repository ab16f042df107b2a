"""How the Playground is served: to browsers, caches, gateways, and clients that try something else."""

import gzip
import http.client
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func
import pytest
import requests

from connector.app import Connector
from tests.conftest import Api

POOL = {"POOL_MANAGEMENT_ENDPOINT": "http://127.0.0.1:9/subscriptions/s/resourceGroups/g/sessionPools/p"}
TENANT = "0d6d4b5c-1111-4222-8333-0123456789ab"
API_ID = "7f1e9a2b-4444-4555-8666-fedcba987654"
PAGE_ID = "5e0c3b1a-7777-4888-8999-aabbccddeeff"
ENTRA = {
    **POOL,
    "CONNECTOR_AUTH": "entra",
    "ENTRA_TENANT_ID": TENANT,
    "ENTRA_AUDIENCES": f"{API_ID},api://{API_ID}",
    "ENTRA_ALLOWED_CALLERS": PAGE_ID,
}
SIGN_IN = {**ENTRA, "ENTRA_PLAYGROUND_CLIENT_ID": PAGE_ID.upper()}
WITHOUT_SIGN_IN = {"client-id": "", "authority": "", "scope": ""}
AUTHORITY = {"authority": f"https://login.microsoftonline.com/{TENANT}", "scope": f"{API_ID}/.default"}
ADDRESS = "https://app.example/api/playground"


@pytest.fixture(scope="module")
def app(running_connector: Callable[..., AbstractContextManager[Api]]) -> Iterator[Api]:
    """A connector whose pool is never called. It requires keys."""
    with running_connector(require_keys=True, **POOL) as connector:
        yield connector


def page_of(
    environment: dict[str, str] | None = None, url: str = ADDRESS, path: str | None = None, **headers: str
) -> func.HttpResponse:
    """The page, or its file at a path."""
    connector = Connector(POOL if environment is None else environment)
    route = {} if path is None else {"path": path}
    request = func.HttpRequest(
        method="GET",
        url=url if path is None else f"{url}/{path}",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        route_params=route,
        body=b"",
    )
    return connector.respond("GetPlayground" if path is None else "GetPlaygroundFile", request)


def data_of(response: func.HttpResponse) -> dict[str, str]:
    """The data attributes of the root."""
    (root,) = re.findall(r"<html ([^>]*)>", response.get_body().decode())
    return dict(re.findall(r'data-([\w-]+)="([^"]*)"', root))


def policy_of(response: Any) -> dict[str, str]:
    """The directives of its Content-Security-Policy, and their values."""
    directives = response.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (directive.partition(" ") for directive in directives)}


def version_in(page: str) -> str:
    (version,) = set(re.findall(r"playground/([0-9a-f]{16})/", page))
    return version


# ---- browsers and caches


def test_the_page_is_asked_for_each_time_and_its_files_are_kept(app: Api) -> None:
    """So a browser never shows an old page, and loads a file once. Neither needs a key."""
    page = app.call("GET", "/playground")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-cache")
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(addresses) > 3
    for address in addresses:
        file = app.call("GET", f"/{address}")
        assert file.status_code == 200 and file.content, address
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_scripts_and_styles_have_types_that_browsers_accept(app: Api) -> None:
    """They refuse others, because sniffing is forbidden."""
    version = version_in(app.call("GET", "/playground").text)
    types = {
        path: app.call("GET", f"/playground/{version}/{path}").headers["Content-Type"]
        for path in ("main.js", "styles.css", "icon.svg", "frame.html", "LICENSES.txt")
    }
    assert types == {
        "main.js": "text/javascript; charset=utf-8",
        "styles.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "frame.html": "text/html; charset=utf-8",
        "LICENSES.txt": "text/plain; charset=utf-8",
    }


@pytest.mark.parametrize("path", [None, "v/main.js", "signed-in"])
def test_responses_are_compressed_for_those_who_accept_it(path: str | None) -> None:
    """Caches keep both apart."""
    plain, compressed = page_of(path=path), page_of(path=path, accept_encoding="br, gzip")
    assert gzip.decompress(compressed.get_body()) == plain.get_body()
    assert (compressed.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert plain.headers["Vary"] == compressed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", [None, "v/main.js", "signed-in"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", W/{} , "more"', "*"])
def test_a_version_that_is_known_is_not_sent_again(path: str | None, form: str) -> None:
    """Whatever form If-None-Match has. The policy is sent again, for the copy that the browser has."""
    first = page_of(path=path)
    again = page_of(path=path, if_none_match=form.format(first.headers["ETag"].removeprefix("W/")))
    assert (again.status_code, again.get_body()) == (304, b"")
    kept = ("ETag", "Content-Type", "Cache-Control", "Vary", "Content-Security-Policy")
    assert [again.headers.get(name) for name in kept] == [first.headers.get(name) for name in kept]
    assert page_of(path=path, if_none_match='W/"other"').status_code == 200


def test_a_page_with_another_policy_is_sent_again() -> None:
    """Its content may be the same: a cache that keeps the policy it has would go on with one that no longer holds."""
    etag = page_of().headers["ETag"]
    moved = page_of({**POOL, "PUBLIC_BASE_URL": "https://gateway.example"}, if_none_match=etag)
    assert moved.status_code == 200
    assert moved.get_body() == page_of().get_body()


def test_a_page_of_another_version_gets_files_once() -> None:
    """During an update, instances have different versions. Nobody keeps such a file."""
    file = page_of(path="0123456789abcdef/main.js")
    assert (file.status_code, file.headers["Cache-Control"]) == (200, "no-store")


# ---- what the browser lets the page do


def test_the_page_loads_only_from_its_own_origin(app: Api) -> None:
    """No inline scripts and styles, no frames of others, and no page may contain it."""
    page = app.call("GET", "/playground")
    own = f"{app.url}/playground/{version_in(page.text)}/frame.html"
    assert policy_of(page) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "frame-src": own,
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert app.call("GET", own.removeprefix(app.url)).status_code == 200


def test_the_frame_has_no_origin_and_no_network(app: Api) -> None:
    """Wherever it is opened: its own policy says so."""
    version = version_in(app.call("GET", "/playground").text)
    policy = policy_of(app.call("GET", f"/playground/{version}/frame.html"))
    assert (policy["sandbox"], policy["default-src"], policy["connect-src"]) == ("allow-scripts", "'none'", "'none'")
    assert (policy["form-action"], policy["frame-ancestors"]) == ("'none'", "'self'")


@pytest.mark.parametrize(
    ("public_base_url", "frame"),
    [
        ("https://gate.example", "https://gate.example/api/playground/"),
        ("https://gate.example:8443/tools/", "https://gate.example:8443/tools/api/playground/"),
        ("https://gate.example/a;script-src *", "https://gate.example/a%3Bscript-src%20*/api/playground/"),
        ("https://gate.example/a%20b,c'", "https://gate.example/a%20b%2Cc%27/api/playground/"),
    ],
)
def test_behind_a_gateway_the_frame_has_the_public_address_too(public_base_url: str, frame: str) -> None:
    """And that of the request, since several domains may lead to the app. None adds a directive."""
    response = page_of({**POOL, "PUBLIC_BASE_URL": public_base_url})
    allowed = [
        source.rpartition("/")[0].rpartition("/")[0] + "/" for source in policy_of(response)["frame-src"].split()
    ]
    assert allowed == sorted([f"{ADDRESS}/", frame])
    assert len(policy_of(response)) == len(policy_of(page_of()))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example; script-src *",
        "evil.example, x",
        "evil.example https://other.example",
        "'unsafe-inline'",
        "*",
        "*.example",
        "[::1",
        "[]",
        "",
        "user@evil.example",
        "evil.example:999999",
        "ev\u00efl.example",
    ],
)
def test_a_hostile_host_adds_nothing_to_the_policy(host: str) -> None:
    """A Host header that is no host is left out, and the page is served."""
    response = page_of(url=f"https://{host}/api/playground")
    assert response.status_code == 200
    assert policy_of(response)["frame-src"] == "'none'"
    assert len(policy_of(response)) == len(policy_of(page_of()))


@pytest.mark.parametrize("host", ["localhost:7071", "[::1]:7071", "APP.example", "10.0.0.4"])
def test_the_origin_of_the_request_may_be_any_host(host: str) -> None:
    """Such as a custom domain, which no setting names."""
    assert policy_of(page_of(url=f"http://{host}/api/playground?a=b"))["frame-src"].startswith(
        f"http://{host}/api/playground/"
    )


@pytest.mark.parametrize("path", ["/playground", "/tools/api/playground", "/API/PlayGround"])
def test_the_prefix_of_the_routes_is_that_of_the_request(path: str) -> None:
    """host.json may have another or none, and the host ignores case."""
    (frame,) = policy_of(page_of(url=f"https://app.example{path}"))["frame-src"].split()
    assert urlsplit(frame).path.startswith(path[: -len("/playground")] + "/playground/")


# ---- addresses that are no files


def test_a_slash_at_the_end_is_removed(app: Api) -> None:
    """The host accepts it, and relative addresses would break."""
    response = app.call("GET", "/playground/", allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (308, "../playground")
    assert app.call("GET", "/playground/").url == f"{app.url}/playground"
    assert page_of(path="").status_code == 308


HOSTILE = [
    "v",
    "v/",
    "main.js",
    "v/index.html",
    "v/signed_in.html",
    "v/styles/base.css",
    "v/libraries/lit-html.d.ts",
    "v/../site.py",
    "v/../../settings.py",
    "v/..%2f..%2fsettings.py",
    "v/%2e%2e/%2e%2e/settings.py",
    "v/..\\..\\settings.py",
    "v//main.js",
    "//main.js",
    "v//etc/passwd",
    "v/main.js%00.css",
    "v/main.js/x",
    "v/MAIN.JS",
    "v/.",
    "v/%252e%252e/site.py",
]


@pytest.mark.parametrize("path", [*HOSTILE, "v/main.js?x", "v/main.js\0.css", "\u00e9/\u0131.js"])
def test_what_is_no_file_is_an_error_of_the_contract(path: str) -> None:
    """Only names of a fixed list are files. Nobody keeps the error, because a newer instance may have the file."""
    response = page_of(path=path)
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
    assert json.loads(response.get_body())["error"]["code"] == "PlaygroundNotFound"


@pytest.mark.parametrize("path", HOSTILE)
def test_no_path_leaves_the_page(app: Api, path: str) -> None:
    """As a client sends it that changes nothing of the address."""
    parts = urlsplit(app.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    connection.putrequest("GET", f"{parts.path}/playground/{path}")
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status in (400, 404), body[:200]


# ---- turned off


@pytest.mark.parametrize("value", ["off", "Off", "no", "0"])
def test_it_can_be_turned_off(value: str) -> None:
    """Then it is nowhere, and the error says how to turn it on; also if the value is none that the setting has."""
    for path in (None, "", "v/main.js", "signed-in"):
        response = page_of({**POOL, "PLAYGROUND": value}, path=path)
        error = json.loads(response.get_body())["error"]
        assert (response.status_code, error["code"]) == (404, "PlaygroundNotFound")
        assert "PLAYGROUND" in error["message"]


def test_it_is_served_with_wrong_settings() -> None:
    """Its check of the connection names the setting. Unless it is turned off."""
    assert data_of(page_of({})) == {"auth": "key", **WITHOUT_SIGN_IN}
    wrong = {**SIGN_IN, "ENTRA_TENANT_ID": "contoso"}
    assert data_of(page_of(wrong)) == {"auth": "entra", **WITHOUT_SIGN_IN}
    assert "'self'" == policy_of(page_of(wrong))["connect-src"]
    assert page_of({"PLAYGROUND": "off"}).status_code == 404


# ---- sign-in


def test_the_page_states_how_callers_authenticate() -> None:
    """With a key, or with a token of Entra ID, and then for which API. The page itself needs no access to Entra ID."""
    assert data_of(page_of()) == {"auth": "key", **WITHOUT_SIGN_IN}
    assert data_of(page_of({**POOL, "ENTRA_PLAYGROUND_CLIENT_ID": PAGE_ID})) == {"auth": "key", **WITHOUT_SIGN_IN}
    assert data_of(page_of(ENTRA)) == {"auth": "entra", "client-id": "", **AUTHORITY}
    assert policy_of(page_of(ENTRA))["connect-src"] == "'self'"
    assert page_of(ENTRA).headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_with_an_app_registration_people_sign_in_on_the_page() -> None:
    """It has what the sign-in needs, and may reach Entra ID and its window."""
    page = page_of(SIGN_IN)
    assert data_of(page) == {"auth": "entra", "client-id": PAGE_ID, **AUTHORITY}
    assert policy_of(page)["connect-src"] == "'self' https://login.microsoftonline.com"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert page.headers["ETag"] != page_of(ENTRA).headers["ETag"]


def test_an_authority_that_no_policy_can_contain_is_left_out() -> None:
    """Then people enter a token."""
    page = page_of({**SIGN_IN, "AZURE_AUTHORITY_HOST": "https://login.example;script-src"})
    assert data_of(page)["client-id"] == ""
    assert policy_of(page)["connect-src"] == "'self'"


def test_values_of_settings_are_escaped() -> None:
    """They are text in the page, whatever they are."""
    page = page_of({**SIGN_IN, "ENTRA_AUDIENCES": "\"><script src='x'>&"})
    assert data_of(page)["scope"] == "&quot;&gt;&lt;script src=&#x27;x&#x27;&gt;&amp;/.default"


def test_the_address_after_a_sign_in_never_changes(app: Api) -> None:
    """An app registration has it. The document is asked for each time, in no frame."""
    response = app.call("GET", "/playground/signed-in")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert policy_of(response)["frame-src"] == policy_of(response)["frame-ancestors"] == "'none'"
    assert "{version}" not in response.text


# ---- what operators see


def test_a_page_writes_one_record(app: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Its files write none, unless something is wrong with them."""
    caplog.set_level(logging.INFO)
    page = app.call("GET", "/playground")
    version = version_in(page.text)
    app.call("GET", f"/playground/{version}/main.js")
    app.call("GET", f"/playground/{version}/main.js", headers={"If-None-Match": "*"})
    app.call("GET", f"/playground/{version}/none.js")
    records = [json.loads(record.getMessage()) for record in caplog.records if record.name == "connector.telemetry"]
    assert [(record["operation"], record["status"]) for record in records] == [
        ("GetPlayground", 200),
        ("GetPlaygroundFile", 404),
    ]


def test_head_is_no_method_of_the_page(app: Api) -> None:
    """As of all GET routes of the host."""
    assert requests.head(f"{app.url}/playground", timeout=10).status_code == 404
