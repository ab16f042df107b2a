"""A form with files as the arguments of `upload_contents`: multipart/form-data, for UploadFile."""

import binascii
import re
from collections import Counter
from typing import Any

import azure.functions as func

from ..bulkhead import Admission
from ..contract.validation import Operation
from ..errors import InvalidFileContent, InvalidFileName, InvalidRequest
from .multipart import NotMultipart, Part, parts_of
from .requests import arguments, complete_body

_LONE_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*+\\(?![\\\"])")
"""Clients write one for itself, and `\\\\` or `\\"` for an escaped character."""

_MEDIA_TYPE = "multipart/form-data"
_MOST_FIELDS = 20


def form(operation: Operation, request: func.HttpRequest, admission: Admission) -> dict[str, Any]:
    """The fields and files of the body. Their number is limited before the first is decoded. Raises InvalidRequest, and
    what `complete_body` raises.
    """
    body = complete_body(request, admission)
    try:
        files, fields = _counted(operation, body, request.headers.get("content-type", ""))
    except NotMultipart:
        files, fields = [], []
    if body and not files and not fields:
        raise InvalidRequest(
            "The body has no parts, or is not multipart/form-data. Check the boundary in Content-Type and the names of "
            "the parts."
        )
    # Some clients send a path as the name of a part.
    contents = [((file.file_name or "").rsplit("/", 1)[-1], _content(file)) for file in files]
    if any(field.name == "file" for field in fields):
        raise InvalidRequest("A part named file has no file name. Add filename=... to it.", target="file")
    for name, count in Counter(field.name for field in fields).items():
        if count > 1:
            raise InvalidRequest(f"Duplicate field '{name[:60]}'. Send it once.", target=name[:60])
    members: dict[str, Any] = {field.name: field.text for field in fields}
    names = {name: [file.file_name or "" for file in files if file.name == name] for name in {f.name for f in files}}
    checked = operation.checked_body({**members, **names}, _MEDIA_TYPE)
    del checked["file"]
    return {**arguments(checked), "contents": contents}


def _counted(operation: Operation, body: bytes, content_type: str) -> tuple[list[Part], list[Part]]:
    """The files and the other fields. Raises NotMultipart, and InvalidRequest for more than there may be."""
    most_files: int = operation.bodies[_MEDIA_TYPE]["properties"]["file"]["maxItems"]
    files: list[Part] = []
    fields: list[Part] = []
    for part in parts_of(body, content_type):
        if part.file_name is None:
            fields.append(part)
        else:
            _check_backslashes(part)
            files.append(part)
        if len(files) > most_files:
            raise InvalidRequest(
                f"The form has more than {most_files} files. Send at most {most_files}.", target="file"
            )
        if len(fields) > _MOST_FIELDS:
            raise InvalidRequest(f"The form has more than {_MOST_FIELDS} fields. Send at most {_MOST_FIELDS}.")
    return files, fields


def _check_backslashes(part: Part) -> None:
    """Raises InvalidFileName for one that the parser has removed."""
    if _LONE_BACKSLASH.search(part.headers["content-disposition"]):
        raise InvalidFileName(
            "The file name of a part has a backslash, and so is a path. Send the name alone, and the folder as "
            "`folder`.",
            target="fileName",
        )


def _content(part: Part) -> bytes:
    """The bytes of a part. Senders of mail encode them, although forms have long done without (RFC 7578, section 4.7).

    Raises InvalidFileContent.
    """
    encoding = part.headers.get("content-transfer-encoding", "").strip().lower()
    if encoding in ("", "7bit", "8bit", "binary"):
        return bytes(part.content)
    problem = f"The Content-Transfer-Encoding '{encoding[:60]}' of a part is not supported"
    if encoding == "base64":
        try:
            return binascii.a2b_base64(bytes(part.content).translate(None, b" \t\r\n\v\f"), strict_mode=True)
        except ValueError:
            problem = "The Content-Transfer-Encoding of a part is base64, and its content is not"
    raise InvalidFileContent(f"{problem}. Omit the header, and send the bytes as they are.", target="file")
