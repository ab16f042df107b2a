"""All operations of openapi.yaml, by operationId, with the adapter that responds to each."""

from collections.abc import Callable
from typing import Any

import azure.functions as func

from ..errors import ConnectorError
from ..files.upload_urls import UPLOAD_URL
from ..links.addresses import LINK
from .connection import check_connection, get_health
from .context import Context
from .documents import (
    get_full_openapi_document,
    get_mcp_swagger_document,
    get_openapi_document,
    get_swagger_document,
)
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
from .links import open_shared_file, open_shared_file_headers, share_file
from .mcp import call_mcp_server, error_body
from .playground import PlaygroundContext, get_playground, get_playground_file
from .resource_metadata import get_protected_resource_metadata, metadata_address
from .sessions import end_session, get_session
from .transfers import TRANSFER, cancel_transfer, export_file, import_file, poll_transfer
from .uploads import UPLOAD, cancel_upload, create_upload_url, get_upload, patch_upload, put_file, put_upload
from .workspaces import delete_workspace, get_workspace, restore_workspace, save_workspace

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
    "ShareFile": share_file,
    "OpenSharedFile": open_shared_file,
    "OpenSharedFileHeaders": open_shared_file_headers,
    "CreateUploadUrl": create_upload_url,
    "PutUpload": put_upload,
    "PatchUpload": patch_upload,
    "GetUpload": get_upload,
    "CancelUpload": cancel_upload,
    "ImportFile": import_file,
    "ExportFile": export_file,
    "PollTransfer": poll_transfer,
    "CancelTransfer": cancel_transfer,
    "SaveWorkspace": save_workspace,
    "GetWorkspace": get_workspace,
    "DeleteWorkspace": delete_workspace,
    "RestoreWorkspace": restore_workspace,
    "GetSession": get_session,
    "EndSession": end_session,
    "CheckConnection": check_connection,
    "CallMcpServer": call_mcp_server,
    "GetProtectedResourceMetadata": get_protected_resource_metadata,
    "GetOpenApiDocument": get_openapi_document,
    "GetFullOpenApiDocument": get_full_openapi_document,
    "GetSwaggerDocument": get_swagger_document,
    "GetMcpSwaggerDocument": get_mcp_swagger_document,
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
    "PollTransfer": TRANSFER,
    "CancelTransfer": TRANSFER,
    "PutUpload": UPLOAD_URL,
    "OpenSharedFile": LINK,
    "OpenSharedFileHeaders": LINK,
}
"""The purpose of the token in an operation's address, which replaces the function key and identifies the caller."""

ERROR_BODIES: dict[str, Callable[[ConnectorError], dict[str, Any]]] = {"CallMcpServer": error_body}
"""The operations whose errors have another body than those of the others."""

CHALLENGES: dict[str, Callable[[Context, func.HttpRequest], str | None]] = {"CallMcpServer": metadata_address}
"""The operations whose challenge to callers without a token has the address of metadata."""
