"""Which member or parameter a caller means by a name that the contract does not have; an example of a valid body."""

import difflib
import json
import re
from typing import Any

_OTHER_NAMES = {
    "pythonCode": "code python pythonscript script source sourcecode program command cmd snippet input query",
    "sessionId": "session identifier sessionidentifier conversationid threadid",
    "timeoutInSeconds": "timeout timeoutseconds timeoutsecs executiontimeout executiontimeoutinseconds maxseconds",
    "waitInSeconds": "wait waitseconds waittime",
    "idempotencyKey": "key requestid clientrequestid repeatabilityrequestid",
    "includeContent": "includecontents includeoutputs includeimages",
    "executionId": "execution operationid runid jobid",
    "fileName": "name file path filepath",
    "fileContent": "content contents contentbytes filecontents data bytes base64 body",
    "folder": "dir directory path folderpath subfolder",
    "recursive": "recurse includesubfolders subfolders",
    "files": "file attachments documents",
    "file": "files upload attachment document data content",
}
"""What other interfaces call the same thing, as `_plain` writes it: the pool itself, SDKs and built-in connectors."""

_GATEWAY_PARAMETERS = {"code", "clientid", "apiversion", "subscriptionkey", "ocpapimsubscriptionkey", "apikey"}
"""The function key and its name, which the Functions host reads and passes on; the version and the key of gateways
such as API Management, which do not remove them from the query."""


def intended(name: str, known: list[str]) -> str | None:
    """The one of the `known` names that a caller most likely means by `name`."""
    plain = _plain(name)
    for candidate in known:
        if plain == _plain(candidate) or plain in _OTHER_NAMES.get(candidate, "").split():
            return candidate
    plains = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(plain[:60], plains, n=1, cutoff=0.8)
    return plains[close[0]] if close else None


def is_of_gateway(name: str) -> bool:
    """Whether a query parameter is for something between the caller and the connector."""
    return _plain(name) in _GATEWAY_PARAMETERS


def example_of(schema: dict[str, Any]) -> str:
    """A body with the required members, as JSON, from the examples of the contract; "" if they have none."""
    example = _example(schema)
    return json.dumps(example, ensure_ascii=False) if example else ""


def _example(schema: dict[str, Any]) -> Any:
    if "example" in schema:
        return schema["example"]
    if schema.get("type") == "array":
        item = _example(schema["items"])
        return None if item is None else [item]
    members = {name: _example(schema["properties"][name]) for name in schema.get("required", [])}
    return None if None in members.values() else members


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())
