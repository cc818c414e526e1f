import os
from pathlib import Path

import numpy as np
import pytest
import torch

from policy.parity import ParityError, check
from policy.puzzle import IGNORED, softmax_cross_entropy, stablemax_cross_entropy

DATA = Path(os.environ.get("TREEWRIGHT_DATA", Path(__file__).parents[3] / "../shared/data"))
FILES = ("hrm_act_v1_stablemax.npz", "hrm_act_v1_softmax_learnedpos.npz")


@pytest.fixture(params=FILES)
def recorded(request):
    path = DATA.parent / "parity" / request.param
    if not path.exists():
        pytest.skip(f"no published values at {path}")
    return path


def test_every_step_matches_the_published_implementation(recorded):
    report = check(recorded)
    assert report.steps >= 4
    assert report.halting
    assert max(report.outputs, report.carries, report.losses) <= 1e-5, report
    assert report.gradients <= 1e-4, report
    assert report.passed


def test_a_wrong_weight_is_noticed(recorded, tmp_path):
    with np.load(recorded) as file:
        data = {name: file[name].copy() for name in file.files}
    data["weights/inner.L_level.layers.0.mlp.down_proj.weight"][0, 0] += 0.01
    np.savez(tmp_path / "changed.npz", **data)
    assert not check(tmp_path / "changed.npz").passed


def test_another_file_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.raises(ParityError, match="holds no config"):
        check(tmp_path / "other.npz")
    np.savez(tmp_path / "half.npz", config='{"loss": "softmax"}')
    with pytest.raises(ParityError, match="holds no hidden_size"):
        check(tmp_path / "half.npz")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04torn", b"\x93NUMPY"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "torn.npz").write_bytes(content)
    with pytest.raises(ParityError, match=r"no readable \.npz"):
        check(tmp_path / "torn.npz")


def test_stablemax_is_the_normalised_score():
    logits = torch.tensor([[[2.0, -1.0, 0.0]]])
    scores = torch.tensor([3.0, 0.5, 1.0])
    found = stablemax_cross_entropy(logits, torch.tensor([[1]]))
    assert found.item() == pytest.approx(-float(torch.log(scores[1] / scores.sum())))


@pytest.mark.parametrize("cross_entropy", [softmax_cross_entropy, stablemax_cross_entropy])
def test_ignored_labels_cost_nothing_and_send_no_gradient(cross_entropy):
    logits = torch.randn(1, 3, 5, requires_grad=True)
    losses = cross_entropy(logits, torch.tensor([[2, IGNORED, 0]]))
    losses.sum().backward()
    assert losses[0, 1] == 0
    assert logits.grad is not None
    assert logits.grad[0, 1].abs().max() == 0
    assert logits.grad[0, 0].abs().max() > 0
