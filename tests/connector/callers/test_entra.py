"""Sign-in with Entra ID: which tokens and callers are accepted, and that each caller has separate sessions."""

import base64
import contextlib
import hmac
import json
import logging
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.callers.entra import EntraSignIn, KeyTimes
from connector.contract.validation import read_document
from connector.errors import CallerNotAllowed, SignInUnavailable, Unauthorized
from tests.connector.callers.entra_issuer import ALICE, BOB, CLIENT, CONNECTOR, EVE, OTHER_TENANT, TENANT, Issuer

PRINCIPAL = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": [{"typ": "oid", "val": ALICE}]}).encode())
FORGED = {
    "X-MS-CLIENT-PRINCIPAL": PRINCIPAL.decode(),
    "X-MS-CLIENT-PRINCIPAL-ID": ALICE,
    "X-MS-CLIENT-PRINCIPAL-NAME": "alice@contoso.example",
    "X-MS-CLIENT-PRINCIPAL-IDP": "aad",
}
DOCUMENT = read_document()
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
SIGNED_IN = [name for name, (_, _, operation) in OPERATIONS.items() if operation.get("security") != []]
ANONYMOUS = sorted(OPERATIONS.keys() - SIGNED_IN)


@pytest.fixture(scope="module")
def shared_issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture
def issuer(shared_issuer) -> Iterator[Issuer]:
    """Reset to its initial state."""
    yield shared_issuer
    shared_issuer.may_answer.set()
    shared_issuer.published, shared_issuer.body = ["first"], None
    shared_issuer.requested.clear()


@pytest.fixture
def times() -> KeyTimes:
    """Of the keys of `sign_in`; tests may change them."""
    return KeyTimes()


@pytest.fixture
def sign_in(issuer, times) -> EntraSignIn:
    return EntraSignIn(issuer.url, TENANT, (CONNECTOR, f"api://{CONNECTOR}"), (ALICE, BOB), times=times)


@pytest.fixture(scope="module")
def entra(running_connector, emulator, shared_issuer):
    """The connector for Alice and Bob. Its host requires keys where the functions do, as on Azure."""
    with running_connector(require_keys=True, **{**emulator.environment, **shared_issuer.environment}) as connector:
        yield connector


def refused(sign_in: EntraSignIn, token: str, *words: str) -> None:
    with pytest.raises(Unauthorized) as failure:
        sign_in.caller(f"Bearer {token}")
    for word in words:
        assert word in failure.value.message
    assert token not in failure.value.message
    challenge = failure.value.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ") and challenge.endswith(', error="invalid_token"')


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


# ---- tokens


