"""All kinds of transfers that can be polled, by the word that their addresses have, and their results."""

from typing import Any

from ..links.stored_links import Share, StoredFile
from ..transfers.exports import Export
from ..transfers.imports import Import
from ..transfers.transfer import Transfer
from ..workspaces.restoring import Restore
from ..workspaces.saving import Save
from .context import Context

KINDS: dict[str, type[Transfer]] = {kind.kind: kind for kind in (Import, Export, Share, Save, Restore)}


def to_address(transfer: Transfer) -> dict[str, Any]:
    return {"kind": transfer.kind, "transfer": transfer.to_json()}


def from_address(address: dict[str, Any]) -> Transfer:
    return KINDS[address["kind"]].from_json(address["transfer"])


def shown_result(context: Context, base_url: str, result: Any) -> Any:
    """What a transfer's result is for callers, who reach the operations at `base_url`."""
    if isinstance(result, StoredFile):
        return result.shared_file(context.tokens, base_url, context.sessions.caller)
    return result
