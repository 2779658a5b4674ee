"""Retrievers for the frameworks that others build with; each needs an extra of its own."""
