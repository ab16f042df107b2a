"""CheckConnection: whether the connector can work, and what is missing if not."""

from .models import Connection, Package
from .session_pool.client import SessionPoolClient
from .settings import Settings

_NO_KEY = (
    "The setting SIGNING_KEY is missing: workflows cannot poll background runs, which needs addresses without a "
    "function key, and files cannot be uploaded in chunks."
)


def check_connection(pool: SessionPoolClient, settings: Settings) -> Connection:
    """Requests the pool's metadata, which requires a connection, a token and the role. Starts no session."""
    metadata = pool.get_metadata()
    message = "The session pool was reached, and accepted the connector's token and role."
    return Connection(
        message=message if settings.signing_key else f"{message} {_NO_KEY}",
        api_version=settings.pool_api_version,
        runtimes=[Package(name, version) for name, version in metadata.runtimes],
        packages=[Package(name, version) for name, version in metadata.packages],
    )
