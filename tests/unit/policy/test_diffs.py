"""Diffs and search/replace blocks lead from the old source to the new one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.diffs import SearchReplace, unified_diff

LINES = st.sampled_from(["a", "b", "", "    x = 1", "=======", "<<<<<<< SEARCH", "======= y"])
texts = st.lists(LINES, max_size=8).map("\n".join) | st.text(max_size=20)
OLD = "def f(n):\n    v0 = 0\n    for v1 in n:\n        v0 = v0 + v1\n    return v0\n"
NEW = OLD.replace("v0 + v1", "v0 - v1")


@given(old=texts, new=texts)
@example(old="", new="a")
@example(old="a\na\na", new="a\na\na\na")
@example(old="=======", new="\n")
def test_a_block_makes_the_new_text_of_the_old_one(old, new):
    block = SearchReplace.between(old, new)
    if block is None:
        assert old == new
        return
    assert block.apply(old) == new
    assert SearchReplace.parse(str(block)) == block


def test_a_block_is_as_short_as_it_can_be():
    assert str(SearchReplace.between(OLD, NEW)) == (
        "<<<<<<< SEARCH\n        v0 = v0 + v1\n=======\n        v0 = v0 - v1\n>>>>>>> REPLACE\n"
    )


def test_a_line_that_stands_twice_is_told_apart_by_those_around_it():
    block = SearchReplace.between("a\nb\na\nb\n", "a\nb\na\nc\n")
    assert block == SearchReplace(("b", "a", "b"), ("b", "a", "c"))


@pytest.mark.parametrize(("text", "count"), [("x\n", 0), ("b\nb\n", 2)])
def test_a_block_that_does_not_fit_is_refused(text, count):
    with pytest.raises(ValueError, match=f"stands {count} times"):
        SearchReplace(("b",), ("c",)).apply(text)


@pytest.mark.parametrize(
    "text", ["", "<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n", "<<< SEARCH\n===\n>>> REPLACE"]
)
def test_what_is_no_block_is_refused(text):
    with pytest.raises(ValueError, match="not a search/replace block"):
        SearchReplace.parse(text)


lines = st.lists(st.sampled_from("abc"), max_size=8)


@given(old=lines, new=lines)
def test_a_unified_diff_holds_both_texts(old, new):
    texts = ["".join(f"{line}\n" for line in one) for one in (old, new)]
    found = unified_diff(*texts, context=9).splitlines()
    assert bool(found) == (old != new)
    body = [line for line in found if line[:3] not in ("---", "+++", "@@ ")]
    if found:
        assert [line[1:] for line in body if line[0] != "+"] == old
        assert [line[1:] for line in body if line[0] != "-"] == new


def test_a_unified_diff_reads_as_usual():
    assert unified_diff(OLD, NEW, context=0) == (
        "--- before\n+++ after\n@@ -4 +4 @@\n-        v0 = v0 + v1\n+        v0 = v0 - v1\n"
    )
