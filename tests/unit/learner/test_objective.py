"""Each term against a slow reference written out by hand, and by the sign of its gradient."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from learner.config import ObjectiveConfig, Schedule
from learner.objective import (
    ObjectiveInputs,
    RowKind,
    clipped_surrogate,
    continue_target,
    objective,
)
from tests.unit.learner.slow_objective import SEGMENTS, Slow, make_inputs

ONLY = dict.fromkeys(
    (
        "supervised",
        "imitation",
        "repair",
        "pointer",
        "policy_gradient",
        "q_halt",
        "q_continue",
        "strategy",
        "constraints",
        "entropy",
    ),
    0.0,
)


@pytest.mark.parametrize("seed", range(5))
def test_terms_equal_the_slow_reference(seed: int):
    inputs, config = make_inputs(seed), ObjectiveConfig()
    slow = Slow(inputs, config)
    expected = {
        "supervised": slow.cross_entropy(0),
        "imitation": slow.cross_entropy(1),
        "repair": slow.cross_entropy(4),
        "pointer": slow.pointer(),
        "policy_gradient": slow.policy_gradient(),
        "entropy": slow.entropy(),
        "q_halt": slow.q_halt(),
        "q_continue": slow.q_continue(),
        "strategy": slow.strategy(),
        "constraints": slow.constraints(),
    }
    outputs = objective(inputs, config)
    terms = {name: value.item() for name, value in outputs.terms.items()}
    assert terms == pytest.approx(expected, rel=1e-9)
    weights = config.weights_at(0)
    signs = dict.fromkeys(expected, 1.0) | {"entropy": -1.0}
    total = sum(weights[name] * signs[name] * value for name, value in expected.items())
    assert outputs.total.item() == pytest.approx(total, rel=1e-9)


def test_gradients_are_those_of_finite_differences():
    inputs = make_inputs(3)
    # The target of q_continue is detached, so its gradient is checked by itself below.
    config = ObjectiveConfig(q_continue=0.0, staleness_decay=0.9)

    assert inputs.pointer is not None
    shown = inputs.pointer.isfinite()

    def total(logits: Tensor, q_halt: Tensor, nodes: Tensor, *strategy: Tensor) -> Tensor:
        pointer = torch.full_like(shown, -torch.inf, dtype=nodes.dtype).masked_scatter(shown, nodes)
        changed = replace(inputs, logits=logits, q_halt=q_halt, strategy=strategy, pointer=pointer)
        return objective(changed, config).total

    nodes = inputs.pointer[shown].detach().requires_grad_()
    leaves = (inputs.logits, inputs.q_halt, nodes, *inputs.strategy)
    assert torch.autograd.gradcheck(total, leaves)


def test_continue_target_gives_no_gradient_to_what_it_bootstraps_from():
    inputs = make_inputs()
    objective(inputs, ObjectiveConfig(**ONLY | {"q_continue": 1.0})).total.backward()
    assert inputs.q_halt.grad is not None
    assert not inputs.q_halt.grad.any()
    assert inputs.q_continue.grad is not None
    assert inputs.q_continue.grad[:, [0, 1, 2, 4]].all()
    assert not inputs.q_continue.grad[:, 3].any()


def test_continue_target_by_hand():
    halt = torch.tensor([[0.0], [2.0], [-1.0]])
    go = torch.tensor([[9.0], [1.0], [3.0]])
    expected = torch.tensor([[2.0], [3.0], [-1.0]]).sigmoid()
    assert torch.equal(continue_target(halt, go), expected)


def gradient_of_chosen(inputs: ObjectiveInputs, term: str, row: int) -> Tensor:
    """Gradient of one term to the last segment's logits of the actions that a row took."""
    (grad,) = torch.autograd.grad(objective(inputs, ObjectiveConfig()).terms[term], inputs.logits)
    places = inputs.drawn[row]
    return grad[-1, row, places].gather(1, inputs.actions[row, places, None]).squeeze(1)


