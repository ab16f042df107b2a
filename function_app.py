"""The functions that are deployed: one, with an HTTP trigger, for each operation of openapi.yaml.

The Azure Functions worker imports this module and serves the functions of `app`. Their names are operationIds. The
token of a signed URL is a query parameter, because the host logs paths; in URLs of earlier versions, it is in the path.
"""

import azure.functions as func

from connector.app import Connector

connector = Connector()
app = func.FunctionApp(http_auth_level=connector.auth_level)


@app.function_name("ExecutePythonCode")
@app.route("executions", methods=["POST"])
def execute_python_code(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("ExecutePythonCode", req, context)


@app.function_name("GetExecution")
@app.route("executions/{executionId}", methods=["GET"])
def get_execution(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetExecution", req, context)


@app.function_name("CancelExecution")
@app.route("executions/{executionId}", methods=["DELETE"])
def cancel_execution(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("CancelExecution", req, context)


@app.function_name("PollExecution")
@app.route("polls/{token?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def poll_execution(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("PollExecution", req, context)


@app.function_name("UploadFile")
@app.route("files", methods=["POST"])
def upload_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("UploadFile", req, context)


@app.function_name("ListFiles")
@app.route("files", methods=["GET"])
def list_files(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("ListFiles", req, context)


@app.function_name("ListMoreFiles")
@app.route("listings/{token?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def list_more_files(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("ListMoreFiles", req, context)


@app.function_name("PutFile")
@app.route("files/{fileName}", methods=["PUT"])
def put_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("PutFile", req, context)


@app.function_name("GetFile")
@app.route("files/{fileName}", methods=["GET"])
def get_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetFile", req, context)


@app.function_name("DeleteFile")
@app.route("files/{fileName}", methods=["DELETE"])
def delete_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("DeleteFile", req, context)


@app.function_name("DownloadFile")
@app.route("files/{fileName}/content", methods=["GET"])
def download_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("DownloadFile", req, context)


@app.function_name("DownloadFileHeaders")
@app.route("files/{fileName}/content", methods=["HEAD"])
def download_file_headers(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("DownloadFileHeaders", req, context)


@app.function_name("ShareFile")
@app.route("files/{fileName}/links", methods=["POST"])
def share_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("ShareFile", req, context)


@app.function_name("OpenSharedFile")
@app.route("shared/{fileName}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def open_shared_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("OpenSharedFile", req, context)


@app.function_name("OpenSharedFileHeaders")
@app.route("shared/{fileName}", methods=["HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
def open_shared_file_headers(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("OpenSharedFileHeaders", req, context)


@app.function_name("CreateUploadUrl")
@app.route("uploads", methods=["POST"])
def create_upload_url(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("CreateUploadUrl", req, context)


@app.function_name("PutUpload")
@app.route("uploads", methods=["PUT"], auth_level=func.AuthLevel.ANONYMOUS)
def put_upload(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("PutUpload", req, context)


@app.function_name("PatchUpload")
@app.route("uploads/{token?}", methods=["PATCH"], auth_level=func.AuthLevel.ANONYMOUS)
def patch_upload(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("PatchUpload", req, context)


@app.function_name("GetUpload")
@app.route("uploads/{token?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def get_upload(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetUpload", req, context)


@app.function_name("CancelUpload")
@app.route("uploads/{token?}", methods=["DELETE"], auth_level=func.AuthLevel.ANONYMOUS)
def cancel_upload(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("CancelUpload", req, context)


@app.function_name("ImportFile")
@app.route("imports", methods=["POST"])
def import_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("ImportFile", req, context)


@app.function_name("ExportFile")
@app.route("exports", methods=["POST"])
def export_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("ExportFile", req, context)


@app.function_name("PollTransfer")
@app.route("transfers", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def poll_transfer(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("PollTransfer", req, context)


@app.function_name("CancelTransfer")
@app.route("transfers", methods=["DELETE"], auth_level=func.AuthLevel.ANONYMOUS)
def cancel_transfer(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("CancelTransfer", req, context)


@app.function_name("SaveWorkspace")
@app.route("workspaces/{workspaceId}", methods=["PUT"])
def save_workspace(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("SaveWorkspace", req, context)


@app.function_name("GetWorkspace")
@app.route("workspaces/{workspaceId}", methods=["GET"])
def get_workspace(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetWorkspace", req, context)


@app.function_name("DeleteWorkspace")
@app.route("workspaces/{workspaceId}", methods=["DELETE"])
def delete_workspace(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("DeleteWorkspace", req, context)


@app.function_name("RestoreWorkspace")
@app.route("workspaces/{workspaceId}/restore", methods=["POST"])
def restore_workspace(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("RestoreWorkspace", req, context)


@app.function_name("GetSession")
@app.route("sessions/{sessionId}", methods=["GET"])
def get_session(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetSession", req, context)


@app.function_name("EndSession")
@app.route("sessions/{sessionId}", methods=["DELETE"])
def end_session(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("EndSession", req, context)


@app.function_name("CheckConnection")
@app.route("connection", methods=["GET"])
def check_connection(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("CheckConnection", req, context)


@app.function_name("CallMcpServer")
@app.route("mcp", methods=["POST", "GET", "DELETE"])
def call_mcp_server(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("CallMcpServer", req, context)


@app.function_name("GetHealth")
@app.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_health(  # on the event loop, even if no thread is free
    req: func.HttpRequest, context: func.Context
) -> func.HttpResponse:
    return connector.respond("GetHealth", req, context)


@app.function_name("GetOpenApiDocument")
@app.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def get_openapi_document(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetOpenApiDocument", req, context)


@app.function_name("GetFullOpenApiDocument")
@app.route("openapi-full.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def get_full_openapi_document(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetFullOpenApiDocument", req, context)


@app.function_name("GetSwaggerDocument")
@app.route("swagger.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def get_swagger_document(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetSwaggerDocument", req, context)


@app.function_name("GetProtectedResourceMetadata")
@app.route("oauth-protected-resource", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def get_protected_resource_metadata(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetProtectedResourceMetadata", req, context)


@app.function_name("GetMcpSwaggerDocument")
@app.route("mcp-swagger.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def get_mcp_swagger_document(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetMcpSwaggerDocument", req, context)


@app.function_name("GetPlayground")
@app.route("playground", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_playground(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetPlayground", req, context)


@app.function_name("GetPlaygroundFile")
@app.route("playground/{*path}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_playground_file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return connector.respond("GetPlaygroundFile", req, context)
