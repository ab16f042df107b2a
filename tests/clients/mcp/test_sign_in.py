"""The MCP SDK for Python signs in with Entra ID: it finds out where and for what from the connector alone.

The tenant is that of the connector's own tests; what it publishes about itself is as Entra ID does.
"""

import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from programs import ROOT, Program

sys.path.append(str(ROOT / "tests" / "connector" / "callers"))

from entra_issuer import CLIENT, CONNECTOR, TENANT, Issuer

pytestmark = pytest.mark.anyio

REDIRECT = "http://127.0.0.1:1/callback"


class Tokens:
    """Where the SDK keeps what it gets. Entra ID registers no clients by itself, so that the client has an ID."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client = OAuthClientInformationFull(
            client_id=CLIENT, redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
        )

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Signs in when asked to. `asked` are the parameters of the page that they were sent to."""

    def __init__(self) -> None:
        self.page = ""
        self.asked: dict[str, str] = {}

    async def open(self, url: str) -> None:
        self.page = url.partition("?")[0]
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

    async def come_back(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code="a-code", state=self.asked["state"])


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    address = f"{issuer.url}/{TENANT}"
    issuer.documents[f"/{TENANT}/v2.0/.well-known/openid-configuration"] = {
        "issuer": f"{address}/v2.0",
        "authorization_endpoint": f"{address}/oauth2/v2.0/authorize",
        "token_endpoint": f"{address}/oauth2/v2.0/token",
        "jwks_uri": f"{address}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    }
    yield issuer
    issuer.stop()


@pytest.fixture
def url(issuer: Issuer) -> Iterator[str]:
    """Of a connector whose callers sign in."""
    program = Program("emulator", "--port", "0", "--pool-port", "0", **issuer.environment)
    yield program.output["connector"]
    program.terminate()
    program.wait()


async def test_a_client_signs_in_by_itself(url: str, issuer: Issuer) -> None:
    """From the challenge to the metadata, the tenant, a person and a token: then it lists the tools."""
    person, tokens = Person(), Tokens()
    metadata = OAuthClientMetadata(client_name="A client", redirect_uris=[REDIRECT], token_endpoint_auth_method="none")
    provider = OAuthClientProvider(f"{url}/mcp", metadata, tokens, person.open, person.come_back)
    async with httpx2.AsyncClient(auth=provider, timeout=30) as http:
        async with Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client:
            listed = await client.list_tools()
    assert "ExecutePythonCode" in [tool.name for tool in listed.tools]
    assert person.page == f"{issuer.url}/{TENANT}/oauth2/v2.0/authorize"
    assert person.asked["scope"].split()[0] == f"api://{CONNECTOR}/.default"
    assert person.asked["resource"] == f"{url}/mcp"
    assert [form["resource"] for form in issuer.granted] == [[f"{url}/mcp"]]
