"""Connections to public addresses alone, whatever the name of a host resolves to.

The app can reach more than the internet: its identity endpoint, the host's own services, the virtual network. So every
address of a name is looked at before there is a connection, and that of the connection once more before TLS begins:
whoever changes a name in between gains nothing.
"""

import ipaddress
import socket
from typing import ClassVar

from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from .connections import Adapter, SecondsLeft, TlsConnection

_NOT_PUBLIC = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "168.63.129.16/32",  # what Azure has for each machine. Source: "What is IP address 168.63.129.16?"
            "192.0.0.0/24",
            "192.88.99.0/24",
            "224.0.0.0/4",
        ),
    )
)
"""Those that `is_global` does not exclude, in all versions of Python."""


class NotPublic(Exception):
    """An address of the host is not public, or it has none of IPv4."""


def is_public(address: str) -> bool:
    """Of IPv4 alone: there are too many ways to write an address of IPv4 as one of IPv6."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return parsed.is_global and not any(parsed in network for network in _NOT_PUBLIC)


class _PublicConnection(TlsConnection):
    def connected(self) -> socket.socket:
        """Raises NewConnectionError, also where only one of the host's addresses is not public."""
        try:
            found = socket.getaddrinfo(self.host, self.port, socket.AF_INET, socket.SOCK_STREAM)
            addresses = [str(address[0]) for *_, address in found]
            if not addresses or not all(map(is_public, addresses)):
                raise NotPublic
            return self._connected_to(addresses)
        except (OSError, UnicodeError, NotPublic) as failure:
            raise NewConnectionError(self, "no connection") from failure

    def _connected_to(self, addresses: list[str]) -> socket.socket:
        """Raises OSError, that of the last address, and NotPublic."""
        failure: OSError | None = None
        for address in addresses:
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                for option in self.socket_options or ():
                    connection.setsockopt(*option)
                timeout = self.timeout
                connection.settimeout(timeout.again() if isinstance(timeout, SecondsLeft) else timeout)
                connection.connect((address, self.port))
                if not is_public(connection.getpeername()[0]):
                    raise NotPublic
            except OSError as refused:
                connection.close()
                failure = refused
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise failure or NotPublic


class _PublicConnections(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class PublicAdapter(Adapter):
    """For https alone. To be used without proxies, which would connect instead."""

    by_scheme: ClassVar[dict[str, type[HTTPConnectionPool]]] = {"https": _PublicConnections}
