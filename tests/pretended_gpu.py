"""A GPU that is not there: the CPU's tensors, which say that they lie on it and refuse all others.

    with pretended_gpu():
        policy = policy.to(GPU)         # every operation is the CPU's

An operation on tensors of both devices is an error, as on a GPU; here also where a GPU would take
an index from the CPU, and wait for it. A number without dimensions may come from either, as there.
What is computed is right, but for what kernels of a GPU round otherwise.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

GPU = torch.device("cuda", 0)
CPU = torch.device("cpu")
_MOVES = {"to", "cpu", "copy_"}
_OF_MODULES = {"_parse_to", "_has_compatible_shallow_copy_type"}
"""What a module asks when it is moved."""


class WrongDeviceError(Exception):
    """What a GPU would refuse, or wait for."""


class OnGPU(Tensor):
    """A tensor that says it is on the GPU."""

    device = GPU
    is_cuda = True

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: tuple[Any, ...] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        with torch._C.DisableTorchFunction():
            return _run(function, arguments, dict(named or {}))


class _Pretence(TorchFunctionMode):
    """Sees calls without a tensor of the GPU too: what is made there, or moved there."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: tuple[Any, ...] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        with torch._C.DisableTorchFunction():
            return _run(function, arguments, dict(named or {}))


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """Let tensors be made on the GPU, and modules moved there, by this thread."""
    swaps = torch.__future__.get_overwrite_module_params_on_conversion()
    seen = torch.cuda.is_available, torch.cuda.device_count
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    torch.cuda.is_available, torch.cuda.device_count = lambda: True, lambda: 1
    try:
        with _Pretence():
            yield
    finally:
        torch.cuda.is_available, torch.cuda.device_count = seen
        torch.__future__.set_overwrite_module_params_on_conversion(swaps)


def _run(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    name = getattr(function, "__name__", "")
    if name in _OF_MODULES:
        return function(*arguments, **named)
    leaves = list(_leaves((arguments, named)))
    tensors = [one for one in leaves if isinstance(one, Tensor)]
    there = [isinstance(one, OnGPU) for one in tensors]
    moves = name in _MOVES
    asked = [found for one in leaves if (found := _device(one)) is not None]
    if name == "cpu":
        asked = [CPU]
    on_gpu = asked[0] == GPU if asked else any(there[:1] if moves else there)
    if not moves:
        _check(name, leaves, on_gpu or any(there))
    plain, plain_named = _map(_plain, (arguments, named))
    found = function(*plain, **plain_named)
    if moves and name != "copy_" and on_gpu is not there[0]:
        found = found.clone()  # here one memory would do, elsewhere there are two
    return _map(_on_gpu, found) if on_gpu else found


def _leaves(value: Any) -> Iterator[Any]:
    """What stands in tuples, lists and dictionaries."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if not isinstance(value, list | tuple):
        yield value
        return
    for one in value:
        yield from _leaves(one)


def _map(change: Callable[[Any], Any], value: Any) -> Any:
    """Change the leaves."""
    if isinstance(value, dict):
        return {key: _map(change, one) for key, one in value.items()}
    if not isinstance(value, list | tuple):
        return change(value)
    parts = [_map(change, one) for one in value]
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


def _check(name: str, leaves: Sequence[Any], on_gpu: bool) -> None:
    for one in leaves:
        wrong = isinstance(one, torch.Generator) and (one.device.type == "cuda") != on_gpu
        if isinstance(one, Tensor) and one.ndim:
            wrong = on_gpu and (name == "numpy" or not isinstance(one, OnGPU))
        if wrong:
            raise WrongDeviceError(f"{name}: {type(one).__name__} on the other device")


def _device(value: Any) -> torch.device | None:
    """The device that an argument names."""
    if isinstance(value, str) and value.partition(":")[0] in ("cpu", "cuda"):
        return torch.device(value)
    return value if isinstance(value, torch.device) else None


def _plain(value: Any) -> Any:
    """What the CPU's function is called with."""
    if isinstance(value, OnGPU):
        return value.as_subclass(Tensor)
    return CPU if _device(value) == GPU else value


def _on_gpu(value: Any) -> Any:
    made = isinstance(value, Tensor) and not isinstance(value, OnGPU)
    return value.as_subclass(OnGPU) if made else value
