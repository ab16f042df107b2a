"""Checks what goes to Azure, on this machine: the Bicep templates, the package, and, once deployed, the connection."""
