"""The MCP server: the operations as tools of agents. Source of the protocol: modelcontextprotocol.io/specification.

`protocol` knows messages and not what they are about; `methods` are what the server offers, made of tools and
resources. Neither knows HTTP.
"""
