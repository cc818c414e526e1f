"""Where trajectories wait for the learner. `replay.interface` tells the whole of it.

What needs Redis is loaded when it is asked for: whoever reads the settings alone does without.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay.interface import (
        Leased,
        Reader,
        RedisUnavailable,
        ReplayError,
        ReplayFull,
        StaleVersion,
        Writer,
    )
    from replay.store import Replay, connect, served
    from replay.v1.trajectory_pb2 import Edit, Feedback, Group, Reward, Timings, Trajectory

__all__ = [
    "Edit",
    "Feedback",
    "Group",
    "Leased",
    "Reader",
    "RedisUnavailable",
    "Replay",
    "ReplayError",
    "ReplayFull",
    "Reward",
    "StaleVersion",
    "Timings",
    "Trajectory",
    "Writer",
    "connect",
    "served",
]
_HOMES = {
    "replay.store": ("Replay", "connect", "served"),
    "replay.v1.trajectory_pb2": ("Edit", "Feedback", "Group", "Reward", "Timings", "Trajectory"),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "replay.interface")
    return getattr(import_module(home), name)