def test_a_token_of_either_version_identifies_its_caller(sign_in, issuer):
    """By tenant and object ID."""
    for token in (issuer.token(), issuer.version_1_token()):
        assert sign_in.caller(f"Bearer {token}") == sign_in.caller(f"bearer  {token} ") == f"{TENANT}/{ALICE}"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "another"}, ["audience", "ENTRA_AUDIENCES"]),
        ({"aud": f"{CONNECTOR}x"}, ["audience"]),
        ({"aud": None}, ["not from Entra ID"]),
        ({"iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, ["another tenant"]),
        ({"iss": f"https://issuer.example/{TENANT}/v2.0"}, ["another tenant"]),
        ({"iss": "https://sts.windows.net/"}, ["another tenant"]),
        ({"iss": None}, ["not from Entra ID"]),
        ({"tid": OTHER_TENANT}, ["another tenant"]),
        ({"tid": None}, ["another tenant"]),
        ({"exp": int(time.time()) - 90}, ["expired"]),
        ({"exp": None}, ["not from Entra ID"]),
        ({"nbf": int(time.time()) + 900}, ["not valid yet"]),
        ({"nbf": None}, ["not from Entra ID"]),
        ({"oid": None}, ["oid"]),
        ({"oid": ""}, ["oid"]),
        ({"oid": [ALICE]}, ["oid"]),
        ({"azp": None}, ["not an access token"]),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else "",  # no times: all processes need the same names
)
def test_a_token_with_a_wrong_claim_is_refused(sign_in, issuer, claims, words):
    """Audience, issuer, tenant, both times, and owner are checked, and the message names the problem."""
    refused(sign_in, issuer.token(**claims), *words)


def test_clocks_may_differ(sign_in, issuer):
    """A token is accepted half a minute before and after its time."""
    now = int(time.time())
    assert sign_in.caller(f"Bearer {issuer.token(exp=now - 30)}")
    assert sign_in.caller(f"Bearer {issuer.token(nbf=now + 30, iat=now + 30)}")


def test_a_signature_with_another_key_is_refused(sign_in, issuer):
    """Also under the id of a published key, and with the key in the token itself."""
    refused(sign_in, issuer.token(key="second", headers={"kid": "first"}), "changed on the way")
    refused(sign_in, issuer.token(key="second"), "does not publish")
    own = {"jwk": issuer.public("second"), "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/x"}
    refused(sign_in, issuer.token(key="second", headers=own), "does not publish")


def test_a_changed_token_is_refused(sign_in, issuer):
    """Its claims are signed."""
    header, claims, signature = issuer.token(EVE).split(".")
    forged = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).replace(EVE.encode(), ALICE.encode())
    changed = base64.urlsafe_b64encode(forged).decode().rstrip("=")
    refused(sign_in, f"{header}.{changed}.{signature}", "changed on the way")
    refused(sign_in, f"{header}.{claims}.", "changed on the way")


def test_only_the_algorithm_of_entra_is_accepted(sign_in, issuer):
    """No signature, and one whose secret is the public key, prove nothing."""
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    key_id = {"kid": "first"}
    refused(sign_in, jwt.encode(claims, None, "none", key_id), "not from Entra ID")
    signed = encoded('{"alg": "HS256", "kid": "first"}') + "." + encoded(json.dumps(claims))
    public = issuer.private["first"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    code = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode().rstrip("=")
    refused(sign_in, f"{signed}.{code}", "not from Entra ID")
    refused(sign_in, jwt.encode(claims, issuer.private["first"], "RS512", key_id), "not from Entra ID")
    refused(sign_in, jwt.encode(claims, issuer.private["first"], "RS256"), "not from Entra ID")


@pytest.mark.parametrize(
    "garbage",
    [
        "x",
        "a.b.c",
        "...",
        "\x00\xff",
        "ä.ö.ü",
        encoded("[]") + ".e30.e30",
        encoded("null") + ".e30.e30",
        encoded('{"alg": "RS256", "kid": ["first"]}') + ".e30.e30",
        encoded('{"alg": "RS256", "kid": "first"}') + ".e30.e30",
        encoded('{"alg": "RS256", "kid": "first", "crit": ["x"]}') + ".e30.e30",
        encoded("[" * 15_000) + ".e30.e30",
        encoded('{"kid":' + "9" * 10_000 + "}") + ".e30.e30",
        "e30." * 100_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_text_that_is_not_a_token_is_refused(sign_in, garbage):
    """All malformed tokens get the same message."""
    refused(sign_in, garbage, "not from Entra ID")


def test_a_huge_token_is_refused_before_it_is_read(sign_in, issuer):
    """No real token is as long, and no key is fetched for it."""
    refused(sign_in, issuer.token(groups=[str(uuid.uuid4()) for _ in range(1000)]), "not from Entra ID")
    assert issuer.requested == []


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "token", "Bearer\tx"])
def test_a_request_without_a_token_gets_a_challenge(sign_in, issuer, header):
    """With the tenant's address, and without an error: no token was wrong."""
    with pytest.raises(Unauthorized, match="Authorization") as failure:
        sign_in.caller(header)
    address = f"{issuer.url}/{TENANT}/oauth2/v2.0/authorize"
    assert failure.value.headers == {"WWW-Authenticate": f'Bearer authorization_uri="{address}"'}


# ---- who may call


@pytest.mark.parametrize(
    ("allowed", "claims"),
    [
        (EVE, {}),
        (CLIENT, {}),
        (CLIENT, {"azp": None, "appid": CLIENT}),
        ("Connector.Call", {"roles": ["Other", "Connector.Call"]}),
        (ALICE, {"groups": [BOB, ALICE]}),
    ],
    ids=["object ID", "application ID", "application ID in version 1", "app role", "group"],
)
def test_allowed_callers(issuer, allowed, claims):
    """An object ID, an application ID, an app role or a group allows a caller."""
    token = issuer.token(EVE, **claims)
    assert EntraSignIn(issuer.url, TENANT, (CONNECTOR,), (allowed,)).caller(f"Bearer {token}") == f"{TENANT}/{EVE}"
    with pytest.raises(CallerNotAllowed):
        EntraSignIn(issuer.url, TENANT, (CONNECTOR,), (str(uuid.uuid4()),)).caller(f"Bearer {token}")


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"name": ALICE, "preferred_username": ALICE, "upn": ALICE, "sub": ALICE, "scp": ALICE, "wids": [ALICE]},
        {"roles": f"{ALICE} {BOB}", "groups": ALICE},
        {"roles": [[ALICE], {"a": ALICE}, None], "groups": {ALICE: ALICE}},
    ],
    ids=["nothing", "other claims", "texts", "other shapes"],
)
def test_callers_who_are_not_allowed(sign_in, issuer, claims):
    """Names that users can choose, and other claims, do not grant access; the message has the IDs."""
    with pytest.raises(CallerNotAllowed) as failure:
        sign_in.caller(f"Bearer {issuer.token(EVE, **claims)}")
    assert EVE in failure.value.message and CLIENT in failure.value.message
    assert "role" in failure.value.message and "do not fit" not in failure.value.message


