"""Strategy labels of a reference program: what the H level is supervised on.

Three classifications, read off the syntax tree: the control-flow skeleton, the data structures and
the complexity class as far as loop nesting tells it.
"""

import ast

SKELETONS = (
    "expression",
    "straight line",
    "branch",
    "for",
    "for with branch",
    "while",
    "while with branch",
    "comprehension",
    "nested loops",
    "recursion",
)
STRUCTURES = ("none", "list", "dict", "set", "str", "tuple", "several")
COMPLEXITIES = ("constant", "linear", "n log n", "quadratic", "cubic or more", "recursive")
NAMES = ("skeleton", "structure", "complexity")
"""Of the classifications, in the order of `labels`."""
SIZES = (len(SKELETONS), len(STRUCTURES), len(COMPLEXITIES))
"""Classes of each classification, in the order of `labels`."""

_LOOPS = (ast.For, ast.While, ast.AsyncFor)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BRANCHES = (ast.If, ast.IfExp, ast.Match)
_LITERALS: tuple[tuple[str, tuple[type[ast.AST], ...]], ...] = (
    ("list", (ast.List, ast.ListComp)),
    ("dict", (ast.Dict, ast.DictComp)),
    ("set", (ast.Set, ast.SetComp)),
    ("tuple", (ast.Tuple,)),
    ("str", (ast.JoinedStr,)),
)
_MAKERS = {
    "list": "list",
    "sorted": "list",
    "dict": "dict",
    "Counter": "dict",
    "defaultdict": "dict",
    "set": "set",
    "frozenset": "set",
    "tuple": "tuple",
    "str": "str",
}
_TEXT_METHODS = {"join", "split", "lower", "upper", "strip", "replace", "startswith", "endswith"}
_SORTS = {"sorted", "sort", "heappush", "heappop", "bisect", "insort"}
# A call that walks its argument once, as a loop would.
_WALKS = {"sum", "min", "max", "any", "all", "list", "set", "tuple", "map", "filter", "reversed"}
_WALKS |= {"join", "count", "index", "zip", "enumerate", "Counter"}


def labels(tree: ast.Module) -> tuple[int, ...]:
    """Classify a program: indices into SKELETONS, STRUCTURES and COMPLEXITIES."""
    nodes = list(ast.walk(tree))
    called = {name for node in nodes if (name := _called(node)) is not None}
    recursive = any(_calls_itself(node) for node in nodes if isinstance(node, ast.FunctionDef))
    depth = _loop_depth(tree)
    skeleton = _skeleton(nodes, depth, recursive=recursive)
    return (
        SKELETONS.index(skeleton),
        STRUCTURES.index(_structure(nodes, called)),
        COMPLEXITIES.index(_complexity(depth, called, recursive=recursive)),
    )


def _called(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else None


def _calls_itself(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function.name
        for node in ast.walk(function)
    )


def _loop_depth(node: ast.AST) -> int:
    """Deepest nesting of loops and of comprehension clauses."""
    inner = max((_loop_depth(child) for child in ast.iter_child_nodes(node)), default=0)
    if isinstance(node, _LOOPS):
        return inner + 1
    if isinstance(node, _COMPREHENSIONS):
        return inner + len(node.generators)
    return inner


def _skeleton(nodes: list[ast.AST], depth: int, *, recursive: bool) -> str:
    loops = [node for node in nodes if isinstance(node, _LOOPS)]
    branches = any(isinstance(node, _BRANCHES) for node in nodes)
    if recursive:
        return "recursion"
    if loops and depth > 1:
        return "nested loops"
    if loops:
        kind = "while" if any(isinstance(node, ast.While) for node in loops) else "for"
        return f"{kind} with branch" if branches else kind
    if any(isinstance(node, _COMPREHENSIONS) for node in nodes):
        return "comprehension"
    if branches:
        return "branch"
    statements = [node for node in nodes if isinstance(node, ast.stmt)]
    definitions = [node for node in statements if isinstance(node, ast.FunctionDef)]
    return "expression" if len(statements) - len(definitions) <= 1 else "straight line"


def _structure(nodes: list[ast.AST], called: set[str]) -> str:
    used = {name for name, kinds in _LITERALS if any(_builds(node, kinds) for node in nodes)} | {
        _MAKERS[name] for name in called & _MAKERS.keys()
    }
    if called & _TEXT_METHODS or any(_is_text(node) for node in nodes):
        used.add("str")
    if not used:
        return "none"
    return used.pop() if len(used) == 1 else "several"


def _builds(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    # `a, b = b, a` unpacks; only a tuple that is read is a structure.
    return isinstance(node, kinds) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _complexity(depth: int, called: set[str], *, recursive: bool) -> str:
    if recursive:
        return "recursive"
    if depth >= 2:
        return "quadratic" if depth == 2 else "cubic or more"
    if called & _SORTS:
        return "n log n"
    return "linear" if depth or called & _WALKS else "constant"
