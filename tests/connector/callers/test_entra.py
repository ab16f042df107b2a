"""Sign-in with Entra ID: who is let in, by which tokens, and that each caller has sessions of its own."""

import base64
import hmac
import json
import logging
import threading
import time
import uuid
from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.callers.entra import EntraSignIn
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
    """As it was at the start, whatever other tests did to it."""
    yield shared_issuer
    shared_issuer.may_answer.set()
    shared_issuer.published, shared_issuer.body = ["first"], None
    shared_issuer.asked.clear()


@pytest.fixture
def sign_in(issuer) -> EntraSignIn:
    return EntraSignIn(issuer.url, TENANT, (CONNECTOR, f"api://{CONNECTOR}"), (ALICE, BOB))


@pytest.fixture(scope="module")
def entra(running_connector, emulator, shared_issuer):
    """The connector for Alice and Bob. Its host asks for keys where the functions tell it to, as on Azure."""
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


def test_a_token_of_either_version_names_its_caller(sign_in, issuer):
    """Tenant and object ID are the caller, whichever version of tokens the app registration gets."""
    for token in (issuer.token(), issuer.version_1_token()):
        assert sign_in.caller(f"Bearer {token}") == sign_in.caller(f"bearer  {token} ") == f"{TENANT}/{ALICE}"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "another"}, ["audience", "ENTRA_AUDIENCES"]),
        ({"aud": f"{CONNECTOR}x"}, ["audience"]),
        ({"aud": None}, ["no token of Entra ID"]),
        ({"iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, ["another tenant"]),
        ({"iss": f"https://issuer.example/{TENANT}/v2.0"}, ["another tenant"]),
        ({"iss": "https://sts.windows.net/"}, ["another tenant"]),
        ({"iss": None}, ["no token of Entra ID"]),
        ({"tid": OTHER_TENANT}, ["another tenant"]),
        ({"tid": None}, ["another tenant"]),
        ({"exp": int(time.time()) - 90}, ["time is over"]),
        ({"exp": None}, ["no token of Entra ID"]),
        ({"nbf": int(time.time()) + 900}, ["not begun"]),
        ({"nbf": None}, ["no token of Entra ID"]),
        ({"oid": None}, ["oid"]),
        ({"oid": ""}, ["oid"]),
        ({"oid": [ALICE]}, ["oid"]),
        ({"azp": None}, ["no access token"]),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else "",  # no times: all processes need the same names
)
def test_a_token_that_says_something_wrong_is_refused(sign_in, issuer, claims, words):
    """Audience, issuer, tenant, both times, and who it is of are all looked at, and the message says which is wrong."""
    refused(sign_in, issuer.token(**claims), *words)


def test_clocks_may_differ_a_little(sign_in, issuer):
    """Half a minute before and after its time, a token is taken."""
    now = int(time.time())
    assert sign_in.caller(f"Bearer {issuer.token(exp=now - 30)}")
    assert sign_in.caller(f"Bearer {issuer.token(nbf=now + 30, iat=now + 30)}")


def test_a_signature_of_somebody_else_is_refused(sign_in, issuer):
    """A token under a published key's name, signed with another key, is none; nor is one with the key in itself."""
    refused(sign_in, issuer.token(key="second", headers={"kid": "first"}), "changed on the way")
    refused(sign_in, issuer.token(key="second"), "does not publish")
    own = {"jwk": issuer.public("second"), "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/x"}
    refused(sign_in, issuer.token(key="second", headers=own), "does not publish")


def test_a_token_that_was_changed_is_refused(sign_in, issuer):
    """What a token says stands under its signature."""
    header, claims, signature = issuer.token(EVE).split(".")
    said = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).replace(EVE.encode(), ALICE.encode())
    changed = base64.urlsafe_b64encode(said).decode().rstrip("=")
    refused(sign_in, f"{header}.{changed}.{signature}", "changed on the way")
    refused(sign_in, f"{header}.{claims}.", "changed on the way")


