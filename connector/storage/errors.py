"""The errors that callers get when a call of Blob Storage fails.

The service's own message is not passed on, only its error code. The unsuccessful response is the error's cause, for the
log. Sources: "Blob Storage error codes", "Common REST API error codes", and, for the codes of 403, "Troubleshoot 403
errors" of Azure Storage: AuthorizationPermissionMismatch is a missing role, AuthorizationFailure the network rules.
"""

import math
import re

import requests

from ..errors import (
    BlobArchived,
    BlobChanged,
    BlobExists,
    BlobNotFound,
    ConnectorError,
    StorageAccessDenied,
    StorageRejected,
    StorageTimeout,
    StorageUnavailable,
)
from ..outbound.failures import never_sent, timed_out
from ..outbound.retries import retry_after_seconds

_BUSY_SECONDS = 10
"""The Retry-After if the service sends none."""

_CODE = re.compile(r"[A-Za-z]{1,80}")

_ROLES = {
    "FILES_CONTAINER_URL": "Storage Blob Data Contributor",
    "IMPORT_CONTAINER_URLS": "Storage Blob Data Reader",
}
"""That the connector's identity needs on the containers of a setting."""


class UnsuccessfulResponse(Exception):
    """A response other than 2xx."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        code = response.headers.get("x-ms-error-code", "")
        self.code = code if _CODE.fullmatch(code) else ""
        seconds = retry_after_seconds(response)
        self.retry_after = None if seconds is None else math.ceil(seconds)
        super().__init__(f"storage responded with {self.status} {self.code}".strip())


class RangeAfterEnd(StorageRejected):
    """A StorageRejected for a range that begins after the end of the blob."""

    @property
    def code(self) -> str:
        return StorageRejected.__name__


def transport_error(failure: requests.RequestException, setting: str) -> ConnectorError:
    """The error for a call without a response. `setting` has the address of the container."""
    if never_sent(failure):
        return StorageUnavailable(
            f"Blob Storage cannot be reached. Check that the function app's network reaches it, and that {setting} has "
            "the address of a container.",
            retry_after_seconds=_BUSY_SECONDS,
        )
    if timed_out(failure):
        return timeout()
    return StorageUnavailable(
        "The connection to Blob Storage was lost. Try again in a moment.", retry_after_seconds=_BUSY_SECONDS
    )


def response_error(response: UnsuccessfulResponse, setting: str, *, needs_delegator: bool = False) -> ConnectorError:
    """The error for an unsuccessful response. `needs_delegator` for the call that requests a delegation key."""
    match response.status, response.code:
        case 404, "BlobNotFound":
            return blob_not_found()
        case 404, "ContainerNotFound":
            return StorageRejected(f"The container does not exist. Create it, or correct its address in {setting}.")
        case 403, "AuthorizationPermissionMismatch":
            role = "Storage Blob Delegator" if needs_delegator else _ROLES[setting]
            scope = "storage account" if needs_delegator else "container"
            return StorageAccessDenied(
                f"The connector's identity may not do this in Blob Storage. Assign it the role '{role}' on the {scope} "
                f"of {setting}, which takes some minutes to become effective, and check that the {scope} exists."
            )
        case 403, "AuthorizationFailure":
            return StorageAccessDenied(
                f"The storage account of {setting} refuses the connector's network. Allow the function app's virtual "
                "network or outbound addresses in the account's network rules, or give it a private endpoint."
            )
        case 403, "AccountIsDisabled" | "InsufficientAccountPermissions":
            return StorageAccessDenied(
                f"The storage account of {setting} is disabled, or does not allow this. Check its state in the portal."
            )
        case 401 | 403, _:
            return StorageRejected(
                f"Blob Storage rejected the connector's token{_named(response)}. Check that {setting} has the address "
                "of a container in the tenant of the connector's identity."
            )
        case 412, "LeaseIdMissing":
            return BlobChanged(
                "Another program has a lease on the blob, so it cannot be written or deleted. End the lease, or use "
                "another name."
            )
        case (412, _) | (400, "InvalidBlockList"):
            return blob_changed()
        case 400, "InvalidBlobOrBlock" | "InvalidBlockId":
            return BlobExists(
                "Another program has written to a blob of this name, in blocks that the connector's do not fit with. "
                "Use another name, or delete the blob."
            )
        case 409, "BlobAlreadyExists" | "InvalidBlobType" | "BlobOperationNotSupported":
            return blob_exists()
        case 409, "BlobArchived" | "BlobBeingRehydrated":
            return BlobArchived(
                "The blob is in the archive tier, where it cannot be read. Set its tier to Hot or Cool, and try again "
                "when that is done, which takes hours."
            )
        case 409, "BlobImmutableDueToPolicy" | "BlobImmutableDueToLegalHold":
            return BlobExists("The blob is protected by a policy and cannot be replaced or deleted. Use another name.")
        case 416, _:
            return RangeAfterEnd("The blob has fewer bytes than were requested. Begin again with its size.")
        case (408 | 504, _) | (500, "OperationTimedOut"):
            return timeout()
        case (429 | 500 | 502 | 503, _):
            seconds = _BUSY_SECONDS if response.retry_after is None else response.retry_after
            return StorageUnavailable(
                "Blob Storage is busy or unavailable. Try again in a moment.", retry_after_seconds=seconds
            )
    return StorageRejected(
        f"Blob Storage refused the request with status {response.status}{_named(response)}. Check that {setting} has "
        "the address of a container, and what the storage account does not allow."
    )


def blob_not_found() -> BlobNotFound:
    return BlobNotFound("The blob does not exist. Check its name, with upper and lower case.")


def blob_exists() -> BlobExists:
    return BlobExists("There is a blob of this name. Use another name, or replace it.")


def blob_changed() -> BlobChanged:
    return BlobChanged("Another program has changed the blob meanwhile. Begin again with what it is now.")


def unreadable_response() -> StorageRejected:
    return StorageRejected(
        "The response of Blob Storage cannot be understood. Check that the settings have addresses of containers, and "
        "that no proxy responds in its place."
    )


def timeout() -> StorageTimeout:
    return StorageTimeout(
        "Blob Storage did not respond in time. Try again in a moment.", retry_after_seconds=_BUSY_SECONDS
    )


def _named(response: UnsuccessfulResponse) -> str:
    return f" ({response.code})" if response.code else ""
