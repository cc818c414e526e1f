"""Edits of drafts: what is kept, what is drawn, and with which probability."""

import ast
from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from policy.config import HRMConfig, ModelConfig
from policy.drafts import Draft, Feedback
from policy.edits import propose
from policy.grammar import PROFILES, Automaton, Root, codec
from policy.model import Policy
from policy.pointer import pointer_log_probs
from policy.precision import at_precision
from policy.sampler import sample
from policy.spec import collate, encode
from policy.subtrees import ROOT, first_action, subtrees
from policy.untrained import compiles, holds, varied_tasks
from tasks.schema import Constraints, Example, Param, Signature, Task

CORE = PROFILES["core"]
BUDGET = 48
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.3}
TASK = Task(
    id="t/1",
    entry_point="f",
    signature=Signature((Param("n", "int"), Param("xs", "list[int]")), "int"),
    description="",
    examples=(Example((1, [2]), 3),),
)
SOURCE = """
def f(n, xs):
    v0 = 0
    for v1 in xs:
        v0 = v0 + v1
    return v0 + n
"""


def model(seed=0, **settings):
    torch.manual_seed(seed)
    core = HRMConfig(**{"width": 16, "heads": 2, **settings})
    policy = Policy(ModelConfig(hrm=core, message_width=8, max_actions=BUDGET, refine=True)).eval()
    assert policy.pointer is not None
    torch.nn.init.normal_(policy.pointer.score.weight)
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    return policy


def pointing_at(policy, node):
    """The same policy, whose pointer always draws one node."""

    def point(states):
        logits = torch.full(states.nodes.shape, -torch.inf)
        logits[:, node] = 0
        return logits

    policy.point = point
    return policy


def draft(source=SOURCE, task=TASK):
    spec = encode(task, ModelConfig().spec)
    return Draft(tuple(codec.encode(ast.parse(source), spec.names, spec.root)))


def drafts_of(policy, tasks, seed):
    """A first program of each task."""
    generator = torch.Generator().manual_seed(seed)
    first = propose(policy, tasks, [None] * len(tasks), 1, profile=CORE, generator=generator)
    feedback = (Feedback("WRONG_ANSWER", 3), Feedback("RUNTIME_ERROR"))
    return [
        Draft(edit.sample.actions, feedback[: len(task.examples)])
        for edit, task in zip(first, tasks, strict=True)
    ]


def scored(policy, task, draft, made):
    """The log-probabilities that the full pass gives to what was drawn, and its Q-values."""
    spec = encode(task, policy.config.spec, draft)
    actions, lengths = torch.tensor([made.actions]), torch.tensor([len(made.actions)])
    automaton = Automaton(CORE, [spec.context], BUDGET, spec.root, torch.device("cpu"))
    trace = automaton.replay(actions, lengths)
    assert trace.legal.all()
    states = policy.encode_spec(collate([spec]))
    out = policy(states, torch.tensor([0]), actions, trace.features, torch.ones_like(actions) > 0)
    logits = out.logits[-1].masked_fill(~trace.mask, -torch.inf)
    found = logits.log_softmax(-1).gather(2, actions[..., None])[0, :, 0]
    return found[list(made.drawn)], out.q_halt[-1, 0], out.q_continue[-1, 0]