def test_only_what_entra_signs_with_is_taken(sign_in, issuer):
    """No signature at all, or one whose secret is the public key, proves nothing."""
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    key_id = {"kid": "first"}
    refused(sign_in, jwt.encode(claims, None, "none", key_id), "no token of Entra ID")
    signed = encoded('{"alg": "HS256", "kid": "first"}') + "." + encoded(json.dumps(claims))
    public = issuer.private["first"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    code = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode().rstrip("=")
    refused(sign_in, f"{signed}.{code}", "no token of Entra ID")
    refused(sign_in, jwt.encode(claims, issuer.private["first"], "RS512", key_id), "no token of Entra ID")
    refused(sign_in, jwt.encode(claims, issuer.private["first"], "RS256"), "no token of Entra ID")


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
def test_what_is_no_token_is_refused(sign_in, garbage):
    """Whatever stands behind the word Bearer, the answer is a refusal."""
    refused(sign_in, garbage, "no token of Entra ID")


def test_a_huge_token_is_refused_before_it_is_read(sign_in, issuer):
    """However well it is signed, nobody's token is so long, and no key is fetched for it."""
    refused(sign_in, issuer.token(groups=[str(uuid.uuid4()) for _ in range(1000)]), "no token of Entra ID")
    assert issuer.asked == []


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "token", "Bearer\tx"])
def test_a_request_without_a_token_is_told_where_to_get_one(sign_in, issuer, header):
    """The challenge names the tenant's address, and no error: there is no token that could be wrong."""
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
def test_who_may_call(issuer, allowed, claims):
    """An object ID, an application ID, an app role or a group lets a caller in, and is all that does."""
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
def test_who_may_not_call(sign_in, issuer, claims):
    """Names that a user can choose, and what stands elsewhere in a token, let nobody in; the message has the IDs."""
    with pytest.raises(CallerNotAllowed) as failure:
        sign_in.caller(f"Bearer {issuer.token(EVE, **claims)}")
    assert EVE in failure.value.message and CLIENT in failure.value.message
    assert "role" in failure.value.message and "do not fit" not in failure.value.message


@pytest.mark.parametrize("claims", [{"hasgroups": True}, {"_claim_names": {"groups": "src1"}}])
def test_groups_that_a_token_has_no_room_for(sign_in, issuer, claims):
    """Whoever is in too many groups is told why none of them helps."""
    with pytest.raises(CallerNotAllowed, match="do not fit into a token"):
        sign_in.caller(f"Bearer {issuer.token(EVE, **claims)}")


# ---- keys


def test_keys_are_fetched_once(sign_in, issuer):
    """Neither good tokens nor bad ones ask for the keys again: anybody can make up the name of a key."""
    for _ in range(5):
        sign_in.caller(f"Bearer {issuer.token()}")
        refused(sign_in, issuer.token(headers={"kid": str(uuid.uuid4())}), "does not publish")
    assert issuer.asked == [f"/{TENANT}/discovery/v2.0/keys"]


def test_a_new_key_is_taken_while_the_connector_runs(sign_in, issuer, monkeypatch):
    """An unknown key is asked for, when the last time was not just now."""
    sign_in.caller(f"Bearer {issuer.token()}")
    issuer.published = ["second", "first"]
    refused(sign_in, issuer.token(key="second"), "does not publish")
    monkeypatch.setattr("connector.callers.entra._PAUSE_SECONDS", 0)
    assert sign_in.caller(f"Bearer {issuer.token(key='second')}") == sign_in.caller(f"Bearer {issuer.token()}")


def test_a_key_that_was_withdrawn_is_forgotten(sign_in, issuer, monkeypatch):
    """Keys are fetched again after a while, and those that are no longer published serve no more."""
    sign_in.caller(f"Bearer {issuer.token()}")
    issuer.published = ["second"]
    sign_in.caller(f"Bearer {issuer.token()}")
    monkeypatch.setattr("connector.callers.entra._FRESH_SECONDS", 0)
    monkeypatch.setattr("connector.callers.entra._PAUSE_SECONDS", 0)
    refused(sign_in, issuer.token(), "does not publish")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"keys": [{"kty": "RSA", "kid": "first"}]}'])
