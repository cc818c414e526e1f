from collections import defaultdict

import pytest

from policy.grammar import GRAMMAR, PROFILES
from policy.grammar.profiles import alike


@pytest.mark.parametrize("name", ["core", "python"])
def test_actions_that_are_alike_fit_the_same_holes(name: str) -> None:
    profile = PROFILES[name]
    groups = defaultdict(list)
    for action in filter(profile.has, GRAMMAR.actions):
        groups[action.sort, alike(action)].append(action)
    assert len(groups) < GRAMMAR.num_actions / 2
    for hole in GRAMMAR.holes[1:]:
        for group in groups.values():
            assert len({profile.allows(hole, action) for action in group}) == 1, (hole, group)
