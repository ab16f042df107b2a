"""GetProtectedResourceMetadata: where clients of the MCP server sign in, for those that find out by themselves.

RFC 9728. A client that is refused without a token finds the address in the challenge; below `/.well-known`, where it
looks otherwise, a function app cannot serve anything. The RFC requires `resource` to be the address that the client
called, so only the challenge of the MCP server has it.
"""

import azure.functions as func

from ..contract.sign_in import scope_of
from ..errors import MetadataNotFound
from ..settings import Settings
from . import responses
from .context import Context

_ROUTE, _MCP_ROUTE = "/oauth-protected-resource", "/mcp"


def get_protected_resource_metadata(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    """Raises MetadataNotFound."""
    settings = context.settings
    if settings.connector_auth != "entra" or settings.public_base_url is None:
        raise MetadataNotFound(
            "Callers of this connector authenticate with a function key. Send it in the header x-functions-key.",
            headers={"Cache-Control": "no-store"},
        )
    resource = responses.base_url(settings, request, _ROUTE) + _MCP_ROUTE
    metadata = {
        "resource": resource,
        "resource_name": "Code Interpreter Connector",
        "authorization_servers": [f"{settings.azure_authority_host}/{settings.entra_tenant_id}/v2.0"],
        "scopes_supported": [_scope(settings, resource)],
        "bearer_methods_supported": ["header"],
    }
    return responses.json_response(metadata, headers={"Cache-Control": "no-store"})


def metadata_address(context: Context, request: func.HttpRequest) -> str | None:
    """For the challenge of a request for the MCP server. None if the app does not know its address."""
    if context.settings.public_base_url is None:
        return None
    return responses.base_url(context.settings, request, _MCP_ROUTE) + _ROUTE


def _scope(settings: Settings, resource: str) -> str:
    """All permissions for the API. Clients also send the resource, and Entra ID refuses another one than the scope's
    (AADSTS9010010): so the resource is used as the audience if it is one, and otherwise an application ID URI.
    """
    audiences = settings.entra_audiences or ()
    return scope_of((resource,) if resource in audiences else audiences)
