"""An agent for Microsoft 365 Copilot that runs code through the connector: its app package, ready for upload."""
