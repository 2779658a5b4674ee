"""Anthropic: its messages, with the documents that a request brings along, its counting of tokens and its models.

So its clients call them.
"""