@pytest.mark.parametrize("claims", [{"hasgroups": True}, {"_claim_names": {"groups": "src1"}}])
def test_groups_that_do_not_fit_into_a_token(sign_in, issuer, claims):
    """The message explains why they have no effect."""
    with pytest.raises(CallerNotAllowed, match="do not fit into a token"):
        sign_in.caller(f"Bearer {issuer.token(EVE, **claims)}")


# ---- keys


def test_keys_are_fetched_once(sign_in, issuer):
    """Neither valid tokens nor others cause another request: anyone can invent the id of a key."""
    for _ in range(5):
        sign_in.caller(f"Bearer {issuer.token()}")
        refused(sign_in, issuer.token(headers={"kid": str(uuid.uuid4())}), "does not publish")
    assert issuer.requested == [f"/{TENANT}/discovery/v2.0/keys"]


def test_a_new_key_is_fetched(sign_in, issuer, times):
    """Because of its id, unless the last request was a moment ago."""
    sign_in.caller(f"Bearer {issuer.token()}")
    issuer.published = ["second", "first"]
    refused(sign_in, issuer.token(key="second"), "does not publish")
    times.pause = 0
    assert sign_in.caller(f"Bearer {issuer.token(key='second')}") == sign_in.caller(f"Bearer {issuer.token()}")


def test_a_withdrawn_key_is_no_longer_accepted(sign_in, issuer, times):
    """Keys are fetched again after a while."""
    sign_in.caller(f"Bearer {issuer.token()}")
    issuer.published = ["second"]
    sign_in.caller(f"Bearer {issuer.token()}")
    times.fresh = 0
    times.pause = 0
    refused(sign_in, issuer.token(), "does not publish")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"keys": [{"kty": "RSA", "kid": "first"}]}'])
def test_without_keys_sign_in_is_unavailable(sign_in, issuer, times, body):
    """The error is not about the token; callers are accepted when the keys are available again."""
    issuer.body = body
    for _ in range(3):
        with pytest.raises(SignInUnavailable, match="AZURE_AUTHORITY_HOST") as failure:
            sign_in.caller(f"Bearer {issuer.token()}")
        assert failure.value.retry_after_seconds
    assert len(issuer.requested) == 1
    issuer.body = None
    times.pause_after_failure = 0
    assert sign_in.caller(f"Bearer {issuer.token()}")


