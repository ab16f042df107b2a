"""Generates docs/api.md, the reference of the REST interface. Never deployed."""