def test_without_keys_nobody_can_be_told_from_anybody(sign_in, issuer, monkeypatch, body):
    """It is no fault of the token, and says so; when the keys are there again, callers get in."""
    issuer.body = body
    for _ in range(3):
        with pytest.raises(SignInUnavailable, match="AZURE_AUTHORITY_HOST") as failure:
            sign_in.caller(f"Bearer {issuer.token()}")
        assert failure.value.retry_after_seconds
    assert len(issuer.asked) == 1
    issuer.body = None
    monkeypatch.setattr("connector.callers.entra._PAUSE_AFTER_FAILURE_SECONDS", 0)
    assert sign_in.caller(f"Bearer {issuer.token()}")


def test_keys_serve_on_while_new_ones_cannot_be_had(sign_in, issuer, monkeypatch):
    """For a day; about a key that is not known, nobody can say anything then."""
    sign_in.caller(f"Bearer {issuer.token()}")
    issuer.body = b""
    monkeypatch.setattr("connector.callers.entra._FRESH_SECONDS", 0)
    monkeypatch.setattr("connector.callers.entra._PAUSE_SECONDS", 0)
    assert sign_in.caller(f"Bearer {issuer.token()}")
    with pytest.raises(SignInUnavailable):
        sign_in.caller(f"Bearer {issuer.token(key='second')}")
    monkeypatch.setattr("connector.callers.entra._USABLE_SECONDS", 0)
    with pytest.raises(SignInUnavailable):
        sign_in.caller(f"Bearer {issuer.token()}")


def test_an_issuer_that_does_not_answer(sign_in, issuer, monkeypatch):
    """The wait for it is short."""
    monkeypatch.setattr("connector.callers.entra._TIMEOUT_SECONDS", 0.1)
    issuer.may_answer.clear()
    with pytest.raises(SignInUnavailable):
        sign_in.caller(f"Bearer {issuer.token()}")


def test_callers_do_not_wait_for_new_keys(sign_in, issuer, monkeypatch):
    """While one call asks, the others go on with the keys that are there."""
    token = f"Bearer {issuer.token()}"
    sign_in.caller(token)
    monkeypatch.setattr("connector.callers.entra._FRESH_SECONDS", 0)
    monkeypatch.setattr("connector.callers.entra._PAUSE_SECONDS", 0)
    issuer.may_answer.clear()
    asking = threading.Thread(target=sign_in.caller, args=(token,))
    asking.start()
    until = time.monotonic() + 10
    while len(issuer.asked) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert sign_in.caller(token) and asking.is_alive() and len(issuer.asked) == 2
    issuer.may_answer.set()
    asking.join(10)


# ---- the connector


def request_for(operation_id: str) -> tuple[str, str]:
    """Method and path of a request that is right but for its caller."""
    method, path, _ = OPERATIONS[operation_id]
    for name in ("executionId", "sessionId", "fileName", "token"):
        path = path.replace(f"{{{name}}}", "0123456789abcdef")
    return method, path


@pytest.mark.parametrize("operation_id", SIGNED_IN)
@pytest.mark.parametrize("headers", [{}, FORGED, {"x-functions-key": "a-key"}, {"Authorization": "Bearer x"}])
def test_without_a_caller_there_is_no_entry(entra, operation_id, headers):
    """No operation serves a request without a good token, whatever other headers it has."""
    response = entra.call(*request_for(operation_id), headers=headers)
    assert response.status_code == 401
    assert response.headers["x-ms-error-code"] == "Unauthorized"
    assert response.headers["WWW-Authenticate"].startswith('Bearer authorization_uri="http')


