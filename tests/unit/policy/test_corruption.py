"""Corrupted programs: legal, another program, and one edit away."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.corruption import corrupt
from policy.grammar import PROFILES, Automaton, Root
from policy.grammar.untrained import CONTEXT
from policy.subtrees import smallest_edit
from tests.unit.policy.programs import drawn

CORE = PROFILES["core"]


def changed(programs, root, seed, max_actions=80, **more):
    return corrupt(
        programs,
        [CONTEXT] * len(programs),
        root,
        profile=CORE,
        max_actions=max_actions,
        rng=random.Random(seed),
        **more,
    )


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 999), root=st.sampled_from(list(Root)))
def test_a_corrupted_program_is_legal_and_one_edit_from_the_right_one(seed, root):
    programs = drawn("core", root)
    found = changed(programs, root, seed)
    assert sum(one is not None for one in found) > len(programs) / 2
    for right, wrong in zip(programs, found, strict=True):
        if wrong is None:
            continue
        automaton = Automaton(CORE, [CONTEXT], 80, root, torch.device("cpu"))
        assert automaton.replay(torch.tensor([wrong]), torch.tensor([len(wrong)])).legal.all()
        edit = smallest_edit(wrong, right, root)
        assert edit is not None
        repaired = (*wrong[: edit.begin], *right[edit.begin : edit.new_end], *wrong[edit.old_end :])
        assert repaired == right


def test_the_generator_decides():
    programs = drawn("core", Root.BODY)
    assert changed(programs, Root.BODY, 1) == changed(programs, Root.BODY, 1)
    assert changed(programs, Root.BODY, 1) != changed(programs, Root.BODY, 2)


@pytest.mark.parametrize("more", [{"max_actions": 30}, {"tries": 1}])
def test_the_budget_holds_and_what_finds_no_change_is_none(more):
    found = changed(drawn("core", Root.BODY), Root.BODY, 3, **more)
    assert None in found
    assert all(one is None or len(one) <= more.get("max_actions", 80) for one in found)


def test_no_programs_are_no_trouble():
    assert changed([], Root.BODY, 0) == []