def on_policy(inputs: ObjectiveInputs) -> ObjectiveInputs:
    """The same with the policy's own log-probabilities as behaviour: every ratio is 1."""
    behaviour = inputs.behaviour_logprobs.clone()
    slow = Slow(inputs, ObjectiveConfig())
    for index, (row, at) in enumerate(slow.positions):
        logp = slow.logp(SEGMENTS - 1, index, inputs.temperature[row].item())
        behaviour[row, at] = logp[int(inputs.actions[row, at])]
    nodes = inputs.node_logprob.clone()
    nodes[2] = slow.node_logp(2)[3]
    return replace(inputs, behaviour_logprobs=behaviour, node_logprob=nodes)


def choices(inputs: ObjectiveInputs, row: int) -> Tensor:
    """Positions of a row at which there was more than one allowed action."""
    counts = torch.zeros_like(inputs.actions)
    counts[inputs.drawn] = inputs.mask.sum(1)
    return counts[row, inputs.drawn[row]] > 1


@pytest.mark.parametrize(("row", "sign"), [(1, -1.0), (2, 1.0)])
def test_policy_gradient_raises_what_beat_its_group_and_lowers_the_rest(row: int, sign: float):
    inputs = on_policy(make_inputs(1))
    grad = gradient_of_chosen(inputs, "policy_gradient", row)[choices(inputs, row)]
    assert len(grad) > 0
    assert (grad * sign > 0).all()


@pytest.mark.parametrize(("term", "row"), [("supervised", 0), ("imitation", 1), ("repair", 4)])
def test_cross_entropy_raises_the_actions_taken(term: str, row: int):
    inputs = make_inputs(1)
    grad = gradient_of_chosen(inputs, term, row)[choices(inputs, row)]
    assert len(grad) > 0
    assert (grad < 0).all()


def test_entropy_bonus_flattens_the_distribution():
    inputs = make_inputs()
    config = ObjectiveConfig(**ONLY | {"entropy": 1.0})
    (grad,) = torch.autograd.grad(objective(inputs, config).total, inputs.logits)
    moved = replace(inputs, logits=inputs.logits - 1.0 * grad)
    assert objective(moved, config).terms["entropy"] > objective(inputs, config).terms["entropy"]


def test_constraint_term_moves_mass_to_what_the_task_allows():
    inputs = make_inputs()
    config = ObjectiveConfig(**ONLY | {"constraints": 1.0})
    (grad,) = torch.autograd.grad(objective(inputs, config).total, inputs.logits)
    row, at = 0, 2
    forbidden = inputs.grammar_mask[1] & ~inputs.mask[2]
    assert forbidden.any()
    assert (grad[:, row, at][:, forbidden] > 0).all()
    assert (grad[:, row, at][:, inputs.mask[2]] < 0).all()


def test_q_halt_rises_for_solved_and_falls_for_failed():
    inputs = make_inputs()
    objective(inputs, ObjectiveConfig(**ONLY | {"q_halt": 1.0})).total.backward()
    assert inputs.q_halt.grad is not None
    assert (inputs.q_halt.grad[:, :2] < 0).all()
    assert (inputs.q_halt.grad[:, 2] > 0).all()


def test_masked_actions_and_padding_get_no_gradient():
    inputs = make_inputs()
    config = ObjectiveConfig(constraints=0.0)
    (grad,) = torch.autograd.grad(objective(inputs, config).total, inputs.logits)
    assert not grad[:, 3].any()
    assert not grad[:, ~inputs.drawn].any()
    assert not grad[:, inputs.drawn][:, ~inputs.mask].any()
    assert torch.isfinite(grad).all()


def test_clip_takes_the_pessimistic_side():
    config = ObjectiveConfig(clip_low=0.2, clip_high=0.3, clip_negative=3.0)
    ratio = torch.tensor([2.0, 0.5, 2.0, 0.5, 50.0, 50.0])
    advantage = torch.tensor([1.0, 1.0, -1.0, -1.0, -1.0, 1.0])
    expected = torch.tensor([1.3, 0.5, -2.0, -0.8, -3.0, 1.3])
    assert torch.allclose(clipped_surrogate(ratio, advantage, config), expected)


