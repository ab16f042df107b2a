"""What adapters get besides the request."""

from dataclasses import dataclass
from typing import Any

from ..bulkhead import Admission
from ..callers.signed_tokens import Tokens
from ..contract.documents import Documents
from ..contract.validation import Contract, Operation
from ..outbound.file_urls import FileUrls
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions
from ..settings import Settings
from ..storage.storage import Storage


@dataclass(frozen=True)
class Context:
    """`sessions` are those of the request's caller. All but `sessions` and `address` is the same for every request.

    `tokens` is None without a SIGNING_KEY. `address` is the content of the token in a signed address; None for other
    addresses, and if the token is not valid.
    """

    settings: Settings
    contract: Contract
    documents: Documents
    sessions: CallerSessions
    facts: PoolFacts
    tokens: Tokens | None
    storage: Storage
    file_urls: FileUrls
    address: dict[str, Any] | None = None

    @property
    def admission(self) -> Admission:
        """What the request has taken of the process."""
        return self.sessions.admission

    def operation(self, operation_id: str) -> Operation:
        return self.contract.operations[operation_id]
