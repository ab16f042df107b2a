"""The tools: operations of the contract, with the arguments that a model needs and descriptions written for it.

Each has the name of its operation. A description states what a model needs to choose the tool and to use it, and no
more: models read all of them with every request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..contract.validation import Contract
from ..errors import ConnectorError
from ..telemetry.activity import note_failure, note_tool
from . import file_tools, run_tools
from .arguments import Arguments
from .context import McpContext
from .messages import shown
from .protocol import INVALID_PARAMS, Client, Json, ProtocolError
from .results import failure_result

_OPTIONAL_SESSION = "Session ID of an earlier result. Omit it to start a new session; never invent one."
_SESSION = "Session ID of an earlier result."
_FOLDER = "Folder below /mnt/data, such as reports/2026. Omit it for /mnt/data itself."
_FILE_NAME = "Name of the file, such as sales.csv."
_EXECUTION = "Execution ID of the run."


@dataclass(frozen=True)
class Tool:
    """`annotations` are hints for hosts, such as whether to ask a person first; `arguments` are descriptions, by name.

    `own` has the schemas of arguments that the operation does not have.
    """

    name: str
    title: str
    description: str
    call: Callable[[McpContext, dict[str, Any], Client], Json]
    arguments: Mapping[str, str]
    optional: tuple[str, ...] = ()
    own: Mapping[str, Json] = field(default_factory=dict)
    is_read_only: bool = False
    is_destructive: bool = False
    is_idempotent: bool = False
    is_open_world: bool = False

    def listed(self, arguments: Arguments) -> Json:
        annotations: Json = {"title": self.title, "readOnlyHint": self.is_read_only}
        if not self.is_read_only:
            annotations |= {"destructiveHint": self.is_destructive, "idempotentHint": self.is_idempotent}
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": arguments.input_schema,
            "annotations": annotations | {"openWorldHint": self.is_open_world},
        }


TOOLS = (
    Tool(
        "ExecutePythonCode",
        "Run Python code",
        "Run Python code in an isolated session, with pandas, matplotlib and other data packages. Variables, imports "
        "and the files in /mnt/data persist from call to call with the same sessionId. Returns the value of the last "
        "expression, printed text, tables, and charts, which plt.show() shows or which are left open. Save files for "
        "the user in /mnt/data, then call ShareFile. If the code is still running after a while, the result has an "
        "execution ID for GetExecution.",
        run_tools.execute_python_code,
        {
            "pythonCode": "Python code. It reads and writes files in /mnt/data.",
            "sessionId": _OPTIONAL_SESSION,
            "timeoutInSeconds": "Seconds after which the code is stopped, 300 by default.",
            "workspaceId": "Name (letters, digits, - and _) under which files are kept for later sessions.",
        },
        optional=("sessionId", "timeoutInSeconds", "workspaceId"),
        is_destructive=True,  # code can delete the session's files
        is_open_world=True,  # sessions may have access to the internet
    ),
    Tool(
        "GetExecution",
        "Get the result of a run",
        "Wait for a run of ExecutePythonCode that is still running, and get its result. Runs nothing.",
        run_tools.get_execution,
        {"sessionId": _SESSION, "executionId": _EXECUTION},
        is_read_only=True,
    ),
    Tool(
        "CancelExecution",
        "Cancel a run",
        "Stop a run that is still running. Its session and files are kept.",
        run_tools.cancel_execution,
        {"sessionId": _SESSION, "executionId": _EXECUTION},
        is_destructive=True,
        is_idempotent=True,
    ),
    Tool(
        "UploadFile",
        "Upload a file",
        "Store text, or a small binary file as base64, in /mnt/data, replacing a file of that name. If the file is "
        "on the user's computer, use CreateUploadUrl instead of typing its content.",
        file_tools.upload_file,
        {
            "fileName": _FILE_NAME,
            "content": "Content of the file.",
            "encoding": "text (default), which is stored as UTF-8, or base64.",
            "sessionId": _OPTIONAL_SESSION,
            "folder": _FOLDER,
        },
        optional=("encoding", "sessionId", "folder"),
        own={"content": {"type": "string"}, "encoding": {"type": "string", "enum": ["text", "base64"]}},
        is_destructive=True,
    ),
    Tool(
        "CreateUploadUrl",
        "Create an upload URL",
        "Get a URL that takes one file of any type, and the curl command that uploads it to /mnt/data without its "
        "content passing through you. Run the command, or give it to the user.",
        file_tools.create_upload_url,
        {"fileName": _FILE_NAME, "sessionId": _OPTIONAL_SESSION, "folder": _FOLDER},
        optional=("sessionId", "folder"),
        is_open_world=True,  # whoever has the URL can use it
    ),
    Tool(
        "ImportFile",
        "Import a file",
        "Copy a file from a URL to /mnt/data. Code may have no access to the internet.",
        file_tools.import_file,
        {"url": "URL that needs no sign-in.", "sessionId": _OPTIONAL_SESSION},
        optional=("sessionId",),
        own={"url": {"type": "string", "minLength": 1, "maxLength": 8192}},
        is_destructive=True,
        is_open_world=True,
    ),
    Tool(
        "ListFiles",
        "List files",
        "List the files in /mnt/data or in a folder below it.",
        file_tools.list_files,
        {
            "sessionId": _SESSION,
            "folder": _FOLDER,
            "recursive": "Whether to include subfolders, false by default.",
            "continuationToken": "Token of the previous result, for the next files.",
        },
        optional=("folder", "recursive", "continuationToken"),
        is_read_only=True,
    ),
    Tool(
        "GetFile",
        "Read a file",
        "Read a file of the session: text files as text, images as images. For other types, and to search or compute, "
        "use ExecutePythonCode.",
        file_tools.get_file,
        {
            "sessionId": _SESSION,
            "fileName": _FILE_NAME,
            "folder": _FOLDER,
            "offset": "Byte at which to continue a long text, as the previous result states.",
        },
        optional=("folder", "offset"),
        own={"offset": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000_000}},
        is_read_only=True,
    ),
    Tool(
        "ShareFile",
        "Share a file",
        "Get a link with which the user can download a file of the session. Anyone who has the link can, until it "
        "expires.",
        file_tools.share_file,
        {
            "sessionId": _SESSION,
            "fileName": _FILE_NAME,
            "folder": _FOLDER,
            "lifetimeInSeconds": "Seconds until the link expires, 86400 by default.",
        },
        optional=("folder", "lifetimeInSeconds"),
        is_open_world=True,
    ),
    Tool(
        "DeleteFile",
        "Delete a file",
        "Delete a file of the session. This cannot be undone.",
        file_tools.delete_file,
        {"sessionId": _SESSION, "fileName": _FILE_NAME, "folder": _FOLDER},
        optional=("folder",),
        is_destructive=True,
        is_idempotent=True,
    ),
)
"""In the order in which they are listed."""


def list_tools(context: McpContext) -> list[Json]:
    return [tool.listed(arguments) for tool, arguments in _offered(context.contract).values()]


def call_tool(context: McpContext, params: Json, client: Client) -> Json:
    """The result of a tool; errors of its operation are results, too. Raises ProtocolError for an unknown tool."""
    name = params.get("name")
    offered = _offered(context.contract)
    if not isinstance(name, str) or name not in offered:
        problem = f"There is no tool '{shown(name)}'" if isinstance(name, str) else "The parameter name is not a string"
        raise ProtocolError(INVALID_PARAMS, f"{problem}. Call one of {', '.join(offered)}.")
    note_tool(name)
    tool, arguments = offered[name]
    try:
        return tool.call(context, arguments.checked(params.get("arguments")), client)
    except ConnectorError as failure:
        note_failure(failure)
        return failure_result(failure)


@lru_cache(maxsize=4)
def _offered(contract: Contract) -> dict[str, tuple[Tool, Arguments]]:
    """By name. The contract is the same for all requests of an app."""
    return {
        tool.name: (
            tool,
            Arguments(contract.operations[tool.name], tool.arguments, optional=tool.optional, own=tool.own),
        )
        for tool in TOOLS
    }
