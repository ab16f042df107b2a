"""A strict stand-in of Azure Blob Storage, for the calls that the connector makes; docs/blob-storage-emulator.md."""
