"""Attributes and filters as hypothesis draws them."""

from hypothesis import strategies as st

from ingest.types import AttributeValue, Comparison, Compound

KEYS = ["year", "team", "draft"]
VALUES: list[AttributeValue] = [0, 1, 1.5, 2026, "", "1", "a", "b", "true", True, False]
WORDS = ["pump", "valve", "hose", "oil", "drill"]

values = st.sampled_from(VALUES)
attribute_sets = st.dictionaries(st.sampled_from(KEYS), values)
comparisons = st.one_of(
    st.builds(Comparison, st.sampled_from(["eq", "ne"]), st.sampled_from(KEYS), values),
    st.builds(Comparison, st.sampled_from(["in", "nin"]), st.sampled_from(KEYS), st.lists(values).map(tuple)),
    st.builds(
        Comparison,
        st.sampled_from(["gt", "gte", "lt", "lte"]),
        st.sampled_from(KEYS),
        values.filter(lambda value: not isinstance(value, bool)),
    ),
    st.builds(Comparison, st.just("glob"), st.sampled_from(KEYS), st.sampled_from(["*", "a", "?", "[ab]", ""])),
)
filter_trees = st.recursive(
    comparisons,
    lambda parts: st.builds(
        Compound, st.sampled_from(["and", "or"]), st.lists(parts, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
