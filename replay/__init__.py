"""Where trajectories wait for the learner. `replay.interface` tells the whole of it."""

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
