"""GetOpenApiDocument, GetFullOpenApiDocument, GetSwaggerDocument and GetMcpSwaggerDocument."""

import azure.functions as func

from . import responses
from .context import Context


def get_openapi_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    # Others are ignored, as for the other documents: an address may have a key, or a version against caches.
    own = {name: value for name, value in request.params.items() if name == "signIn"}
    sign_in = context.operation("GetOpenApiDocument").checked_parameters({}, own).get("signIn")
    base_url = responses.base_url(context.settings, request, "/openapi.json")
    documents = context.documents
    return responses.json_response(documents.users(base_url) if sign_in == "user" else documents.agents(base_url))


def get_full_openapi_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    base_url = responses.base_url(context.settings, request, "/openapi-full.json")
    return responses.json_response(context.documents.clients(base_url))


def get_swagger_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    base_url = responses.base_url(context.settings, request, "/swagger.json")
    return responses.json_response(context.documents.makers(base_url))


def get_mcp_swagger_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    base_url = responses.base_url(context.settings, request, "/mcp-swagger.json")
    return responses.json_response(context.documents.mcp(base_url))
