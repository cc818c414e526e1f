"""Profiles: which actions a sample may use in which hole.

`python` holds every node type whose validity masks can promise. Left to the codec alone are
`global`, `nonlocal`, star and relative imports, type comments, keyword arguments of class patterns,
and patterns of more than one key. `core` is functions over numbers, strings and collections: no
classes, exceptions, imports, generators, pattern matching or attributes other than the vocabulary's
methods. `standard` adds imports of the standard modules that the vocabulary names, `raise` and
`assert`.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Final

from policy.grammar.asdl import SUMS
from policy.grammar.grammar import GRAMMAR, Action, Hole
from policy.grammar.productions import BUILTINS, words

# Actions whose validity no mask promises.
_CODEC_ONLY: Final = frozenset(
    words(
        """
        PAD Module[*] Global Nonlocal ImportFrom[*] FormattedValue[*] MatchOr[*] kw_pattern
        map_item TypeIgnore arg[*] except
        """
    )
)
_CORE_NODES: Final = frozenset(
    words(
        """
        Module FunctionDef arguments arg Return Assign AugAssign For While If Expr Pass Break
        Continue BoolOp BinOp UnaryOp Lambda IfExp Dict DictItem Set ListComp SetComp DictComp
        GeneratorExp comprehension Compare Comparison Call keyword Constant Attribute Subscript
        Slice Starred Name List Tuple JoinedStr FormattedValue Default And Or
        """
    )
)
_CORE_EXCLUDED: Final = frozenset(
    words(
        """
        Import[*] alias[as] Attribute MatMult AugAssign[MatMult] rest[MatMult] FunctionDef[*]
        arg[annotation] keyword keyword[**] for[async] arguments[*] FormattedValue[a]
        FormattedValue[r] FormattedValue[s]
        """
    )
)
_CORE_WORDS: Final = frozenset(
    words(
        """
        abs all any bin bool chr complex dict divmod enumerate filter float format frozenset hex
        int isinstance iter len list map max min next oct ord pow print range reversed round set
        slice sorted str sum tuple type zip
        """
    )
)
_ERRORS: Final = frozenset(word for word in BUILTINS if word[0].isupper())
_CORE_SPELLED: Final = frozenset({"INT", "FLOAT", "STR"})

# Holes that take fewer expressions than the grammar's `expr`, by the names of what they take.
_PLACES: Final = frozenset({"Attribute", "Subscript"})
_TARGETS: Final = _PLACES | {"Tuple", "List", "Name"}
_ONLY: Final[dict[str, frozenset[str]]] = {
    "callee": frozenset(words("Name Attribute Subscript Call Lambda IfExp BoolOp NamedExpr Await")),
    "match_value": frozenset({"Constant"}),
    "cls": frozenset({"Name"}),
    "parts": frozenset({"FormattedValue", "Constant"}),
    "spec_parts": frozenset({"Constant"}),
    "target": _TARGETS,
    "targets": _TARGETS,
    "targets1": _TARGETS,
    "elements_to": _TARGETS | {"Starred"},
    "elements_t2": _TARGETS,
    "name_target": frozenset({"Name"}),
    "aug_target": _PLACES | {"Name"},
    "ann_target": _PLACES,
    "del_target": _PLACES | {"Name"},
    "dels1": _PLACES | {"Name"},
    "dels": _PLACES | {"Name"},
}
_STARRED: Final = frozenset({"element", "elements", "elements1"})
_REFUTABLE: Final = frozenset(
    words("MatchValue MatchSingleton MatchSequence MatchMapping MatchClass MatchOr")
)
_PATTERNS: Final[dict[str, frozenset[str]]] = {
    "pattern_r": _REFUTABLE,
    "pattern_o": _REFUTABLE - {"MatchOr"},
    "pattern_any": _REFUTABLE | {"MatchAs"},
    "patterns": _REFUTABLE | {"MatchAs", "MatchStar"},
    "patterns_s": _REFUTABLE | {"MatchAs"},
    "patterns_c": _REFUTABLE | {"MatchAs"},
}
# Lists that must not be empty: no STOP at these.
_NON_EMPTY: Final = frozenset(
    words(
        """
        block exprs1 exprs2 elements1 targets1 dels1 rest1 generators1 handlers1 handlers_s1
        withitems1 aliases1 cases1 names1 patterns_o
        """
    )
)


@dataclass(frozen=True)
class Profile:
    """A named set of productions."""

    name: str
    returns: bool
    """Whether the entry function's body must hold a `return` with a value."""
    nodes: frozenset[str] | None
    """The constructors of its productions, None for all."""
    words: frozenset[str]
    """Names that need no binding, where `nodes` is given."""
    typed: bool = False
    """Whether holes know the types of values and refuse what can't be of them (`typed`)."""

    def has(self, action: Action) -> bool:
        """Whether samples use `action` at all."""
        if action.parts:
            return all(self.has(GRAMMAR.actions[part]) for part in action.parts)
        if action.name in _CODEC_ONLY:
            return False
        if self.nodes is None:
            return True
        if action.sort in {"char", "stop", "none", "literal"}:
            return True
        row = action.row
        if "spell" in row:
            return row["spell"] in _CORE_SPELLED
        if "word" in row:
            return row["word"] in self.words or row["kind"] == "importable"
        known = {node for node in action.nodes if SUMS.get(node, "") not in _OPERATOR_SUMS}
        return known <= self.nodes and action.name not in _CORE_EXCLUDED

    def allows(self, hole: Hole, action: Action) -> bool:
        """Whether a sample may fill `hole` with `action`, scope and context aside."""
        if action.sort == "stop":
            return hole.is_list and hole.name not in _NON_EMPTY
        if action.sort == "none":
            return "none" in hole.sorts
        if action.sort not in hole.sorts or hole.name in {"text", "withitems", "names", "names1"}:
            return False
        if "expr" in hole.sorts:
            if self.nodes and hole.mode and written(action) == "Attribute":
                return False
            return _allows_expression(hole, action)
        if hole.name in {"opt_text", "opt_module"}:
            return False
        if action.sort == "pattern":
            return self._allows_pattern(hole, action)
        if hole.name in {"handlers_s", "handlers_s1"}:
            return not action.name.startswith("except.")
        if hole.name == "posonly" and action.sort == "default":
            return False
        return _allows_name(hole, action) if action.sort == "name" else True

    def _allows_pattern(self, hole: Hole, action: Action) -> bool:
        allowed = _PATTERNS.get(hole.name, _REFUTABLE)
        return action.nodes[0] in allowed or (
            action.name == "MatchAs[pattern]" and hole.name != "pattern_o"
        )