@settings(
    max_examples=6,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(
    seed=st.integers(0, 99),
    rows=st.sampled_from([None, 5]),
    precision=st.sampled_from(sorted(TOLERANCE)),
    core=st.sampled_from(
        [
            {},
            {"spec_reader": "prefix"},
            {"q_position": "first", "act": "off"},
            {"q_position": "draft"},
            {"carry": "reset", "segments": 1},
        ]
    ),
)
def test_edits_compile_fit_keep_what_they_should_and_know_their_probability(
    seed, rows, precision, core
):
    policy, tasks = at_precision(model(seed, **core), precision), varied_tasks()[seed % 3 :: 3]
    drafts = [*drafts_of(policy, tasks, seed)[:-1], None]
    generator = torch.Generator().manual_seed(seed)
    edits = propose(policy, tasks, drafts, 3, profile=CORE, generator=generator, rows=rows)
    assert [edit.task for edit in edits] == [at for at in range(len(tasks)) for _ in range(3)]
    with torch.no_grad():
        for edit in edits:
            check(policy, tasks[edit.task], drafts[edit.task], edit, TOLERANCE[precision])


def check(policy, task, old, edit, tolerance):
    made = edit.sample
    assert compiles(made.source)
    assert len(made.actions) <= BUDGET
    assert len(made.drawn) == len(made.logprobs) > 0
    logprobs, halt, go_on = scored(policy, task, old, made)
    assert (logprobs - torch.tensor(made.logprobs)).abs().max() <= tolerance
    if policy.config.hrm.q_position == "last":
        assert abs(halt - made.q_halt) <= tolerance
        assert abs(go_on - made.q_continue) <= tolerance
    if old is None:
        assert (edit.node, edit.pointer, edit.pointer_logprob) == (ROOT, "", 0.0)
        assert made.drawn == tuple(range(len(made.actions)))
        return
    root = encode(task, policy.config.spec).root
    begin, tree = first_action(edit.node), subtrees(old.actions, root)
    assert edit.pointer == tree.pointers[edit.node]
    assert made.actions[:begin] == old.actions[:begin]
    assert made.drawn[0] == begin
    # What is written in one run; then the rest of the draft, or its beginning and more drawn.
    drawn = set(made.drawn)
    end = next((at for at in range(begin, len(made.actions)) if at not in drawn), None)
    if end is not None:
        cut = next((at for at in range(end, len(made.actions)) if at in drawn), len(made.actions))
        resumed = (
            tree.resumes(edit.node, goes_on=True),
            tree.resumes(edit.node, goes_on=False),
        )
        kept = made.actions[end:cut]
        assert any(old.actions[at : at + len(kept)] == kept for at in resumed)
        assert drawn >= set(range(cut, len(made.actions)))


def test_a_pointers_probability_is_that_of_the_head():
    policy, one = model(), draft()
    edits = propose(policy, [TASK], [one], 40, profile=CORE)
    with torch.no_grad():
        states = policy.encode_spec(collate([encode(TASK, policy.config.spec, one)]))
        for edit in edits:
            found = pointer_log_probs(policy.point(states), torch.tensor([edit.node]))
            assert abs(found.item() - edit.pointer_logprob) <= 1e-5
    assert len({edit.node for edit in edits}) > 3


def test_without_drafts_it_is_sampling():
    policy = model()
    spec = encode(TASK, policy.config.spec)
    seeds = [torch.Generator().manual_seed(7) for _ in range(2)]
    edits = propose(policy, [TASK] * 2, [None] * 2, 3, profile=CORE, generator=seeds[0])
    assert [edit.sample for edit in edits] == sample(
        policy, [spec] * 2, 3, profile=CORE, generator=seeds[1]
    )


def sources_at(pointer, source=SOURCE, k=200, **changed):
    one = draft(source)
    node = subtrees(one.actions, Root.BODY).node(pointer)
    policy = pointing_at(model(), node)
    generator = torch.Generator().manual_seed(1)
    edits = propose(policy, [TASK], [one], k, profile=CORE, generator=generator, **changed)
    assert {edit.pointer for edit in edits} == {pointer}
    return [edit.sample.source for edit in edits], edits


def in_one_run(edit):
    """Whether all that the node did not hold was kept: the budget may forbid that."""
    return edit.sample.drawn == tuple(range(edit.sample.drawn[0], edit.sample.drawn[-1] + 1))


def fitting(pointer, source=SOURCE):
    sources, edits = sources_at(pointer, source)
    found = [source for source, edit in zip(sources, edits, strict=True) if in_one_run(edit)]
    assert len(found) > len(sources) / 2
    return found


def test_an_expression_is_replaced_and_nothing_else():
    changed: Counter[str] = Counter()
    for source in fitting("/body/1/iter"):
        tree = ast.parse(source)
        loop = tree.body[0].body[1]
        changed[ast.unparse(loop.iter)] += 1
        loop.iter = ast.Name("xs", ast.Load())
        assert ast.unparse(tree) == SOURCE.strip()
    assert len(changed) > 5


def test_an_element_may_end_its_list_or_go_on_with_it():
    """A statement is replaced, with what followed after it; or it is the last one."""
    sources, _ = sources_at("/body/1")
    bodies = [ast.parse(source).body[0].body for source in sources]
    assert all(ast.unparse(body[0]) == "v0 = 0" for body in bodies)
    kept = [body for body in bodies if ast.unparse(body[-1]) == "return v0 + n"]
    assert any(len(body) == 3 for body in kept)
    assert any(len(body) == 2 for body in bodies)


def test_more_can_be_written_at_the_end_of_a_list():
    source = "def f(n, xs):\n    v0 = {1: n, 2: n, 3: xs}\n    return n\n"
    sources = fitting("/body/0/value/items/3", source)
    lengths = Counter(len(ast.parse(one).body[0].body[0].value.keys) for one in sources)
    assert len(lengths) > 1
    assert min(lengths) == 3
    assert all(one.endswith("return n\n") for one in sources)


def test_what_can_no_longer_stand_is_written_anew():
    """The statement that binds v0 goes: so must what reads it."""
    sources, edits = sources_at("/body/0")
    unbound = [
        edit
        for edit, source in zip(edits, sources, strict=True)
        if "v0" not in ast.unparse(ast.parse(source).body[0].body[0])
    ]
    assert unbound
    for edit in unbound:
        assert edit.sample.drawn[-1] == len(edit.sample.actions) - 1


@pytest.mark.parametrize("node", ["/body/1", "/body/1/body/0", "/body/2/value", ""])
def test_what_is_required_is_in_every_edit_wherever_it_is_made(node):
    """What the draft holds elsewhere counts; where it is written anew, something must hold it."""
    task = replace(TASK, constraints=Constraints(require=("For", "Add")))
    one = draft(task=task)
    at = subtrees(one.actions, Root.BODY).node(node)
    generator = torch.Generator().manual_seed(1)
    policy = pointing_at(model(), at)
    edits = propose(policy, [task], [one], 12, profile=CORE, generator=generator)
    assert all(holds(edit.sample.source, ("For", "Add")) for edit in edits)
    with torch.no_grad():
        check(policy, task, one, edits[0], TOLERANCE["float32"])


def test_a_draft_that_lacks_what_is_required_is_written_anew_or_refused():
    task = replace(TASK, constraints=Constraints(require=("While",)))
    one = draft("def f(n, xs):\n    return n + len(xs)\n", task)
    (edit,) = propose(pointing_at(model(), ROOT), [task], [one], 1, profile=CORE)
    assert holds(edit.sample.source, ("While",))
    with pytest.raises(ValueError, match=r"prefixes: action 0 of prefix 0, .* is not allowed"):
        propose(pointing_at(model(), 2), [task], [one], 1, profile=CORE)


def test_the_root_keeps_nothing():
    _, edits = sources_at("", k=5)
    assert all(edit.sample.drawn == tuple(range(len(edit.sample.actions))) for edit in edits)


def test_a_draft_over_the_budget_is_refused():
    with pytest.raises(ValueError, match="is not allowed there"):
        sources_at("/body/2", max_actions=8)


def test_bad_arguments_are_named():
    policy = model()
    with pytest.raises(ValueError, match="one \\(or None\\) for each of 1 tasks, got 0"):
        propose(policy, [TASK], [], 1, profile=CORE)
    with pytest.raises(ValueError, match="k >= 1, got 0"):
        propose(policy, [TASK], [draft()], 0, profile=CORE)
    plain = Policy(ModelConfig(hrm=HRMConfig(width=16, heads=2), message_width=8))
    with pytest.raises(ValueError, match="does not refine"):
        propose(plain, [TASK], [draft()], 1, profile=CORE)
    assert propose(plain, [], [], 1, profile=CORE) == []


def test_feedback_is_read():
    """The same draft with another verdict gives other edits."""
    one, policy = draft(), model()
    found = [
        propose(
            policy, [TASK], [shown], 8, profile=CORE, generator=torch.Generator().manual_seed(0)
        )
        for shown in (one, replace(one, feedback=(Feedback("PASSED", 3),)))
    ]
    assert found[0] != found[1]
