"""Create Container, Get Container Properties, Delete Container, List Blobs and Get User Delegation Key."""

import base64
import binascii
from collections.abc import Iterator, Mapping

from starlette.responses import Response

from .account import Blob
from .calls import Call, state_headers
from .clock import http_date
from .conditions import refuse_conditions
from .delegation_keys import key_body, requested_key
from .errors import StorageError, not_implemented
from .names import ACCOUNT
from .xml_bodies import text_element

_MOST_RESULTS = 5000
_MOST_KEY_BYTES = 16 << 10


async def create_container(call: Call) -> Response:
    refuse_conditions(call.headers)
    if call.properties().metadata:
        raise not_implemented("metadata of containers")
    container = call.account.create(call.place.container)
    return Response(status_code=201, headers=state_headers(container.etag, container))


async def get_container_properties(call: Call) -> Response:
    refuse_conditions(call.headers)
    container = call.container
    headers = {
        **state_headers(container.etag, container),
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
        "x-ms-lease-state": "available",
        "x-ms-lease-status": "unlocked",
    }
    return Response(headers=headers)


async def delete_container(call: Call) -> Response:
    refuse_conditions(call.headers)
    call.account.delete(call.place.container)
    return Response(status_code=202)


async def get_user_delegation_key(call: Call) -> Response:
    body = await call.body(_MOST_KEY_BYTES)
    now = call.account.clock.now()
    key = requested_key(body, call.caller.object_id, call.caller.tenant_id, call.version, now)
    return Response(key_body(key, call.keys.value(key)), media_type="application/xml")


async def list_blobs(call: Call) -> Response:
    """Names in the order of their code points, up to `maxresults` names and prefixes in an answer."""
    refuse_conditions(call.headers)
    # A larger number is taken for the largest page, by the service too.
    most = min(call.number("maxresults", least=1, most=10**9) or _MOST_RESULTS, _MOST_RESULTS)
    prefix, delimiter, marker = (call.query.get(name, "") for name in ("prefix", "delimiter", "marker"))
    with_metadata = _includes_metadata(call.query.get("include", ""))
    after = _name_of(marker) if marker else ""
    items: list[str] = []
    next_marker = ""
    for name, blob in _found(call.container.blobs, prefix, delimiter, after):
        if len(items) == most:
            next_marker = _marker(name)
            break
        items.append(_blob(blob, with_metadata) if blob else f"<BlobPrefix>{text_element('Name', name)}</BlobPrefix>")
    asked = {"Prefix": prefix, "Marker": marker, "MaxResults": call.query.get("maxresults", ""), "Delimiter": delimiter}
    head = "".join(text_element(name, value) for name, value in asked.items() if value)
    blobs = f"<Blobs>{''.join(items)}</Blobs>" if items else "<Blobs />"
    address = f"{call.http.url.scheme}://{call.headers['host']}/{ACCOUNT}/"
    body = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="{address}" '
        f'ContainerName="{call.place.container}">{head}{blobs}{text_element("NextMarker", next_marker)}'
        "</EnumerationResults>"
    )
    return Response(body.encode(), media_type="application/xml")


def _found(blobs: Mapping[str, Blob], prefix: str, delimiter: str, first: str) -> Iterator[tuple[str, Blob | None]]:
    """From the name `first` on, blobs; and in place of those behind the delimiter, their common prefix."""
    last_prefix = ""
    for name in sorted(blobs):
        if not name.startswith(prefix):
            continue
        at = name.find(delimiter, len(prefix)) if delimiter else -1
        if at < 0:
            if name >= first and (blob := blobs.get(name)):  # a file of a shared folder may be gone by now
                yield name, blob
            continue
        common = name[: at + len(delimiter)]
        if common != last_prefix and common >= first:
            yield common, None
        last_prefix = common


def _blob(blob: Blob, with_metadata: bool) -> str:
    headers = blob.properties.headers
    properties = {
        "Creation-Time": http_date(blob.created),
        "Last-Modified": http_date(blob.modified),
        "Etag": blob.etag,
        "Content-Length": str(blob.size),
        **{name: headers.get(name, "") for name in ("Content-Type", "Content-Encoding", "Content-Language")},
        "Content-CRC64": "",
        **{name: headers.get(name, "") for name in ("Content-MD5", "Cache-Control", "Content-Disposition")},
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "true",
    }
    inner = "".join(text_element(name, value) for name, value in properties.items())
    metadata = ""
    if with_metadata:
        pairs = "".join(text_element(name, value) for name, value in blob.properties.metadata.items())
        metadata = f"<Metadata>{pairs}</Metadata>" if pairs else "<Metadata />"
    return f"<Blob>{text_element('Name', blob.name)}<Properties>{inner}</Properties>{metadata}<OrMetadata /></Blob>"


def _includes_metadata(include: str) -> bool:
    wanted = set(filter(None, include.split(",")))
    if wanted - {"metadata"}:
        raise not_implemented(f"lists with include={','.join(sorted(wanted - {'metadata'}))[:100]}")
    return bool(wanted)


def _marker(name: str) -> str:
    """Opaque, as the service's: it must be sent back as it is."""
    return "2!" + base64.urlsafe_b64encode(name.encode()).decode()


def _name_of(marker: str) -> str:
    try:
        if not marker.startswith("2!"):
            raise ValueError
        return base64.b64decode(marker[2:], altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise StorageError(
            "InvalidQueryParameterValue", QueryParameterName="marker", QueryParameterValue=marker[:100]
        ) from None
