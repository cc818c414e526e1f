"""What is rounded to bfloat16, what stays float32, and who decides."""

import logging
import platform
from pathlib import Path

import pytest
import torch

from policy import precision
from policy.config import HRMConfig, ModelConfig
from policy.layers import Head, Linear, Rotary, rms_norm, rotate
from policy.model import Policy
from policy.network import NO_HOLE
from policy.precision import arithmetic, at_precision, autocast, cpu_has_units, has_units, resolve
from policy.spec import collate, encode
from policy.untrained import varied_tasks

CPU = torch.device("cpu")
MODEL = ModelConfig(hrm=HRMConfig(width=64, heads=2), max_actions=32, refine=True)


def policy_of(model=MODEL):
    torch.manual_seed(0)
    policy = Policy(model).eval()
    assert policy.pointer is not None
    for head in (policy.hrm.q_head, policy.pointer.score):  # which begin at 0
        torch.nn.init.normal_(head.weight)
    return policy


def outputs(policy):
    """Logits, Q-values and strategy of four programs, and the pointer's logits."""
    specs = collate([encode(task, MODEL.spec) for task in varied_tasks()[1:5]])
    actions = torch.randint(1, 700, (4, 16), generator=torch.Generator().manual_seed(0))
    features = torch.tensor(NO_HOLE).expand(4, 16, -1)
    with torch.no_grad():
        states = policy.encode_spec(specs)
        found = policy(states, torch.arange(4), actions, features, actions > 0)
        pointed = policy.pointer(states.states)
    return [found.logits, found.q_halt, found.q_continue, *found.strategy, pointed]


@pytest.mark.parametrize("unit", ["amx_bf16", "avx512_bf16"])
def test_a_cpu_needs_one_of_its_two_kinds_of_units(unit):
    every = {"avx2": True, "avx512_f": True, "amx_tile": True, unit: True}
    assert cpu_has_units(every)
    assert not cpu_has_units(every | {unit: False})


@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads the flags of an x86 CPU")
def test_auto_is_what_the_kernel_says_of_this_cpu():
    flags = Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split()
    has = bool({"amx_bf16", "avx512_bf16"} & set(flags))
    assert has_units("cpu") == has
    assert resolve("auto", CPU) == ("bfloat16" if has else "float32")


def test_a_device_that_is_not_there_has_no_units():
    assert has_units("cuda") <= torch.cuda.is_available()


def test_bfloat16_without_units_is_warned_of_once(caplog):
    precision._warn.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert [resolve("bfloat16", CPU), resolve("bfloat16", CPU)] == ["bfloat16"] * 2
        assert resolve("float32", CPU) == "float32"
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == (not has_units("cpu"))
    assert all("works here, but slower than float32: this CPU" in one for one in said)


def test_linear_maps_are_rounded_and_nothing_else():
    policy = policy_of()
    half = at_precision(policy, "bfloat16")
    assert (arithmetic(policy), arithmetic(half)) == ("float32", "bfloat16")
    maps = {
        f"{name}.{part}"
        for name, module in half.named_modules()
        if isinstance(module, Linear) and not isinstance(module, Head)
        for part, _ in module.named_parameters()
    }
    types = {name: value.dtype for name, value in half.state_dict().items()}
    assert {name for name, dtype in types.items() if dtype == torch.bfloat16} == maps
    assert {dtype for name, dtype in types.items() if name not in maps} == {torch.float32}
    assert {"embedding", "hrm.q_head.weight", "pointer.score.weight"} <= types.keys() - maps


def test_a_policy_of_the_right_type_is_itself_and_weights_load_into_any():
    policy = policy_of()
    half = at_precision(policy, "bfloat16")
    assert at_precision(policy, "float32") is policy
    assert at_precision(half, "bfloat16") is half
    assert arithmetic(at_precision(half, "float32")) == "float32"
    torch.manual_seed(9)
    other = at_precision(Policy(MODEL).eval(), "bfloat16")
    other.load_state_dict(policy.state_dict())
    for one, two in zip(outputs(other), outputs(half), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("changed", [{}, {"distribution": "stablemax", "tie_output": False}])
def test_sampling_and_training_round_the_same_and_say_it_in_float32(changed):
    policy = policy_of(MODEL.model_copy(update=changed))
    with autocast("bfloat16", CPU):
        trained = outputs(policy)
    sampled, exact = outputs(at_precision(policy, "bfloat16")), outputs(policy)
    for one, two, three in zip(trained, sampled, exact, strict=True):
        assert one.dtype == two.dtype == torch.float32
        assert torch.equal(one, two)
        difference = (one - three).abs().max()
        assert 0 < difference < 0.05 * max(1.0, three.abs().max())


def test_autocast_in_float32_changes_nothing():
    policy = policy_of()
    with autocast("float32", CPU):
        found = outputs(policy)
    assert all(torch.equal(one, two) for one, two in zip(found, outputs(policy), strict=True))


def test_a_norm_s_mean_square_is_not_rounded():
    x = torch.randn(3, 4096, generator=torch.Generator().manual_seed(0)).bfloat16()
    wide = x.double()
    expected = wide * wide.square().mean(-1, keepdim=True).add(1e-5).rsqrt()
    # The one rounding of the result, and nothing of the statistics.
    assert ((rms_norm(x, 1e-5) - expected).abs() <= 1.01 * 2**-8 * expected.abs()).all()


def test_far_positions_are_told_apart_in_bfloat16():
    """A turn is rounded once: its error is that of one rounding, however far the position."""
    rotary = Rotary(32, 512, 10000.0)
    x = torch.randn(1, 512, 2, 32, generator=torch.Generator().manual_seed(0)).bfloat16()
    found = rotate(x, rotary(0, 512))
    assert found.dtype == torch.bfloat16
    exact = Rotary(32, 512, 10000.0).double()
    expected = rotate(x.double(), exact(0, 512))
    size = expected.unflatten(-1, (2, 16)).norm(dim=-2).repeat(1, 1, 1, 2)
    assert ((found.double() - expected).abs() <= 1.01 * 2**-8 * size).all()
