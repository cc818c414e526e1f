"""The vocabulary as objects: actions, holes, and what the pointer actions of one task stand for.

A program is the pre-order sequence of actions that fills the root's hole: each action takes the
hole on top of a stack and puts its own holes there. A list's hole stays until an action that ends
it, or STOP.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

PAD: Final = 0
STOP: Final = 1
NONE: Final = 2
LOAD, STORE, DELETE = 0, 1, 2

# How `same…` holes (the elements of a tuple, say) follow the context of the hole that their parent
# fills.
SAME: Final = {
    "same": ("element", "target", "del_target"),
    "same_list": ("elements", "elements_to", "dels"),
    "same_value": ("star_value", "target", "del_target"),
}
_STORE_HOLES = {"target", "starred", "targets", "targets1", "elements_to", "elements_t2"}
_STORE_HOLES |= {"name_target", "aug_target", "ann_target"}
_DELETE_HOLES = {"del_target", "dels", "dels1"}


class Root(Enum):
    """What the first hole stands for."""

    MODULE = "module"
    """A whole file."""
    BODY = "block"
    """The body of the task's entry function, whose `def` line the signature gives."""


@dataclass(frozen=True)
class Names:
    """What PARAM_i, ENTRY, LIT_i and LOCAL_i stand for in one task."""

    params: tuple[str, ...] = ()
    entry_point: str | None = None
    literals: tuple[int | float | str | bytes, ...] = ()

    @cached_property
    def locals(self) -> tuple[str, ...]:
        """LOCAL_i is v{i}, with underscores where the signature already uses that name."""
        taken = {*self.params, self.entry_point}
        found = []
        for i in range(GRAMMAR.max_locals):
            name = f"v{i}"
            while name in taken:
                name += "_"
            found.append(name)
        return tuple(found)


@dataclass(frozen=True)
class Hole:
    """A place for one action, or (with `rest`) for a list of them."""

    id: int
    name: str
    sorts: frozenset[str]
    rest: int | None
    mode: int

    @property
    def is_list(self) -> bool:
        """Whether it holds a list, closed by STOP or by an action that ends it."""
        return self.rest is not None


@dataclass(frozen=True)
class HoleUse:
    """A hole in a production: its name, and the contexts that begin at it, outermost first."""

    name: str
    contexts: tuple[str, ...] = ()


