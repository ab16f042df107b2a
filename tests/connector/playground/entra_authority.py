"""Entra ID as a browser sees it, on loopback with TLS: where a person signs in, and where an application gets tokens.

The flow is the authorization code flow with PKCE, as "Microsoft identity platform and OAuth 2.0 authorization code
flow" describes it. The tokens are those of the issuer that the connector's own tests use.
"""

import base64
import hashlib
import json
import secrets
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from emulator.session_pool.wire.certificate import Certificate
from tests.connector.callers.entra_issuer import ALICE, CLIENT, EVE, TENANT, Issuer

NAMES = {ALICE: "Alice Lind", EVE: "Eve Moss"}
PEOPLE = {name: object_id for object_id, name in NAMES.items()}


class Authority:
    """`lifetime_seconds` is that of the access tokens. `grants` are the grants for which tokens were requested."""

    def __init__(self, certificate: Certificate) -> None:
        self.lifetime_seconds = 3600
        self.renews = True
        self.grants: list[str] = []
        self.redirect_addresses: set[str] = set()
        self._issuer = Issuer()
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh_tokens: dict[str, str] = {}
        paths = {
            "/v2.0/.well-known/openid-configuration": self._configuration,
            "/discovery/v2.0/keys": self._keys,
            "/oauth2/v2.0/authorize": self._sign_in,
            "/signed-in-as": self._redirect,
        }
        routes = [Route(f"/{TENANT}{path}", endpoint) for path, endpoint in paths.items()]
        routes.append(Route(f"/{TENANT}/oauth2/v2.0/token", self._token, methods=["POST"]))
        cors = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
        config = uvicorn.Config(
            Starlette(routes=routes, middleware=[cors]),
            log_level="critical",
            ssl_certfile=certificate.path,
            ssl_keyfile=certificate.key_path,
            timeout_graceful_shutdown=0,
        )
        self._server = uvicorn.Server(config)
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._issuer.stop()

    @property
    def environment(self) -> dict[str, str]:
        """For a connector whose people sign in here."""
        return {**self._issuer.environment, "AZURE_AUTHORITY_HOST": self.url}

    def token(self, object_id: str = ALICE, *, seconds: int = 3600) -> str:
        """An access token."""
        return self._issuer.token(
            object_id, iss=f"{self.url}/{TENANT}/v2.0", exp=int(time.time()) + seconds, name=NAMES[object_id]
        )

    def _configuration(self, _: Request) -> Response:
        base = f"{self.url}/{TENANT}"
        return JSONResponse(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
            }
        )

    def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": self._issuer.keys()})

    def _sign_in(self, request: Request) -> Response:
        """A page on which a person chooses who they are."""
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        self.redirect_addresses.add(asked["redirect_uri"])
        links = [
            f'<p><a href="/{TENANT}/signed-in-as?{urlencode({"person": object_id, **asked})}">{name}</a></p>'
            for name, object_id in PEOPLE.items()
        ]
        return HTMLResponse("".join(links), headers={"Cross-Origin-Opener-Policy": "same-origin"})

    def _redirect(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(24)
        self._codes[code] = asked
        response = urlencode({"code": code, "state": asked["state"], "session_state": secrets.token_hex(8)})
        return RedirectResponse(f"{asked['redirect_uri']}#{response}")

    async def _token(self, request: Request) -> Response:
        asked = {name: str(value) for name, value in (await request.form()).items()}
        self.grants.append(asked["grant_type"])
        nonce = None
        if asked["grant_type"] == "authorization_code":
            begun = self._codes.pop(asked["code"])
            assert begun["redirect_uri"] == asked["redirect_uri"]
            assert _encoded(hashlib.sha256(asked["code_verifier"].encode()).digest()) == begun["code_challenge"]
            person, nonce = begun["person"], begun["nonce"]
        elif self.renews:
            person = self._refresh_tokens.pop(asked["refresh_token"])
        else:
            return JSONResponse({"error": "invalid_grant", "error_description": "Sign in again."}, status_code=400)
        refresh_token = secrets.token_urlsafe(32)
        self._refresh_tokens[refresh_token] = person
        return JSONResponse(
            {
                "token_type": "Bearer",
                "scope": asked["scope"],
                "expires_in": self.lifetime_seconds,
                "access_token": self.token(person, seconds=self.lifetime_seconds),
                "refresh_token": refresh_token,
                "id_token": self._id_token(person, nonce),
                "client_info": _encoded(json.dumps({"uid": person, "utid": TENANT}).encode()),
            }
        )

    def _id_token(self, person: str, nonce: str | None) -> str:
        now = int(time.time())
        claims = {
            "aud": CLIENT,
            "iss": f"{self.url}/{TENANT}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "name": NAMES[person],
            "nonce": nonce,
            "oid": person,
            "preferred_username": f"{person}@contoso.example",
            "sub": person,
            "tid": TENANT,
            "ver": "2.0",
        }
        return jwt.encode(claims, self._issuer.private["first"], "RS256", {"kid": "first"})


@contextmanager
def running_authority() -> Iterator[Authority]:
    """Which this process trusts meanwhile, as the connector runs in it."""
    certificate = Certificate()
    context = ssl.create_default_context(cafile=str(certificate.path))
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.HTTPSHandler(context=context)))
    authority = Authority(certificate)
    try:
        yield authority
    finally:
        authority.stop()
        urllib.request.install_opener(urllib.request.build_opener())
        certificate.remove()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
