"""What a hole inherits from above, as bits of two words, and what an action asks of them.

The names word says which names are visible; the flags word says where the hole stands (in a
function, in a loop, …) and what its scope has seen. An action is allowed in a hole if one word,
masked, has one value: its requirement.
"""

from collections.abc import Iterator
from enum import IntFlag
from typing import Final, NamedTuple

from policy.grammar.grammar import GRAMMAR, Action, Hole, HoleUse
from policy.grammar.productions import words

# The names word.
LOCAL_BIT: Final = 0
PARAM_BIT: Final = 16
ENTRY_BIT: Final = 24
WORD_BIT: Final = 25
LOCALS: Final = (1 << GRAMMAR.max_locals) - 1


class Flag(IntFlag):
    """The inherited part of the flags word; the used keyword arguments of a call follow it."""

    FUNCTION = 1 << 0
    LOOP = 1 << 1
    ASYNC = 1 << 2
    COMPREHENSION = 1 << 3
    FSTRING = 1 << 4
    NO_RETURN = 1 << 5
    NO_CAPTURE = 1 << 6
    MUST_RETURN = 1 << 7
    RETURNED = 1 << 8
    YIELDED = 1 << 9
    RETURNED_VALUE = 1 << 10
    PLAIN_PARAMETERS = 1 << 11


NUM_FLAGS: Final = 12
KEYWORD_BIT: Final = NUM_FLAGS
_KEYWORDS: Final = [a.id for a in GRAMMAR.actions if a.sort == "keyword" and a.name.endswith("=")]
KEYWORDS: Final = ((1 << len(_KEYWORDS)) - 1) << KEYWORD_BIT
# Derived from the words at each step, or fixed for the row.
NEED_RETURN, RETURN, RETURN_VALUE, YIELD, YIELD_FROM, FREE, NEST_FULL = (
    1 << 32, 1 << 33, 1 << 34, 1 << 35, 1 << 36, 1 << 37, 1 << 40,
)  # fmt: skip
"""FREE takes three bits: at least one, two and three slots unused."""
PARAM_EXISTS_BIT: Final = 41
PARAM_FRESH_BIT: Final = 49
ENTRY_EXISTS: Final = 1 << 57
NEVER: Final = 1 << 61
# The third word: literals that the task has, and slots that may be stored or that are unused.
LITERAL_BIT: Final = 0
STORABLE_BIT: Final = 32
FRESH_BIT: Final = 48

MAX_NEST: Final = 15
"""Statically nested blocks after which no statement opens another: CPython refuses more than 20."""

_FUNCTION_CLEARS: Final = (
    Flag.LOOP | Flag.ASYNC | Flag.COMPREHENSION | Flag.NO_RETURN | Flag.YIELDED
    | Flag.RETURNED_VALUE | Flag.RETURNED | Flag.MUST_RETURN
)  # fmt: skip


class Effect(NamedTuple):
    """What a context does to the flags below it, and to the count of nested blocks."""

    clear: int = 0
    set: int = 0
    nest: int = 0
    resets_nest: bool = False
    scope: bool = False


CONTEXTS: Final[dict[str, Effect]] = {
    "scope": Effect(scope=True),
    "loop": Effect(set=Flag.LOOP, nest=1),
    "nest": Effect(nest=3),
    "func": Effect(_FUNCTION_CLEARS, Flag.FUNCTION, resets_nest=True),
    "afunc": Effect(_FUNCTION_CLEARS, Flag.FUNCTION | Flag.ASYNC, resets_nest=True),
    # The compiler refuses `:=` in a comprehension's iterable, inside a lambda there as well.
    "lam": Effect(_FUNCTION_CLEARS & ~Flag.COMPREHENSION, Flag.FUNCTION),
    "klass": Effect(_FUNCTION_CLEARS | Flag.FUNCTION, resets_nest=True),
    "comp": Effect(set=Flag.COMPREHENSION),
    "fstring": Effect(set=Flag.FSTRING),
    "annotation": Effect(Flag.ASYNC, Flag.COMPREHENSION),
    "alternative": Effect(set=Flag.NO_CAPTURE),
    "star": Effect(Flag.LOOP, Flag.NO_RETURN),
    "plain": Effect(set=Flag.PLAIN_PARAMETERS),
    "last": Effect(),
}
"""Contexts that begin at a hole. `last`: its block ends the function if its statement does."""


def effect(action: Action, use: HoleUse) -> Effect:
    """The combined effect of the contexts of one of the action's holes."""
    clear, value, nest, resets, scope = KEYWORDS, 0, 0, False, False
    if not ("last" in use.contexts and action.ends):
        clear |= Flag.MUST_RETURN
    for name in use.contexts:
        step = CONTEXTS[name]
        clear |= step.clear
        value = (value & ~step.clear) | step.set
        nest = step.nest if step.resets_nest else nest + step.nest
        resets, scope = resets or step.resets_nest, scope or step.scope
    return Effect(clear, value, nest, resets, scope)


class Requirement(NamedTuple):
    """The word (0 names, 1 flags, 2 slots and literals), the bits that matter, and their value."""

    word: int = 1
    care: int = 0
    value: int = 0


ALWAYS: Final = Requirement()
IMPOSSIBLE: Final = Requirement(1, NEVER, NEVER)


def word_bit(action: Action) -> int | None:
    """The bit in the names word of a name that must be bound before it is used."""
    row = action.row
    if "local" in row:
        return LOCAL_BIT + int(row["local"])
    if "param" in row:
        return PARAM_BIT + int(row["param"])
    if "entry" in row:
        return ENTRY_BIT
    return _BOUND_WORDS.get(action.id)


