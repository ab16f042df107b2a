"""Azurite does what the connector needs of any storage, as the emulator's storage does in the same cases.

What it is laxer in than Azure is tested with the emulator alone: it has no roles, its delegation keys may last longer
than a week and signed URLs longer than their key, and it knows no archived blobs that were not archived by a tier.
"""

from azurite_server import azurite, container, container_url, name, open_container  # noqa: F401

from tests.connector.storage.container_cases import *  # noqa: F403
