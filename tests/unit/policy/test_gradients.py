"""Gradients against an unrolled reference, written without the classes' loops, and in float64."""

import itertools

import pytest
import torch
from torch.func import functional_call

from policy.blocks import BlockShape, Surroundings
from policy.config import HRMConfig
from policy.hrm import HRM

WIDTH, LENGTH = 16, 5
CAUSAL = BlockShape(causal=True)
CYCLES = ((1, 1), (2, 1), (1, 3), (2, 2), (3, 2))


def build(**settings):
    torch.manual_seed(0)
    core = {"width": WIDTH, "heads": 2, "round_inner_to": 8}
    model = HRM(HRMConfig(**core | settings), LENGTH, h_shape=CAUSAL, l_shape=CAUSAL).double()
    torch.nn.init.normal_(model.q_head.weight)
    return model


def inputs(model):
    x = torch.randn(2, LENGTH, WIDTH, dtype=torch.float64, requires_grad=True)
    return x, Surroundings(rotation=tuple(t.double() for t in model.rotation(0, LENGTH)))


def unrolled(model, x, around):
    """Every call of a run in one list; what lies before the horizon is detached, call by call."""
    config = model.config
    calls = ("L" * config.l_cycles + "H") * config.h_cycles
    lows = [place for place, level in enumerate(calls) if level == "L"]
    cut = lows[-config.gradient_horizon] if config.gradient_horizon else 0
    states, results = {"H": model.H_init, "L": model.L_init}, []
    states = {name: value.expand_as(x) for name, value in states.items()}
    for _ in range(config.segments):
        states = {name: value.detach() for name, value in states.items()}
        for place, level in enumerate(calls):
            h, low = states["H"], states["L"]
            if place == cut:
                h, low = h.detach(), low.detach()
                states = {"H": h, "L": low}
            if level == "L":
                states["L"] = model.L_level(low, h + x, around)
                continue
            if model.feedback is not None:
                gate, value = model.feedback(low).split(WIDTH, dim=-1)
                low = low + value / (1 + (-gate).exp())
            states["H"] = model.H_level(h, low, around)
        results.append(states["H"])
        if config.carry == "reset":
            states = {"H": model.H_init.expand_as(x), "L": model.L_init.expand_as(x)}
    return results


@pytest.mark.parametrize(
    ("h_cycles", "l_cycles", "horizon"),
    [(h, low, horizon) for h, low in CYCLES for horizon in range(4) if horizon <= h * low],
)
@pytest.mark.parametrize(
    "others",
    [{}, {"share_levels": True, "norm": "pre"}, {"feedback": True, "carry": "reset"}],
    ids=["plain", "shared", "feedback"],
)
def test_gradients_are_those_of_the_unrolled_calls(h_cycles, l_cycles, horizon, others):
    model = build(
        h_cycles=h_cycles, l_cycles=l_cycles, segments=2, gradient_horizon=horizon, **others
    )
    x, around = inputs(model)
    wanted = [x, *model.parameters()]
    found = []
    for results in (list(model.segments(x, around)), unrolled(model, x, around)):
        halts = torch.stack([torch.stack(model.q_values(z[:, 0])) for z in results])
        total = sum(z.pow(3).sum() for z in results) + halts.sum()
        found.append(torch.autograd.grad(total, wanted))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)
    assert found[0][0].abs().max() > 0


@pytest.mark.parametrize(
    ("norm", "share"), [*itertools.product(("post", "pre"), (False, True))], ids=str
)
def test_a_full_horizon_is_the_true_gradient(norm, share):
    """Finite differences of one segment, with respect to its input, its carry and some weights."""
    model = build(h_cycles=2, l_cycles=2, norm=norm, share_levels=share, feedback=True)
    x, around = inputs(model)
    carry = tuple(torch.randn_like(x).requires_grad_() for _ in range(2))
    names = ("H_level.layers.0.mlp.down_proj.weight", "feedback.weight")
    chosen = [dict(model.named_parameters())[name].detach()[:, :3] for name in names]

    class Segment(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x, z_h, z_l):
            return tuple(self.model.segment(model.initial(2, LENGTH)._replace(z_h=z_h, z_l=z_l),
                                            x, around))  # fmt: skip

    def run(x, z_h, z_l, *changed):
        weights = {}
        for name, part in zip(names, changed, strict=True):
            whole = dict(model.named_parameters())[name].detach()
            weights[f"model.{name}"] = torch.cat((part, whole[:, 3:]), dim=1)
        return functional_call(Segment(), weights, (x, z_h, z_l))

    changed = [part.clone().requires_grad_() for part in chosen]
    assert torch.autograd.gradcheck(run, (x, *carry, *changed), fast_mode=True, atol=1e-6)


def test_a_cut_horizon_is_not_the_true_gradient():
    model = build(h_cycles=2, l_cycles=2, gradient_horizon=1)
    x, around = inputs(model)

    def run(x):
        return model.segment(model.initial(2, LENGTH), x, around).z_h

    assert not torch.autograd.gradcheck(run, (x,), fast_mode=True, raise_exception=False)
