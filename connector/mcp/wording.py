"""Messages as models read them: those of the operations also name operations that are no tools, and omit tools."""

_INSTEAD = {
    ", or end the session with EndSession": ", or use a new session",
    "; EndSession ends everything that runs in the session": "",
    " EndSession ends everything that runs there.": "",
    "Upload them with UploadFile, ": "Upload them with UploadFile or CreateUploadUrl, ",
    "CheckConnection lists": "importlib.metadata.distributions() lists",
    ", or download it in ranges with DownloadFile": "",
    " or DownloadFile": "",
    " Use DownloadFile, which sends the bytes as they are.": " Read parts of it with code.",
}
"""A test holds these to the messages."""


def for_models(message: str) -> str:
    for words, instead in _INSTEAD.items():
        message = message.replace(words, instead)
    return message
