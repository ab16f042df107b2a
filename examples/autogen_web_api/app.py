"""Puts the web API together: the routes, what they share, and the JSON of every error."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from . import routes
from .connector import Connector
from .conversations import Conversations
from .errors import ApiError, InvalidRequest
from .guard import Guard, error_response
from .model import Model, make_model
from .scripted_model import NOTICE
from .settings import Settings
from .sign_in import EntraSignIn, KeySignIn

_LOG = logging.getLogger(__name__)


def create_app(settings: Settings, *, model: Callable[[Settings], Model] = make_model) -> FastAPI:
    """The app. It reads nothing but the settings; `model` makes the model from them."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Both log addresses, which have the IDs of conversations and sessions.
        logging.getLogger("uvicorn.access").disabled = True
        logging.getLogger("httpx").setLevel(logging.WARNING)
        connector = _connector(settings)
        client = model(settings)
        conversations = Conversations(connector, client, settings)
        app.state.shared = routes.Shared(settings, client, conversations)
        if client.is_scripted:
            _LOG.warning(NOTICE)
        sweep = asyncio.create_task(conversations.end_idle())
        try:
            yield
        finally:
            sweep.cancel()
            await conversations.end_all()
            await connector.close()
            await client.close()

    app = FastAPI(
        title="AutoGen on the Code Interpreter Connector",
        description="An AutoGen agent that answers by running Python, in a session of its own for each conversation.",
        version="1.0.0",
        lifespan=lifespan,
    )
    app.add_middleware(Guard, most_body_bytes=settings.most_upload_bytes, allowed_hosts=settings.allowed_hosts)
    app.add_exception_handler(ApiError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.include_router(routes.router)
    return app


def _connector(settings: Settings) -> Connector:
    sign_in = (
        EntraSignIn(settings.connector_audience, settings.client_id)
        if settings.connector_audience
        else KeySignIn(settings.connector_key)
    )
    return Connector(settings.connector_url, sign_in, patience_seconds=settings.patience_seconds)


async def _answer_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return error_response(error)


async def _answer_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "The request"
    return error_response(InvalidRequest(f"{where}: {first['msg']}. The page /docs has what is expected."))


async def _answer_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "InvalidRequest")
    body = {"error": {"code": code, "message": f"{error.detail}. The page /docs has what the app offers."}}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)
