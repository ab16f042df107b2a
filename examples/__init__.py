"""Programs that call the connector as its users do: over REST, knowing nothing of how it is built."""
