import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from policy import export, half
from policy.config import HRMConfig, ModelConfig
from policy.decoding import CompileError, set_decoding
from policy.layers import Linear
from policy.model import Policy
from policy.precision import arithmetic, at_precision

MODEL = ModelConfig(hrm=HRMConfig(width=32, heads=2, feedback=True), max_actions=24)
CONFIG = {"model": MODEL.model_dump(mode="json")}
needs_kernel = pytest.mark.skipif(half.kernel() is None, reason="no float16 products on this CPU")


@pytest.fixture
def policy():
    torch.manual_seed(0)
    return Policy(MODEL).eval()


def linear(weight):
    multiply = half.kernel()
    assert multiply is not None
    return half.HalfLinear(weight, multiply)


@needs_kernel
@settings(deadline=None)
@given(
    rows=st.integers(1, 20),
    inputs=st.integers(1, 300),
    outputs=st.integers(1, 80),
    magnitude=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 2**31),
)
def test_a_product_is_that_of_the_rounded_weights(rows, inputs, outputs, magnitude, seed):
    torch.manual_seed(seed)
    weight = torch.randn(outputs, inputs) * torch.logspace(-2, 2, outputs)[:, None]
    weight[0] = 0
    x = magnitude * torch.randn(rows, inputs)
    found = linear(weight)(x)
    sizes = x.double().abs() @ weight.double().abs().T
    rounded = x.double() @ weight.half().double().T
    assert ((found - rounded).abs() <= 1e-5 * sizes).all()
    exact = x.double() @ weight.double().T
    assert ((found - exact).abs() <= (2**-11 + 1e-5) * sizes + 1e-7 * magnitude * inputs).all()


@needs_kernel
def test_a_row_does_not_depend_on_those_beside_it():
    torch.manual_seed(0)
    product, x = linear(torch.randn(48, 96)), torch.randn(9, 96)
    together = product(x)
    for row in range(9):
        torch.testing.assert_close(product(x[row : row + 1])[0], together[row])


@needs_kernel
def test_only_what_every_position_multiplies_by_is_packed(policy):
    assert arithmetic(policy) == "float32"
    assert half.use_float16(policy)
    left = {name for name, part in policy.hrm.named_modules() if isinstance(part, Linear)}
    assert left == {"H_level.layers.0.cross_attn.kv_proj", "feedback", "q_head"}
    packed = [name for name, part in policy.named_modules() if isinstance(part, half.HalfLinear)]
    assert len(packed) == 8  # of two blocks: before and after their mixers, and a SwiGLU's two
    assert arithmetic(policy) == "float16 weights"
    assert at_precision(policy, "bfloat16") is policy


@needs_kernel
def test_packed_products_are_never_compiled(policy):
    half.use_float16(policy)
    set_decoding(policy, "auto")
    assert not policy.compiled
    with pytest.raises(CompileError, match="float16 products of an export"):
        set_decoding(policy, "compiled")


def test_without_the_kernel_an_export_multiplies_in_float32(policy, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(half, "kernel", lambda: None)
    export.write(tmp_path / "out", policy, CONFIG, "int4")
    with caplog.at_level(logging.WARNING):
        again, _ = export.read(tmp_path / "out")
    assert f"{tmp_path / 'out'}: no float16 products" in caplog.text
    assert arithmetic(again) == "float32"
    restored = export.restored(dict(export.quantised(policy.state_dict(), "int4")))
    for name, weight in again.state_dict().items():
        assert torch.equal(weight, restored[name])
