"""What the policy is shown of a draft, and where it can point."""

import ast
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from policy.config import HRMConfig, ModelConfig, SpecConfig
from policy.drafts import Draft, Feedback
from policy.grammar import GRAMMAR, Root, codec
from policy.model import Policy
from policy.pointer import pointer_log_probs
from policy.spec import PROPERTY_TOKENS, SpecError, collate, encode
from policy.spec_tokens import ACTUAL_ROLE, Ids, Kind
from policy.subtrees import ROOT, subtrees
from tasks.schema import Example, Param, Signature, Task

CONFIG = SpecConfig()
KIND, ROLE, EXAMPLE, ACTION, NODE = (
    Ids._fields.index(name) for name in ("kind", "role", "example", "action", "node")
)
TASK = Task(
    id="t/1",
    entry_point="f",
    signature=Signature((Param("n", "int"),), "int"),
    description="Add 41 to n." + " And so on." * 60,
    examples=(Example((1,), 42), Example((2,), 43)),
)


def draft(source="def f(n):\n    v0 = 'abc'\n    return n + 41", *feedback):
    names = encode(TASK, CONFIG).names
    return Draft(tuple(codec.encode(ast.parse(source), names, Root.BODY)), feedback)


def model(**settings):
    torch.manual_seed(0)
    core = HRMConfig(width=16, heads=2, **settings)
    return Policy(ModelConfig(hrm=core, message_width=8, max_actions=32, refine=True)).eval()


def test_a_programs_actions_follow_the_properties_and_are_never_cut():
    long = draft("def f(n):\n" + "    n = n + 1\n" * 40 + "    return n")
    config = SpecConfig(max_tokens=40)
    spec, bare = encode(TASK, config, long), encode(TASK, config)
    shown = spec.ids[PROPERTY_TOKENS + 1 : PROPERTY_TOKENS + 1 + len(long.actions)]
    assert tuple(shown[:, ACTION] - 1) == long.actions
    assert len(bare.ids) == config.max_tokens < len(spec.ids)
    # All that is shown without a draft is there as well.
    assert np.array_equal(spec.ids[-len(bare.ids) + PROPERTY_TOKENS :], bare.ids[PROPERTY_TOKENS:])
    assert spec.names == bare.names


def test_nodes_are_those_of_the_subtrees():
    one = draft()
    marked = encode(TASK, CONFIG, one).ids[PROPERTY_TOKENS:, NODE]
    nodes = subtrees(one.actions, Root.BODY).selectable
    assert np.array_equal(marked[: len(nodes)] == 1, nodes)
    assert not marked[len(nodes) :].any()


def test_feedback_says_of_each_example_the_verdict_and_the_value():
    plain = encode(TASK, CONFIG, draft())
    told = encode(TASK, CONFIG, replace(draft(), feedback=(Feedback("PASSED", 42), Feedback("X"))))
    kinds = told.ids[told.ids[:, KIND] == Kind.FEEDBACK]
    assert kinds[:, EXAMPLE].tolist() == [0, 1, 2]
    assert len({tuple(row) for row in kinds.tolist()}) == 3
    values = told.ids[told.ids[:, ROLE] == ACTUAL_ROLE]
    assert values[:, EXAMPLE].tolist() == [1]
    assert len(told.ids) == len(plain.ids) + 4


def test_none_is_a_value():
    nothing = encode(TASK, CONFIG, replace(draft(), feedback=(Feedback("WRONG_ANSWER", None),)))
    assert (nothing.ids[:, ROLE] == ACTUAL_ROLE).sum() == 1


@pytest.mark.parametrize("switch", ["program", "feedback"])
def test_switches_leave_out_what_they_name(switch):
    one = replace(draft(), feedback=(Feedback("PASSED", 42), Feedback("PASSED", 43)))
    spec = encode(TASK, SpecConfig(**{switch: False}), one)
    kinds = set(spec.ids[:, KIND].tolist())
    assert (Kind.PROGRAM in kinds, Kind.FEEDBACK in kinds) == (
        switch != "program",
        switch != "feedback",
    )


def test_a_draft_that_is_no_program_is_refused():
    with pytest.raises(SpecError, match=r"task t/1: the draft is no program: .*holes open"):
        encode(TASK, CONFIG, Draft(draft().actions[:-1]))


def test_refine_needs_the_program():
    with pytest.raises(ValueError, match=r"refine needs spec\.program"):
        ModelConfig(refine=True, spec=SpecConfig(program=False))


def test_without_refine_the_parameters_are_those_of_old():
    config = ModelConfig(hrm=HRMConfig(width=16, heads=2), message_width=8)
    plain = Policy(config).state_dict()
    more = Policy(config.model_copy(update={"refine": True})).state_dict()
    assert set(more) - set(plain) == {"pointer.inner.weight", "pointer.inner.bias"} | {
        "pointer.score.weight"
    }
    assert [name for name in plain if plain[name].shape != more[name].shape] == [
        "encoder.embedding"
    ]


@pytest.mark.parametrize("reader", ["h", "prefix"])
def test_the_pointer_sees_program_and_feedback(reader):
    policy = model(spec_reader=reader)
    torch.nn.init.normal_(policy.pointer.score.weight)
    one = draft()
    other = replace(one, feedback=(Feedback("PASSED", 42), Feedback("WRONG_ANSWER", 7)))
    specs = [encode(TASK, CONFIG, shown) for shown in (one, other, None)]
    with torch.no_grad():
        logits = policy.point(policy.encode_spec(collate(specs)))
    selectable = torch.from_numpy(subtrees(one.actions, Root.BODY).selectable)
    count = len(one.actions) + 1
    for row in logits[:2]:
        assert torch.equal(row[:count].isfinite(), selectable)
        assert not row[count:].isfinite().any()
    assert not torch.allclose(logits[0, selectable.nonzero()], logits[1, selectable.nonzero()])
    assert not logits[2].isfinite().any()


def test_at_first_all_nodes_are_alike_and_the_head_learns():
    policy = model()
    one = draft()
    states = policy.encode_spec(collate([encode(TASK, CONFIG, one)] * 2))
    node = torch.tensor([ROOT, 1])
    found = pointer_log_probs(policy.point(states), node)
    nodes = subtrees(one.actions, Root.BODY).selectable.sum()
    assert torch.allclose(found, torch.full((2,), -math.log(nodes)))
    found.sum().backward()
    assert policy.pointer.score.weight.grad.abs().max() > 0


def test_a_policy_that_does_not_refine_cannot_point():
    policy = Policy(ModelConfig(hrm=HRMConfig(width=16, heads=2), message_width=8))
    with pytest.raises(ValueError, match=r"train one with model\.refine=true"):
        policy.point(policy.encode_spec(collate([encode(TASK, CONFIG)])))


def test_actions_of_a_draft_share_the_table_of_actions():
    """Its gradient reaches the rows of what it shows, and with no draft nothing changes."""
    policy = model()
    policy.encode_spec(collate([encode(TASK, CONFIG, draft())])).states.sum().backward()
    named = {GRAMMAR.action_name(action) for action in draft().actions}
    shown = policy.embedding.grad[1 : 1 + GRAMMAR.num_actions].abs().sum(1) > 0
    touched = {GRAMMAR.action_name(action) for action in shown.nonzero()[:, 0].tolist()}
    assert named <= touched
