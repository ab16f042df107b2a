"""The routes: what callers send and get. /docs shows them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse, StreamingResponse

from . import shapes
from .conversation import Conversation
from .conversations import Conversations
from .disconnect import while_connected
from .errors import InvalidRequest, TooLarge
from .model import Model
from .results import RunResult
from .scripted_model import NOTICE
from .session import SessionFile
from .settings import Settings

_SHOWN_IN_BROWSERS = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_ERRORS: dict[int | str, dict[str, Any]] = {"default": {"model": shapes.Error, "description": "What is wrong."}}

router = APIRouter(responses=_ERRORS)


@dataclass(frozen=True)
class Shared:
    """What all requests use."""

    settings: Settings
    model: Model
    conversations: Conversations

    @property
    def model_name(self) -> shapes.ModelName:
        """For each answer, and for health."""
        return shapes.ModelName(name=self.model.name, notice=NOTICE if self.model.is_scripted else None)


def _shared(request: Request) -> Shared:
    shared: Shared = request.app.state.shared
    return shared


def _conversation(conversation_id: str, shared: Annotated[Shared, Depends(_shared)]) -> Conversation:
    return shared.conversations.get(conversation_id)


SharedState = Annotated[Shared, Depends(_shared)]
ConversationInPath = Annotated[Conversation, Depends(_conversation)]
MessageInQuery = Annotated[str, Query(description="The question or task.", examples=["What time is it right now?"])]
ConversationInQuery = Annotated[
    str | None, Query(description="The conversation to continue. Leave it out for a new one, whose ID is returned.")
]


@router.get("/", include_in_schema=False)
async def root() -> Response:
    """People who open the address of the app want to see what it offers."""
    return RedirectResponse("docs")


@router.get("/health", tags=["App"], response_model_exclude_none=True)
async def health(shared: SharedState) -> shapes.Health:
    """Whether the app runs, and which model answers."""
    return shapes.Health(status="Healthy", model=shared.model_name, conversations=len(shared.conversations))


@router.get("/chat", tags=["Chat"], response_model_exclude_none=True)
async def chat(
    request: Request, shared: SharedState, message: MessageInQuery, conversation_id: ConversationInQuery = None
) -> shapes.ChatAnswer:
    """Ask the agent. If the caller disconnects, the run in progress is canceled."""
    return await _ask(request, shared, message, conversation_id)


@router.post("/chat", tags=["Chat"], response_model_exclude_none=True)
async def post_chat(request: Request, shared: SharedState, body: shapes.Message) -> shapes.ChatAnswer:
    """Ask the agent, with a long message."""
    return await _ask(request, shared, body.message, body.conversation_id)


@router.post("/conversations", tags=["Conversations"], status_code=201)
async def create_conversation(shared: SharedState) -> shapes.Conversation:
    """Begin a conversation, to upload files before the first message."""
    return shapes.Conversation(conversation_id=shared.conversations.create().id)


@router.delete("/conversations/{conversation_id}", tags=["Conversations"], status_code=204)
async def end_conversation(shared: SharedState, conversation_id: str) -> None:
    """End a conversation: cancel what it runs, and delete its session with all files."""
    await shared.conversations.end(conversation_id)


@router.post("/conversations/{conversation_id}/files", tags=["Files"], response_model_exclude_none=True)
async def upload_files(shared: SharedState, conversation: ConversationInPath, file: list[UploadFile]) -> shapes.Files:
    """Upload files. The agent knows of them from the next message on."""
    uploaded = []
    for each in file:
        most = shared.settings.most_upload_bytes
        if not each.filename:
            raise InvalidRequest("A file has no name. Give each part of the form a file name.")
        if each.size is None or each.size > most:
            raise TooLarge(f"{each.filename} is too large. A file may have {most:,} bytes.")
        stored = await conversation.session.upload(each.filename, await each.read())
        conversation.note_upload(stored)
        uploaded.append(_file(conversation, stored))
    return shapes.Files(files=uploaded)


@router.get("/conversations/{conversation_id}/files", tags=["Files"], response_model_exclude_none=True)
async def list_files(conversation: ConversationInPath) -> shapes.Files:
    """List the files: those that were uploaded, and those that runs have written."""
    return shapes.Files(files=[_file(conversation, file) for file in await conversation.session.files()])


@router.get("/conversations/{conversation_id}/files/{name:path}", tags=["Files"], response_class=Response)
async def download_file(conversation: ConversationInPath, name: str) -> Response:
    """Download a file or an image. Browsers show images and save all else, because code has written it."""
    async with contextlib.AsyncExitStack() as stack:
        content = await stack.enter_async_context(conversation.session.download(name))
        kind = content.headers.get("Content-Type", "application/octet-stream")
        shown = kind.split(";")[0] in _SHOWN_IN_BROWSERS
        file_name = quote(name.rpartition("/")[2])
        headers = {"Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{file_name}"}
        return _Streamed(content.aiter_bytes(), stack.pop_all(), media_type=kind, headers=headers)


class _Streamed(StreamingResponse):
    """Closes the response of the connector at its end, also if the caller has gone."""

    def __init__(self, content: AsyncIterator[bytes], opened: contextlib.AsyncExitStack, **options: Any) -> None:
        super().__init__(content, **options)
        self._opened = opened

    async def __call__(self, *arguments: Any) -> None:
        async with self._opened:
            await super().__call__(*arguments)


async def _ask(request: Request, shared: Shared, message: str, conversation_id: str | None) -> shapes.ChatAnswer:
    most = shared.settings.most_message_characters
    if not message.strip():
        raise InvalidRequest("The message is empty. Send a question or a task.")
    if len(message) > most:
        raise TooLarge(f"The message has {len(message):,} characters; {most:,} are allowed. Send the rest as a file.")
    conversations = shared.conversations
    conversation = conversations.get(conversation_id) if conversation_id else conversations.create()
    try:
        answer = await while_connected(request, conversation.ask(message))
    except BaseException:
        if not conversation_id:  # nobody knows it
            await asyncio.shield(asyncio.create_task(conversations.end(conversation.id)))
        raise
    return shapes.ChatAnswer(
        conversation_id=conversation.id,
        answer=answer.text,
        runs=[shapes.Run(code=run.code, succeeded=run.succeeded, output=run.text) for run in answer.runs],
        images=_files(conversation, answer.runs, lambda run: run.images),
        files=_files(conversation, answer.runs, lambda run: run.files),
        model=shared.model_name,
    )


def _files(
    conversation: Conversation, runs: list[RunResult], of: Callable[[RunResult], list[SessionFile]]
) -> list[shapes.File]:
    """Each file once, as its last run has left it."""
    return [_file(conversation, file) for file in {file.path: file for run in runs for file in of(run)}.values()]


def _file(conversation: Conversation, file: SessionFile) -> shapes.File:
    url = f"/conversations/{conversation.id}/files/{quote(file.path)}"
    return shapes.File(name=file.path, content_type=file.content_type, size=file.size, url=url)
