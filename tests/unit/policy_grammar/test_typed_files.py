from dataclasses import replace

import numpy as np
import pytest

from policy.grammar import PROFILES
from policy.grammar.typed_files import Arrays, arrays, file, stored
from policy.grammar.typed_rules import computed

SHIPPED = sorted(name for name, profile in PROFILES.items() if profile.typed)


def same(left: Arrays, right: Arrays) -> bool:
    pairs = [map(np.asarray, pair) for pair in zip(left, right, strict=True)]
    return all(mine.dtype == other.dtype and np.array_equal(mine, other) for mine, other in pairs)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_files_are_what_the_rules_say(name: str) -> None:
    """Else write them again: `python -m policy.grammar.typed_files`."""
    found = stored(PROFILES[name])
    assert found is not None
    assert same(found, computed(PROFILES[name]))


def test_the_file_of_another_profile_is_not_read() -> None:
    nodes = frozenset({"Return", "BinOp", "Name", "Constant"})
    small = replace(PROFILES["core_typed"], nodes=nodes, words=frozenset())
    assert file(small) == file(PROFILES["core_typed"])
    assert stored(small) is None
    assert same(arrays(small), computed(small))
    assert not same(arrays(small), arrays(PROFILES["core_typed"]))
