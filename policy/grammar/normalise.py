"""Reference programs in the form that the policy writes: one function, its locals named v0, v1, ….

Docstrings, annotations and type comments go; what the entry function needs of the rest of the file
moves into its body; local names become slots in the order in which the codec meets them, as the
automaton's masks demand. What the program computes stays the same. Names that cannot be renamed
safely (attributes of classes, parameters passed by keyword, everything in sight of `eval` or
`locals`) stay as they are.
"""

import ast
import copy
from typing import Final

from policy.grammar.errors import CodecError
from policy.grammar.grammar import GRAMMAR, Names
from policy.grammar.scopes import Scope, Scopes, Symbol, children

_WATCHERS: Final = frozenset({"eval", "exec", "locals", "globals", "vars", "dir"})
_CACHES: Final = frozenset({"lru_cache", "cache"})
_FUNCTION: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_WORDS: Final = frozenset(
    action.row["word"]
    for action in GRAMMAR.actions
    if action.row.get("kind") == "importable" or action.row.get("word") in {"self", "cls"}
)


def normalise(
    tree: ast.Module, entry_point: str | None, params: tuple[str, ...] | None = None
) -> ast.Module:
    """A normalised copy of `tree`.

    With an entry point it is that function alone, its parameters named `params` (by default, as
    they are); without one, the whole file. Raises CodecError where there is no such function.
    """
    tree = copy.deepcopy(tree)
    _strip(tree)
    scopes = Scopes(tree)
    if entry_point is None:
        _rename(tree, scopes, {}, Names())
        return ast.fix_missing_locations(tree)
    entry = _entry(tree, entry_point)
    arguments = [a.arg for a in entry.args.posonlyargs + entry.args.args]
    wanted = dict(zip(arguments, params or arguments, strict=False))
    fixed = {scopes.inner[entry].symbols[name]: new for name, new in wanted.items()}
    fixed[scopes.module.symbols[entry_point]] = entry_point
    moved = _needed(tree, entry, scopes)
    entry.body[:0] = moved
    tree.body = [entry]
    _rename(tree, scopes, fixed, Names(tuple(wanted.values()), entry_point))
    return ast.fix_missing_locations(tree)


def _entry(tree: ast.Module, entry_point: str) -> ast.FunctionDef:
    found = [s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == entry_point]
    if not found:
        raise CodecError(f"the program has no function {entry_point}")
    # A cache changes what a function costs, not what it computes.
    entry = found[-1]
    entry.decorator_list = [d for d in entry.decorator_list if not _is_cache(d)]
    return entry


def _is_cache(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _CACHES


def _strip(tree: ast.Module) -> None:
    tree.type_ignores = []
    for node in ast.walk(tree):
        if hasattr(node, "type_comment"):
            node.type_comment = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, _FUNCTION):
            node.returns = None
            node.body = _without_annotations(node.body)
        if isinstance(node, (ast.Module, ast.ClassDef, *_FUNCTION)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
        if isinstance(node, (ast.ClassDef, *_FUNCTION)) and not node.body:
            node.body = [ast.Pass()]


def _without_annotations(body: list[ast.stmt]) -> list[ast.stmt]:
    """Plain assignments for annotated ones, in the statements of one function."""
    found: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                found.append(ast.Assign([statement.target], statement.value, None))
            continue
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if isinstance(inner, list) and not isinstance(statement, (ast.ClassDef, *_FUNCTION)):
                replaced = _without_annotations(inner)
                setattr(statement, name, replaced or ([ast.Pass()] if inner else []))
        found.append(statement)
    return found


def _needed(tree: ast.Module, entry: ast.FunctionDef, scopes: Scopes) -> list[ast.stmt]:
    """What the entry function uses of its file, directly or through others: whole statements.

    A file whose functions assign its globals keeps its state between calls: that cannot move.
    """
    binders: dict[Symbol, list[ast.stmt]] = {}
    used: dict[ast.stmt, set[Symbol]] = {statement: set() for statement in tree.body}
    symbols = {s for s in scopes.module.symbols.values() if s.name != entry.name}
    if any(isinstance(node, ast.Global) for node in ast.walk(tree)):
        raise CodecError("a function assigns globals of its file")
    for statement in tree.body:
        inside = set(ast.walk(statement))
        for symbol in symbols:
            places = [node for node, _, _ in symbol.nodes if node in inside]
            if places:
                used[statement].add(symbol)
            if statement is not entry and any(_is_binding(node) for node in places):
                binders.setdefault(symbol, []).append(statement)
    return _closure(tree, entry, used, binders)


def _closure(
    tree: ast.Module,
    entry: ast.FunctionDef,
    used: dict[ast.stmt, set[Symbol]],
    binders: dict[Symbol, list[ast.stmt]],
) -> list[ast.stmt]:
    wanted: set[ast.stmt] = {entry}
    queue: list[ast.stmt] = [entry]
    while queue:
        for symbol in used[queue.pop()]:
            for statement in binders.get(symbol, ()):
                if statement not in wanted:
                    wanted.add(statement)
                    queue.append(statement)
    return [s for s in tree.body if s in wanted and s is not entry]


def _is_binding(node: ast.AST) -> bool:
    return not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load)


