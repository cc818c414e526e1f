"""Where a policy lies, and that all that it is given lies there too."""

from dataclasses import replace

import pytest
import torch

from policy import decoding, fixed
from policy.config import HRMConfig, ModelConfig
from policy.device import DeviceError, device_of, placed
from policy.drafts import Draft, Feedback
from policy.edits import propose
from policy.grammar import PROFILES
from policy.half import kernel, use_float16
from policy.judging import judge, read
from policy.model import Policy
from policy.sampler import sample
from policy.spec import encode
from policy.untrained import varied_tasks
from tasks.schema import Constraints
from tests.pretended_gpu import GPU, WrongDeviceError, pretended_gpu

SMALL = {"width": 16, "heads": 2, "h_cycles": 1, "l_cycles": 1, "segments": 1}
SWITCHED = {"segments": 2, "spec_reader": "prefix", "q_position": "first"}
TASKS = [*varied_tasks()[:2], replace(varied_tasks()[0], constraints=Constraints(forbid=("For",)))]
BUDGET = 12
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")


def model(**core):
    torch.manual_seed(0)
    hrm = HRMConfig.model_validate(SMALL | core)
    policy = Policy(ModelConfig(hrm=hrm, message_width=8, max_actions=BUDGET, refine=True)).eval()
    assert policy.pointer is not None
    torch.nn.init.normal_(policy.pointer.score.weight)
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    return policy


@without_gpu
def test_a_device_that_is_not_there_is_refused_in_a_line():
    assert device_of("auto", "actors") == device_of("cpu", "actors") == torch.device("cpu")
    for setting in ("cuda", "cuda:1"):
        with pytest.raises(DeviceError) as refused:
            device_of(setting, "evaluation")
        assert str(refused.value) == (
            f"evaluation.device: {setting} was asked for, but torch sees no GPU: use cpu or auto"
        )


def test_a_gpu_that_is_there_is_found():
    with pretended_gpu():
        assert {device_of(one, "learner") for one in ("auto", "cuda", "cuda:0")} == {GPU}
        assert device_of("cpu", "learner").type == "cpu"
        with pytest.raises(DeviceError, match=r"cuda:1 was asked for.* sees 1 GPU: use cuda:0"):
            device_of("cuda:1", "learner")


def test_a_policy_stays_where_it_lies_or_is_copied():
    policy = model()
    assert placed(policy, "cpu", "evaluation") is policy
    with pretended_gpu():
        moved = placed(policy, "auto", "evaluation")
        assert (moved.output_bias.device, policy.output_bias.device.type) == (GPU, "cpu")
        assert placed(moved, "cuda", "evaluation") is moved


@pytest.mark.skipif(kernel() is None, reason="no float16 products on this CPU")
def test_the_products_of_an_export_stay_on_the_cpu():
    policy = model()
    use_float16(policy)
    with pretended_gpu():
        assert placed(policy, "auto", "evaluation") is policy
        with pytest.raises(DeviceError, match=r"evaluation\.device: cuda .*float16 products"):
            placed(policy, "cuda", "evaluation")


def test_what_mixes_devices_is_told_apart_from_what_does_not():
    with pretended_gpu():
        there = torch.zeros(3, device=GPU)
        assert (there + torch.tensor(1.0)).tolist() == [1, 1, 1]
        assert (there.cpu() + torch.ones(3)).tolist() == [1, 1, 1]
        for wrong in (
            lambda: there + torch.ones(3),
            lambda: there[torch.tensor([0])],
            lambda: there.index_select(0, torch.arange(2)),
            lambda: torch.rand(2, generator=torch.Generator(), device=GPU),
            there.numpy,
        ):
            with pytest.raises(WrongDeviceError):
                wrong()


def draw(policy, profile, generator):
    return sample(
        policy,
        [encode(task, policy.config.spec) for task in TASKS],
        2,
        max_actions=BUDGET,
        profile=PROFILES[profile],
        generator=generator,
        rows=5,
    )


@pytest.mark.parametrize(
    ("profile", "core"), [("core", {}), ("core_typed", SWITCHED)], ids=["core", "typed, switched"]
)
def test_programs_are_drawn_on_the_policys_device_alone(profile, core):
    policy = model(**core)
    here = draw(policy, profile, torch.Generator().manual_seed(1))
    with pretended_gpu():
        there = draw(
            placed(policy, "cuda", "evaluation"), profile, torch.Generator().manual_seed(1)
        )
    assert [one.actions for one in there] == [one.actions for one in here]
    assert [one.q_halt for one in there] == pytest.approx([one.q_halt for one in here], abs=1e-5)


def test_steps_of_fixed_shapes_lie_there_too(monkeypatch):
    # As they are written: to compile them, and to record them, takes a GPU.
    monkeypatch.setattr(decoding, "_compiled", lambda device: decoding._step)
    monkeypatch.setattr("torch.compiler.cudagraph_mark_step_begin", lambda: None)
    # The memory is the same; only that it is the pretended GPU's would be lost.
    monkeypatch.setattr(fixed, "from_dlpack", lambda view: view)
    policy = model()
    here = draw(policy, "core", torch.Generator().manual_seed(2))
    with pretended_gpu():
        moved = placed(policy, "cuda", "evaluation")
        moved.arena = fixed.Arena()
        there = draw(moved, "core", torch.Generator().manual_seed(2))
    assert [one.actions for one in there] == [one.actions for one in here]


def edit(policy, drafts):
    generators = [torch.Generator().manual_seed(at) for at, _ in enumerate(TASKS)]
    reading = None if drafts[0] is None else read(policy, TASKS, drafts)
    edits = propose(
        policy,
        TASKS,
        drafts,
        2,
        max_actions=BUDGET,
        profile=PROFILES["core"],
        generator=generators,
        reading=reading,
    )
    return edits, None if reading is None else judge(policy, reading)


def test_edits_are_drawn_and_judged_on_the_policys_device_alone():
    policy = model(q_position="draft")
    first, _ = edit(policy, [None] * len(TASKS))
    wrong = Feedback("WRONG_ANSWER", 3)
    drafts = [
        Draft(made.sample.actions, (wrong,) * len(task.examples))
        for made, task in zip(first[::2], TASKS, strict=True)
    ]
    here, values = edit(policy, drafts)
    with pretended_gpu():
        there, found = edit(placed(policy, "cuda", "evaluation"), drafts)
    assert [(one.node, one.sample.actions) for one in there] == [
        (one.node, one.sample.actions) for one in here
    ]
    assert any(one.node for one in here)
    assert [one.halt for one in found] == pytest.approx([one.halt for one in values], abs=1e-5)
