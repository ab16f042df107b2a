"""Which role assignments allow what. On Azure they are kept apart from tokens, and so are they here.

Source: azure-docs, articles/role-based-access-control/built-in-roles/storage.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..session_pool.wire.tokens import OBJECT_ID

CONTRIBUTOR = "Storage Blob Data Contributor"
READER = "Storage Blob Data Reader"
DELEGATOR = "Storage Blob Delegator"

Action = Literal["read", "write", "delegate"]

_ACTIONS: dict[str, tuple[Action, ...]] = {
    CONTRIBUTOR: ("read", "write", "delegate"),
    READER: ("read", "delegate"),
    DELEGATOR: ("delegate",),
}


@dataclass(frozen=True)
class Assignment:
    """A role of a principal, on one container or, without its name, on the account."""

    role: str
    container: str | None = None
    principal: str = OBJECT_ID

    def __post_init__(self) -> None:
        if self.role not in _ACTIONS:
            raise ValueError(f"'{self.role}' is none of {', '.join(_ACTIONS)}")


def as_deployed(files: str = "files", imports: str = "imports") -> tuple[Assignment, ...]:
    """What the connector's identity has in Azure: see infra/."""
    return Assignment(CONTRIBUTOR, files), Assignment(DELEGATOR), Assignment(READER, imports)


def allows(assignments: Iterable[Assignment], principal: str, action: Action, container: str) -> bool:
    """`container` is "" for the account. A delegation key is the account's: a role on a container gives none."""
    return any(
        assignment.principal == principal
        and action in _ACTIONS[assignment.role]
        and assignment.container in ((None,) if action == "delegate" else (None, container))
        for assignment in assignments
    )