def test_keys_are_used_while_new_ones_are_unavailable(sign_in, issuer, times):
    """For a day; an unknown key is then SignInUnavailable."""
    sign_in.caller(f"Bearer {issuer.token()}")
    issuer.body = b""
    times.fresh = 0
    times.pause = 0
    assert sign_in.caller(f"Bearer {issuer.token()}")
    with pytest.raises(SignInUnavailable):
        sign_in.caller(f"Bearer {issuer.token(key='second')}")
    times.usable = 0
    with pytest.raises(SignInUnavailable):
        sign_in.caller(f"Bearer {issuer.token()}")


def test_an_issuer_that_does_not_respond(sign_in, issuer, times):
    """The wait for it is short."""
    times.timeout = 0.1
    issuer.may_answer.clear()
    with pytest.raises(SignInUnavailable):
        sign_in.caller(f"Bearer {issuer.token()}")


def test_callers_do_not_wait_for_an_issuer_that_has_failed(sign_in, issuer, times):
    """One call tries it again; the others are refused at once, and hold no thread."""
    times.timeout = 0.1
    issuer.may_answer.clear()
    token = f"Bearer {issuer.token()}"
    with pytest.raises(SignInUnavailable):
        sign_in.caller(token)
    times.timeout, times.pause_after_failure = 10, 0
    with ThreadPoolExecutor(1) as threads:
        trying = threads.submit(sign_in.caller, token)
        until = time.monotonic() + 10
        while len(issuer.requested) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(SignInUnavailable):
            sign_in.caller(token)
        assert not trying.done()
        issuer.may_answer.set()
        assert trying.result(10)


def test_an_issuer_that_responds_slowly(issuer, times):
    """The wait for it is as short as for one that does not respond at all."""
    times.timeout = 0.2
    with socket.create_server(("127.0.0.1", 0)) as slow:
        sign_in = EntraSignIn(f"http://127.0.0.1:{slow.getsockname()[1]}", TENANT, (CONNECTOR,), (ALICE,), times=times)
        with ThreadPoolExecutor(1) as threads:
            failure = threads.submit(sign_in.caller, f"Bearer {issuer.token()}")
            connection, _ = slow.accept()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n")
            with connection, contextlib.suppress(OSError):
                while not failure.done():
                    connection.sendall(b" ")
                    time.sleep(0.05)
            assert isinstance(failure.exception(1), SignInUnavailable)


def test_callers_do_not_wait_for_new_keys(sign_in, issuer, times):
    """One call fetches them; the others use the old ones."""
    token = f"Bearer {issuer.token()}"
    sign_in.caller(token)
    times.fresh = 0
    times.pause = 0
    issuer.may_answer.clear()
    fetching = threading.Thread(target=sign_in.caller, args=(token,))
    fetching.start()
    until = time.monotonic() + 10
    while len(issuer.requested) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert sign_in.caller(token) and fetching.is_alive() and len(issuer.requested) == 2
    issuer.may_answer.set()
    fetching.join(10)


# ---- the connector


def request_for(operation_id: str) -> tuple[str, str]:
    """Method and path of a valid request."""
    method, path, _ = OPERATIONS[operation_id]
    for name in ("executionId", "sessionId", "fileName", "token"):
        path = path.replace(f"{{{name}}}", "0123456789abcdef")
    return method, path


@pytest.mark.parametrize("operation_id", SIGNED_IN)
@pytest.mark.parametrize("headers", [{}, FORGED, {"x-functions-key": "a-key"}, {"Authorization": "Bearer x"}])
def test_every_operation_requires_a_token(entra, operation_id, headers):
    """Other headers do not replace it."""
    response = entra.call(*request_for(operation_id), headers=headers)
    assert response.status_code == 401
    assert response.headers["x-ms-error-code"] == "Unauthorized"
    assert response.headers["WWW-Authenticate"].startswith('Bearer authorization_uri="http')


