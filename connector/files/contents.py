"""The contents of files in JSON: base64, or a data URI."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from ..errors import InvalidFileContent

_DATA_URI = re.compile(r"data:[^,]*?(?P<base64>;base64)?,", re.IGNORECASE)


def decoded(content: str, index: int) -> bytes:
    """The bytes that `content` encodes, for the file at `index` of a request. Copies a long text only if necessary.

    Raises InvalidFileContent.
    """
    target = f"files[{index}].fileContent"
    try:
        data = _DATA_URI.match(content)
        if data is None:
            # Some encoders insert line breaks. Otherwise base64 must be exact: without padding it may be plain text.
            if "\n" in content or "\r" in content:
                content = content.replace("\r", "").replace("\n", "")
            return binascii.a2b_base64(content, strict_mode=True)
        payload = content[data.end() :]
        if re.search("%(?![0-9A-Fa-f]{2})", payload):
            raise ValueError
        unquoted = unquote_to_bytes(payload)
        return base64.b64decode(unquoted, validate=True) if data["base64"] else unquoted
    except ValueError:  # binascii.Error and UnicodeEncodeError are ValueErrors too
        raise InvalidFileContent(
            f"The content of file {index} is not base64 with its padding. Encode the file's bytes with base64(...) in "
            "a workflow or base64.b64encode in Python, or send text as a data URI, as in data:text/plain,a%20b.",
            target=target,
        ) from None
