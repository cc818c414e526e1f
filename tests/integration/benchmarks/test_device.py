"""The benchmark of a device, on this one and small."""

import json

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import device
from benchmarks.clock import HERE, Place, nominal, peak
from policy.model import Policy
from tests.pretended_gpu import GPU, pretended_gpu


def test_every_part_is_measured_and_kept(monkeypatch, tmp_path, capsys):
    arguments = ["device", "--small", "--device", "cpu", "--precision", "float32"]
    monkeypatch.setattr("sys.argv", [*arguments, "--results", str(tmp_path)])
    device.main()
    (path,) = tmp_path.iterdir()
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    found = json.loads(path.read_text())
    assert (found["precision"], found["gpu"], found["model"]) == ("float32", None, "tiny")
    learner, rate = found["learner"], found["flops_per_second"]
    assert learner["mfu"] * rate["measured"] * learner["seconds"] == pytest.approx(
        learner["model_flops"]
    )
    assert found["puzzles"]["largest_relative_loss_difference"] < 1e-4
    assert found["attention"]["flash-attn"] == "not measured: it needs a GPU"
    assert set(found["decoding"]["seconds_a_position"]) == {"eager", "recomputed"}
    assert found["programs_per_second"]["eager"] > 0


def test_the_peak_is_one_of_products_of_that_size():
    with FlopCounterMode(display=False) as counter:
        assert peak(HERE, 32, rounds=2) > 0
    assert counter.get_total_flops() == (1 + 2 * 10) * 2 * 32**3


@pytest.mark.parametrize(
    ("name", "rate"),
    [("NVIDIA H200", 989e12), ("NVIDIA H100 PCIe", 756e12), ("NVIDIA GeForce", None)],
)
def test_the_makers_figure_is_that_of_the_gpus_name(monkeypatch, name, rate):
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: name)
    assert nominal(Place(GPU, "bfloat16")) == rate
    assert nominal(Place(GPU, "float32")) is None


def test_what_is_decoded_lies_on_the_policys_device_alone():
    policy = Policy(device.SMALL.network).eval()
    with pretended_gpu(), torch.no_grad():
        made = device.Decoding(policy.to(GPU), device.SMALL)
        made.cached(3)
        made.recomputed(3)
