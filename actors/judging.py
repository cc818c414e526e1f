"""Asking the Q-heads what they think of programs that were run, before episodes go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actors.episodes import Episode, TaskGroup
from policy.judging import Reading, judge, read
from policy.model import Policy


@dataclass(frozen=True, slots=True)
class Judged:
    """Episodes that are not over, and what the policy reads before their next edits."""

    reading: Reading
    rows: Mapping[Episode, int]
    """Each episode's row of the reading."""

    def of(self, episodes: Sequence[Episode]) -> Reading:
        """Give the reading of some of them."""
        return self.reading.select([self.rows[one] for one in episodes])


def judge_runs(policy: Policy, groups: Sequence[TaskGroup], max_edits: int) -> Judged | None:
    """Judge the last program of each episode that is not over.

    None where there is no such program, or where the policy's Q-heads judge no drafts. Equal
    programs of a group are read once.
    """
    if not policy.config.judges_drafts:
        return None
    going = [
        (at, episode)
        for at, group in enumerate(groups)
        for episode in group.episodes
        if episode.turns and not episode.over(max_edits)
    ]
    drafts = {(at, episode.last.draft.actions): episode.last.draft for at, episode in going}
    if not drafts:
        return None
    tasks = [groups[at].drawn.task for at, _ in drafts]
    reading = read(policy, tasks, list(drafts.values()))
    values = judge(policy, reading)
    places = {program: row for row, program in enumerate(drafts)}
    rows = {episode: places[at, episode.last.draft.actions] for at, episode in going}
    for episode, row in rows.items():
        episode.judged(values[row])
    return Judged(reading, rows)