_OPERATOR_SUMS: Final = frozenset({"boolop", "operator", "unaryop", "cmpop", "expr_context"})


# Words that some holes take and others refuse.
_OWN_WORDS: Final = frozenset({"__init__", "self", "cls"})


def alike(action: Action) -> Hashable:
    """What `Profile.allows` tells actions of one sort apart by: the same of all that fit alike."""
    # A fold stands wherever its root does.
    root = GRAMMAR.actions[action.parts[0]] if action.parts else action
    if root.sort == "expr":
        return root.nodes[0]
    for key in ("local", "param", "index"):
        if key in root.row:
            return key
    common = "word" in root.row and root.row["word"] not in _OWN_WORDS
    return root.row["kind"] if common else root.id


def written(action: Action) -> str:
    """The constructor that an expression's action writes."""
    if action.sort == "name":
        return "Name"
    return "Constant" if action.sort in {"const", "literal"} else action.nodes[0]


def _allows_expression(hole: Hole, action: Action) -> bool:
    node = written(action)
    if node == "Starred":
        return hole.name in _STARRED or hole.name == "elements_to"
    if node == "Slice":
        return hole.name == "slice"
    if node == "FormattedValue":
        return hole.name == "parts"
    if hole.name in _ONLY and node not in _ONLY[hole.name]:
        return False
    if hole.name in {"parts", "spec_parts"} and node == "Constant":
        return action.row.get("spell") == "STR" or action.row.get("constant", "")[:1] in {"'", '"'}
    if hole.name == "match_value":
        return action.row.get("constant") not in {"None", "True", "False", "..."}
    if action.sort == "name" and hole.mode:
        return bool({"local", "param"} & action.row.keys())
    if hole.name == "cls":
        return action.row.get("spell") is None
    return action.row.get("word") != "__init__"


def _allows_name(hole: Hole, action: Action) -> bool:
    """Identifiers, by hole: stores take slots, what is imported takes known modules and names."""
    row = action.row
    match hole.name:
        case "bind":
            return bool({"local", "entry"} & row.keys()) or row.get("word") == "__init__"
        case "as_name" | "capture" | "opt_capture":
            return "local" in row
        case "arg" | "args" | "arg_name" | "posonly" | "kwonly" | "opt_arg":
            return bool({"local", "param"} & row.keys()) or row.get("word") in {"self", "cls"}
        case "alias" | "aliases" | "aliases1" | "import_name" | "module_name":
            return row.get("kind") == "importable" or "spell" in row
        case "attr" | "keyword_name":
            return "word" in row or "spell" in row
    return False


_CORE: Final = Profile("core", returns=True, nodes=_CORE_NODES, words=_CORE_WORDS)
_STANDARD: Final = Profile(
    "standard",
    returns=True,
    nodes=_CORE_NODES | {"Import", "ImportFrom", "alias", "Raise", "Assert"},
    words=_CORE_WORDS | _ERRORS,
)
PROFILES: Final = {
    "core": _CORE,
    "core_typed": replace(_CORE, name="core_typed", typed=True),
    "standard": _STANDARD,
    "standard_typed": replace(_STANDARD, name="standard_typed", typed=True),
    "python": Profile("python", returns=False, nodes=None, words=frozenset()),
}
