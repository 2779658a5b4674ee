"""Claim verification: does a quote support a sentence? Rules and a logistic score, without a model. Pure."""

from rag.grounding.verification.comparison import find_covered_facts, measure_coverage, weigh_facts
from rag.grounding.verification.verdict import Support, verify_claim

__all__ = ["Support", "find_covered_facts", "measure_coverage", "verify_claim", "weigh_facts"]