@pytest.mark.parametrize("operation_id", SIGNED_IN)
def test_every_operation_requires_an_allowed_caller(entra, issuer, operation_id):
    """To be signed in is not enough."""
    response = entra.call(*request_for(operation_id), headers=issuer.bearer(EVE))
    assert response.status_code == 403
    assert response.headers["x-ms-error-code"] == "CallerNotAllowed"
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize("operation_id", ANONYMOUS)
def test_operations_without_sign_in(entra, operation_id):
    """Health, the documents, and signed addresses."""
    assert entra.call(*request_for(operation_id)).status_code in (200, 400, 404)


def test_each_caller_has_sessions_of_its_own(entra, issuer, session_id):
    """Two callers with the same session ID, and with the other's execution ID, see nothing of each other."""
    alice, bob = issuer.bearer(ALICE), issuer.bearer(BOB)
    at = f"sessionId={session_id}"
    assert entra.call("PUT", f"/files/a.txt?{at}", data=b"mine", headers=alice).status_code == 200
    code = {"sessionId": session_id, "pythonCode": "secret = 42; secret"}
    run = entra.call("POST", "/executions", json=code, headers=alice).json()
    assert (run["sessionId"], run["result"]) == (session_id, "42")

    for method, path in (
        ("GET", f"/sessions/{session_id}"),  # first: the calls after it make one for Bob
        ("GET", f"/files/a.txt?{at}"),
        ("GET", f"/files/a.txt/content?{at}"),
        ("HEAD", f"/files/a.txt/content?{at}"),
        ("GET", f"/executions/{run['executionId']}?{at}"),
        ("DELETE", f"/executions/{run['executionId']}?{at}"),
    ):
        assert entra.call(method, path, headers=bob).status_code == 404, path
    assert entra.call("GET", f"/files?{at}", headers=bob).json()["files"] == []
    entra.call("DELETE", f"/sessions/{session_id}", headers=bob)
    code = {"sessionId": session_id, "pythonCode": "secret"}
    other = entra.call("POST", "/executions", json=code, headers=bob).json()
    assert other["error"]["name"] == "NameError"

    assert entra.call("GET", f"/files/a.txt/content?{at}", headers=alice).content == b"mine"
    again = entra.call("GET", f"/executions/{run['executionId']}?{at}", headers=alice).json()
    assert (again["sessionId"], again["result"]) == (session_id, "42")
    assert entra.call("GET", f"/sessions/{session_id}", headers=alice).json()["sessionId"] == session_id


def test_a_caller_is_the_same_with_every_token(entra, issuer, session_id):
    """With another application, and a token of the other version, the sessions are the same."""
    at = f"sessionId={session_id}"
    entra.call("PUT", f"/files/a.txt?{at}", data=b"mine", headers=issuer.bearer(ALICE))
    for token in (issuer.token(ALICE, azp=str(uuid.uuid4())), issuer.version_1_token(ALICE)):
        headers = {"Authorization": f"Bearer {token}"}
        assert entra.call("GET", f"/files/a.txt/content?{at}", headers=headers).content == b"mine"


def test_an_idempotency_key_is_the_callers_own(entra, issuer):
    """Two callers with the same key, and without a session, run their own code."""
    for caller, code in ((ALICE, "'of Alice'"), (BOB, "'of Bob'")):
        body = {"pythonCode": code, "idempotencyKey": "daily"}
        run = entra.call("POST", "/executions", json=body, headers=issuer.bearer(caller)).json()
        assert run.get("value") == code.strip("'"), run


