"""The managed-identity endpoint of App Service, which issues an app tokens for the resources that it may access.

The platform sets its URL and a secret header in IDENTITY_ENDPOINT and IDENTITY_HEADER; azure-identity's
ManagedIdentityCredential requests tokens there. Protocol version 2019-08-01, as documented under "How to use
managed identities for App Service: REST endpoint reference".
"""

import secrets

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .loopback import LoopbackServer
from .tokens import TokenAuthority

_API_VERSION = "2019-08-01"
_CLIENT_ID = "00000000-0000-0000-0000-00000000c1c1"


class IdentityEndpoint:
    """Serves the tokens of one authority on loopback."""

    def __init__(self, authority: TokenAuthority, *, port: int = 0) -> None:
        """Raises PortInUse."""
        self._authority = authority
        self._header = secrets.token_hex(16)
        self._server = LoopbackServer(Starlette(routes=[Route("/msi/token", self._token)]), port=port)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the platform sets for the app."""
        return {"IDENTITY_ENDPOINT": f"{self._server.url}/msi/token", "IDENTITY_HEADER": self._header}

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _token(self, request: Request) -> JSONResponse:
        if not secrets.compare_digest(request.headers.get("x-identity-header", "").encode(), self._header.encode()):
            return _refusal(401, "The header X-IDENTITY-HEADER is not the value of IDENTITY_HEADER.")
        if request.query_params.get("api-version") != _API_VERSION:
            return _refusal(400, f"The query parameter api-version must be {_API_VERSION}.")
        resource = request.query_params.get("resource")
        if not resource:
            return _refusal(400, "The query parameter resource is missing.")
        token, expires_on = self._authority.issue(resource)
        return JSONResponse(
            {
                "access_token": token,
                "expires_on": str(expires_on),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": request.query_params.get("client_id") or _CLIENT_ID,
            }
        )


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"statusCode": status, "message": message}, status_code=status)
