"""The error codes: what each means, what to do about it, and which of them an operation can return."""

import inspect
from typing import Any

from connector import errors
from connector.contract.validation import followed
from connector.errors import ConnectorError

from .members import one_of

Json = dict[str, Any]

SHARED = ("401", "403", "429", "500", "502", "503", "504")
"""Statuses that every operation which uses the session pool can return."""

_NEEDED = {
    "InvalidSessionId": {"sessionId"},
    # The URLs that take chunks, or a file, contain its name.
    "InvalidFileName": {"fileName", "folder", "file", "Content-Range", "x-ms-transfer-mode"},
    "InvalidFileContent": {"fileContent"},
}
"""Codes that only operations which take one of these can return."""

_WHAT_TO_DO = {
    errors.InvalidRequest: "Change the part of the request that `target` names; the message states what is expected.",
    errors.InvalidFileName: (
        "Send the name of the file alone, and its folder in `folder`; leave out control characters. Upload to a folder "
        "of your own, not to `.outputs` or `_transfers`. If several files have the same name in a list, rename them "
        "with code."
    ),
    errors.InvalidSessionId: "Send the `sessionId` of an earlier response, or 4 to 128 letters, digits and hyphens.",
    errors.InvalidFileContent: "Send the bytes as base64 with padding, or text as `data:text/plain,some%20text`.",
    errors.Unauthorized: (
        "Send a function key in the header `x-functions-key`, or, where callers sign in with Entra ID, an access token "
        "as `Authorization: Bearer TOKEN`."
    ),
    errors.CallerNotAllowed: "Ask the operator of the connector for access; the message names what can be allowed.",
    errors.OriginNotAllowed: (
        "Add the origin of the web page to the setting `MCP_ALLOWED_ORIGINS`. Clients that are not web pages send no "
        "`Origin`."
    ),
    errors.SessionExecutorRoleMissing: (
        'Assign the role "Azure ContainerApps Session Executor" on the session pool to the connector\'s identity, and '
        "wait a few minutes."
    ),
    errors.FileNotFound: (
        "List the files with `ListFiles` and `recursive=true`. If the session has ended, upload the file again."
    ),
    errors.ExecutionNotFound: "Check both IDs. If the session has ended, run the code again.",
    errors.SessionNotFound: (
        "If you wanted to end the session, nothing. Otherwise continue: the next upload or run creates a new, empty "
        "session."
    ),
    errors.UploadNotFound: "Begin the upload again with `PutFile`, or create another URL with `CreateUploadUrl`.",
    errors.LinkNotFound: "Create another link with `ShareFile`, or ask whoever sent you the link for another one.",
    errors.StorageNotConfigured: "Ask the operator to set what the message names, or omit what needs storage.",
    errors.StorageAccessDenied: (
        "Assign the connector's identity the role that the message names, on the container or the account, and wait a "
        "few minutes."
    ),
    errors.SourceNotAllowed: (
        "Use an address in a container or of a host that the operator has allowed: `IMPORT_CONTAINER_URLS` and "
        "`FILE_URL_HOSTS`."
    ),
    errors.BlobNotFound: "Check the URL of the blob: its container, and the name with its folders.",
    errors.BlobExists: "Choose another `blobName`, or send `ifExists` as `replace`.",
    errors.BlobChanged: "Begin the transfer again.",
    errors.FileChanged: "Begin the transfer again, when no code writes the file.",
    errors.BlobArchived: "Set the tier of the blob to Hot or Cool, and begin again hours later, when that is done.",
    errors.TransferNotFound: "Begin the transfer again.",
    errors.WorkspaceNotFound: "Check the name of the workspace, or save it first.",
    errors.WorkspaceChanged: (
        "Restore the workspace into another session and repeat the changes there, or save with the `eTag` of the "
        "version to replace."
    ),
    errors.StorageRejected: "Check the address of the container in the setting that the message names.",
    errors.SourceUnavailable: "Check that the address can be downloaded without signing in and has not expired.",
    errors.StorageUnavailable: "Try again after the seconds in `Retry-After`.",
    errors.StorageTimeout: "Try again after the seconds in `Retry-After`.",
    errors.PlaygroundNotFound: "Reload the page, or set the setting `PLAYGROUND` to `on`.",
    errors.MetadataNotFound: "Send a function key in the header `x-functions-key`.",
    errors.MethodNotFound: "Call a method that the server states in its capabilities, such as `tools/list`.",
    errors.MethodNotAllowed: "Configure an MCP client with the address, and let it send its messages with `POST`.",
    errors.LengthRequired: "Send the body with a `Content-Length`, without chunked transfer encoding.",
    errors.RequestTooLarge: (
        "Send fewer files per request, or send them without base64, as multipart or with `PutFile`. Upload a larger "
        "file in chunks."
    ),
    errors.FileTooLarge: (
        "As the message states: upload the file in chunks or download it in ranges, compress it, or delete files that "
        "are not needed."
    ),
    errors.UnsupportedMediaType: (
        "Send the header `Content-Type: application/json`, and the body as gzip, deflate or uncompressed."
    ),
    errors.RangeNotSatisfiable: (
        "In a download, ask for bytes within the size of the file, which is in `Content-Range`. In an upload, continue "
        "after the bytes in `Range`."
    ),
    errors.IdempotencyKeyReused: "Use a new key for new code, and the same key only to repeat a call.",
    errors.TooManySessions: "Wait for the seconds in `Retry-After`, end sessions, or raise the pool's maximum.",
    errors.SessionBusy: (
        "Wait for the seconds in `Retry-After` and call again. The session runs one thing at a time; cancel the run if "
        "it is not needed."
    ),
    errors.ConnectorBusy: (
        "Wait for the seconds in `Retry-After` and call again. If it occurs often, let the app have more instances or "
        "more memory."
    ),
    errors.InternalError: (
        "If the message names a setting, correct it. Otherwise try again, and look up the `x-ms-request-id` in the log."
    ),
    errors.PoolUnreachable: "Check `POOL_MANAGEMENT_ENDPOINT` and the network of the function app, then try again.",
    errors.PoolRejected: "Follow the message; often a setting names a wrong pool or version.",
    errors.PoolUnavailable: "Try again after the seconds in `Retry-After`.",
    errors.SignInUnavailable: (
        "Try again after the seconds in `Retry-After`. If the error persists, check the network of the function app."
    ),
    errors.PoolTimeout: "Try again in a minute.",
}


