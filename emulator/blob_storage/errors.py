"""The errors of Blob Storage, with their codes, statuses and XML.

Sources: "Blob service error codes", "Common REST API error codes" and "Status and error codes" in the REST reference.
"""

from datetime import datetime
from xml.sax.saxutils import escape

_ERRORS = {
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        "including the signature.",
    ),
    "AuthorizationPermissionMismatch": (
        403, "This request is not authorized to perform this operation using this permission.",
    ),
    "AuthorizationProtocolMismatch": (
        403, "This request is not authorized to perform this operation using this protocol.",
    ),
    "AuthorizationSourceIPMismatch": (
        403, "This request is not authorized to perform this operation using this source IP.",
    ),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "BlobImmutableDueToPolicy": (409, "This operation is not permitted as the blob is immutable due to a policy."),
    "BlobNotFound": (404, "The specified blob does not exist."),
    "BlockCountExceedsLimit": (409, "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks."),
    "BlockListTooLong": (400, "The block list may not contain more than 50,000 blocks."),
    "ConditionHeadersNotSupported": (400, "Condition headers are not supported."),
    "ConditionNotMet": (412, "The condition specified using HTTP conditional header(s) is not met."),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "CorsPreflightFailure": (403, "CORS not enabled or no matching rule found for this request."),
    "EmptyMetadataKey": (400, "The key for one of the metadata key-value pairs is empty."),
    "InternalError": (500, "Server encountered an internal error. Please try again after some time."),
    "InvalidAuthenticationInfo": (
        400, "Authentication information is not given in the correct format. Check the value of Authorization header.",
    ),
    "InvalidBlobOrBlock": (400, "The specified blob or block content is invalid."),
    "InvalidBlockList": (400, "The specified block list is invalid."),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "InvalidMd5": (
        400, "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64-encoded.",
    ),
    "InvalidMetadata": (400, "The metadata specified is invalid. It has characters that are not permitted."),
    "InvalidQueryParameterValue": (
        400, "Value for one of the query parameters specified in the request URI is invalid.",
    ),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    "InvalidResourceName": (400, "The specifed resource name contains invalid characters."),
    "InvalidUri": (400, "The requested URI does not represent any resource on the server."),
    "InvalidXmlDocument": (400, "XML specified is not syntactically valid."),
    "InvalidXmlNodeValue": (
        400, "The value for one of the XML nodes is not in the correct format.",
    ),
    "KeyBasedAuthenticationNotPermitted": (
        403, "Key based authentication is not permitted on this storage account.",
    ),
    "Md5Mismatch": (
        400, "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
    ),
    "MetadataTooLarge": (400, "The metadata specified exceeds the maximum permissible limit (8KB)."),
    "MissingContentLengthHeader": (411, "Content-Length HTTP header is required."),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "MissingRequiredQueryParameter": (
        400, "A query parameter that's mandatory for this request is not specified.",
    ),
    "MissingRequiredXmlNode": (400, "A required XML node was not specified in the request body."),
    "MultipleConditionHeadersNotSupported": (400, "Multiple condition headers are not supported."),
    "NoAuthenticationInformation": (
        401,
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
    ),
    "NotImplemented": (501, "The emulator does not support what the request asks for."),
    "OutOfRangeInput": (400, "The specified resource name length is not within the permissible limits."),
    "OutOfRangeQueryParameterValue": (
        400, "One of the query parameters specified in the request URI is outside the permissible range.",
    ),
    "PublicAccessNotPermitted": (409, "Public access is not permitted on this storage account."),
    "RequestBodyTooLarge": (
        413, "The request body is too large and exceeds the maximum permissible limit.",
    ),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "ServerBusy": (503, "The server is busy."),
    "UnsupportedHttpVerb": (405, "The resource doesn't support specified Http Verb."),
    "UnsupportedQueryParameter": (
        400, "One of the query parameters specified in the request URI is not supported.",
    ),
}  # fmt: skip


class StorageError(Exception):
    """One of the codes above. `details` become elements of the body, such as HeaderName; `headers` those of HTTP."""

    def __init__(
        self,
        code: str,
        *,
        status: int | None = None,
        message: str | None = None,
        headers: dict[str, str] | None = None,
        **details: str,
    ) -> None:
        own_status, own_message = _ERRORS[code]
        super().__init__(code)
        self.code = code
        self.status = status or own_status
        self.message = message or own_message
        self.headers = headers or {}
        self.details = details


def not_implemented(what: str) -> StorageError:
    """For what Azure has and this does not: never a lax success."""
    return StorageError("NotImplemented", message=f"The emulator does not support {what}.")


def error_body(code: str, message: str, details: dict[str, str], request_id: str, now: datetime) -> bytes:
    """The XML, which begins with a byte order mark, as all XML of the service."""
    inner = "".join(f"<{name}>{escape(printable(value))}</{name}>" for name, value in details.items())
    time = now.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    return (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
        f"<Message>{escape(message)}\nRequestId:{request_id}\nTime:{time}</Message>{inner}</Error>"
    ).encode()


def printable(text: str) -> str:
    """With U+FFFD for what XML 1.0 cannot have."""
    return "".join(
        character
        if character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character > "\uffff"
        else "\ufffd"
        for character in text
    )