def test_an_archived_program_is_imitated_but_has_no_policy_gradient():
    inputs = on_policy(make_inputs())
    kind = inputs.kind.clone()
    kind[1] = RowKind.VERIFIED
    archived = objective(replace(inputs, kind=kind), ObjectiveConfig())
    fresh = objective(inputs, ObjectiveConfig())
    assert archived.terms["imitation"].item() == fresh.terms["imitation"].item() > 0.0
    assert archived.terms["q_halt"].item() == fresh.terms["q_halt"].item()
    (grad,) = torch.autograd.grad(archived.terms["policy_gradient"], inputs.logits)
    assert not grad[:, 1].any()
    assert grad[:, 2].any()


def test_the_pointer_is_a_choice_like_an_action():
    inputs = on_policy(make_inputs())
    assert inputs.pointer is not None
    grads = {
        term: torch.autograd.grad(objective(inputs, ObjectiveConfig()).terms[term], inputs.pointer)[
            0
        ]
        for term in ("policy_gradient", "pointer")
    }
    # A failed edit's node becomes less likely, a repair's more; nothing else is pointed at.
    assert grads["policy_gradient"][2, 3] > 0 > grads["policy_gradient"][2, 1]
    assert grads["pointer"][4, 0] < 0 < grads["pointer"][4, 1]
    assert not grads["policy_gradient"][[0, 1, 3, 4]].any()
    assert not grads["pointer"][:4].any()


def test_without_a_pointer_nothing_else_changes():
    inputs = rows_of(make_inputs(), [0, 1, 3])
    without = objective(replace(inputs, pointer=None), ObjectiveConfig())
    assert without.total.item() == pytest.approx(
        objective(inputs, ObjectiveConfig()).total.item(), rel=1e-12
    )
    assert not {"repair", "pointer"} & without.terms.keys()


def test_a_later_edit_says_what_going_on_is_worth():
    inputs = make_inputs()
    config = ObjectiveConfig(**ONLY | {"q_continue": 1.0})
    known = torch.full_like(inputs.q_continue, 0.7).logit().requires_grad_()
    total = objective(replace(inputs, q_continue=known), config).total
    (grad,) = torch.autograd.grad(total, known)
    assert grad[:, 2].abs().max() < 1e-12
    assert grad[-1, [0, 1, 4]].abs().min() > 1e-6


def test_a_group_that_agrees_teaches_nothing():
    inputs = replace(make_inputs(), reward=torch.full((5,), 0.75, dtype=torch.float64))
    inputs = replace(inputs, group_std=torch.zeros(5, dtype=torch.float64))
    assert objective(inputs, ObjectiveConfig()).terms["policy_gradient"].item() == 0.0


def test_staleness_scales_a_rollouts_gradient():
    inputs = on_policy(make_inputs())
    config = ObjectiveConfig(staleness_decay=0.5)

    def grad(lag: float) -> Tensor:
        stale = replace(inputs, lag=torch.full((5,), lag, dtype=torch.float64))
        term = objective(stale, config).terms["policy_gradient"]
        return torch.autograd.grad(term, inputs.logits)[0]

    assert torch.allclose(grad(3.0), grad(0.0) / 8)
    assert torch.equal(grad(-1.0), grad(0.0))


def test_shards_agree_with_the_whole():
    inputs, config = make_inputs(), ObjectiveConfig()
    whole = objective(inputs, config)
    parts = [objective(rows_of(inputs, rows), config) for rows in ([0, 3, 4], [1, 2])]
    for name, term in whole.terms.items():
        mean = sum(part.terms[name].item() for part in parts) / 2
        assert term.item() == pytest.approx(mean, rel=1e-12), name
    assert whole.total.item() == pytest.approx(sum(p.total.item() for p in parts) / 2, rel=1e-12)


