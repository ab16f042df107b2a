"""Which error codes there are, what to do about each, and which of them an operation can answer."""

import inspect
from typing import Any

from connector import errors
from connector.contract.validation import followed
from connector.errors import ConnectorError

from .members import one_of

Json = dict[str, Any]

SHARED = ("401", "403", "429", "500", "502", "503", "504")
"""Statuses of every operation that asks the session pool for something."""

_NEEDED = {
    "InvalidSessionId": {"sessionId"},
    "InvalidFileName": {"fileName", "folder", "file", "Content-Range"},  # a part's address has the file's name in it
    "InvalidFileContent": {"fileContent"},
}
"""Codes that only operations have which take one of these."""

_WHAT_TO_DO = {
    errors.InvalidRequest: "Change the request: `target` names the part, and the message says what belongs there.",
    errors.InvalidFileName: (
        "In a name, use letters, digits, spaces and `- _ . @ $ & = ; , # % ^ ( ) + ! ' ~ [ ] { }`; in a folder none of "
        "the last eight, and no dot. Upload to a folder of your own, not to `.outputs` or `_transfers`."
    ),
    errors.InvalidSessionId: "Send the `sessionId` of an earlier answer, or 4 to 128 letters, digits and hyphens.",
    errors.InvalidFileContent: "Send the bytes as base64 with its padding, or text as `data:text/plain,some%20text`.",
    errors.Unauthorized: (
        "Send a function key in the header `x-functions-key`, or, where callers sign in with Entra ID, an access token "
        "as `Authorization: Bearer TOKEN`."
    ),
    errors.CallerNotAllowed: "Ask whoever runs the connector to let you in: the message has what can be allowed.",
    errors.SessionExecutorRoleMissing: (
        'Give the connector\'s identity the role "Azure ContainerApps Session Executor" on the session pool, and wait '
        "a few minutes."
    ),
    errors.FileNotFound: "Look with `ListFiles` and `recursive=true`. If the session has ended, upload the file again.",
    errors.ExecutionNotFound: "Check both IDs. If the session has ended, run the code again.",
    errors.SessionNotFound: "Nothing, if it should end. Else go on: the next upload or run makes a new, empty session.",
    errors.UploadNotFound: "Begin the upload again with `PutFile`.",
    errors.LengthRequired: "Send the body with a `Content-Length`, not in chunks.",
    errors.RequestTooLarge: (
        "Send fewer files at a time, or as multipart or with `PutFile`, which need no base64; a larger file in parts."
    ),
    errors.FileTooLarge: (
        "Send or fetch the file in parts, compress it, or delete files that are not needed: the message says which."
    ),
    errors.UnsupportedMediaType: "Send the header `Content-Type: application/json`.",
    errors.RangeNotSatisfiable: (
        "Ask for bytes that the file has: the answer's `Content-Range` has its size. In an upload, go on behind the "
        "bytes in the answer's `Range`."
    ),
    errors.IdempotencyKeyReused: "Send a key of its own with each code; the same key only when a call is repeated.",
    errors.TooManySessions: "Wait for the seconds in `Retry-After`, end sessions, or raise the pool's maximum.",
    errors.SessionBusy: "Wait for the seconds in `Retry-After` and call again; a run in the session goes on meanwhile.",
    errors.InternalError: (
        "If the message names a setting, set it. Else try again, and look into the log under the `x-ms-request-id`."
    ),
    errors.PoolUnreachable: "Check `POOL_MANAGEMENT_ENDPOINT` and the network of the function app; then try again.",
    errors.PoolRejected: "Do what the message says: often a setting names another pool or version.",
    errors.PoolUnavailable: "Try again after the seconds in `Retry-After`.",
    errors.SignInUnavailable: "Try again after the seconds in `Retry-After`; if it stays, check the app's network.",
    errors.PoolTimeout: "Try again in a minute.",
}


def error_rows() -> list[tuple[str, ...]]:
    """Code, status, meaning and what to do, in the order of errors.py."""
    return [
        (f"`{kind.__name__}`", str(kind.status), inspect.getdoc(kind) or "", _WHAT_TO_DO[kind])
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, ConnectorError) and kind is not ConnectorError
    ]


def shared_error_rows(source: Json) -> list[tuple[str, ...]]:
    """Status and codes of what every operation that asks the session pool can answer."""
    return [(status, one_of(codes)) for status, codes in _shared(source)]


def operation_errors(responses: Json, taken: set[str], source: Json) -> str:
    """An operation's own statuses and codes in a line; `taken` are the names of its parameters and members.

    The codes of every operation that asks the session pool are left to their table. One that has no 401 of its own,
    as its address proves that the caller may, has most of them.
    """
    codes = {status: _codes(followed(response, source), taken) for status, response in responses.items()}
    all_of_these = [code for _, row in _shared(source) for code in row]
    missing = [code for code in all_of_these if not any(code in row for row in codes.values())]
    is_told_there = len(missing) < len(all_of_these) / 2
    left_out = all_of_these if is_told_there else []
    own = [
        f"{status} {one_of(row)}"
        for status, found in codes.items()
        if (row := [code for code in found if code not in left_out])
    ]
    if is_told_there:
        but = f", but not {one_of(missing)}" if missing else ""
        own.append(f"and {'those' if own else 'only those'} of [all operations](#errors-of-all-operations){but}")
    return "; ".join(own) if own else "none of its own"


def _shared(source: Json) -> list[tuple[str, list[str]]]:
    responses = source["paths"]["/connection"]["get"]["responses"]
    return [(status, _codes(followed(responses[status], source), set())) for status in SHARED]


def error_codes(response: Json, taken: set[str]) -> set[str]:
    """What `error.code` can be in a response of openapi.yaml, to an operation that takes `taken`."""
    return set(_codes(response, taken))


def _codes(response: Json, taken: set[str]) -> list[str]:
    return [code for code in response.get("x-error-codes", []) if code not in _NEEDED or _NEEDED[code] & taken]
