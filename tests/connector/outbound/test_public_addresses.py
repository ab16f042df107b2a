"""Which addresses are public, without a network."""

import pytest

from connector.outbound.public_addresses import is_public


@pytest.mark.parametrize("address", ["20.60.1.1", "13.107.136.10", "1.1.1.1", "100.128.0.1"])
def test_public_addresses(address):
    """Are those of the internet."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.7.0.4",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "172.16.0.1",
        "192.0.0.10",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
def test_addresses_that_are_not_public(address):
    """Loopback, private networks, Azure's own addresses, and those that are reserved."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["2603:1030::1", "::ffff:20.60.1.1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "a"]
)
def test_other_addresses(address):
    """Are refused: IPv6 can have any address of IPv4 in it."""
    assert not is_public(address)
