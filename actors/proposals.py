"""Edits whose programs the sandbox runs, and what became of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actors.behaviour import Going
from actors.episodes import Episode, TaskGroup, Turn
from evaluation.feedback import feedback, visible_program
from evaluation.programs import program_for
from policy.edits import Edit
from sandbox.types import Limits, Program, Result, Verdict

_UNKNOWN = (Verdict.INTERNAL, Verdict.REFUSED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An edit, and the names of its program's runs."""

    group: TaskGroup
    episode: Episode
    edit: Edit
    hidden: str
    """Of the run on the hidden tests; equal sources of a task share one."""
    shown: str | None
    """Of the run on the visible examples, where that is looked at."""

    def record(self, results: Mapping[str, Result], policy_version: int) -> None:
        """Add what became of the edit to its episode."""
        task, result = self.group.drawn.task, results[self.hidden]
        shown = None if self.shown is None else results[self.shown]
        lost = any(run is not None and run.verdict in _UNKNOWN for run in (result, shown))
        said = () if lost or shown is None else feedback(task, shown)
        self.episode.lost = lost
        self.episode.turns.append(Turn(self.edit, policy_version, result, said))


def proposals(
    going: Going, edits: Sequence[Edit], limits: Limits, *, examples: bool
) -> tuple[list[Proposal], list[Program]]:
    """Name the runs of edits; equal sources of a task run once.

    `examples`: whether they are run on the visible examples as well.
    """
    batch = uuid.uuid4().hex
    programs: dict[tuple[str, str], list[Program]] = {}
    made: list[Proposal] = []
    for (group, episode), edit in zip(going, edits, strict=True):
        task, source = group.drawn.task, edit.sample.source
        runs = programs.get((task.id, source))
        if runs is None:
            name = f"{batch}/{len(programs)}"
            runs = programs[task.id, source] = [program_for(task, source, name, limits)]
            if examples and task.examples:
                runs.append(visible_program(task, source, f"{name}/shown", limits))
        hidden, *shown = runs
        made.append(Proposal(group, episode, edit, hidden.id, shown[0].id if shown else None))
    return made, [one for runs in programs.values() for one in runs]
