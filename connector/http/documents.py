"""GetOpenApiDocument, GetFullOpenApiDocument, GetSwaggerDocument and GetMcpSwaggerDocument."""

import azure.functions as func

from . import requests, responses
from .context import Context


def get_openapi_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("GetOpenApiDocument"), request)
    base_url = responses.base_url(context.settings, request, "/openapi.json")
    signs_in_users = arguments.get("sign_in") == "user"
    documents = context.documents
    return responses.json_response(documents.users(base_url) if signs_in_users else documents.agents(base_url))


def get_full_openapi_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    base_url = responses.base_url(context.settings, request, "/openapi-full.json")
    return responses.json_response(context.documents.clients(base_url))


def get_swagger_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    base_url = responses.base_url(context.settings, request, "/swagger.json")
    return responses.json_response(context.documents.makers(base_url))


def get_mcp_swagger_document(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    base_url = responses.base_url(context.settings, request, "/mcp-swagger.json")
    return responses.json_response(context.documents.mcp(base_url))
