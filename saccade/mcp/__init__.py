"""The Model Context Protocol, both ways: tools of a server used in an episode (`client`), our tools for any client
(`server`).

Needs the extra `mcp`.
"""
