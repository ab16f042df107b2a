"""The files of sessions as resources: their URIs, the template of these, and their content.

A URI is `code-interpreter://sessions/ID/files/PATH`. The ID is not its authority, which clients may write in lower
case. PATH is relative to /mnt/data and percent-encoded except for its slashes, so that it fits the template's `{+path}`
(RFC 6570, 3.2.3); characters such as # that a client leaves as they are belong to the path, too.
"""

import base64
import re
from urllib.parse import quote, unquote

from ..errors import FileNotFound, InvalidRequest
from ..files import operations as files
from ..files.names import checked_path
from ..models import FilePath
from ..text import well_formed
from .context import McpContext
from .protocol import INVALID_PARAMS, RESOURCE_NOT_FOUND, Client, Json, ProtocolError

TEMPLATE = "code-interpreter://sessions/{sessionId}/files/{+path}"

_URI = re.compile(r"code-interpreter://sessions/(?P<session>[^/]+)/files/(?P<path>.+)", re.IGNORECASE | re.DOTALL)
_LONGEST_REPEATED = 1_000
"""Characters of a URI."""

_LONGEST_TEXT_BYTES = 8_000_000
"""In JSON, a character of a text may take six times as many, unlike base64."""

_TEXTS = re.compile(
    r"text/.*|application/(.*\+)?(json|xml|yaml|javascript|toml|sql|x-ndjson|x-sh|x-tex|x-latex|x-python|x-httpd-php)"
    r"|image/svg\+xml"
)


def resource_uri(session_id: str, path: FilePath) -> str:
    return f"code-interpreter://sessions/{session_id}/files/{quote(well_formed(str(path)))}"


def resource_link(uri: str, name: str, content_type: str, size: int) -> Json:
    """A link in the result of a tool."""
    return {
        "type": "resource_link",
        "uri": uri,
        "name": well_formed(name),
        "mimeType": content_type,
        "size": size,
    }


def with_accepted_links(context: McpContext, result: Json) -> Json:
    """The result of a tool, without links if the caller's framework does not accept them. Its text names the files."""
    if context.has_resource_links or "content" not in result:  # the latter is a task
        return result
    return {**result, "content": [block for block in result["content"] if block["type"] != "resource_link"]}


def list_resources() -> Json:
    """There are none without a session's ID, which only its user knows."""
    return {"resources": []}


def list_resource_templates() -> Json:
    return {
        "resourceTemplates": [
            {
                "uriTemplate": TEMPLATE,
                "name": "session-file",
                "title": "File of a session",
                "description": "A file in /mnt/data of a session. path is relative to /mnt/data.",
            }
        ]
    }


def read_resource(context: McpContext, params: Json, client: Client) -> Json:
    """The file as text if its type is one of text and it is UTF-8, otherwise as base64. Raises ProtocolError, and
    ConnectorError for other errors than those of the URI.
    """
    uri = params.get("uri")
    try:
        session_id, path = _parsed(uri)
        file = files.get_file(context.sessions.session(session_id), context.facts, path)
    except FileNotFound as failure:
        code = INVALID_PARAMS if client.is_modern else RESOURCE_NOT_FOUND
        raise ProtocolError(code, failure.message, {"uri": uri}) from failure
    except InvalidRequest as failure:
        raise ProtocolError(INVALID_PARAMS, failure.message, _named(uri)) from failure
    content: Json = {"uri": uri, "mimeType": file.content_type}
    is_text = _TEXTS.fullmatch(file.content_type) is not None and file.size <= _LONGEST_TEXT_BYTES
    text = _text(file.file_content) if is_text else None
    return {"contents": [content | ({"blob": file.file_content} if text is None else {"text": text})]}


def _named(uri: object) -> Json | None:
    """What an error repeats of a URI, which may be anything, of any length."""
    return {"uri": uri} if isinstance(uri, str) and len(uri) <= _LONGEST_REPEATED else None


def _parsed(uri: object) -> tuple[str, FilePath]:
    """Raises InvalidRequest."""
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if found is None:
        raise InvalidRequest(f"The URI is not that of a file of a session. Send one like {TEMPLATE}.", target="uri")
    folder, _, name = unquote(found["path"]).rpartition("/")
    return unquote(found["session"]), checked_path(name, folder)


def _text(content: str) -> str | None:
    try:
        return base64.b64decode(content).decode("utf-8")
    except UnicodeDecodeError:
        return None
