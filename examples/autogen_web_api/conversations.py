"""All conversations of the process: a bounded number, by IDs that cannot be guessed, each until it is idle for long."""

import asyncio
import secrets
import time

from .connector import Connector
from .conversation import Conversation
from .errors import ConversationNotFound, TooManyConversations
from .model import Model
from .settings import Settings

_LONGEST_END_SECONDS = 8


class Conversations:
    """They are in memory: a restart of the app ends them."""

    def __init__(self, connector: Connector, model: Model, settings: Settings) -> None:
        self._connector, self._model, self._settings = connector, model, settings
        self._conversations: dict[str, Conversation] = {}

    def __len__(self) -> int:
        return len(self._conversations)

    def create(self) -> Conversation:
        """A new conversation, with a new ID. Raises TooManyConversations."""
        if len(self._conversations) >= self._settings.most_conversations:
            raise TooManyConversations(
                "There are as many conversations as the app may have. End one with DELETE, or try again later.",
                retry_after_seconds=60,
            )
        conversation = Conversation(secrets.token_urlsafe(24), self._connector, self._model, self._settings)
        self._conversations[conversation.id] = conversation
        return conversation

    def get(self, conversation_id: str) -> Conversation:
        """Raises ConversationNotFound for an ID that is not of `create`, or whose conversation has ended."""
        try:
            conversation = self._conversations[conversation_id]
        except KeyError:
            raise ConversationNotFound from None
        conversation.last_used = time.monotonic()
        return conversation

    async def end(self, conversation_id: str) -> None:
        """End a conversation and its session. Raises ConversationNotFound."""
        conversation = self.get(conversation_id)
        del self._conversations[conversation_id]
        await conversation.end()

    async def end_idle(self) -> None:
        """End conversations as they become idle; never returns."""
        idle = self._settings.idle_seconds
        while True:
            await asyncio.sleep(min(idle / 4, 30))
            limit = time.monotonic() - idle
            over = [each for each in self._conversations.values() if each.last_used < limit and not each.is_busy]
            for conversation in over:
                self._conversations.pop(conversation.id, None)
            await asyncio.gather(*(conversation.end() for conversation in over))

    async def end_all(self) -> None:
        """End all conversations. What takes longer than a container has for its shutdown is left to expire."""
        ended, self._conversations = list(self._conversations.values()), {}
        if ended:
            await asyncio.wait([asyncio.create_task(each.end()) for each in ended], timeout=_LONGEST_END_SECONDS)
