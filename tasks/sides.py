"""Which set a program belongs to: once it is in one of them, it is in no other."""

from tasks.schema import Task

TRAIN = "train"
HELDOUT = "heldout"
UNSEEN = "heldout_families"


class Sides:
    """The sets while they are built; a program is known by its normal form."""

    def __init__(self) -> None:
        self.tasks: dict[str, list[Task]] = {TRAIN: [], HELDOUT: [], UNSEEN: []}
        self._side_of: dict[str, str] = {}

    def __contains__(self, program: str) -> bool:
        return program in self._side_of

    def of(self, program: str, default: str) -> str:
        """Return the side of a program, `default` where it is on none yet."""
        return self._side_of.get(program, default)

    def add(self, task: Task, program: str, side: str) -> None:
        """Add a task to the side of its program: to `side` unless the program is on another."""
        self.tasks[self._side_of.setdefault(program, side)].append(task)
