"""The official clients of other APIs, each in an environment of its own, against one live server."""
