"""Containers of the emulator's storage do what the connector needs of any storage."""

from tests.connector.storage.container_cases import *  # noqa: F403