def test_headers_of_the_platform_are_ignored(entra, api, issuer, session_id):
    """Callers could send them to pose as others."""
    at = f"sessionId={session_id}"
    entra.call("PUT", f"/files/a.txt?{at}", data=b"of Alice", headers=issuer.bearer(ALICE))
    forged = {**issuer.bearer(BOB), **FORGED}
    assert entra.call("GET", f"/files/a.txt?{at}", headers=forged).status_code == 404
    api.call("PUT", f"/files/a.txt?{at}", data=b"of all", headers={**FORGED, **issuer.bearer(ALICE)})
    assert api.call("GET", f"/files/a.txt/content?{at}").content == b"of all"


def test_polls_need_no_token(entra, issuer, session_id):
    """The address leads to the run in its caller's session, and to the next address."""
    code = "import os, time\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.01)\n6 * 7"
    body = {"sessionId": session_id, "waitInSeconds": 0, "pythonCode": code}
    started = entra.call("POST", "/executions", json={**body, "timeoutInSeconds": 300}, headers=issuer.bearer(ALICE))
    assert started.status_code == 202
    path = f"/executions/{started.json()['executionId']}?sessionId={session_id}"
    address, answer, polls = started.headers["Location"], started, 0
    while answer.status_code == 202 and polls < 200:
        answer = entra.call("GET", address.removeprefix(entra.url))
        address, polls = answer.headers.get("Location", address), polls + 1
        if polls == 1:
            assert entra.call("PUT", f"/files/go?sessionId={session_id}", headers=issuer.bearer(ALICE)).ok
        time.sleep(0.05)
    assert polls > 1 and answer.json()["result"] == "42"
    assert entra.call("GET", path, headers=issuer.bearer(BOB)).status_code == 404
    assert entra.call("GET", path, headers=issuer.bearer(ALICE)).json()["result"] == "42"


def test_chunks_need_no_token(entra, issuer, session_id):
    """They are stored in the session of the caller who began the upload."""
    started = entra.call(
        "PUT",
        f"/files/large.bin?sessionId={session_id}",
        headers={**issuer.bearer(ALICE), "x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"},
    )
    address = started.headers["Location"].removeprefix(entra.url)
    chunk = entra.call("PATCH", address, data=b"rows", headers={"Content-Range": "bytes=0-3/4"})
    assert chunk.status_code == 200
    path = f"/files/large.bin/content?sessionId={session_id}"
    assert entra.call("GET", path, headers=issuer.bearer(ALICE)).content == b"rows"
    assert entra.call("GET", path, headers=issuer.bearer(BOB)).status_code == 404


def test_links_need_no_token(entra, issuer, session_id):
    """They lead to the file of the caller who shared it, whoever opens them."""
    for caller in (ALICE, BOB):
        path, headers = f"/files/a.txt?sessionId={session_id}", issuer.bearer(caller)
        assert entra.call("PUT", path, data=caller.encode(), headers=headers).status_code == 200
    shared = entra.call("POST", "/files/a.txt/links", json={"sessionId": session_id}, headers=issuer.bearer(ALICE))
    link = shared.json()["fileUrl"].removeprefix(entra.url)
    for headers in ({}, issuer.bearer(BOB), {"Authorization": "Bearer nonsense"}):
        assert entra.call("GET", link, headers=headers).content == ALICE.encode()
    assert entra.call("HEAD", link).status_code == 200


def test_upload_urls_need_no_token(entra, issuer, session_id):
    """The file is stored in the session of the caller who created the URL."""
    body, alice = {"sessionId": session_id, "fileName": "a.txt"}, issuer.bearer(ALICE)
    created = entra.call("POST", "/uploads", json=body, headers=alice).json()
    sent = entra.call("PUT", created["uploadUrl"].removeprefix(entra.url), data=b"rows", headers=issuer.bearer(BOB))
    assert sent.status_code == 200
    path = f"/files/a.txt/content?sessionId={session_id}"
    assert entra.call("GET", path, headers=alice).content == b"rows"
    assert entra.call("GET", path, headers=issuer.bearer(BOB)).status_code == 404


