"""All kinds of transfers that can be polled, by the word that their addresses have."""

from typing import Any

from ..transfers.exports import Export
from ..transfers.imports import Import
from ..transfers.transfer import Transfer
from ..workspaces.restoring import Restore
from ..workspaces.saving import Save

KINDS: dict[str, type[Transfer]] = {kind.kind: kind for kind in (Import, Export, Save, Restore)}


def to_address(transfer: Transfer) -> dict[str, Any]:
    return {"kind": transfer.kind, "transfer": transfer.to_json()}


def from_address(address: dict[str, Any]) -> Transfer:
    return KINDS[address["kind"]].from_json(address["transfer"])
