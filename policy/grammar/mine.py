"""Finds pairs of actions to fold: `python -m policy.grammar.mine COUNT FILE.jsonl…`.

Counts, over ordinary functions, how often an action fills a hole of another, and adds the COUNT
most frequent pairs to `folds.py`. Rows hold a program in `code` or `source`. The repository's folds
come from the functions of TheAlgorithms/Python and from MBPP without its test split (rows 11 to 510
are skipped), nine at a time, with a `python -m policy.grammar.build` after each.
"""

import ast
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from policy.grammar import match_tree
from policy.grammar.errors import CodecError
from policy.grammar.folds import FOLDS
from policy.grammar.grammar import GRAMMAR, LOAD, SAME, Action, Hole, Names
from policy.grammar.lexicon import Lexicon
from policy.grammar.normalise import normalise
from policy.grammar.profiles import PROFILES

FILE: Final = Path(__file__).with_name("folds.py")
_TEST_SPLIT: Final = range(11, 511)
# Nodes whose place decides whether they are valid: a fold would hide the place.
_NEVER: Final = frozenset(
    ["JoinedStr", "FormattedValue", "NamedExpr", "Await", "Yield", "YieldFrom", "Starred", "Lambda"]
)

Pair = tuple[int, int, int]


def programs(path: Path) -> Iterator[ast.Module]:
    """The functions of a JSON Lines file, normalised where they can be."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get("task_id") in _TEST_SPLIT:
            continue
        try:
            tree = ast.parse(row.get("code") or row["source"])
            names = [s.name for s in tree.body if isinstance(s, ast.FunctionDef)]
            yield normalise(tree, names[-1])
        except (SyntaxError, CodecError, IndexError):
            continue


def pairs(tree: ast.Module) -> Iterator[Pair]:
    """Each action, hole and filling of a program that a fold could stand for."""
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    params = tuple(a.arg for a in arguments.posonlyargs + arguments.args)
    lexicon = Lexicon(Names(params, function.name))
    block = GRAMMAR.holes[GRAMMAR.hole_ids["block"]]
    stack: list[tuple[Hole, Any, bool]] = [*_elements(block, function.body)]
    while stack:
        hole, value, last = stack.pop()
        if value is None or lexicon.leaf(value, hole) is not None:
            continue
        action, children = match_tree.choose(value, hole, last, lexicon)
        for index, (inner, child) in enumerate(children):
            if inner.is_list:
                stack += _elements(inner, child)
                continue
            stack.append((inner, child, False))
            filling = _filling(inner, child, lexicon)
            if filling is not None and _can_fold(action, index, inner, filling):
                yield action.id, index, filling.id


def _elements(hole: Hole, values: list[Any]) -> Iterator[tuple[Hole, Any, bool]]:
    for i, value in enumerate(values):
        yield hole, value, i + 1 == len(values)


def _filling(hole: Hole, value: Any, lexicon: Lexicon) -> Action | None:
    if value is None:
        return None
    leaf = lexicon.leaf(value, hole)
    if leaf is not None:
        return GRAMMAR.actions[leaf[0]]
    return match_tree.base(value, hole)


def _can_fold(action: Action, index: int, hole: Hole, filling: Action) -> bool:
    if hole.mode != LOAD or action.holes[index].name in SAME:
        return False
    if not PROFILES["python"].allows(hole, filling) or _NEVER & {*action.nodes, *filling.nodes}:
        return False
    if any(use.name in SAME for use in filling.holes):
        return False
    if filling.sort != "expr":
        return filling.row.get("kind") == "builtin" or "constant" in filling.row
    return not (_scopes(action) and _scopes(filling))


def _scopes(action: Action) -> bool:
    return any("scope" in use.contexts for use in action.holes)


def main() -> None:
    """Add the most frequent pairs to the file."""
    count, files = int(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    found = Counter(pair for path in files for tree in programs(path) for pair in pairs(tree))
    rows = [*FOLDS]
    for (parent, index, child), times in found.most_common(count):
        row = (GRAMMAR.action_name(parent), index, GRAMMAR.action_name(child))
        sys.stdout.write(f"{times} {row}\n")
        rows.append(row)
    head = FILE.read_text(encoding="utf-8").split("FOLDS:")[0]
    lines = "".join(f"    {row!r},\n" for row in rows)
    text = f"{head}FOLDS: Final[list[tuple[str, int, str]]] = [\n{lines}]\n"
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
