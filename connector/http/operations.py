"""All operations of openapi.yaml, by operationId, with the adapter that responds to each."""

from collections.abc import Callable

import azure.functions as func

from .connection import check_connection, get_health
from .context import Context
from .documents import get_full_openapi_document, get_openapi_document, get_swagger_document
from .executions import POLL, cancel_execution, execute_python_code, get_execution, poll_execution
from .files import (
    LISTING,
    delete_file,
    download_file,
    download_file_headers,
    get_file,
    list_files,
    list_more_files,
    upload_file,
)
from .mcp import call_mcp_server
from .playground import PlaygroundContext, get_playground, get_playground_file
from .sessions import end_session, get_session
from .uploads import UPLOAD, cancel_upload, get_upload, patch_upload, put_file

OPERATIONS: dict[str, Callable[[Context, func.HttpRequest], func.HttpResponse]] = {
    "ExecutePythonCode": execute_python_code,
    "GetExecution": get_execution,
    "CancelExecution": cancel_execution,
    "PollExecution": poll_execution,
    "UploadFile": upload_file,
    "PutFile": put_file,
    "ListFiles": list_files,
    "ListMoreFiles": list_more_files,
    "GetFile": get_file,
    "DownloadFile": download_file,
    "DownloadFileHeaders": download_file_headers,
    "DeleteFile": delete_file,
    "PatchUpload": patch_upload,
    "GetUpload": get_upload,
    "CancelUpload": cancel_upload,
    "GetSession": get_session,
    "EndSession": end_session,
    "CheckConnection": check_connection,
    "CallMcpServer": call_mcp_server,
    "GetOpenApiDocument": get_openapi_document,
    "GetFullOpenApiDocument": get_full_openapi_document,
    "GetSwaggerDocument": get_swagger_document,
}

OPERATIONS_WITHOUT_SETTINGS: dict[str, Callable[[], func.HttpResponse]] = {"GetHealth": get_health}
"""These respond even if the settings are wrong."""

PLAYGROUND: dict[str, Callable[[PlaygroundContext, func.HttpRequest], func.HttpResponse]] = {
    "GetPlayground": get_playground,
    "GetPlaygroundFile": get_playground_file,
}
"""These too, and then the page shows which one is wrong."""

UNRECORDED = {"GetPlaygroundFile"}
"""No record is written of their successful requests: a page has many files, and its own request has a record."""

TOKEN_PURPOSES = {
    "PollExecution": POLL,
    "ListMoreFiles": LISTING,
    "PatchUpload": UPLOAD,
    "GetUpload": UPLOAD,
    "CancelUpload": UPLOAD,
}
"""The purpose of the token in an operation's address, which replaces the function key and identifies the caller."""
