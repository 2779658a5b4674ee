"""Claim verification: does a quote support a sentence? Rules and a logistic score, without a model. Pure."""

from rag.grounding.verification.comparison import measure_coverage
from rag.grounding.verification.verdict import Support, verify_claim

__all__ = ["Support", "measure_coverage", "verify_claim"]
