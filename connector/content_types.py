"""The MIME types of files, by their names."""

import mimetypes

# Python's own table without that of the machine, and types that some versions lack.
_TYPES = mimetypes.MimeTypes(filenames=())
for _type, _ending in (
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    ("application/vnd.apache.parquet", ".parquet"),
    ("application/x-ndjson", ".jsonl"),
    ("application/yaml", ".yaml"),
    ("text/markdown", ".md"),
):
    _TYPES.add_type(_type, _ending)


def content_type(file_name: str) -> str:
    """The type for the name, the same on every machine. A compressed file is application/octet-stream."""
    guessed, encoding = _TYPES.guess_type(f"./{file_name}")  # a path, whatever the name is: not a URL
    return guessed if guessed is not None and encoding is None else "application/octet-stream"
