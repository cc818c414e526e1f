"""Where a policy lies: the device that a setting names, `auto` being a GPU if torch sees one.

    policy = placed(policy, "auto", "evaluation")

What samples, scores or trains with a policy makes its tensors where the policy's weights are; only
random numbers are drawn on the CPU (`policy.uniforms`).

    DeviceError(ValueError)    one line that names the setting and what to do
"""

import copy

import torch

from policy.config import Device
from policy.half import uses_float16
from policy.model import Policy


class DeviceError(ValueError):
    """A device that is not there, or that can't have this policy."""


def device_of(setting: Device, section: str) -> torch.device:
    """Say which device `SECTION.device` comes to; `cuda` is the first GPU that torch sees.

    Raises DeviceError where it is not there.
    """
    kind, _, index = setting.partition(":")
    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cpu" or (kind == "auto" and not seen):
        return torch.device("cpu")
    number = int(index or 0)
    if number >= seen:
        held = f"{seen} GPU{'s' * (seen > 1)}" if seen else "no GPU"
        another = "use cuda:0" if seen == 1 else f"use cuda:0 to cuda:{seen - 1}"
        raise DeviceError(
            f"{section}.device: {setting} was asked for, but torch sees {held}: "
            f"{another if seen else 'use cpu or auto'}"
        )
    return torch.device("cuda", number)


def placed(policy: Policy, setting: Device, section: str) -> Policy:
    """Give a policy that lies where a setting says: the same one, or else a copy.

    An export's float16 products are the CPU's, and stay there where the setting is `auto`. Raises
    DeviceError where the device is not there, or is asked for such products.
    """
    if uses_float16(policy):
        if setting.startswith("cuda"):
            raise DeviceError(
                f"{section}.device: {setting} was asked for, but an export's float16 products are "
                "for CPUs: use cpu or auto, or sample from the run's checkpoint"
            )
        return policy
    device = device_of(setting, section)
    return policy if policy.output_bias.device == device else copy.deepcopy(policy).to(device)
