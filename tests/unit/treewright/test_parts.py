"""Devices that a run can't have are refused before anything is started."""

import pytest
import torch
from pydantic import ValidationError

from actors.config import ActorsConfig
from policy.device import DeviceError
from treewright.config import Config, ConfigError
from treewright.parts import check


def config(**sections: object) -> Config:
    return Config.model_validate(sections)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
@pytest.mark.parametrize(
    ("runtime", "section"),
    [("local", "learner"), ("local", "actors"), ("ray", "learner"), ("ray", "evaluation")],
)
def test_a_gpu_of_this_process_that_is_not_there(runtime, section):
    said = rf"{section}.device: cuda was asked for, but torch sees no GPU: use cpu or auto"
    with pytest.raises(DeviceError, match=said):
        check(config(runtime=runtime, **{section: {"device": "cuda"}}))


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"actors": {"device": "cuda"}}, "set actors.num_gpus, such as 0.25"),
        ({"actors": {"device": "cuda:0", "num_gpus": 0.5}}, "Ray says which GPU an actor has"),
        ({"learner": {"num_learners": 2, "device": "cuda:1"}}, "Ray says which GPU a learner"),
    ],
)
def test_a_gpu_that_ray_was_not_asked_for(sections, said):
    with pytest.raises(ConfigError, match=said):
        check(config(runtime="ray", **sections))


def test_gpus_of_other_machines_are_not_looked_for_here():
    check(config(runtime="ray", actors={"device": "cuda", "num_gpus": 0.25}))
    check(config(runtime="ray", learner={"num_learners": 2, "device": "cuda"}))


def test_a_gpu_is_not_reserved_for_nothing():
    with pytest.raises(ValidationError, match=r"num_gpus=0.5 reserves a GPU .* leaves idle"):
        ActorsConfig(device="cpu", num_gpus=0.5)