@pytest.mark.parametrize("operation_id", SIGNED_IN)
def test_somebody_else_of_the_tenant_may_not_call(entra, issuer, operation_id):
    """No operation serves a caller who is signed in, and is not among those who may call."""
    response = entra.call(*request_for(operation_id), headers=issuer.bearer(EVE))
    assert response.status_code == 403
    assert response.headers["x-ms-error-code"] == "CallerNotAllowed"
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize("operation_id", ANONYMOUS)
def test_what_needs_no_token(entra, operation_id):
    """Health, the documents and addresses with a token of their own are served without sign-in."""
    assert entra.call(*request_for(operation_id)).status_code in (200, 404)


def test_each_caller_has_sessions_of_its_own(entra, issuer, session_id):
    """With the same session ID, and with the ID of the other's run, two callers see nothing of each other."""
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
    """Through another application, and with a token of the other version, the caller's sessions are there."""
    at = f"sessionId={session_id}"
    entra.call("PUT", f"/files/a.txt?{at}", data=b"mine", headers=issuer.bearer(ALICE))
    for token in (issuer.token(ALICE, azp=str(uuid.uuid4())), issuer.version_1_token(ALICE)):
        headers = {"Authorization": f"Bearer {token}"}
        assert entra.call("GET", f"/files/a.txt/content?{at}", headers=headers).content == b"mine"


def test_an_idempotency_key_is_the_callers_own(entra, issuer):
    """Two callers who chose the same key, and no session, run their own code."""
    for caller, code in ((ALICE, "'of Alice'"), (BOB, "'of Bob'")):
        body = {"pythonCode": code, "idempotencyKey": "daily"}
        run = entra.call("POST", "/executions", json=body, headers=issuer.bearer(caller)).json()
        assert run.get("value") == code.strip("'"), run


def test_forged_headers_change_nothing(entra, api, issuer, session_id):
    """Who says in a header of the platform that he is another is still himself; with function keys he is everybody."""
    at = f"sessionId={session_id}"
    entra.call("PUT", f"/files/a.txt?{at}", data=b"of Alice", headers=issuer.bearer(ALICE))
    forged = {**issuer.bearer(BOB), **FORGED}
    assert entra.call("GET", f"/files/a.txt?{at}", headers=forged).status_code == 404
    api.call("PUT", f"/files/a.txt?{at}", data=b"of all", headers={**FORGED, **issuer.bearer(ALICE)})
    assert api.call("GET", f"/files/a.txt/content?{at}").content == b"of all"


def test_polls_need_no_token_and_stay_the_callers(entra, issuer, session_id):
    """The address of a run leads to it, and to its next address, in the session of the caller who began it."""
    body = {"sessionId": session_id, "waitInSeconds": 0, "pythonCode": "import time; time.sleep(2); 6 * 7"}
    begun = entra.call("POST", "/executions", json={**body, "timeoutInSeconds": 300}, headers=issuer.bearer(ALICE))
    assert begun.status_code == 202
    path = f"/executions/{begun.json()['executionId']}?sessionId={session_id}"
    address, answer, polls = begun.headers["Location"], begun, 0
    while answer.status_code == 202 and polls < 50:
        time.sleep(0.3)
        answer = entra.call("GET", address.removeprefix(entra.url))
        address, polls = answer.headers.get("Location", address), polls + 1
    assert polls > 1 and answer.json()["result"] == "42"
    assert entra.call("GET", path, headers=issuer.bearer(BOB)).status_code == 404
    assert entra.call("GET", path, headers=issuer.bearer(ALICE)).json()["result"] == "42"


def test_parts_of_a_file_need_no_token_and_go_to_the_callers_session(entra, issuer, session_id):
    """Whoever has the address of an upload sends to the session of the caller who began it."""
    begun = entra.call(
        "PUT",
        f"/files/large.bin?sessionId={session_id}",
        headers={**issuer.bearer(ALICE), "x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"},
    )
    address = begun.headers["Location"].removeprefix(entra.url)
    part = entra.call("PATCH", address, data=b"rows", headers={"Content-Range": "bytes=0-3/4"})
    assert part.status_code == 200
    path = f"/files/large.bin/content?sessionId={session_id}"
    assert entra.call("GET", path, headers=issuer.bearer(ALICE)).content == b"rows"
    assert entra.call("GET", path, headers=issuer.bearer(BOB)).status_code == 404


