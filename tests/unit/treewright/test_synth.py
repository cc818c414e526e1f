"""How `treewright synth` tells what a search did."""

import pytest

from evaluation.search.node import Node
from policy.diffs import SearchReplace
from policy.drafts import Draft, Feedback
from treewright.synth import tell_edits

WRONG, RIGHT = (Feedback(verdict) for verdict in ("WRONG_ANSWER", "PASSED"))
FIRST = Node(Draft((1,), (WRONG, RIGHT)), "def f(n):\n    return n\n", 0.0, 0.0)
SECOND = Node(
    Draft((2,), (RIGHT, RIGHT)), "def f(n):\n    return n + 1\n", 0.0, 0.0, FIRST, "/body/0/value"
)


def test_diffs_lead_from_nothing_to_the_program():
    first, second = tell_edits(SECOND.episode(), "diff")
    assert first == (
        "# the whole program written, passes 1 of 2 examples:\n"
        "--- before\n+++ after\n@@ -0,0 +1,2 @@\n+def f(n):\n+    return n\n"
    )
    assert second.startswith("# /body/0/value written, passes 2 of 2 examples:\n")
    assert "\n-    return n\n+    return n + 1\n" in second


@pytest.mark.parametrize("episode", [FIRST.episode(), SECOND.episode()], ids=len)
def test_blocks_make_the_program_when_they_are_applied(episode: list[Node]):
    text = ""
    for told in tell_edits(episode, "blocks"):
        text = SearchReplace.parse(told.partition("\n")[2]).apply(text)
    assert text == episode[-1].source


def test_an_episode_of_nothing_has_nothing_to_tell():
    assert list(tell_edits([], "diff")) == []
