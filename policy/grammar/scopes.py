"""Which variable each name in a program is: Python's scope rules over a syntax tree.

A `Symbol` is a name of one scope. Names that no scope of the program binds (builtins, globals of
other modules) have none.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

# Fields in the order in which the codec writes them, where that is not the order of `_fields`.
_ORDER: Final[dict[type[ast.AST], tuple[str, ...]]] = {
    ast.Assign: ("value", "targets"),
    ast.AnnAssign: ("annotation", "value", "target"),
    ast.For: ("iter", "target", "body", "orelse"),
    ast.AsyncFor: ("iter", "target", "body", "orelse"),
    ast.NamedExpr: ("value", "target"),
    ast.comprehension: ("iter", "target", "ifs"),
    ast.ListComp: ("generators", "elt"),
    ast.SetComp: ("generators", "elt"),
    ast.GeneratorExp: ("generators", "elt"),
    ast.DictComp: ("generators", "key", "value"),
    ast.ClassDef: ("decorator_list", "bases", "keywords", "body"),
    ast.FunctionDef: ("decorator_list", "args", "returns", "body"),
    ast.AsyncFunctionDef: ("decorator_list", "args", "returns", "body"),
}


@dataclass(eq=False)
class Symbol:
    """One variable."""

    name: str
    scope: "Scope"
    nodes: list[tuple[ast.AST, str, int | None]] = field(default_factory=list)
    """Where its name stands: node, field, index in the field's list."""


@dataclass(eq=False)
class Scope:
    """A module, function, class or comprehension."""

    node: ast.AST
    parent: "Scope | None" = None
    symbols: dict[str, Symbol] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    """Names declared `global` or `nonlocal` here."""
    globals: set[str] = field(default_factory=set)

    @property
    def is_class(self) -> bool:
        """Whether names bound here are attributes, unseen from the functions inside."""
        return isinstance(self.node, ast.ClassDef)

    def bind(self, name: str) -> None:
        """Note that the scope binds `name`, unless it is declared to be another's."""
        if name not in self.outer:
            self.symbols.setdefault(name, Symbol(name, self))

    def find(self, name: str) -> Symbol | None:
        """The variable that `name` means in this scope."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.globals:
                return _root(scope).symbols.get(name)
            if name in scope.symbols and (scope is self or not scope.is_class):
                return scope.symbols[name]
            scope = scope.parent
        return None


def _root(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The node's children in the codec's order."""
    if isinstance(node, ast.arguments):
        yield from _parameters(node)
        return
    if isinstance(node, ast.Dict):
        for key, item in zip(node.keys, node.values, strict=True):
            yield from ([] if key is None else [key])
            yield item
        return
    for name in _ORDER.get(type(node), node._fields):
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, ast.AST))


def _parameters(node: ast.arguments) -> Iterator[ast.AST]:
    positional = node.posonlyargs + node.args
    plain = len(positional) - len(node.defaults)
    for i, parameter in enumerate(positional):
        yield parameter
        if i >= plain:
            yield node.defaults[i - plain]
    yield from ([] if node.vararg is None else [node.vararg])
    for parameter, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        yield parameter
        # None stands for no default, whatever the type stubs say.
        yield from filter(None, [default])
    yield from ([] if node.kwarg is None else [node.kwarg])


class Scopes:
    """The scopes of a tree, and the symbol at each place where a name stands."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope(tree)
        self.inner: dict[ast.AST, Scope] = {}
        """Scope that a node opens."""
        self.occurrences: dict[tuple[ast.AST, str, int | None], Symbol] = {}
        self.unbound: set[str] = set()
        """Names used that no scope binds."""
        self._uses: list[tuple[Scope, ast.AST, str, int | None]] = []
        self._visit_all(tree, self.module)
        for scope, node, place, index in self._uses:
            value = getattr(node, place)
            name = value if index is None else value[index]
            symbol = scope.find(name)
            if symbol is None:
                self.unbound.add(name)
            else:
                symbol.nodes.append((node, place, index))
                self.occurrences[node, place, index] = symbol

    def _visit_all(self, node: ast.AST, scope: Scope) -> None:
        for child in children(node):
            self._visit(child, scope)

    def _use(self, scope: Scope, node: ast.AST, place: str, index: int | None = None) -> None:
        self._uses.append((scope, node, place, index))

    def _bind(self, scope: Scope, node: ast.AST, place: str) -> None:
        scope.bind(getattr(node, place))
        self._use(scope, node, place)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Name(ctx=ctx):
                (self._use if isinstance(ctx, ast.Load) else self._bind)(scope, node, "id")
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._function(node, scope)
            case ast.ClassDef():
                self._bind(scope, node, "name")
                self._class(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node, scope)
            case ast.NamedExpr(target=target):
                self._visit(node.value, scope)
                self._visit(target, _function_of(scope))
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                scope.outer.update(names)
                scope.globals.update(names if isinstance(node, ast.Global) else ())
                for index in range(len(names)):
                    self._use(scope, node, "names", index)
            case _:
                self._visit_binder(node, scope)
                self._visit_all(node, scope)

    def _visit_binder(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.alias(asname=str()):
                self._bind(scope, node, "asname")
            case ast.alias(name=name) if name != "*":
                scope.bind(name.split(".")[0])
                if "." not in name:
                    self._use(scope, node, "name")
            case (
                ast.ExceptHandler(name=str()) | ast.MatchAs(name=str()) | ast.MatchStar(name=str())
            ):
                self._bind(scope, node, "name")
            case ast.MatchMapping(rest=str()):
                self._bind(scope, node, "rest")

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> None:
        inner = self.inner[node] = Scope(node, scope)
        if not isinstance(node, ast.Lambda):
            self._bind(scope, node, "name")
            for decorator in node.decorator_list:
                self._visit(decorator, scope)
        for child in children(node.args):
            if isinstance(child, ast.arg):
                self._bind(inner, child, "arg")
                self._visit_all(child, scope)
            else:
                self._visit(child, scope)
        if isinstance(node, ast.Lambda):
            self._visit(node.body, inner)
            return
        if node.returns is not None:
            self._visit(node.returns, scope)
        _declare(node, inner)
        for statement in node.body:
            self._visit(statement, inner)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        for child in (*node.decorator_list, *node.bases, *node.keywords):
            self._visit(child, scope)
        inner = self.inner[node] = Scope(node, scope)
        _declare(node, inner)
        for statement in node.body:
            self._visit(statement, inner)

    def _comprehension(self, node: ast.AST, scope: Scope) -> None:
        inner = self.inner[node] = Scope(node, scope)
        first = True
        for child in children(node):
            if isinstance(child, ast.comprehension):
                # The first iterable is evaluated outside.
                self._visit(child.iter, scope if first else inner)
                first = False
                self._visit(child.target, inner)
                for condition in child.ifs:
                    self._visit(condition, inner)
            else:
                self._visit(child, inner)


def _function_of(scope: Scope) -> Scope:
    while isinstance(scope.node, COMPREHENSIONS) and scope.parent is not None:
        scope = scope.parent
    return scope


def _declare(node: ast.AST, scope: Scope) -> None:
    """Read `global` and `nonlocal` first: they hold for the whole scope."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        child = stack.pop()
        if isinstance(child, ast.Global | ast.Nonlocal):
            scope.outer.update(child.names)
            scope.globals.update(child.names if isinstance(child, ast.Global) else ())
        elif not isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.expr)):
            stack.extend(ast.iter_child_nodes(child))