def error_rows() -> list[tuple[str, ...]]:
    """A row per error: code, status, meaning and remedy, in the order of errors.py."""
    return [
        (f"`{kind.__name__}`", str(kind.status), inspect.getdoc(kind) or "", _WHAT_TO_DO[kind])
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, ConnectorError) and kind is not ConnectorError
    ]


def shared_error_rows(source: Json) -> list[tuple[str, ...]]:
    """A row per status: the codes that every operation which uses the session pool can return with it."""
    return [(status, one_of(codes)) for status, codes in _shared(source)]


def operation_errors(responses: Json, taken: set[str], source: Json) -> str:
    """The statuses and codes of one operation, in one line; `taken` are the names of its parameters and members.

    The codes shared by all operations that use the session pool are in a table of their own, to which the line links.
    An operation with a signed URL has most of them, but no 401.
    """
    codes = {status: _codes(followed(response, source), taken) for status, response in responses.items()}
    all_of_these = [code for _, row in _shared(source) for code in row]
    missing = [code for code in all_of_these if not any(code in row for row in codes.values())]
    shares_table = len(missing) < len(all_of_these) / 2
    omitted = all_of_these if shares_table else []
    own = [
        f"{status} {one_of(row)}"
        for status, found in codes.items()
        if (row := [code for code in found if code not in omitted])
    ]
    if shares_table:
        but = f", but not {one_of(missing)}" if missing else ""
        own.append(f"and {'those' if own else 'only those'} of [all operations](#errors-of-all-operations){but}")
    return "; ".join(own) if own else "none of its own"


def _shared(source: Json) -> list[tuple[str, list[str]]]:
    responses = source["paths"]["/connection"]["get"]["responses"]
    return [(status, _codes(followed(responses[status], source), set())) for status in SHARED]


def error_codes(response: Json, taken: set[str]) -> set[str]:
    """The possible values of `error.code` in a response, for an operation that takes `taken`."""
    return set(_codes(response, taken))


def _codes(response: Json, taken: set[str]) -> list[str]:
    return [code for code in response.get("x-error-codes", []) if code not in _NEEDED or _NEEDED[code] & taken]
