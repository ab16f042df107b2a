"""Blob Storage over HTTP: who may do what, and what every answer has. The operations are in operations.py.

Addresses have the form of emulators: http://127.0.0.1:PORT/devstoreaccount1/CONTAINER/BLOB.
"""

import contextlib
import re
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from ..session_pool.wire.certificate import Certificate
from ..session_pool.wire.loopback import LoopbackServer
from ..session_pool.wire.tokens import TENANT_ID, TokenAuthority, Unauthorized
from .account import Account
from .calls import Call, Caller, headers_of, query_of
from .clock import Clock
from .delegation_keys import DelegationKeys
from .errors import StorageError, error_body
from .faults import Dropped, Fault, Faults, applied, before
from .names import ACCOUNT, Place, place_of
from .operations import Operation, operation_of
from .roles import Assignment, allows, as_deployed
from .shared_folder import SharedFolder
from .signatures import OVERRIDES, PARAMETERS, check_signature
from .versions import VERSIONS

AUDIENCE = "https://storage.azure.com"
FAULTS_PATH = "/faults"
_CHALLENGE = {
    "WWW-Authenticate": f"Bearer authorization_uri=https://login.microsoftonline.com/{TENANT_ID}/oauth2/authorize "
    f"resource_id={AUDIENCE}"
}


