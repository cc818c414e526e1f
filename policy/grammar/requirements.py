"""What an action asks of the hole that it fills."""

from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Final, NamedTuple

from policy.grammar import context
from policy.grammar.context import (
    NEED_RETURN,
    RETURN,
    RETURN_VALUE,
    YIELD,
    YIELD_FROM,
    Flag,
    Kind,
    name_bit,
    returns_value,
)
from policy.grammar.grammar import Action
from policy.grammar.layout import NEST_FULL
from policy.grammar.productions import words


class Pointer(Enum):
    """What must hold of the one name or literal that an action points at."""

    VISIBLE = "visible"
    UNSEEN = "unseen"
    STORABLE = "storable"
    """A used slot, or the first unused one."""
    FRESH_LOCAL = "fresh_local"
    """The first unused slot."""
    FRESH_PARAM = "fresh_param"
    ENTRY = "entry"
    """The task has an entry point."""
    LITERAL = "literal"


class Requirement(NamedTuple):
    """What an action asks of a hole."""

    need: int = 0
    """Flags, and what follows from them, that must be set."""
    ban: int = 0
    """Those, and keyword arguments, that must not be."""
    free: int = 0
    """Slots, at most three, that must be unused."""
    pointer: Pointer | None = None


ALWAYS: Final = Requirement()


def is_pointer(action: Action) -> bool:
    """Whether the action points at a name or a literal."""
    return "index" in action.row or name_bit(action) is not None


def requirement(kind: Kind, action: Action) -> Requirement:
    """What must hold for `action`, which the profile allows in a hole of the kind."""
    if kind is Kind.HALF:
        # The first half of a byte was allowed, so its second half is.
        return ALWAYS
    if name_bit(action) is not None:
        return Requirement(pointer=_name_pointer(kind, action))
    if "index" in action.row:
        return Requirement(pointer=Pointer.LITERAL)
    asked = _flags(action)
    if kind is Kind.BLOCK and _closes(action):
        return asked._replace(ban=asked.ban | NEED_RETURN)
    return asked


def _name_pointer(kind: Kind, action: Action) -> Pointer | None:
    row = action.row
    if kind is Kind.LOAD:
        return Pointer.VISIBLE
    if "local" in row:
        return _SLOTS.get(kind, Pointer.VISIBLE)
    if "param" in row:
        return Pointer.FRESH_PARAM if kind is Kind.ARGUMENT else Pointer.VISIBLE
    if "entry" in row:
        return Pointer.ENTRY if kind is Kind.BIND else Pointer.VISIBLE
    return Pointer.UNSEEN if kind is Kind.ARGUMENT else None


_SLOTS: Final = {
    Kind.STORE: Pointer.STORABLE,
    Kind.BIND: Pointer.STORABLE,
    Kind.ARGUMENT: Pointer.FRESH_LOCAL,
    Kind.CAPTURE: Pointer.FRESH_LOCAL,
}
_NEEDS: Final[dict[str, int]] = {
    **dict.fromkeys(words("Await AsyncFor AsyncWith"), int(Flag.ASYNC)),
    **dict.fromkeys(words("Break Continue"), int(Flag.LOOP)),
    "Yield": YIELD,
    "YieldFrom": YIELD_FROM,
}
_BANS: Final[dict[str, int]] = {
    "NamedExpr": int(Flag.COMPREHENSION),
    "JoinedStr": int(Flag.FSTRING),
    **dict.fromkeys(words("For AsyncFor While With AsyncWith Try TryStar"), NEST_FULL),
}
# Characters that an f-string's unparsing could not quote.
_UNSAFE: Final = frozenset("'\"{}\n\\")


@cache
def _flags(action: Action) -> Requirement:
    need = ban = 0
    # The format that stands in a formatted value is its own, no f-string within an f-string.
    nodes = action.nodes[:1] if "FormattedValue" in action.nodes else action.nodes
    for node in nodes:
        need |= _NEEDS.get(node, 0)
        ban |= _BANS.get(node, 0)
    if "Return" in action.nodes:
        need |= RETURN_VALUE if returns_value(action) else RETURN
    if action.name == "for[async]":
        need |= Flag.ASYNC
    if action.name == "arg[annotation]":
        ban |= Flag.PLAIN_PARAMETERS
    if _UNSAFE & set(_text(action)) or "nibble" in action.row:
        ban |= Flag.FSTRING
    free = sum(use.name in {"arg", "arg_name", "capture"} for use in action.holes)
    if free:
        ban |= Flag.NO_CAPTURE
    return Requirement(need, ban | context.keyword_bits(action)[0], min(free, 3))


def _closes(action: Action) -> bool:
    """Whether the action ends its block without a `return` in it or below it."""
    if action.sort == "stop":
        return True
    last = any("last" in use.contexts for use in action.holes)
    return action.ends and not last and not returns_value(action)


def _text(action: Action) -> Iterator[str]:
    if "character" in action.row:
        yield action.row["character"]
    values = [action.pattern] if action.pattern else [{"value": action.row.get("constant", "")}]
    while values:
        pattern = values.pop()
        values += [child for _, child in pattern.get("fields", ())] + pattern.get("list", [])
        if isinstance(pattern.get("value"), str):
            text = pattern["value"]
            yield from text[1:-1] if "constant" in action.row else text