Pattern = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Action:
    """One word of the vocabulary."""

    id: int
    name: str
    sort: str
    row: Mapping[str, Any] = field(repr=False)
    pattern: Pattern | None = field(default=None, repr=False)
    ends: bool = False
    parts: tuple[int, ...] = ()
    """Of a fold: the ids of the actions it stands for, the root first."""

    @cached_property
    def holes(self) -> tuple[HoleUse, ...]:
        """Its holes in the order in which they are filled."""
        if "spell" in self.row:
            return (HoleUse("chars"),)
        return tuple(_holes(self.pattern)) if self.pattern is not None else ()

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Names of the constructors that it writes."""
        return tuple(_nodes(self.pattern)) if self.pattern is not None else ()


def _holes(pattern: Pattern) -> Iterator[HoleUse]:
    if "hole" in pattern:
        yield HoleUse(pattern["hole"], tuple(pattern["contexts"]))
    for child in _children(pattern):
        yield from _holes(child)


def _nodes(pattern: Pattern) -> Iterator[str]:
    if "node" in pattern:
        yield pattern["node"]
    for child in _children(pattern):
        yield from _nodes(child)


def _children(pattern: Pattern) -> list[Pattern]:
    return [child for _, child in pattern.get("fields", ())] + list(pattern.get("list", ()))


@dataclass(frozen=True, eq=False)
class Grammar:
    """The vocabulary file, read."""

    version: str
    max_params: int
    max_literals: int
    max_locals: int
    holes: tuple[Hole, ...]
    actions: tuple[Action, ...]
    folds: Mapping[tuple[int, int, int], int]
    """(action, hole's index, action in that hole) -> the action that stands for both."""

    @property
    def num_actions(self) -> int:
        """V, the size of the vocabulary; PAD is action 0."""
        return len(self.actions)

    @cached_property
    def num_holes(self) -> int:
        """How many hole types a sequence can meet, the automaton's spelling states included."""
        from policy.grammar import spelling

        return len(self.holes) + len(spelling.states())

    def action_name(self, action: int) -> str:
        """A readable name, such as `Return[value].` (the final dot: it ends its list)."""
        return self.actions[action].name

    @cached_property
    def hole_ids(self) -> Mapping[str, int]:
        """Hole name -> id."""
        return {hole.name: hole.id for hole in self.holes}

    @cached_property
    def action_ids(self) -> Mapping[str, int]:
        """Action name -> id."""
        return {action.name: action.id for action in self.actions}

    def hole(self, use: HoleUse, mode: int) -> Hole:
        """The hole that a production's `use` opens when the production fills a hole of `mode`."""
        name = SAME[use.name][mode] if use.name in SAME else use.name
        return self.holes[self.hole_ids[name]]


def _mode(name: str) -> int:
    return STORE if name in _STORE_HOLES else DELETE if name in _DELETE_HOLES else LOAD


def leaf_pattern(row: Mapping[str, Any]) -> Pattern | None:
    """A vocabulary word as the expression that it writes, None where it has no fixed one."""
    if "constant" in row:
        value = {"value": ast.literal_eval(row["constant"])}
        return {"node": "Constant", "fields": [["value", value], ["kind", {"value": None}]]}
    if "word" in row:
        return {"node": "Name", "fields": [["id", {"value": row["word"]}]]}
    return None


def _fill(pattern: Pattern, index: int, filler: Pattern) -> tuple[Pattern, int]:
    """The pattern with its `index`-th hole filled, and how many holes it had."""
    if "hole" in pattern:
        return (_within(filler, pattern["contexts"]) if index == 0 else pattern), 1
    count, filled = 0, []
    for child in _children(pattern):
        new, holes = _fill(child, index - count, filler)
        filled.append(new)
        count += holes
    if "fields" in pattern:
        names = [name for name, _ in pattern["fields"]]
        return {"node": pattern["node"], "fields": list(zip(names, filled, strict=True))}, count
    return ({"list": filled} if "list" in pattern else pattern), count


def _within(pattern: Pattern, contexts: list[str]) -> Pattern:
    if "hole" in pattern:
        return {"hole": pattern["hole"], "contexts": [*contexts, *pattern["contexts"]]}
    if "fields" in pattern:
        fields = [(name, _within(child, contexts)) for name, child in pattern["fields"]]
        return {"node": pattern["node"], "fields": fields}
    if "list" in pattern:
        return {"list": [_within(child, contexts) for child in pattern["list"]]}
    return pattern


def _load() -> Grammar:
    content = json.loads(Path(__file__).with_name("vocabulary.json").read_text(encoding="utf-8"))
    names = ["none"] + [row["name"] for row in content["holes"][1:]]
    holes = tuple(
        Hole(
            id=i,
            name=row["name"],
            sorts=frozenset(row["sorts"]),
            rest=names.index(row["rest"]) if "rest" in row else None,
            mode=_mode(row["name"]),
        )
        for i, row in enumerate(content["holes"])
    )
    actions = [
        Action(i, row["name"], row["sort"], row, row.get("pattern"), row.get("ends", False))
        for i, row in enumerate(content["actions"])
    ]
    folds = _fold(actions, content["folds"])
    limits = content["limits"]
    return Grammar(
        content["version"],
        limits["params"],
        limits["literals"],
        limits["locals"],
        holes,
        tuple(actions),
        folds,
    )


def _fold(actions: list[Action], rows: list[list[Any]]) -> dict[tuple[int, int, int], int]:
    """Appends the folded actions to `actions`; returns their index."""
    ids = {action.name: action.id for action in actions}
    folds = {}
    for parent_name, index, child_name in rows:
        parent, child = actions[ids[parent_name]], actions[ids[child_name]]
        filler = child.pattern or leaf_pattern(child.row)
        if parent.pattern is None or filler is None:
            raise ValueError(f"vocabulary.json: {parent_name} and {child_name} cannot be folded")
        pattern, _ = _fill(parent.pattern, index, filler)
        name = f"{parent_name}({index}:{child_name})"
        parts = (*(parent.parts or (parent.id,)), child.id)
        action = Action(len(actions), name, parent.sort, {}, pattern, parent.ends, parts)
        actions.append(action)
        ids[name] = action.id
        folds[parent.id, index, child.id] = action.id
    return folds


GRAMMAR: Final = _load()
