"""What the Q-heads say of drafts that were run."""

from dataclasses import replace

import pytest
import torch

from policy.config import HRMConfig, ModelConfig
from policy.drafts import Draft, Feedback
from policy.edits import propose
from policy.grammar import PROFILES, Automaton, Root
from policy.judging import first_features, judge, read
from policy.model import Policy
from policy.spec import encode
from policy.untrained import varied_tasks

CORE = PROFILES["core"]
BUDGET = 48
WRONG = Feedback("WRONG_ANSWER", 3)


def model(**settings):
    torch.manual_seed(0)
    core = HRMConfig.model_validate({"width": 16, "heads": 2, "q_position": "draft", **settings})
    policy = Policy(ModelConfig(hrm=core, message_width=8, max_actions=BUDGET, refine=True)).eval()
    assert policy.pointer is not None
    torch.nn.init.normal_(policy.pointer.score.weight)
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    return policy


def generator():
    return torch.Generator().manual_seed(1)


def drafts_of(policy, tasks):
    drawn = propose(policy, tasks, [None] * len(tasks), 1, profile=CORE, generator=generator())
    return [
        Draft(edit.sample.actions, (WRONG,) * len(task.examples))
        for edit, task in zip(drawn, tasks, strict=True)
    ]


@pytest.mark.parametrize(
    "core",
    [
        {},
        {"spec_reader": "prefix", "positions": "learned"},
        {"spec_reader": "both", "h_cycles": 2, "l_cycles": 2, "segments": 1, "norm": "pre"},
    ],
    ids=str,
)
def test_they_are_those_of_the_first_position_of_whatever_edit_follows(core):
    policy, tasks = model(**core), varied_tasks()
    drafts = drafts_of(policy, tasks)
    reading = read(policy, tasks, drafts)
    assert {one.root for one in reading.specs} == set(Root)
    values = judge(policy, reading)
    edits = propose(policy, tasks, drafts, 1, profile=CORE, generator=generator())
    for root in Root:
        chosen = [at for at, one in enumerate(reading.specs) if one.root is root]
        actions = [edits[at].sample.actions for at in chosen]
        lengths = torch.tensor([len(one) for one in actions])
        padded = torch.tensor([[*one, *[0] * (int(lengths.max()) - len(one))] for one in actions])
        contexts = [reading.specs[at].context for at in chosen]
        trace = Automaton(CORE, contexts, BUDGET, root, torch.device("cpu")).replay(padded, lengths)
        valid = torch.arange(padded.shape[1]) < lengths[:, None]
        with torch.no_grad():
            out = policy(reading.states, torch.tensor(chosen), padded, trace.features, valid)
        for row, at in enumerate(chosen):
            assert values[at].halt == pytest.approx(out.q_halt[-1, row].item(), abs=1e-4)
            assert values[at].go_on == pytest.approx(out.q_continue[-1, row].item(), abs=1e-4)
    assert len({round(one.halt, 3) for one in values}) > len(tasks) / 2


def test_the_first_hole_is_told_of_alike_whatever_the_profile_and_the_task():
    for profile in PROFILES.values():
        for task in varied_tasks():
            one = encode(task, ModelConfig().spec)
            made = Automaton(profile, [one.context], BUDGET, one.root, torch.device("cpu"))
            assert made.features()[0].tolist() == first_features(one.root).tolist()


def test_an_edit_begins_from_the_reading_that_was_judged():
    policy, tasks = model(), varied_tasks()
    drafts = drafts_of(policy, tasks)
    reading = read(policy, tasks, drafts)
    rows = [4, 0, 0]
    some, begun = [tasks[row] for row in rows], [drafts[row] for row in rows]
    all_of_them = judge(policy, reading)
    for row, values in zip(rows, judge(policy, reading.select(rows)), strict=True):
        assert values == pytest.approx(all_of_them[row], abs=1e-4)
    given, anew = (
        propose(policy, some, begun, 2, profile=CORE, generator=generator(), reading=known)
        for known in (reading.select(rows), None)
    )
    assert [one.sample.actions for one in given] == [one.sample.actions for one in anew]
    assert [one.pointer for one in given] == [one.pointer for one in anew]


def test_what_a_run_showed_counts():
    policy, tasks = model(), varied_tasks()[1:2]
    (draft,) = drafts_of(policy, tasks)
    shown = [draft, replace(draft, feedback=(Feedback("PASSED", 3),)), replace(draft, feedback=())]
    values = judge(policy, read(policy, tasks * 3, shown))
    assert len({round(one.halt, 4) for one in values}) == 3


def test_nothing_else_is_read_otherwise():
    """The same weights draw the same programs as where the Q-heads read the last position."""
    policy, other, tasks = model(), model(q_position="last"), varied_tasks()
    other.load_state_dict(policy.state_dict())
    drafts = drafts_of(policy, tasks)
    mine, theirs = (
        propose(one, tasks, drafts, 2, profile=CORE, generator=generator())
        for one in (policy, other)
    )
    assert [one.sample.logprobs for one in mine] == [one.sample.logprobs for one in theirs]
    assert {(one.sample.q_halt, one.sample.q_continue) for one in mine} == {(0.0, 0.0)}
    assert all(one.sample.q_halt for one in theirs)


def test_a_policy_that_judges_no_drafts_says_so():
    policy, tasks = model(q_position="last"), varied_tasks()[:1]
    reading = read(policy, tasks, drafts_of(policy, tasks))
    with pytest.raises(ValueError, match=r"judge no drafts.*model\.hrm\.q_position=draft"):
        judge(policy, reading)
    with pytest.raises(ValueError, match=r"hrm\.q_position=draft needs refine"):
        ModelConfig(hrm=HRMConfig(q_position="draft"))
