"""Does a quote support a sentence? Cheap evidence, no model of its own. Pure."""

from rag.grounding.verification.verdict import Support, verify_claim

__all__ = ["Support", "verify_claim"]
