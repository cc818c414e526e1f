"""Programs drawn at random under the masks, for tests of what is done with programs."""

from functools import lru_cache

from hypothesis import strategies as st

from policy.grammar import PROFILES, Root
from policy.grammar.untrained import draw

_COUNT = 24


@lru_cache(maxsize=4)
def drawn(profile, root, max_actions=60):
    rows = draw(_COUNT, PROFILES[profile], root, max_actions=max_actions, seed=3).tolist()
    return tuple(tuple(action for action in row if action) for row in rows)


@st.composite
def programs(draw_one, profiles=("core", "python")):
    """A program's actions and its root."""
    root = draw_one(st.sampled_from(list(Root)))
    found = drawn(draw_one(st.sampled_from(profiles)), root)
    return draw_one(st.sampled_from(found)), root
