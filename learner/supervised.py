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
_WITHOUT = "without a reference"


def normal_reference(task: Task) -> ast.Module:
    """Return a task's reference in the grammar's normal form. Raises SyntaxError, CodecError."""
    names = task.signature and tuple(param.name for param in task.signature.params)
    return normalise.normalise(ast.parse(str(task.reference)), task.entry_point, names or None)


@dataclass(frozen=True)
class _Reference:
    """A reference in the grammar's normal form."""

    tree: ast.Module
    strategy: tuple[int, ...]


class SupervisedRows:
    """Reference programs as rows, each seen once an epoch, in random views of its task.

    A program and a view are encoded when they are first drawn, and kept. Tasks without a reference
    are left out, and those whose reference the profile can't express or is too long; `skipped`
    counts those found so far by reason. Raises ValueError where no task has a reference.
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
        self._tasks = [task for task in tasks if task.reference is not None]
        self._model = model
        self._dropout = (config.text_dropout, config.names_dropout)
        self._profile = profile
        self._max_actions = max_actions
        self._seed = seed
        self._drawn = 0
        self._order: tuple[int, list[int]] = (-1, [])
        self._without = len(tasks) - len(self._tasks)
        self._unfit: dict[int, str] = {}
        self._references: dict[int, _Reference] = {}
        self._views: dict[tuple[int, View], tuple[Spec, Program] | None] = {}
        if not self._tasks:
            raise ValueError(self._nothing())

    @property
    def skipped(self) -> Counter[str]:
        """Tasks that can't be taught, by reason, as far as they were drawn."""
        found = Counter(self._unfit.values())
        if self._without:
            found[_WITHOUT] = self._without
        return found

    def draw(self, number: int) -> list[Row]:
        """Take the next rows; every epoch goes through all tasks in a new order.

        Raises ValueError where no task can be taught at all.
        """
        rows: list[Row] = []
        while len(rows) < number:
            wanted = [self._next() for _ in range(number - len(rows))]
            self._encode(wanted)
            # A view that hides a literal of the reference can't express it: show the whole task.
            self._encode([(at, FULL) for at, view in wanted if self._views[at, view] is None])
            rows += [row for at, view in wanted if (row := self._row(at, view)) is not None]
            if len(self._unfit) == len(self._tasks):
                raise ValueError(self._nothing())
        return rows

    def every(self) -> list[Row]:
        """Return each task that can be taught once, in order, with nothing hidden."""
        keys = [(at, FULL) for at in range(len(self._tasks))]
        self._encode(keys)
        return [row for at, view in keys if (row := self._row(at, view)) is not None]

    def state(self) -> int:
        """Return all that the next draws depend on: how many rows were looked at."""
        return self._drawn

    def load_state(self, drawn: int) -> None:
        """Go on after that many rows."""
        self._drawn = drawn

    def _nothing(self) -> str:
        reasons = ", ".join(f"{n} {why}" for why, n in self.skipped.most_common()) or "no tasks"
        return (
            f"no task has a reference program to learn from ({reasons}): choose other "
            "tasks.sources, or set learner.supervised_rows=0"
        )

    def _next(self) -> tuple[int, View]:
        epoch, place = divmod(self._drawn, len(self._tasks))
        if self._order[0] != epoch:
            order = list(range(len(self._tasks)))
            random.Random(f"{self._seed}/epoch/{epoch}").shuffle(order)
            self._order = (epoch, order)
        chance = random.Random(f"{self._seed}/view/{self._drawn}")
        self._drawn += 1
        text, names = (chance.random() < share for share in self._dropout)
        return self._order[1][place], (text, names)

    def _row(self, at: int, view: View) -> Row | None:
        found = self._views[at, view] or self._views[at, FULL]
        if found is None:
            return None
        labels = self._references[at].strategy
        return Row(*found, RowKind.REFERENCE, solved=True, strategy=labels)

    def _encode(self, keys: Sequence[tuple[int, View]]) -> None:
        """Encode tasks and programs of views that are new, those of one root in one replay."""
        new = [key for key in dict.fromkeys(keys) if key not in self._views]
        found = {key: both for key in new if (both := self._actions(*key)) is not None}
        self._views.update(dict.fromkeys(new))
        for root in {encoded.root for encoded, _ in found.values()}:
            chosen = {key: both for key, both in found.items() if both[0].root == root}
            programs = Replay(self._profile, root, self._max_actions).programs(
                [encoded.context for encoded, _ in chosen.values()],
                [actions for _, actions in chosen.values()],
            )
            for (key, (encoded, _)), program in zip(chosen.items(), programs, strict=True):
                if program is not None:
                    self._views[key] = (encoded, program)
                elif key[1] == FULL:
                    self._unfit[key[0]] = f"that the profile {self._profile} can't express"

    def _actions(self, at: int, view: View) -> tuple[Spec, list[int]] | None:
        """Return a task's view and its reference's actions; None where there are none."""
        text, names = view
        try:
            encoded = spec.encode(
                self._tasks[at],
                self._model.spec,
                dropout=Dropout(text=float(text), names=float(names)),
                rng=random.Random(0),
            )
            actions = codec.encode(self._reference(at).tree, encoded.names, encoded.root)
        except (SyntaxError, CodecError, SpecError):
            if view == FULL:
                self._unfit[at] = "that the grammar can't express"
            return None
        if len(actions) > self._max_actions:
            if view == FULL:
                self._unfit[at] = f"longer than {self._max_actions} actions"
            return None
        return encoded, actions

    def _reference(self, at: int) -> _Reference:
        if at not in self._references:
            tree = normal_reference(self._tasks[at])
            self._references[at] = _Reference(tree, strategy.labels(tree))
        return self._references[at]
