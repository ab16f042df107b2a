"""What the methods of the MCP server get besides their parameters."""

from dataclasses import dataclass

from ..callers.signed_tokens import Tokens
from ..contract.validation import Contract
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions
from ..settings import Settings
from ..transfers.transfer import Reach


@dataclass(frozen=True)
class McpContext:
    """`sessions` are those of the request's caller; `base_url` is where callers reach the REST operations,
    and `reach` what files are copied between.

    `has_resource_links` is whether results have links to files, which some frameworks do not accept.
    """

    settings: Settings
    contract: Contract
    sessions: CallerSessions
    facts: PoolFacts
    tokens: Tokens | None
    base_url: str
    has_resource_links: bool
    reach: Reach
