"""The JSON of the API. FastAPI validates requests with it, and shows it in /docs."""

from pydantic import BaseModel, Field


class Message(BaseModel):
    """A message that is too long for an address."""

    model_config = {"extra": "forbid"}

    message: str = Field(description="The question or task.", examples=["What time is it right now?"])
    conversation_id: str | None = Field(default=None, description="The conversation to continue. Empty for a new one.")


class File(BaseModel):
    """A file of the conversation's session."""

    name: str = Field(description="The path of the file below /mnt/data.")
    content_type: str
    size: int | None = Field(default=None, description="In bytes, if it is known.")
    url: str = Field(description="Where to download it, relative to the address of this app.")


class Run(BaseModel):
    """Code that the agent has run."""

    code: str
    succeeded: bool
    output: str = Field(
        description="What the agent has read: printed text, the last value, or the error with its hint."
    )


class ModelName(BaseModel):
    """The model that answers."""

    name: str
    notice: str | None = Field(default=None, description="Present if it is only a script.")


class ChatAnswer(BaseModel):
    """The agent's answer, with what it did for that."""

    conversation_id: str = Field(description="Send it with the next message. Keep it secret.")
    answer: str
    runs: list[Run]
    images: list[File] = Field(description="The charts that the runs have drawn.")
    files: list[File] = Field(description="The files that the runs have written.")
    model: ModelName


class Conversation(BaseModel):
    """A new conversation."""

    conversation_id: str = Field(description="Send it with each message. Keep it secret.")


class Files(BaseModel):
    """Files of a conversation."""

    files: list[File]


class Health(BaseModel):
    """The app itself, without the connector and the model."""

    status: str
    model: ModelName
    conversations: int


class Problem(BaseModel):
    """What is wrong, and what to do."""

    code: str
    message: str


class Error(BaseModel):
    """Every response with a status of 400 or more."""

    error: Problem
