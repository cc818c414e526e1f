"""Spans of subtrees, names of nodes, and the smallest edit between two programs."""

import ast
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.grammar import GRAMMAR, PROFILES, Automaton, CodecError, Names, Root, codec
from policy.grammar.untrained import CONTEXT
from policy.subtrees import ROOT, first_action, smallest_edit, subtrees
from tests.unit.policy.programs import programs

NAMES = Names(("n", "xs"), "f")
SOURCE = """
def f(n, xs):
    v0 = 0
    for v1 in xs:
        if v1 > n:
            v0 = v0 + v1
    return {1: v0, 2: n, 3: xs}
"""


def encoded(source):
    return tuple(codec.encode(ast.parse(source), NAMES, Root.BODY))


def name(action):
    return GRAMMAR.action_name(action)


@given(programs())
@settings(deadline=None, max_examples=60)
def test_spans_nest_and_tile_their_parents(drawn):
    actions, root = drawn
    tree = subtrees(actions, root)
    open_spans: list[int] = []
    for at, end in enumerate(tree.ends.tolist()):
        while open_spans and open_spans[-1] <= at:
            open_spans.pop()
        assert at < end <= (open_spans[-1] if open_spans else len(actions))
        assert len(open_spans) == tree.depths[at]
        open_spans.append(end)
    assert (tree.hole_ends >= tree.ends).all()
    assert tree.hole_ends[0] == len(actions)


@given(programs(profiles=("core",)))
@settings(deadline=None, max_examples=30)
def test_holes_and_depths_are_those_of_the_automaton(drawn):
    actions, root = drawn
    automaton = Automaton(PROFILES["core"], [CONTEXT], 60, root, torch.device("cpu"))
    tree = subtrees(actions, root)
    for at, action in enumerate(actions):
        assert automaton.open_holes.tolist() == [tree.open_holes[at]]
        assert automaton.features()[0, 3] == min(tree.depths[at], 31)
        automaton.push(torch.tensor([action]))
    assert automaton.finished.all()


@given(programs())
@settings(deadline=None, max_examples=60)
def test_pointers_name_each_node_once(drawn):
    actions, root = drawn
    tree = subtrees(actions, root)
    assert tree.pointers[ROOT] == ""
    nodes = tree.selectable.nonzero()[0].tolist()
    assert [tree.node(tree.pointers[node]) for node in nodes] == nodes
    for at, pointer in enumerate(tree.pointers[1:]):
        parents = [p for p in tree.pointers[1 : at + 1] if pointer.startswith(f"{p}/")]
        assert len(parents) == tree.depths[at]


def test_pointers_follow_pythons_fields():
    actions = encoded(SOURCE)
    tree = subtrees(actions, Root.BODY)
    named = {tree.pointers[at + 1]: name(action) for at, action in enumerate(actions)}
    assert named["/body/0"] == "Assign(0:0)"
    assert named["/body/1"] == "For"
    assert named["/body/1/body/0/test"] == "Gt"
    assert named["/body/1/body/0/test/rest/0/right"] == "PARAM_0"
    assert named["/body/2/value/items/1/key"] == "2"
    assert json.loads(json.dumps(tree.pointers)) == list(tree.pointers)


def test_an_unknown_pointer_and_half_a_program_are_refused():
    actions = encoded(SOURCE)
    with pytest.raises(ValueError, match="no node '/body/9'"):
        subtrees(actions, Root.BODY).node("/body/9")
    with pytest.raises(CodecError, match="holes open"):
        subtrees(actions[:-1], Root.BODY)


@given(programs(), st.data())
@settings(deadline=None, max_examples=60)
def test_replacing_a_span_by_itself_changes_nothing(drawn, data):
    actions, root = drawn
    tree = subtrees(actions, root)
    node = data.draw(st.sampled_from(tree.selectable.nonzero()[0].tolist()))
    begin = first_action(node)
    end = tree.resumes(node, goes_on=bool(tree.goes_on[begin]))
    written = actions[begin:end]
    assert (*actions[:begin], *written, *actions[end:]) == actions
    assert node != ROOT or written == actions


@given(programs(), st.integers(0, 23))
@settings(deadline=None, max_examples=100)
def test_the_smallest_edit_leads_from_one_program_to_the_other(drawn, other):
    from tests.unit.policy.programs import drawn as all_drawn

    old, root = drawn
    new = all_drawn("core", root)[other]
    edit = smallest_edit(old, new, root)
    if old == new:
        assert edit is None
        return
    assert edit is not None
    assert subtrees(old, root).selectable[edit.node]
    assert (*old[: edit.begin], *new[edit.begin : edit.new_end], *old[edit.old_end :]) == new


@pytest.mark.parametrize(
    ("changed", "pointer", "written"),
    [
        (("v1 > n", "v1 > 3"), "/body/1/body/0/test/rest/0/right", ["3"]),
        (("v1 > n", "n"), "/body/1/body/0/test", ["PARAM_0"]),
        (("v0 = 0", "v0 = 1"), "/body/0", ["Assign(0:1)", "LOCAL_0"]),
        (("xs}", "xs, n: n}"), "/body/2/value/items/3", ["item", *["PARAM_0"] * 2, "STOP"]),
        (("1: v0", "1: 7"), "/body/2/value/items/0/value", ["7"]),
        ((", 3: xs", ""), "/body/2/value/items/2", ["STOP"]),
        (("1: v0, ", ""), "/body/2/value", None),
        (("    v0 = v0 + v1", "    v0 = v0 - v1"), "/body/1/body/0/body/0", None),
        (("    return", "    n = 1\n    return"), "/body/2", None),
    ],
)
def test_the_smallest_edit_is_small(changed, pointer, written):
    old, new = encoded(SOURCE), encoded(SOURCE.replace(*changed))
    edit = smallest_edit(old, new, Root.BODY)
    assert edit is not None
    assert subtrees(old, Root.BODY).pointers[edit.node] == pointer
    if written is not None:
        assert [name(action) for action in new[edit.begin : edit.new_end]] == written


def test_what_changes_throughout_is_written_anew():
    old, new = encoded(SOURCE), encoded("def f(n, xs):\n    return n")
    edit = smallest_edit(old, new, Root.BODY)
    assert edit is not None
    assert (edit.begin, edit.old_end, edit.new_end) == (0, len(old), len(new))
