"""Entra ID as the connector sees it, on loopback: keys that are published for one tenant, and tokens signed with them.

Tokens are as the "Access token claims reference" of the Microsoft identity platform describes them.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

TENANT = "0d6d4b5c-1111-4222-8333-0123456789ab"
OTHER_TENANT = "99999999-1111-4222-8333-0123456789ab"
CONNECTOR = "7f1e9a2b-4444-4555-8666-fedcba987654"
CLIENT = "5e0c3b1a-7777-4888-8999-aabbccddeeff"
ALICE, BOB, EVE = (f"{number}0000000-aaaa-4bbb-8ccc-dddddddddddd" for number in (1, 2, 3))


class Issuer:
    """`published` are the ids of the keys in the JWK set. `body` replaces the response.

    `documents` are other responses, by path. A POST, which asks for a token, is kept in `granted`, and gets Alice's.
    """

    def __init__(self) -> None:
        self.private = {key_id: _private_key() for key_id in ("first", "second")}
        self.published = ["first"]
        self.body: bytes | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.requested: list[str] = []
        self.documents: dict[str, Any] = {}
        self.granted: list[dict[str, list[str]]] = []
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requested.append(self.path)
                issuer.may_answer.wait(10)
                document = issuer.documents.get(self.path, {"keys": issuer.keys()})
                self._respond(issuer.body if issuer.body is not None else json.dumps(document).encode())

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                issuer.granted.append(parse_qs(form))
                granted = {"access_token": issuer.token(), "token_type": "Bearer", "expires_in": 3600}
                self._respond(json.dumps(granted).encode())

            def _respond(self, body: bytes) -> None:
                self.send_response(200 if body else 500)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """For a connector that Alice and Bob may call."""
        return {
            "CONNECTOR_AUTH": "entra",
            "AZURE_AUTHORITY_HOST": self.url,
            "ENTRA_TENANT_ID": TENANT,
            "ENTRA_AUDIENCES": f"{CONNECTOR},api://{CONNECTOR}",
            "ENTRA_ALLOWED_CALLERS": f"{ALICE},{BOB}",
        }

    def keys(self) -> list[dict[str, Any]]:
        return [{**self.public(key_id), "kid": key_id, "use": "sig"} for key_id in self.published]

    def public(self, key_id: str) -> dict[str, Any]:
        found: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self.private[key_id].public_key(), as_dict=True)
        return found

    def token(self, object_id: str = ALICE, *, key: str = "first", headers: Any = None, **claims: Any) -> str:
        """Of version 2, valid for an hour. A claim with None is omitted; `headers` replace those of the token."""
        now = int(time.time())
        members = {
            "aud": CONNECTOR,
            "iss": f"{self.url}/{TENANT}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "azp": CLIENT,
            "oid": object_id,
            "scp": "Connector.Call",
            "sub": "of this application alone",
            "tid": TENANT,
            "ver": "2.0",
            **claims,
        }
        present = {name: value for name, value in members.items() if value is not None}
        return jwt.encode(present, self.private[key], "RS256", {"kid": key, **(headers or {})})

    def version_1_token(self, object_id: str = ALICE, **claims: Any) -> str:
        """For an app registration that does not request a version."""
        first = {"aud": f"api://{CONNECTOR}", "iss": f"https://sts.windows.net/{TENANT}/", "ver": "1.0"}
        return self.token(object_id, **{**first, "azp": None, "appid": CLIENT, **claims})

    def bearer(self, object_id: str = ALICE, **claims: Any) -> dict[str, str]:
        """The Authorization header of a caller."""
        return {"Authorization": f"Bearer {self.token(object_id, **claims)}"}


def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