def test_where_drafts_are_judged_they_alone_teach_the_q_heads():
    inputs = make_inputs()
    kind = inputs.kind.clone()
    kind[[1, 2]] = RowKind.DRAFT
    counts = replace(inputs.counts, drafts=2.0)
    inputs = replace(inputs, kind=kind, counts=counts, judges_drafts=True)
    found = objective(inputs, ObjectiveConfig()).terms
    chance, going = inputs.q_halt.sigmoid(), inputs.q_continue.sigmoid()
    # Row 1 is solved and row 2 not, which is known to have been worth 0.7 to go on from.
    halt = -(chance[:, 1].log() + (1 - chance[:, 2]).log()).mean() / 2
    torch.testing.assert_close(found["q_halt"], halt)
    known = -(0.7 * going[:, 2].log() + 0.3 * (1 - going[:, 2]).log()).mean()
    better = torch.maximum(chance, going)[1:, 1].detach()
    target = torch.cat((better, chance[-1:, 1].detach()))
    guessed = -(target * going[:, 1].log() + (1 - target) * (1 - going[:, 1]).log()).mean()
    torch.testing.assert_close(found["q_continue"], (known + guessed) / 2)


def rows_of(inputs: ObjectiveInputs, rows: list[int]) -> ObjectiveInputs:
    """One of two shards: some of the rows, with everything that goes by position cut to them."""
    row_of = inputs.drawn.nonzero()[:, 0].tolist()
    kept = [index for index, row in enumerate(row_of) if row in rows]
    bound = [c for c, index in enumerate(inputs.constrained.tolist()) if index in kept]
    return replace(
        inputs,
        logits=inputs.logits[:, rows],
        q_halt=inputs.q_halt[:, rows],
        q_continue=inputs.q_continue[:, rows],
        strategy=tuple(head[:, rows] for head in inputs.strategy),
        pointer=None if inputs.pointer is None else inputs.pointer[rows],
        mask=inputs.mask[kept],
        constrained=torch.tensor(
            [kept.index(int(inputs.constrained[c])) for c in bound], dtype=torch.int64
        ),
        grammar_mask=inputs.grammar_mask[bound],
        counts=inputs.counts.shard(2),
        **{
            name: getattr(inputs, name)[rows]
            for name in (
                "actions",
                "drawn",
                "kind",
                "solved",
                "reward",
                "group_mean",
                "group_std",
                "temperature",
                "behaviour_logprobs",
                "node",
                "node_logprob",
                "continue_value",
                "lag",
                "strategy_labels",
            )
        },
    )


def test_a_shard_without_a_kind_still_reaches_every_output():
    """DDP hangs when a learner has no gradient for what another one has."""
    inputs = rows_of(make_inputs(), [3])
    outputs = objective(inputs, ObjectiveConfig())
    assert inputs.pointer is not None
    leaves = (
        inputs.logits, inputs.q_halt, inputs.q_continue, inputs.pointer, *inputs.strategy
    )  # fmt: skip
    grads = torch.autograd.grad(outputs.total, leaves)
    assert outputs.total.item() == 0.0
    assert all(torch.isfinite(g).all() and not g.any() for g in grads)


def test_weights_follow_their_schedules():
    schedule = Schedule(start=0.0, end=1.0, from_step=10, to_step=20)
    assert [schedule.at(step) for step in (0, 10, 15, 20, 99)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    inputs = make_inputs()
    config = ObjectiveConfig.model_validate(ONLY | {"supervised": schedule})
    late = objective(inputs, config, step=15)
    assert objective(inputs, config).total.item() == 0.0
    assert late.total.item() == pytest.approx(0.5 * late.terms["supervised"].item())


def test_a_schedule_that_goes_backwards_is_refused():
    with pytest.raises(ValueError, match=r"to_step \(5\) must be greater than from_step \(5\)"):
        Schedule(start=0.0, end=1.0, from_step=5, to_step=5)


def test_half_precision_logits_are_read_in_float32():
    inputs = make_inputs(dtype=torch.float32)
    half = replace(inputs, logits=inputs.logits.bfloat16())
    rounded = replace(inputs, logits=half.logits.float())
    config = ObjectiveConfig()
    assert objective(half, config).total.item() == objective(rounded, config).total.item()
