"""Clip, AdamW, schedule and moving average."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from learner.backend import LearnerState
from learner.config import OptimizerConfig
from learner.optim import Optimisation, learning_rate, make_optimizer


def make_net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))


def train(net: nn.Module, optimisation: Optimisation, steps: int, first: int = 0) -> list[float]:
    losses = []
    for step in range(first, first + steps):
        inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(step))
        optimisation.optimizer.zero_grad(set_to_none=True)
        loss = (net(inputs) ** 2).mean()
        loss.backward()
        optimisation.apply()
        losses.append(loss.item())
    return losses


def test_learning_rate_warms_up_and_decays():
    config = OptimizerConfig(
        learning_rate=1.0, warmup_steps=4, decay_steps=10, final_learning_rate_ratio=0.2
    )
    rates = [learning_rate(step, config) for step in range(20)]
    assert rates[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rates[9] == pytest.approx(0.2 + 0.8 * 0.5)  # half of the cosine
    assert rates[14:] == pytest.approx([0.2] * 6)
    assert all(early >= late for early, late in pairwise(rates[4:]))


def test_without_decay_the_peak_stays():
    config = OptimizerConfig(learning_rate=0.5, warmup_steps=0, decay_steps=0)
    assert {learning_rate(step, config) for step in (0, 1, 10**6)} == {0.5}


def test_only_matrices_decay():
    net = make_net()
    matrices, vectors = make_optimizer(net, OptimizerConfig(weight_decay=0.3)).param_groups
    assert matrices["weight_decay"] == 0.3
    assert vectors["weight_decay"] == 0.0
    assert {p.ndim for p in matrices["params"]} == {2}
    assert {p.ndim for p in vectors["params"]} == {1}
    assert len(matrices["params"]) + len(vectors["params"]) == len(list(net.parameters()))


def test_the_gradient_is_clipped_to_its_norm():
    net = make_net()
    optimisation = Optimisation(net, OptimizerConfig(clip_norm=0.5))
    for param in net.parameters():
        param.grad = torch.full_like(param, 10.0)
    before = math.sqrt(sum(100.0 * p.numel() for p in net.parameters()))
    found = optimisation.apply()
    after = math.sqrt(sum(float((p.grad**2).sum()) for p in net.parameters() if p.grad is not None))
    assert found["gradient_norm"] == pytest.approx(before, rel=1e-5)
    assert after == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(bad: float):
    net = make_net()
    optimisation = Optimisation(net, OptimizerConfig())
    train(net, optimisation, 2)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    average = optimisation.weights()
    for param in net.parameters():
        param.grad = torch.zeros_like(param)
    first = next(net.parameters())
    assert first.grad is not None
    first.grad[0, 0] = bad
    assert optimisation.apply()["skipped_update"] == 1.0
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(torch.equal(average[n], value) for n, value in optimisation.weights().items())
    assert optimisation.steps == 3
    assert train(net, optimisation, 1)[0] > 0.0


def test_the_average_follows_its_formula():
    net = make_net()
    config = OptimizerConfig(ema_decay=0.3)
    optimisation = Optimisation(net, config)
    expected = None
    for step in range(6):
        train(net, optimisation, 1, first=step)
        current = next(net.parameters()).detach().double()
        decay = min(0.3, (1 + step) / (10 + step))
        expected = current if expected is None else decay * expected + (1 - decay) * current
    assert expected is not None
    assert torch.allclose(optimisation.weights()["0.weight"].double(), expected, atol=1e-7)


def test_without_decay_the_average_is_the_weights():
    net = make_net()
    optimisation = Optimisation(net, OptimizerConfig(ema_decay=0.0))
    train(net, optimisation, 3)
    for name, value in net.state_dict().items():
        assert torch.equal(optimisation.weights()[name], value)


def test_a_loaded_state_goes_on_bit_for_bit():
    net = make_net()
    optimisation = Optimisation(net, OptimizerConfig(decay_steps=8, warmup_steps=2))
    train(net, optimisation, 4)
    state = optimisation.state()
    expected = train(net, optimisation, 5, first=4)

    other = make_net(seed=9)
    resumed = Optimisation(other, optimisation.config)
    train(other, resumed, 3)  # whatever was there before is gone after load_state
    resumed.load_state(state)
    assert train(other, resumed, 5, first=4) == expected
    final, again = optimisation.state(), resumed.state()
    assert final.tensors.keys() == again.tensors.keys()
    assert all(torch.equal(value, again.tensors[name]) for name, value in final.tensors.items())
    assert final.steps == again.steps == 9


def test_a_state_is_a_copy():
    net = make_net()
    optimisation = Optimisation(net, OptimizerConfig())
    train(net, optimisation, 2)
    state = optimisation.state()
    before = {name: value.clone() for name, value in state.tensors.items()}
    train(net, optimisation, 2)
    assert all(torch.equal(before[name], value) for name, value in state.tensors.items())


def test_a_parameter_that_never_had_a_gradient_survives():
    net = make_net()
    net.register_parameter("unused", nn.Parameter(torch.ones(2, 2)))
    optimisation = Optimisation(net, OptimizerConfig())
    train(net, optimisation, 2)
    state = optimisation.state()
    assert not any(name.startswith("optimizer/unused") for name in state.tensors)
    other = make_net(seed=3)
    other.register_parameter("unused", nn.Parameter(torch.zeros(2, 2)))
    resumed = Optimisation(other, optimisation.config)
    resumed.load_state(state)
    assert train(other, resumed, 2, first=2) == train(net, optimisation, 2, first=2)


def test_a_state_of_another_model_is_refused():
    state = Optimisation(make_net(), OptimizerConfig()).state()
    net = nn.Sequential(nn.Linear(3, 5))
    with pytest.raises(ValueError, match="another model") as caught:
        Optimisation(net, OptimizerConfig()).load_state(LearnerState(state.tensors, 1))
    assert "\n" not in str(caught.value)
