"""The puzzle mode's train steps: against the plain restatement, and its targets of continuing."""

import pytest
import torch

from benchmarks.reference_step import Reference, Shape
from policy.config import HRMConfig
from policy.puzzle import PuzzleBatch, PuzzleHRM, PuzzleShape, puzzle_loss

SHAPE = Shape(width=32, heads=2, layers=2, max_steps=4)
CELLS, VOCABULARY, TASKS = 9, 6, 3
CORE = {
    "width": 32, "heads": 2, "kv_heads": 2, "expansion": 4.0, "h_layers": 2, "l_layers": 2,
    "h_cycles": 2, "l_cycles": 2, "gradient_horizon": 1,
}  # fmt: skip


def build(**settings):
    torch.manual_seed(0)
    sizes = PuzzleShape(VOCABULARY, CELLS, TASKS, 32, SHAPE.max_steps)
    model = PuzzleHRM(HRMConfig(**CORE | settings), sizes).train()
    torch.nn.init.normal_(model.hrm.q_head.weight, std=0.1)
    with torch.no_grad():
        model.hrm.q_head.bias.zero_()
        _, output = model(model.start(batch(0)), batch(0))
        # About half of the rows halt after each step.
        model.hrm.q_head.bias[0] -= (output.q_halt - output.q_continue).median() + 1e-3
    return model


def batch(seed, rows=6):
    draw = torch.Generator().manual_seed(seed)
    inputs = torch.randint(VOCABULARY, (rows, CELLS), generator=draw)
    return PuzzleBatch(
        inputs, (inputs + 1) % VOCABULARY, torch.randint(TASKS, (rows,), generator=draw)
    )


def test_losses_and_gradients_are_those_of_the_plain_restatement():
    model = build(q_target="second_forward")
    reference = Reference(model.state_dict(), SHAPE, CELLS)
    carry, state = model.start(batch(0)), reference.start(*batch(0))
    halted = 0
    for seed in range(6):
        carry, output = model(carry, batch(seed))
        loss = puzzle_loss(output, carry.batch.labels, "stablemax_cross_entropy")
        state, theirs, _ = reference.step(state, *batch(seed))
        torch.testing.assert_close(loss, theirs, rtol=1e-5, atol=0)
        assert torch.equal(carry.halted, state.halted)
        ours = torch.autograd.grad(loss, list(model.parameters()))
        names = [name for name, _ in model.named_parameters()]
        expected = torch.autograd.grad(theirs, [reference.weights[name] for name in names])
        for one, other in zip(ours, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
        halted += int(carry.halted.sum())
    assert 0 < halted < 36  # rows took new puzzles at different steps


def test_the_next_step_teaches_the_state_it_starts_from():
    model, published = build(), build(q_target="second_forward")
    first, _ = model(model.start(batch(0)), batch(0))
    published_first, expected = published(published.start(batch(0)), batch(0))
    second, output = model(first, batch(1))
    going = ~first.halted
    assert going.any()
    assert not going.all()
    assert torch.equal(output.continuing.taught, going)
    # Weights are the same, so the target is what the second forward saw a step ago.
    torch.testing.assert_close(output.continuing.target[going], expected.continuing.target[going])
    torch.testing.assert_close(output.continuing.value, expected.q_continue)
    assert torch.equal(first.halted, published_first.halted)
    assert second.steps.max() == 2


def test_only_the_head_learns_a_value_that_is_a_step_late():
    model = build()
    first, _ = model(model.start(batch(0)), batch(0))
    _, output = model(first, batch(1))
    output.continuing.value.sum().backward()
    learning = [name for name, p in model.named_parameters() if p.grad is not None]
    assert learning == ["hrm.q_head.weight", "hrm.q_head.bias"]


def test_rows_that_begin_teach_nothing():
    model = build()
    carry, output = model(model.start(batch(0)), batch(0))
    assert not output.continuing.taught.any()
    with_continuing = puzzle_loss(output, carry.batch.labels, "softmax_cross_entropy")
    without = puzzle_loss(
        output._replace(continuing=None), carry.batch.labels, "softmax_cross_entropy"
    )
    assert with_continuing == without


@pytest.mark.parametrize("act", ["off", "halt"])
def test_continuing_is_taught_only_where_it_decides(act):
    _, output = (model := build(act=act))(model.start(batch(0)), batch(0))
    assert output.continuing is None


def test_a_lagged_target_is_refused():
    with pytest.raises(ValueError, match="q_target is lagged, but puzzles keep no moving average"):
        build(q_target="lagged")
