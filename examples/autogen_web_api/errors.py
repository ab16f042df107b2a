"""What the API answers instead of a result: a status, a code and a sentence that states the remedy. Knows no HTTP."""


class ApiError(Exception):
    """The response to a request that failed. `message` is for the caller, so it has no secrets."""

    status = 500
    code = "InternalError"

    def __init__(self, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(ApiError):
    """The caller's request is wrong."""

    status, code = 400, "InvalidRequest"


class CrossSite(ApiError):
    """A browser has sent the request for a page of another site, whose visitor may not know of it."""

    status, code = 403, "CrossSite"


class HostNotAllowed(ApiError):
    """The request names a host that is not known to be the app's."""

    status, code = 403, "HostNotAllowed"


class ConversationNotFound(ApiError):
    """The API has not created this conversation, or it has ended."""

    status, code = 404, "ConversationNotFound"

    def __init__(self) -> None:
        super().__init__(
            "There is no such conversation, or it has ended. Leave out the conversation ID to begin a new one."
        )


class FileNotFound(ApiError):
    """The conversation's session has no such file."""

    status, code = 404, "FileNotFound"


class ConversationFull(ApiError):
    """The conversation has had its last turn."""

    status, code = 409, "ConversationFull"


class TooLarge(ApiError):
    """The message or the file is too large."""

    status, code = 413, "TooLarge"


class Stopping(ApiError):
    """The app is being stopped, and waits no longer for the answer."""

    status, code = 503, "Stopping"

    def __init__(self) -> None:
        super().__init__("The app is being stopped. Begin a new conversation when it runs again.")


class TooManyConversations(ApiError):
    """The API has as many conversations as it may."""

    status, code = 429, "TooManyConversations"


class ConversationBusy(ApiError):
    """Too many requests wait for their turn in one conversation."""

    status, code = 429, "ConversationBusy"


class ModelFailed(ApiError):
    """The model refused the request, or failed."""

    status, code = 502, "ModelFailed"


class AnswerTimeout(ApiError):
    """The answer took longer than a turn may take."""

    status, code = 504, "AnswerTimeout"


class ConnectorError(ApiError):
    """The connector refused a request, or failed. It is not the code's fault, so a model cannot correct it."""

    status, code = 502, "ConnectorFailed"


class InvalidFileName(ConnectorError):
    """The connector does not accept the name of a file."""

    status, code = 400, "InvalidFileName"


class ConnectorRefused(ConnectorError):
    """The connector does not accept the app's key or token."""

    code = "ConnectorRefused"


class ConnectorUnavailable(ConnectorError):
    """The connector or its session pool cannot be reached, or has no capacity, for longer than the app tries."""

    status, code = 503, "ConnectorUnavailable"
