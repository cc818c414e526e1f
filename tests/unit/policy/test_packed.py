"""Packed weights: the product is the usual one, of the weights as they are when drawing begins."""

import pytest
import torch
from torch.nn import functional

from policy import packed
from policy.layers import Linear

pytestmark = pytest.mark.skipif(packed._kernels() is None, reason="no oneDNN here")


@pytest.fixture
def wide():
    torch.manual_seed(0)
    return Linear(256, 1024, bias=False)


def agrees(layer, rows):
    """Whether it was packed."""
    x = torch.randn(rows, 1, 256)
    with torch.inference_mode(), packed.weights():
        for _ in range(2):
            expected = functional.linear(x, layer.weight)
            torch.testing.assert_close(layer(x), expected, atol=2e-5, rtol=1e-5)
        return bool(packed._matrices.get())


@pytest.mark.parametrize("rows", [1, 2, 3, 512, 513])
def test_the_product_is_the_usual_one(wide, rows):
    assert agrees(wide, rows) == (2 <= rows <= 512)


@pytest.mark.parametrize(("inputs", "outputs", "bias"), [(256, 512, False), (256, 1024, True)])
def test_narrow_matrices_and_those_with_a_bias_are_left_alone(inputs, outputs, bias):
    assert not agrees(Linear(inputs, outputs, bias=bias), 3)


def test_weights_that_change_between_batches_are_packed_anew(wide):
    assert agrees(wide, 3)
    wide.weight.grad = torch.ones(1024, 256)
    torch.optim.AdamW(wide.parameters(), lr=0.01, fused=True).step()
    assert agrees(wide, 3)


def test_with_gradients_nothing_is_packed(wide):
    with packed.weights():
        wide(torch.randn(3, 256)).sum().backward()
        assert not packed._matrices.get()
    assert wide.weight.grad is not None


def test_outside_nothing_is_kept(wide):
    agrees(wide, 3)
    assert packed._matrices.get() is None
