"""CheckConnection: is everything in place?"""

from .models import Connection, Package
from .session_pool.client import SessionPoolClient
from .settings import Settings

_NO_KEY = (
    "The setting SIGNING_KEY is missing: a workflow cannot follow a run that goes on by itself, for want of an address "
    "that needs no function key, and files cannot be uploaded in parts."
)


def check_connection(pool: SessionPoolClient, settings: Settings) -> Connection:
    """Asks the pool what is installed there, which takes a connection, a token and the role. Makes no session."""
    metadata = pool.get_metadata()
    message = "The session pool was reached, took the connector's token and let it in."
    return Connection(
        message=message if settings.signing_key else f"{message} {_NO_KEY}",
        api_version=settings.pool_api_version,
        runtimes=[Package(name, version) for name, version in metadata.runtimes],
        packages=[Package(name, version) for name, version in metadata.packages],
    )
