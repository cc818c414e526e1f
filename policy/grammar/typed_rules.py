"""The rules of typed holes as tables over states of expectation and actions, computed.

E states (0: nothing is expected), V actions, T types of names, P sets of atoms that names are asked
to meet, W words of a set of actions, K writes that an action makes at most.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.grammar import bits
from policy.grammar.expectations import (
    AUGMENT,
    BIND,
    BLOCK,
    CALLEE,
    FREE,
    VALUE,
    Filled,
    State,
)
from policy.grammar.filling import fill, fill_name
from policy.grammar.grammar import GRAMMAR, Action
from policy.grammar.operations import widen
from policy.grammar.profiles import Profile
from policy.grammar.typed_files import KINDS, WRITES, Arrays
from policy.grammar.value_types import ATOMS, Type, of_result

_POINTERS: Final = {"param", "local", "entry", "index"}
_RETURNS: Final = ("Any", "int", "str", "bool", "list[Any]", "tuple[Any]", "dict[Any, Any]",
                   "set[Any]", "None")  # fmt: skip
_HOLES: Final = {BLOCK: "block", VALUE: "expr", CALLEE: "callee", BIND: "target",
                 AUGMENT: "aug_target"}  # fmt: skip


def computed(profile: Profile) -> Arrays:
    """The tables of a profile."""
    states, filled = _closure(profile)
    number = {state: at for at, state in enumerate(states)}
    atoms = list(dict.fromkeys(state.names for state in states))
    meets = np.zeros((KINDS, len(atoms)), dtype=np.int64)
    wanted = np.array(atoms)
    meets[GRAMMAR.num_actions :] = np.where(np.array(ATOMS)[:, None] & wanted > 0, -1, 0)
    fill, pushes = _pushes(number, filled)
    return Arrays(
        sets=_sets(states, filled),
        planes=np.array([atoms.index(state.names) for state in states]),
        meets=meets,
        fill=fill,
        pushes=pushes,
        blocks=np.array([(one.accept, at) for one, at in number.items() if one.role == BLOCK]),
        atoms=wanted,
    )


Fillings = dict[State, list[tuple[int, Filled]]]


def _closure(profile: Profile) -> tuple[list[State], Fillings]:
    """All states that can be met, and what each action does in each."""
    returned = [of_result(text + end) for text in _RETURNS for end in ("", " | None")]
    states = [FREE, *dict.fromkeys(State(widen(atoms), BLOCK) for atoms in returned)]
    known, filled = set(states), {}
    actions = _actions(profile)
    for state in states:
        filled[state] = list(_fillings(state, actions))
        for _, one in filled[state]:
            for found in (*one.children, *(told for _, told in one.told)):
                if found not in known:
                    known.add(found)
                    states.append(found)
    return states, filled


def _actions(profile: Profile) -> dict[int, list[Action]]:
    """By role, what may fill a hole of it, pointers aside; -1 for the role of `FREE`."""
    has = [a for a in GRAMMAR.actions if profile.has(a) and not _POINTERS & a.row.keys()]
    found = {-1: [a for a in has if a.sort != "char"]}
    for role, name in _HOLES.items():
        hole = GRAMMAR.holes[GRAMMAR.hole_ids[name]]
        kept = [a for a in has if profile.allows(hole, a) or (role == VALUE and a.sort == "expr")]
        found[role] = kept
    return found


def _fillings(state: State, actions: dict[int, list[Action]]) -> Iterator[tuple[int, Filled]]:
    for action in actions[-1 if state is FREE else state.role]:
        yield action.id, fill(state, action)
    for kind in Type:
        yield GRAMMAR.num_actions + kind, fill_name(state, kind)


def _sets(states: list[State], filled: Fillings) -> NDArray[np.int64]:
    allowed = np.ones((len(states), GRAMMAR.num_actions), dtype=bool)
    for row, state in zip(allowed, states, strict=True):
        row[[at for at, one in filled[state] if at < len(row) and not one.allowed]] = False
    return bits.pack(allowed)


def _pushes(
    number: dict[State, int], filled: Fillings
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """[E*(V+T)] the row of each action in each state, and the rows, all different.

    What is written nowhere else is written one place above the top, where it does not matter.
    """
    rows = {(1,) * WRITES + (0,) * WRITES + (kind,): kind for kind in range(KINDS)}
    fill = np.tile(np.arange(KINDS, dtype=np.int32), (len(number), 1))
    for state, at in number.items():
        for action, one in filled[state]:
            if not one.children and not one.told and one.stored is None:
                continue
            writes = [(-place, number[child]) for place, child in enumerate(one.children)]
            below = 1 - len(one.children)
            writes += [(below - offset, number[told]) for offset, told in one.told]
            writes += [(1, 0)] * (WRITES - len(writes))
            places, states = zip(*writes, strict=True)
            kind = action if one.stored is None else GRAMMAR.num_actions + one.stored
            fill[at, action] = rows.setdefault((*places, *states, kind), len(rows))
    return fill.reshape(-1), np.array(list(rows), dtype=np.int64)
