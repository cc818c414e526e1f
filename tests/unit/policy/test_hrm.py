import itertools

import pytest
import torch

from policy.blocks import BlockShape, Surroundings
from policy.config import HRMConfig
from policy.hrm import HRM
from policy.layers import rotate


def build(**settings):
    torch.manual_seed(0)
    config = HRMConfig(**{"width": 32, "heads": 2, "h_cycles": 2, "l_cycles": 3} | settings)
    causal = BlockShape(causal=True)
    return HRM(config, 16, h_shape=causal, l_shape=causal)


def run(model, x):
    return list(model.segments(x, Surroundings(rotation=model.rotation(0, x.shape[1]))))


def calls_with_gradient(model):
    """Count the level calls that build a graph in one segment."""
    seen = {"H": 0, "L": 0}

    def count(name):
        def hook(module, args, output):
            seen[name] += output.requires_grad

        return hook

    handles = [
        model.H_level.register_forward_hook(count("H")),
        model.L_level.register_forward_hook(count("L")),
    ]
    x = torch.randn(2, 5, 32)
    model.segment(model.initial(2, 5), x, Surroundings(rotation=model.rotation(0, 5)))
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        (1, {"H": 1, "L": 1}),
        (3, {"H": 1, "L": 3}),
        (4, {"H": 2, "L": 4}),
        (0, {"H": 2, "L": 6}),
        (99, {"H": 2, "L": 6}),
    ],
)
def test_gradient_reaches_the_last_calls_of_the_horizon(horizon, expected):
    assert calls_with_gradient(build(gradient_horizon=horizon)) == expected


def test_the_horizon_changes_gradients_but_no_output():
    x = torch.randn(2, 5, 32)
    short, full = build(gradient_horizon=1), build(gradient_horizon=0)
    grads = []
    for model in (short, full):
        run(model, x)[-1].square().sum().backward()
        grads.append(next(model.L_level.parameters()).grad)
    torch.testing.assert_close(run(short, x)[-1], run(full, x)[-1])
    assert not torch.allclose(grads[0], grads[1])


def test_no_gradient_crosses_from_a_segment_into_the_one_before():
    model = build(gradient_horizon=0, segments=2)
    x = torch.randn(2, 5, 32, requires_grad=True)
    first, second = run(model, x)
    # The second segment's graph holds its own twelve level calls only: cutting the first
    # segment's graph away must not change what flows to the input through the second.
    (through_second,) = torch.autograd.grad(second.sum(), x, retain_graph=True)
    carry = model.segment(
        model.initial(2, 5), x.detach(), Surroundings(rotation=model.rotation(0, 5))
    ).detach()
    again = model.segment(carry, x, Surroundings(rotation=model.rotation(0, 5))).z_h
    torch.testing.assert_close(torch.autograd.grad(again.sum(), x)[0], through_second)
    assert first.requires_grad


def test_a_reset_carry_makes_all_segments_equal_and_a_kept_one_does_not():
    x = torch.randn(2, 5, 32)
    reset, kept = run(build(carry="reset"), x), run(build(carry="keep"), x)
    torch.testing.assert_close(reset[0], reset[1])
    assert not torch.allclose(kept[0], kept[1])


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize(("share", "feedback"), [*itertools.product((False, True), repeat=2)])
def test_later_positions_never_change_earlier_ones(norm, share, feedback):
    model = build(norm=norm, share_levels=share, feedback=feedback)
    x = torch.randn(2, 8, 32)
    changed = x.clone()
    changed[:, 5:] += 1.0
    before, after = run(model, x)[-1], run(model, changed)[-1]
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


def test_states_have_unit_scale_under_both_norms():
    for norm in ("post", "pre"):
        state = run(build(norm=norm), torch.randn(2, 5, 32))[-1]
        torch.testing.assert_close(state.square().mean(-1), torch.ones(2, 5), atol=1e-3, rtol=0)


def test_rotary_scores_depend_on_the_distance_alone():
    model = build()
    q, k = torch.randn(1, 1, 2, 16), torch.randn(1, 1, 2, 16)

    def score(query_at, key_at):
        turned_q = rotate(q, model.rotation(query_at, query_at + 1))
        turned_k = rotate(k, model.rotation(key_at, key_at + 1))
        return (turned_q * turned_k).sum(-1)

    torch.testing.assert_close(score(9, 4), score(12, 7))
    assert not torch.allclose(score(9, 4), score(9, 5))


def test_reset_touches_only_the_marked_rows():
    model = build()
    carry = model.segment(model.initial(3, 5), torch.randn(3, 5, 32), Surroundings()).detach()
    reset = model.reset(carry, torch.tensor([True, False, True]))
    torch.testing.assert_close(reset.z_h[0], model.H_init.expand(5, -1))
    torch.testing.assert_close(reset.z_l[2], model.L_init.expand(5, -1))
    torch.testing.assert_close(reset.z_h[1], carry.z_h[1])


def test_a_width_that_heads_do_not_divide_is_refused_by_name():
    with pytest.raises(ValueError, match=r"width \(30\) must be a multiple of 2 \* heads"):
        HRMConfig(width=30, heads=4)