class BlobStorageServer:
    """One account on loopback, with its containers, role assignments, clock and faults, which tests may change."""

    def __init__(
        self,
        authority: TokenAuthority,
        *,
        containers: Iterable[str] = ("files", "imports"),
        roles: Iterable[Assignment] | None = None,
        port: int = 0,
        folder: Path | None = None,
        shared_folders: Mapping[str, Path] | None = None,
        clock: Clock | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        """Without `roles`, those of a deployed connector. `folder` keeps the blobs between starts; without it, they are
        in a temporary folder, which `stop` removes. `shared_folders` are containers of `containers` whose blobs are the
        files of a folder. `certificate` makes it https.

        Raises PortInUse, and OSError or ValueError for a folder that cannot be used.
        """
        self.authority = authority
        self.roles = list(as_deployed() if roles is None else roles)
        self.clock = clock or Clock()
        self.faults = Faults()
        self.keys = DelegationKeys()
        with contextlib.ExitStack() as ending:
            if folder is None:
                folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="blob-storage-")))
            self.account = Account(folder, self.clock)
            ending.callback(self.account.close)
            for name, shared in (shared_folders or {}).items():
                self.account.add(SharedFolder(name, shared, self.clock.now().replace(microsecond=0)))
            for name in containers:
                if name not in self.account.containers:
                    self.account.create(name)
            app = Starlette(routes=[Route(FAULTS_PATH, self.faults.answer, methods=["GET", "POST", "DELETE"])])
            app.router.default = request_response(self._answer)
            self._server = LoopbackServer(app, port=port, certificate=certificate, any_origin=True)
            ending.callback(self._server.stop)
            self._ending = ending.pop_all()
        self.url = f"{self._server.url}/{ACCOUNT}"

    def container_url(self, name: str) -> str:
        return f"{self.url}/{name}"

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """May be called twice."""
        self._ending.close()

    async def _answer(self, request: Request) -> Response:
        request_id = str(uuid.uuid4())
        fault = None
        try:
            call, operation, fault = self._call(request)
            await before(fault)
            if fault is not None and fault.do == "dropBefore":
                return Dropped()
            if fault is not None and fault.do == "answer":
                response = self._fault_answer(fault, request_id)
            else:
                self._authorize(call, operation)
                response = await operation.answer(call)
        except StorageError as error:
            response = self._error(error, request_id)
        except ClientDisconnect:
            return Dropped()
        except OSError as failure:  # no space is left, for one
            why = f"The emulator could not read or write its files: {failure.strerror}."
            response = self._error(StorageError("InternalError", message=why), request_id)
        return applied(fault, self._with_common_headers(request, response, request_id))

    def _call(self, request: Request) -> tuple[Call, Operation, Fault | None]:
        """Raises StorageError."""
        if request.method == "OPTIONS":
            raise StorageError("CorsPreflightFailure")  # no origin has been allowed
        place = place_of(request.scope["raw_path"])
        query, headers = query_of(request), headers_of(request)
        operation = operation_of(request.method, place, query)
        fault = self.faults.take(request.method, operation.name, "/".join(filter(None, (place.container, place.blob))))
        version = _version(query, headers)
        caller = self._caller(request, query, headers, place, operation)
        own = {name: value for name, value in query.items() if not ("sig" in query and name in PARAMETERS)}
        operation.check(own, headers)
        return Call(request, place, query, headers, version, caller, self.account, self.keys), operation, fault

    def _caller(
        self, request: Request, query: dict[str, str], headers: dict[str, str], place: Place, operation: Operation
    ) -> Caller:
        """Raises StorageError."""
        authorization = headers.get("authorization")
        if "sig" in query:
            if authorization is not None:
                raise StorageError("InvalidAuthenticationInfo")
            signer = check_signature(
                query,
                place,
                self.keys,
                now=self.clock.now(),
                scheme=request.url.scheme,
                client=request.client.host if request.client else "",
            )
            if not operation.takes_signature:
                raise StorageError("AuthorizationPermissionMismatch")
            overrides = {header: query[name] for name, header in OVERRIDES.items() if query.get(name)}
            return Caller(signer, query["sktid"], overrides)
        if authorization is None:
            raise StorageError("NoAuthenticationInformation", headers=_CHALLENGE)
        scheme = authorization.partition(" ")[0].lower()
        if scheme in ("sharedkey", "sharedkeylite"):
            raise StorageError("KeyBasedAuthenticationNotPermitted")
        if scheme != "bearer":
            raise StorageError("InvalidAuthenticationInfo")
        try:
            claims = self.authority.claims(authorization, AUDIENCE)
        except Unauthorized:
            raise StorageError("InvalidAuthenticationInfo", status=401, headers=_CHALLENGE) from None
        return Caller(claims["oid"], claims["tid"], {})

    def _authorize(self, call: Call, operation: Operation) -> None:
        """Raises StorageError."""
        if not allows(self.roles, call.caller.object_id, operation.needs, call.place.container):
            raise StorageError("AuthorizationPermissionMismatch")

    def _error(self, error: StorageError, request_id: str) -> Response:
        headers = {**error.headers, "x-ms-error-code": error.code}
        if error.status == 304:
            return Response(status_code=304, headers=headers)
        body = error_body(error.code, error.message, error.details, request_id, self.clock.now())
        return Response(body, error.status, headers, media_type="application/xml")

    def _fault_answer(self, fault: Fault, request_id: str) -> Response:
        headers = {"x-ms-error-code": fault.errorCode}
        if fault.retryAfter is not None:
            headers["Retry-After"] = str(fault.retryAfter)
        message = "This response was requested as a fault."
        body = error_body(fault.errorCode, message, {}, request_id, self.clock.now())
        return Response(body, fault.status, headers, media_type="application/xml")

    def _with_common_headers(self, request: Request, response: Response, request_id: str) -> Response:
        sent = request.headers.get("x-ms-version") or request.query_params.get("sv", "")
        common = {
            "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
            "x-ms-request-id": request_id,
        }
        if sent in VERSIONS:
            common["x-ms-version"] = sent
        client_id = request.headers.get("x-ms-client-request-id", "")
        if re.fullmatch(r"[\x21-\x7e]{1,1024}", client_id):
            common["x-ms-client-request-id"] = client_id
        if "origin" in request.headers:
            common["Vary"] = "Origin"  # and no header that would let the page read the answer
        response.headers.update(common)
        return response


def _version(query: dict[str, str], headers: dict[str, str]) -> str:
    """Of the header or, for an address with a signature, of that. Raises StorageError."""
    version = headers.get("x-ms-version")
    if version is None and "sig" in query:
        return query.get("sv", "")
    if version is None:
        if "authorization" not in headers:
            raise StorageError("PublicAccessNotPermitted")  # an address without a signature, in a browser
        raise StorageError("MissingRequiredHeader", HeaderName="x-ms-version")
    if version not in VERSIONS:
        raise StorageError("InvalidHeaderValue", HeaderName="x-ms-version", HeaderValue=version[:100])
    return version