def test_without_a_signing_key_a_run_is_asked_for_with_a_token(start_connector, emulator, issuer, session_id):
    """Location is then GetExecution's address, which wants to know who asks."""
    connector = start_connector(**{**emulator.environment, **issuer.environment, "SIGNING_KEY": ""})
    body = {"sessionId": session_id, "timeoutInSeconds": 300, "waitInSeconds": 0}
    body["pythonCode"] = "import time; time.sleep(5)"
    begun = connector.call("POST", "/executions", json=body, headers=issuer.bearer())
    path = begun.headers["Location"].removeprefix(connector.url)
    assert path == f"/executions/{begun.json()['executionId']}?sessionId={session_id}"
    assert connector.call("GET", path).status_code == 401
    assert connector.call("DELETE", path, headers=issuer.bearer()).json()["status"] == "Canceled"


def test_keys_that_cannot_be_fetched_are_no_fault_of_the_caller(start_connector, emulator, issuer):
    """The answer is a 503 that says when to try again; what needs no token is served."""
    issuer.body = b""
    connector = start_connector(**{**emulator.environment, **issuer.environment})
    response = connector.call("GET", "/connection", headers=issuer.bearer())
    assert (response.status_code, response.headers["x-ms-error-code"]) == (503, "SignInUnavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert connector.call("GET", "/health").status_code == 200


def test_the_log_names_the_caller_and_never_the_token(entra, issuer, caplog):
    """Each call that was let in is logged with tenant and object ID; no line has a token, good or bad."""
    good, bad = issuer.token(ALICE), issuer.token(EVE, aud="another")
    with caplog.at_level(logging.DEBUG):
        entra.call("GET", "/connection", headers={"Authorization": f"Bearer {good}"})
        entra.call("GET", "/connection", headers={"Authorization": f"Bearer {bad}"})
    lines = [record.getMessage() for record in caplog.records if record.name == "connector.app"]
    assert any("CheckConnection 200 in" in line and f"caller {TENANT}/{ALICE}" in line for line in lines)
    assert any("CheckConnection 401 in" in line for line in lines)
    assert not any(token.rsplit(".", 1)[1] in caplog.text for token in (good, bad))


@pytest.mark.parametrize("missing", ["ENTRA_TENANT_ID", "ENTRA_AUDIENCES", "ENTRA_ALLOWED_CALLERS"])
def test_half_a_sign_in_serves_nobody(running_connector, emulator, issuer, missing):
    """What is missing is told to every caller, also to those without a function key."""
    environment = {**emulator.environment, **issuer.environment, missing: ""}
    with running_connector(require_keys=True, **environment) as connector:
        for headers in ({}, issuer.bearer()):
            response = connector.call("GET", "/connection", headers=headers)
            assert response.status_code == 500
            assert missing in response.json()["error"]["message"]


def test_with_function_keys_tokens_mean_nothing(api_with_key, issuer):
    """A token opens no door that takes keys, and a wrong one closes none."""
    assert api_with_key.call("GET", "/connection", headers=issuer.bearer()).status_code == 401
    headers = {"x-functions-key": api_with_key.key, "Authorization": "Bearer x"}
    assert api_with_key.call("GET", "/connection", headers=headers).status_code == 200


def test_the_documents_say_how_to_sign_in(entra, issuer):
    """Each has one scheme: a bearer token for agents, and sign-in at the tenant for makers."""
    agents, makers = (entra.call("GET", path).json() for path in ("/openapi.json", "/swagger.json"))
    ((name, scheme),) = agents["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"], agents["security"]) == ("http", "bearer", [{name: []}])
    ((name, scheme),) = makers["securityDefinitions"].items()
    assert (scheme["type"], makers["security"]) == ("oauth2", [{name: []}])
    assert scheme["tokenUrl"] == f"{issuer.url}/{TENANT}/oauth2/token"
    assert "x-functions-key" not in json.dumps([agents, makers])
