"""The MCP server: the operations as tools of agents. Source of the protocol: modelcontextprotocol.io/specification.

`server` answers messages and does not know what they are about; `methods` are what it offers, made of tools and
resources. What both know of each other is in `protocol`. Neither knows HTTP.
"""
