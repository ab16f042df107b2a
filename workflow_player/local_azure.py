"""The connector with session pool and storage on this machine, for a play."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emulator.blob_storage.roles import CONTRIBUTOR, Assignment
from emulator.blob_storage.server import AUDIENCE, BlobStorageServer
from emulator.functions_host import FunctionsHost
from emulator.session_pool.engines.choice import choose
from emulator.session_pool.sessions.pool import Pool
from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.server import SessionPoolServer
from emulator.session_pool.wire.tokens import TokenAuthority
from workflow_player.services.acasession import AcaSession
from workflow_player.services.rest_account import RestAccount

ROOT = Path(__file__).resolve().parents[1]
OWNER = "00000000-0000-0000-0000-0000000000ff"
"""Who has all rights on the storage: the flow's connection to it."""


@dataclass(frozen=True)
class LocalAzure:
    """`url` is that of the connector's API. `account` has the blobs, at `storage_url`; `pool` the sessions."""

    url: str
    key: str | None
    account: RestAccount
    storage_url: str
    pool: AcaSession


@contextlib.contextmanager
def running() -> Iterator[LocalAzure]:
    """Start everything on free ports, and stop it afterwards. The environment is as it was before."""
    before = dict(os.environ)
    authority = TokenAuthority()
    storage = BlobStorageServer(authority)
    storage.roles.append(Assignment(CONTRIBUTOR, principal=OWNER))
    pool, identity = SessionPoolServer(Pool(choose()), authority), IdentityEndpoint(authority)
    with contextlib.ExitStack() as started:
        started.callback(_restore, before)
        for server in (storage, pool, identity):
            server.start()
            started.callback(server.stop)
        os.environ.update(
            {
                "POOL_MANAGEMENT_ENDPOINT": pool.endpoint,
                "POOL_CREDENTIAL": "managed_identity",
                "SIGNING_KEY": secrets.token_urlsafe(32),
                "FILES_CONTAINER_URL": storage.container_url("files"),
                "IMPORT_CONTAINER_URLS": storage.container_url("imports"),
                "NO_PROXY": "127.0.0.1,localhost",
                **identity.environment,
            }
        )
        host = FunctionsHost(ROOT, require_keys=True)
        host.start()
        started.callback(host.stop)
        account = RestAccount(storage.url, lambda: authority.issue(AUDIENCE, object_id=OWNER)[0])
        built_in = AcaSession(pool.endpoint, lambda: authority.issue()[0])
        yield LocalAzure(host.url + host.prefix, host.function_key, account, storage.url, built_in)


def _restore(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)
