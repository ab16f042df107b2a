"""Deploys the web API as a container app beside the connector, and removes it: `make deploy-autogen`, `remove-autogen`.

It needs azd, and of Python the standard library alone.
"""
