"""Does a quote support a sentence? Cheap evidence, no model of its own. Pure."""

from rag.grounding.verification.verdict import Support, check

__all__ = ["Support", "check"]
