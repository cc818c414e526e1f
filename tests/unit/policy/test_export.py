import json

import pytest
import torch

from policy import export, half
from policy.config import HRMConfig, ModelConfig
from policy.model import Policy
from policy.network import NO_HOLE
from policy.precision import arithmetic
from policy.spec import collate, encode
from policy.untrained import varied_tasks

MODEL = ModelConfig(hrm=HRMConfig(width=64, heads=2), max_actions=32)
CONFIG = {"model": MODEL.model_dump(mode="json")}


@pytest.fixture(scope="module")
def policy():
    torch.manual_seed(0)
    return Policy(MODEL).eval()


def logits(policy):
    specs = collate([encode(task, MODEL.spec) for task in varied_tasks()[1:5]])
    generator = torch.Generator().manual_seed(0)
    actions = torch.randint(1, 700, (4, 16), generator=generator)
    features = torch.tensor(NO_HOLE).expand(4, 16, -1)
    with torch.no_grad():
        states = policy.encode_spec(specs)
        output = policy(states, torch.arange(4), actions, features, actions > 0)
    return output.logits[-1]


# Sixteen seeds of untrained weights gave 0.010 to 0.018 and 0.13 to 0.26.
@pytest.mark.parametrize(("bits", "error"), [("int8", 0.02), ("int4", 0.3)])
def test_what_is_exported_says_almost_the_same(policy, tmp_path, bits, error):
    export.write(tmp_path / "out", policy, CONFIG, bits)
    again, config = export.read(tmp_path / "out")
    assert config == CONFIG
    assert not again.training
    before, after = logits(policy), logits(again)
    difference = (after - before).std() / before.std()
    assert 0 < difference < error


@pytest.mark.skipif(half.kernel() is None, reason="no float16 products on this CPU")
def test_an_export_multiplies_by_its_restored_weights_as_float16(policy, tmp_path):
    export.write(tmp_path / "out", policy, CONFIG, "int8")
    exported, _ = export.read(tmp_path / "out")
    plain = Policy(MODEL).eval()
    plain.load_state_dict(export.restored(dict(export.quantised(policy.state_dict(), "int8"))))
    assert (arithmetic(exported), arithmetic(plain)) == ("float16 weights", "float32")
    before, after = logits(plain), logits(exported)
    assert 0 < (after - before).std() / before.std() < 1e-3


@pytest.mark.parametrize(("bits", "share"), [("int8", 0.3), ("int4", 0.27)])
def test_an_export_is_a_fraction_of_the_checkpoint(policy, tmp_path, bits, share):
    size = export.write(tmp_path / "out", policy, CONFIG, bits)
    full = sum(4 * value.numel() for value in policy.state_dict().values())
    assert size < share * full


@pytest.mark.parametrize("columns", [32, 96])
def test_each_weight_moves_by_half_a_level_at_most_in_8_bits(columns):
    weight = torch.randn(5, columns) * torch.logspace(-3, 2, 5)[:, None]
    weight[2] = 0
    back = export.restored(dict(export.quantised({"w": weight}, "int8")))["w"]
    largest = weight.view(5, -1, 32).abs().amax(-1, keepdim=True)
    moved = (back - weight).view(5, -1, 32).abs()
    # 16 bits of scale cost a little beside the rounding.
    assert (moved <= 0.51 * largest / 127 + 1e-3 * largest + 1e-7).all()


def test_four_bits_move_weights_less_than_fitting_the_largest_would():
    torch.manual_seed(0)
    weight = torch.randn(64, 96) * torch.logspace(-3, 2, 64)[:, None]
    weight[2] = 0
    groups = weight.view(64, -1, 32)
    back = export.restored(dict(export.quantised({"w": weight}, "int4")))["w"].view_as(groups)
    fitted = groups.abs().amax(-1, keepdim=True).clamp(min=1e-5) / 7
    plain = (groups / fitted).round() * fitted
    ours, theirs = ((moved - groups).square().sum(-1) for moved in (back, plain))
    # The scale that fits is tried, rounded to 16 bits.
    assert (ours <= 1.01 * theirs).all()
    assert ours.sum() < 0.9 * theirs.sum()
    assert (back[2] == 0).all()


def test_a_damaged_export_is_named(policy, tmp_path):
    folder = tmp_path / "out"
    export.write(folder, policy, CONFIG, "int4")
    with pytest.raises(export.ExportError, match="exists already"):
        export.write(folder, policy, CONFIG, "int4")
    about = json.loads((folder / export.ABOUT).read_text())
    for key, value, says in (
        ("weights_sha256", "0" * 64, "checksum"),
        ("format", 1, f"made with format 1, this code has {export.FORMAT}: .* export anew"),
        ("grammar_version", "0", "made with grammar 0"),
        ("text_version", "0", "made with text vocabulary 0"),
        ("config", {}, "model"),
        ("weights", "int3", "int8"),
    ):
        (folder / export.ABOUT).write_text(json.dumps(about | {key: value}))
        with pytest.raises(export.ExportError, match=says):
            export.read(folder)
    (folder / export.WEIGHTS).unlink()
    (folder / export.ABOUT).write_text(json.dumps(about))
    with pytest.raises(export.ExportError, match="No such file"):
        export.read(folder)


def test_a_restored_policy_draws_no_weights_of_its_own(policy):
    before = torch.get_rng_state()
    again = Policy.restored(MODEL, policy.state_dict())
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(logits(again), logits(policy))
    with pytest.raises(RuntimeError, match="output_bias"):
        Policy.restored(MODEL, {k: v for k, v in again.state_dict().items() if k != "output_bias"})