def _bound_words() -> dict[int, int]:
    bound = [a for a in GRAMMAR.actions if a.row.get("kind") == "importable"]
    bound += [a for a in GRAMMAR.actions if a.name in {"self", "cls"}]
    return {action.id: WORD_BIT + i for i, action in enumerate(bound)}


_BOUND_WORDS: Final = _bound_words()
ARGUMENT_HOLES: Final = frozenset(words("arg args arg_name posonly kwonly opt_arg"))
CAPTURE_HOLES: Final = frozenset({"capture", "opt_capture"})
IMPORT_HOLES: Final = frozenset({"alias", "aliases", "aliases1"})
STORE_HOLES: Final = frozenset(
    words("target targets targets1 elements_to elements_t2 name_target bind as_name")
)


def binds(hole: Hole, action: Action) -> int:
    """The bit that filling `hole` with `action` sets in the names word of its scope, or 0."""
    if hole.name not in STORE_HOLES | ARGUMENT_HOLES | CAPTURE_HOLES | IMPORT_HOLES:
        return 0
    bit = word_bit(action) if action.sort == "name" else None
    return 0 if bit is None else 1 << bit


def requirement(hole: Hole, action: Action) -> Requirement:
    """What must hold for `action`, which the profile allows in `hole`."""
    bit = word_bit(action)
    if bit is not None:
        return _name_requirement(hole, action, bit)
    if "index" in action.row:
        literal = 1 << (LITERAL_BIT + action.row["index"])
        return Requirement(2, literal, literal)
    need, ban = _flags(hole, action)
    return Requirement(1, need | ban, need)


def _name_requirement(hole: Hole, action: Action, bit: int) -> Requirement:
    row = action.row
    visible = Requirement(0, 1 << bit, 1 << bit)
    if "expr" in hole.sorts and hole.mode == 0:
        return visible
    if "local" in row:
        if hole.name in STORE_HOLES:
            bit = 1 << (STORABLE_BIT + row["local"])
        elif hole.name in ARGUMENT_HOLES | CAPTURE_HOLES:
            bit = 1 << (FRESH_BIT + row["local"])
        else:
            return visible
        return Requirement(2, bit, bit)
    if "param" in row and hole.name in ARGUMENT_HOLES:
        fresh = 1 << (PARAM_FRESH_BIT + row["param"])
        return Requirement(1, fresh, fresh)
    if "entry" in row:
        return Requirement(1, ENTRY_EXISTS, ENTRY_EXISTS) if hole.name == "bind" else visible
    if hole.name in ARGUMENT_HOLES:
        return Requirement(0, 1 << bit, 0)
    return ALWAYS if "param" not in row else visible


_NEEDS: Final[dict[str, int]] = {
    "Await": Flag.ASYNC,
    "AsyncFor": Flag.ASYNC,
    "AsyncWith": Flag.ASYNC,
    "Break": Flag.LOOP,
    "Continue": Flag.LOOP,
    "Yield": YIELD,
    "YieldFrom": YIELD_FROM,
}
_BANS: Final[dict[str, int]] = {
    "NamedExpr": Flag.COMPREHENSION,
    "JoinedStr": Flag.FSTRING,
    **dict.fromkeys(words("For AsyncFor While With AsyncWith Try TryStar"), NEST_FULL),
}
# Characters that an f-string's unparsing could not quote.
_UNSAFE: Final = frozenset("'\"{}\n\\")


def _flags(hole: Hole, action: Action) -> tuple[int, int]:
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
    if hole.name in {"block", "stmts"} and _closes(action):
        ban |= NEED_RETURN
    if _UNSAFE & set(_text(action)) or "nibble" in action.row:
        ban |= Flag.FSTRING
    return need | _free(action), ban | _keyword(action)[0]


def returns_value(action: Action) -> bool:
    """Whether the action is a `return` with a value."""
    return "Return" in action.nodes and len(action.holes) + len(action.parts) > 0


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


def _free(action: Action) -> int:
    slots = sum(use.name in {"arg", "arg_name", "capture"} for use in action.holes)
    return ((1 << min(slots, 3)) - 1) * FREE


def _keyword(action: Action) -> tuple[int, int]:
    """The bits that must be unset before a call's keyword, and those it leaves set."""
    if action.id in _KEYWORDS:
        bit = 1 << (KEYWORD_BIT + _KEYWORDS.index(action.id))
        return bit, bit
    return (KEYWORDS, KEYWORDS) if action.name == "keyword" else (0, 0)


def leaves(action: Action) -> int:
    """Flags that the action sets in what is left of the list that it stands in."""
    return _keyword(action)[1]


def signals(action: Action) -> int:
    """Flags that the action sets everywhere in its function."""
    if returns_value(action):
        return Flag.RETURNED | Flag.RETURNED_VALUE
    if "Yield" in action.nodes or "YieldFrom" in action.nodes:
        return Flag.RETURNED | Flag.YIELDED
    return 0


def derive(flags: int) -> int:
    """The derived bits that follow from the inherited flags alone."""
    found = 0
    if flags & Flag.MUST_RETURN and not flags & Flag.RETURNED:
        found |= NEED_RETURN
    if flags & Flag.FUNCTION:
        asynchronous = bool(flags & Flag.ASYNC)
        if not flags & Flag.NO_RETURN:
            found |= RETURN
            found |= 0 if asynchronous and flags & Flag.YIELDED else RETURN_VALUE
        if not flags & Flag.COMPREHENSION:
            found |= 0 if asynchronous and flags & Flag.RETURNED_VALUE else YIELD
            found |= 0 if asynchronous else YIELD_FROM
    return found
