"""Files by their URLs. What needs a network with public addresses is in in_network.py."""

from pathlib import Path

from tests.connector.transfers.network import run_in_network


def test_files_from_public_hosts():
    """Those of the hosts that are named, at public addresses alone; see in_network.py."""
    ran = run_in_network(Path(__file__).with_name("in_network.py"))
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-1000:]
