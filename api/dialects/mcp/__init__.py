"""The Model Context Protocol (MCP): the library as tools and resources of assistants and editors.

By `pincite mcp` over the standard streams, and at `/mcp` of a running server.
"""
