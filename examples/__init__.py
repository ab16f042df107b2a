"""Programs that call the connector as users do: over REST, without knowing how it is built."""