def test_without_a_signing_key_polls_need_a_token(start_connector, emulator, issuer, session_id):
    """Location is then GetExecution's address."""
    connector = start_connector(**{**emulator.environment, **issuer.environment, "SIGNING_KEY": ""})
    body = {"sessionId": session_id, "timeoutInSeconds": 300, "waitInSeconds": 0}
    body["pythonCode"] = "import time; time.sleep(5)"
    started = connector.call("POST", "/executions", json=body, headers=issuer.bearer())
    path = started.headers["Location"].removeprefix(connector.url)
    assert path == f"/executions/{started.json()['executionId']}?sessionId={session_id}"
    assert connector.call("GET", path).status_code == 401
    assert connector.call("DELETE", path, headers=issuer.bearer()).json()["status"] == "Canceled"


def test_keys_that_cannot_be_fetched_are_a_503(start_connector, emulator, issuer):
    """With Retry-After; operations without sign-in are served."""
    issuer.body = b""
    connector = start_connector(**{**emulator.environment, **issuer.environment})
    response = connector.call("GET", "/connection", headers=issuer.bearer())
    assert (response.status_code, response.headers["x-ms-error-code"]) == (503, "SignInUnavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert connector.call("GET", "/health").status_code == 200


def test_the_log_names_the_caller_and_never_the_token(entra, issuer, caplog):
    """Each call by a known caller is logged with tenant and object ID, also if it is refused; no line has a token."""
    good, bad, refused = issuer.token(ALICE), issuer.token(EVE, aud="another"), issuer.token(EVE)
    with caplog.at_level(logging.DEBUG):
        entra.call("GET", "/connection", headers={"Authorization": f"Bearer {good}"})
        entra.call("GET", "/connection", headers={"Authorization": f"Bearer {bad}"})
        entra.call("GET", "/connection", headers={"Authorization": f"Bearer {refused}"})
    messages = [record.getMessage() for record in caplog.records if record.name == "connector.telemetry"]
    requests = [record for record in map(json.loads, messages) if record["record"] == "request"]
    callers = [(record["operation"], record["status"], record.get("caller")) for record in requests]
    assert callers == [
        ("CheckConnection", 200, f"{TENANT}/{ALICE}"),
        ("CheckConnection", 401, None),
        ("CheckConnection", 403, f"{TENANT}/{EVE}"),
    ]
    assert not any(token.rsplit(".", 1)[1] in caplog.text for token in (good, bad, refused))


@pytest.mark.parametrize("missing", ["ENTRA_TENANT_ID", "ENTRA_AUDIENCES", "ENTRA_ALLOWED_CALLERS"])
def test_an_incomplete_sign_in_serves_nobody(running_connector, emulator, issuer, missing):
    """Every caller gets the missing setting, also without a function key."""
    environment = {**emulator.environment, **issuer.environment, missing: ""}
    with running_connector(require_keys=True, **environment) as connector:
        for headers in ({}, issuer.bearer()):
            response = connector.call("GET", "/connection", headers=headers)
            assert response.status_code == 500
            assert missing in response.json()["error"]["message"]


def test_with_function_keys_tokens_are_ignored(api_with_key, issuer):
    """Valid or not."""
    assert api_with_key.call("GET", "/connection", headers=issuer.bearer()).status_code == 401
    headers = {"x-functions-key": api_with_key.key, "Authorization": "Bearer x"}
    assert api_with_key.call("GET", "/connection", headers=headers).status_code == 200


def test_the_documents_describe_the_sign_in(entra, issuer):
    """With one scheme: a bearer token for agents, sign-in at the tenant for makers."""
    agents, makers = (entra.call("GET", path).json() for path in ("/openapi.json", "/swagger.json"))
    ((name, scheme),) = agents["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"], agents["security"]) == ("http", "bearer", [{name: []}])
    ((name, scheme),) = makers["securityDefinitions"].items()
    assert (scheme["type"], makers["security"]) == ("oauth2", [{name: []}])
    assert scheme["tokenUrl"] == f"{issuer.url}/{TENANT}/oauth2/token"
    assert "x-functions-key" not in json.dumps([agents, makers])
