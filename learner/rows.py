"""Rows: programs as the policy is taught them, with their holes and their legal actions.

A row holds what `policy.grammar.Automaton.replay` says of a program, made once and kept packed:
eight actions of a mask in a byte.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learner.objective import RowKind
from policy.grammar import GRAMMAR, PROFILES, Automaton, Root, RowContext
from policy.spec import Spec


@dataclass(frozen=True, eq=False)
class Program:
    """One program's actions and what the grammar says at each of them."""

    actions: NDArray[np.int16]
    """[L]"""
    features: NDArray[np.int16]
    """[L, 6]"""
    mask: NDArray[np.uint8]
    """[L, V / 8] allowed actions, one bit each, lowest bit first."""
    constrained: NDArray[np.int64]
    """[C] positions at which the task's constraints forbid something that the grammar allows."""
    grammar_mask: NDArray[np.uint8]
    """[C, V / 8] actions that the grammar alone allows there."""

    def beginning(self, length: int) -> "Program":
        """Return its first actions."""
        inside = self.constrained < length
        return Program(
            self.actions[:length],
            self.features[:length],
            self.mask[:length],
            self.constrained[inside],
            self.grammar_mask[inside],
        )


@dataclass(frozen=True, eq=False)
class Row:
    """One program of a batch, or one edit, with its task, its draft and what is known of it.

    A draft that is judged is a row of its own: what is known is known of the draft, and the one
    action of its program only says where an edit would begin.
    """

    spec: Spec
    program: Program
    kind: RowKind
    solved: bool
    strategy: tuple[int, ...] = ()
    """Labels of `policy.strategy`; none for rollouts."""
    reward: float = 0.0
    group_mean: float = 0.0
    group_std: float = 0.0
    temperature: float = 1.0
    behaviour_logprobs: NDArray[np.float32] | None = None
    """[D], of the drawn actions; none for references."""
    policy_version: int | None = None
    """Version that sampled it; none for references."""
    drawn: NDArray[np.int64] | None = None
    """[D] rising positions of the actions that were drawn, the others being kept from the draft;
    None: all of them."""
    node: int = -1
    """Node of the draft (`policy.subtrees`) that was written anew; -1: there is no draft."""
    node_logprob: float = 0.0
    """Behaviour log-probability of that node."""
    continue_value: float = -1.0
    """What the episode's next edit showed another edit to be worth, 0 to 1; -1: there was none."""

    @property
    def taught(self) -> NDArray[np.int64]:
        """[D] positions that the objective's terms read."""
        return np.arange(len(self.program.actions)) if self.drawn is None else self.drawn


@dataclass(frozen=True)
class Replay:
    """How to replay programs: they share the grammar's profile, root and limit."""

    profile: str
    root: Root
    max_actions: int

    def programs(
        self, contexts: Sequence[RowContext], actions: Sequence[Sequence[int]]
    ) -> list[Program | None]:
        """Replay action sequences, one context each; None where one is not legal."""
        found: list[Program | None] = []
        pairs = iter(zip(contexts, actions, strict=True))
        # Chunks bound the memory: a mask of 128 x 192 x V booleans is some 20 MB.
        while chunk := list(islice(pairs, 128)):
            found += self._chunk(*zip(*chunk, strict=True))
        return found

    def _chunk(
        self, contexts: tuple[RowContext, ...], actions: tuple[Sequence[int], ...]
    ) -> list[Program | None]:
        lengths = torch.tensor([len(row) for row in actions])
        padded = torch.zeros(len(actions), int(lengths.max()), dtype=torch.int64)
        for target, row in zip(padded, actions, strict=True):
            target[: len(row)] = torch.as_tensor(row)
        automaton = Automaton(
            PROFILES[self.profile], contexts, self.max_actions, self.root, torch.device("cpu")
        )
        trace = automaton.replay(padded, lengths)
        masks = _packed(trace.sets)
        unbound = trace.grammar_sets is trace.sets  # no task of the chunk has constraints
        grammar = masks if unbound else _packed(trace.grammar_sets)
        features = trace.features.numpy().astype(np.int16)
        bound = (masks != grammar).any(-1)
        programs: list[Program | None] = []
        for at, length in enumerate(lengths.tolist()):
            (where,) = bound[at, :length].nonzero()
            programs.append(
                Program(
                    actions=padded[at, :length].numpy().astype(np.int16),
                    features=features[at, :length].copy(),
                    mask=masks[at, :length].copy(),
                    constrained=where,
                    grammar_mask=grammar[at, where],
                )
                if trace.legal[at]
                else None
            )
        return programs


def _packed(sets: Tensor) -> NDArray[np.uint8]:
    """Sets of actions as the bytes of `Program.mask`."""
    size = -(-GRAMMAR.num_actions // 8)
    return sets.numpy().astype("<i8", copy=False).view(np.uint8)[..., :size]
