"""CheckConnection: is everything in place?"""

from ..session_pool import SessionPoolClient
from ..settings import Settings
from ..shapes import Connection, Package


def check_connection(pool: SessionPoolClient, settings: Settings) -> Connection:
    """Asks the pool what is installed there, which takes a connection, a token and the role. Makes no session."""
    metadata = pool.get_metadata()
    return Connection(
        message="The session pool was reached, took the connector's token and let it in.",
        api_version=settings.pool_api_version,
        runtimes=[Package(name, version) for name, version in metadata.runtimes],
        packages=[Package(name, version) for name, version in metadata.packages],
    )
