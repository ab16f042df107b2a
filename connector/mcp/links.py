"""Links to files in results, which some frameworks cannot take: their callers turn them off in the server's address."""

from .context import McpContext
from .protocol import Json


def as_taken(context: McpContext, result: Json) -> Json:
    """The result of a tool, without links if the caller takes none. Its text names the files in any case."""
    if context.has_resource_links or "content" not in result:  # the latter is a task
        return result
    return {**result, "content": [block for block in result["content"] if block["type"] != "resource_link"]}
