"""A program's normal form: what tells two programs apart once names, docstrings and types are gone.

Two programs that differ only in the names of functions, parameters and local variables (each in its
own scope), in docstrings or in annotations have the same normal form. It keeps train and held-out
sets apart.
"""

import ast
import warnings

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = frozenset((*_DEFINITIONS, *_COMPREHENSIONS))
_BINDERS = frozenset(
    (
        ast.arg,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.ExceptHandler,
        ast.MatchAs,
        ast.MatchStar,
    )
)
_LEFT_OUT = frozenset(("ctx", "type_comment", "type_ignores", "kind", "returns", "annotation"))
_NAMES = frozenset(("id", "arg", "name"))

_FIELDS = {
    kind: tuple(field for field in kind._fields if field not in _LEFT_OUT)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""The fields that count, of every node class: looked up some hundred thousand times a build."""

Cells = dict[str, list[str]]
"""The canonical name of each bound name; a cell is empty until the name is first met."""


def normal_form(source: str) -> str:
    """Return the tree of a program under canonical names $0, $1, … as text. Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    writer = _Writer()
    writer.write_scope(tree, {})
    return " ".join(writer.parts)


class _Writer:
    """Writes nodes in pre-order; names count in the order in which the program mentions them."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._count = 0

    def write_scope(self, node: ast.AST, cells: Cells) -> None:
        """Write a module, a function or a comprehension with names of its own."""
        name = getattr(node, "name", None)
        if name is not None:
            self._write_name(name, cells)
        self._write_fields(node, {**cells, **{bound: [] for bound in _bound_in(node)}})

    def _write(self, node: ast.AST, cells: Cells) -> None:
        kind = type(node)
        if isinstance(node, ast.Name):
            self._write_name(node.id, cells)
        elif isinstance(node, ast.Constant):
            self.parts.append(repr(node.value))
        elif kind in _SCOPES:
            self.write_scope(node, cells)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._write(ast.Assign([node.target], node.value), cells)
        else:
            self._write_fields(node, cells)

    def _write_fields(self, node: ast.AST, cells: Cells) -> None:
        kind = type(node)
        self.parts.append(kind.__name__)
        for field in _FIELDS[kind]:
            value = getattr(node, field, None)
            if isinstance(value, list):
                self.parts.append("[")
                for item in _documented_body(value) if field == "body" else value:
                    self._write_item(item, cells)
                self.parts.append("]")
            elif field in _NAMES and kind is not ast.keyword:
                if kind not in _SCOPES:  # A scope's name was written before its own names began.
                    self._write_item(value, cells)
            elif isinstance(value, ast.AST):
                self._write(value, cells)
            else:
                self.parts.append(repr(value))

    def _write_item(self, item: object, cells: Cells) -> None:
        if isinstance(item, ast.AST):
            self._write(item, cells)
        elif isinstance(item, str):  # Global, Nonlocal, ExceptHandler, … hold bare names.
            self._write_name(item, cells)
        else:
            self.parts.append(repr(item))

    def _write_name(self, name: str, cells: Cells) -> None:
        cell = cells.get(name)
        if cell is None:
            self.parts.append(name)
            return
        if not cell:
            cell.append(f"${self._count}")
            self._count += 1
        self.parts.append(cell[0])


def _documented_body(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return a body without a string that stands first: a docstring, or of no effect."""
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return body


def _bound_in(scope: ast.AST) -> set[str]:
    """Names that a scope itself binds: not those of the scopes inside it."""
    bound: set[str] = set()
    outer: set[str] = set()
    pending = _children(scope)
    while pending:
        node = pending.pop()
        kind = type(node)
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                bound.add(node.id)
            continue
        if kind in _BINDERS:
            name = node.arg if isinstance(node, ast.arg) else getattr(node, "name", None)
            bound.update((name,) if name else ())
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
        if kind not in _SCOPES:
            pending += _children(node)
    return bound - outer


def _children(node: ast.AST) -> list[ast.AST]:
    found = []
    for field in _FIELDS[type(node)]:
        value = getattr(node, field, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
    return found