def _rename(tree: ast.Module, scopes: Scopes, fixed: dict[Symbol, str], names: Names) -> None:
    kept = _kept(tree, scopes, set(fixed))
    if kept is None:
        return
    stay = {symbol.name for symbol in kept} | scopes.unbound
    if stay & set(fixed.values()) - {name for s, name in fixed.items() if s.name == name}:
        raise CodecError("a parameter's new name is used by the program already")
    _Slots(scopes, kept, fixed, names, stay).assign(tree)


def _kept(tree: ast.Module, scopes: Scopes, fixed: set[Symbol]) -> set[Symbol] | None:
    """Symbols whose names must stay; None where no name is safe to change."""
    nodes = list(ast.walk(tree))
    if any(isinstance(n, ast.Name) and n.id in _WATCHERS & scopes.unbound for n in nodes):
        return None
    keywords = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    # `import a.b` binds a, which is written together with b.
    keywords |= {n.name.split(".")[0] for n in nodes if isinstance(n, ast.alias) and "." in n.name}
    kept = set()
    for scope in (scopes.module, *scopes.inner.values()):
        for symbol in scope.symbols.values():
            special = symbol.name.startswith("__") or symbol.name in _WORDS
            is_keyword = symbol.name in keywords or _is_keyword_only(symbol)
            if symbol not in fixed and (scope.is_class or special or is_keyword):
                kept.add(symbol)
    return kept


def _is_keyword_only(symbol: Symbol) -> bool:
    arguments = getattr(symbol.scope.node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return False
    return any(argument.arg == symbol.name for argument in arguments.kwonlyargs)


class _Slots:
    """Gives each symbol the lowest slot that no symbol in sight has, at its first appearance."""

    def __init__(
        self,
        scopes: Scopes,
        kept: set[Symbol],
        fixed: dict[Symbol, str],
        names: Names,
        stay: set[str],
    ) -> None:
        self._scopes, self._kept, self._fixed = scopes, kept, dict(fixed)
        self._locals = [name for name in names.locals if name not in stay]
        self._taken = stay | {*names.params, names.entry_point or ""}
        self._seen: dict[Scope, set[str]] = {}

    def assign(self, tree: ast.Module) -> None:
        """Rename in `tree`, in place."""
        # What moved into the entry function stands in its scope now.
        entry = [node for node in tree.body if isinstance(node, _FUNCTION)]
        if self._fixed:
            self._seen[self._scopes.module] = self._seen.setdefault(
                self._scopes.inner[entry[0]], set()
            )
        stack: list[tuple[ast.AST, tuple[Scope, ...]]] = [(tree, (self._scopes.module,))]
        while stack:
            node, chain = stack.pop()
            self._rename_names(node, chain)
            inner = self._scopes.inner.get(node)
            below = chain if inner is None else (*chain, inner)
            stack.extend((child, below) for child in reversed(list(children(node))))

    def _rename_names(self, node: ast.AST, chain: tuple[Scope, ...]) -> None:
        for place in ("name", "id", "arg", "asname", "rest"):
            symbol = self._scopes.occurrences.get((node, place, None))
            if symbol is not None:
                self._write(node, place, self._name(symbol, chain))
        if isinstance(node, ast.Global | ast.Nonlocal):
            for i in range(len(node.names)):
                symbol = self._scopes.occurrences.get((node, "names", i))
                if symbol is not None:
                    node.names[i] = self._name(symbol, chain)

    def _write(self, node: ast.AST, place: str, name: str) -> None:
        if isinstance(node, ast.alias) and place == "name":
            if name != node.name:
                node.asname = name
        else:
            setattr(node, place, name)

    def _name(self, symbol: Symbol, chain: tuple[Scope, ...]) -> str:
        if symbol in self._kept:
            return symbol.name
        if symbol not in self._fixed:
            scope = self._scopes.inner.get(symbol.scope.node, symbol.scope)
            visible = set().union(*(self._seen.get(s, set()) for s in (*chain, scope)))
            self._fixed[symbol] = self._lowest(visible)
            self._seen.setdefault(scope, set()).add(self._fixed[symbol])
        return self._fixed[symbol]

    def _lowest(self, visible: set[str]) -> str:
        for name in self._locals:
            if name not in visible:
                return name
        number = GRAMMAR.max_locals
        while f"v{number}" in visible | self._taken:
            number += 1
        return f"v{number}"
