"""Supervised rows: the tasks' reference programs, in an order that a seed and a count decide."""

import ast
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from learner.config import LearnerConfig
from learner.objective import RowKind
from learner.rows import Program, Replay, Row
from policy import spec, strategy
from policy.config import ModelConfig
from policy.grammar import CodecError, codec, normalise
from policy.spec import Dropout, Spec, SpecError
from tasks.schema import Task

View = tuple[bool, bool]
"""Whether the description and the names are hidden."""
FULL: View = (False, False)


@dataclass(frozen=True)
class _Reference:
    task: Task
    tree: ast.Module
    strategy: tuple[int, ...]


class SupervisedRows:
    """Reference programs as rows, each seen once an epoch, in random views of its task.

    Everything about a program and a view is computed once. Tasks whose reference the profile can't
    express, or that is too long, are left out and counted in `skipped` by reason. Raises ValueError
    when none is left.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        model: ModelConfig,
        config: LearnerConfig,
        *,
        profile: str,
        max_actions: int,
        seed: int,
    ) -> None:
        self.skipped: Counter[str] = Counter()
        self._model = model
        self._dropout = (config.text_dropout, config.names_dropout)
        self._profile = profile
        self._max_actions = max_actions
        self._seed = seed
        self._drawn = 0
        self._order: tuple[int, list[int]] = (-1, [])
        self._references: list[_Reference] = []
        self._views: dict[tuple[int, View], tuple[Spec, Program]] = {}
        self._prepare(tasks)
        if not self._references:
            reasons = ", ".join(f"{n} {why}" for why, n in self.skipped.most_common()) or "no tasks"
            raise ValueError(
                f"no task has a reference program to learn from ({reasons}): choose other "
                "tasks.sources, or set learner.supervised_rows=0"
            )

    def __len__(self) -> int:
        return len(self._references)

    def _prepare(self, tasks: Sequence[Task]) -> None:
        parsed = [found for task in tasks if (found := self._parse(task)) is not None]
        self._references = parsed
        self._encode([(at, FULL) for at in range(len(parsed))])
        kept = [at for at in range(len(parsed)) if (at, FULL) in self._views]
        self._references = [parsed[at] for at in kept]
        self._views = {(new, FULL): self._views[old, FULL] for new, old in enumerate(kept)}

    def _parse(self, task: Task) -> _Reference | None:
        if task.reference is None:
            self.skipped["without a reference"] += 1
            return None
        try:
            tree = normalise.normalise(ast.parse(task.reference), task.entry_point)
        except (SyntaxError, CodecError):
            self.skipped["that the grammar can't express"] += 1
            return None
        return _Reference(task, tree, strategy.labels(tree))

    def draw(self, number: int) -> list[Row]:
        """Take the next rows; every epoch goes through all tasks in a new order."""
        wanted = [self._next() for _ in range(number)]
        self._encode([key for key in dict.fromkeys(wanted) if key not in self._views])
        # A view that hides literals which the reference needs can't express it: show the whole.
        return [self._row(at, view if (at, view) in self._views else FULL) for at, view in wanted]

    def _row(self, at: int, view: View) -> Row:
        encoded, program = self._views[at, view]
        labels = self._references[at].strategy
        return Row(encoded, program, RowKind.REFERENCE, solved=True, strategy=labels)

    def _next(self) -> tuple[int, View]:
        epoch, place = divmod(self._drawn, len(self._references))
        if self._order[0] != epoch:
            order = list(range(len(self._references)))
            random.Random(f"{self._seed}/epoch/{epoch}").shuffle(order)
            self._order = (epoch, order)
        chance = random.Random(f"{self._seed}/view/{self._drawn}")
        self._drawn += 1
        text, names = (chance.random() < share for share in self._dropout)
        return self._order[1][place], (text, names)

    def state(self) -> int:
        """Return all that the next draws depend on: how many rows were drawn."""
        return self._drawn

    def load_state(self, drawn: int) -> None:
        """Go on after that many rows."""
        self._drawn = drawn

    def _encode(self, keys: list[tuple[int, View]]) -> None:
        """Encode tasks and programs of some views, those of one root in one replay."""
        specs = {}
        actions = {}
        for key in keys:
            found = self._actions(*key)
            if found is not None:
                specs[key], actions[key] = found
        for root in {one.root for one in specs.values()}:
            chosen = [key for key in specs if specs[key].root == root]
            programs = Replay(self._profile, root, self._max_actions).programs(
                [specs[key].context for key in chosen], [actions[key] for key in chosen]
            )
            for key, program in zip(chosen, programs, strict=True):
                if program is not None:
                    self._views[key] = (specs[key], program)
                elif key[1] == FULL:
                    self.skipped[f"that the profile {self._profile} can't express"] += 1

    def _actions(self, at: int, view: View) -> tuple[Spec, list[int]] | None:
        reference = self._references[at]
        text, names = view
        try:
            encoded = spec.encode(
                reference.task,
                self._model.spec,
                dropout=Dropout(text=float(text), names=float(names)),
                rng=random.Random(0),
            )
            actions = codec.encode(reference.tree, encoded.names, encoded.root)
        except (CodecError, SpecError):
            self.skipped["that the grammar can't express"] += view == FULL
            return None
        if len(actions) > self._max_actions:
            self.skipped[f"longer than {self._max_actions} actions"] += view == FULL
            return None
        return encoded, actions
