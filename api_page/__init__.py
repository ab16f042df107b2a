"""Writes docs/api.md, the page for those who call the REST interface by hand or from a program. Never deployed."""
