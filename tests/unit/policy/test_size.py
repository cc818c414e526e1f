"""The shipped models: their sizes, and Transformers that really are as large."""

from pathlib import Path

import pytest
import torch
import yaml

from policy.config import HRMConfig, ModelConfig
from policy.model import Policy
from policy.size import ACTIONS, SPEC_TOKENS, measure

MODELS = Path(__file__).parents[3] / "configs" / "model"
SIZES = ("tiny", "small", "base_27m")


def read(name):
    return ModelConfig.model_validate(yaml.safe_load((MODELS / f"{name}.yaml").read_text()))


@pytest.mark.parametrize("name", SIZES)
def test_the_transformers_are_as_large_as_the_model_that_they_are_named_after(name):
    ours = measure(read(name))
    params = measure(read(f"transformer_equal_params_{name}"))
    flops = measure(read(f"transformer_equal_flops_{name}"))
    assert params.parameters == pytest.approx(ours.parameters, rel=0.03)
    assert flops.train_flops == pytest.approx(ours.train_flops, rel=0.03)
    assert params.train_flops < ours.train_flops


@pytest.mark.parametrize("path", sorted(MODELS.glob("transformer_*")), ids=lambda path: path.stem)
def test_the_transformers_call_each_block_once(path):
    model = read(path.stem)
    core = model.hrm
    assert (core.l_layers, core.h_cycles, core.l_cycles, core.segments) == (0, 1, 1, 1)
    assert not model.graph
    assert not core.feedback
    # They read what the others read: the spec by cross-attention, the actions causally.
    with torch.device("meta"):
        blocks = list(Policy(model).hrm.H_level.blocks())
    assert len(blocks) == core.h_layers
    assert all(block.cross_attn is not None and block.self_attn.causal for block in blocks)


def test_the_base_model_s_core_is_the_published_27_million():
    with torch.device("meta"):
        core = Policy(read("base_27m")).hrm
    blocks = [b for level in (core.H_level, core.L_level) for b in level.blocks()]
    published = sum(
        p.numel()
        for block in blocks
        for part in (block.self_attn, block.mlp)
        for p in part.parameters()
    )
    assert published == pytest.approx(27.3e6, rel=0.01)


def test_sizes_are_those_of_the_real_network():
    config = ModelConfig(hrm=HRMConfig(width=32, heads=2, h_layers=3, l_layers=2))
    assert measure(config).parameters == sum(p.numel() for p in Policy(config).parameters())


def test_a_segment_costs_what_its_matrices_say():
    """By hand: two operations a weight and position, and twice as many backward."""
    policy = Policy(ModelConfig())
    weights = sum(
        p.numel()
        for level in (policy.hrm.H_level, policy.hrm.L_level)
        for name, p in level.named_parameters()
        if "kv_proj" not in name or "cross" not in name  # the spec is read once for all segments
    )
    one, two = (measure(ModelConfig(hrm=HRMConfig(segments=n))).train_flops for n in (1, 2))
    projection = ACTIONS * policy.config.hrm.width * len(policy.output_bias)
    # H and L attend to the positions, H to the spec: scores and values, two products each.
    pairs = (ACTIONS + 1) * (2 * (ACTIONS + 1) + SPEC_TOKENS)
    attention = 2 * policy.config.hrm.width * pairs
    by_hand = 3 * 2 * ((ACTIONS + 1) * weights + projection + attention)
    assert two - one == pytest.approx(by_hand, rel=0.01)


def test_a_shorter_horizon_costs_less_and_one_more_segment_more():
    def flops(**core):
        cycles = {"h_cycles": 2, "l_cycles": 2, "segments": 1}
        return measure(ModelConfig(hrm=HRMConfig(**cycles | core))).train_flops

    assert flops(gradient_horizon=1) < flops(gradient_horizon=2) < flops()
    assert flops(gradient_horizon=1) < flops(gradient_horizon=1, q_target="second_forward")
