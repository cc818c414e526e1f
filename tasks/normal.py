"""A program's normal form: what tells two programs apart once names, docstrings and types are gone.

Two programs that differ only in the names of functions, parameters and local variables (each in its
own scope), in docstrings or in annotations have the same normal form. It keeps train and held-out
sets apart.
"""

import ast
import warnings
from collections.abc import Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
_SCOPES = (*_FUNCTIONS, *_COMPREHENSIONS)


def normal_form(source: str) -> str:
    """Return the dump of a program's tree under canonical names. Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    tree = _Strip().visit(tree)
    _Renamer().rename_in(tree, {})
    return ast.dump(tree)


class _Strip(ast.NodeTransformer):
    """Drops docstrings and annotations."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            return ast.Assign([node.target], node.value)
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        return node


def _bound_here(scope: ast.AST) -> Iterator[str]:
    """Names that a scope itself binds: not those of the scopes inside it."""
    pending = list(ast.iter_child_nodes(scope))
    outer: set[str] = set()
    found: list[str] = []
    while pending:
        node = pending.pop(0)
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.append(name)
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                found.append(name)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found.append(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                outer.update(names)
        if not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))
    return (name for name in found if name not in outer)


class _Renamer:
    """Renames bound names to x0, x1, … in the order in which the tree mentions them."""

    def __init__(self) -> None:
        self._count = 0

    def rename_in(self, scope: ast.AST, outer: dict[str, list[str]]) -> None:
        """Rename inside one scope; a cell is empty until its name is first met."""
        cells = {**outer, **{name: [] for name in _bound_here(scope)}}
        for child in ast.iter_child_nodes(scope):
            self._visit(child, cells)

    def _visit(self, node: ast.AST, cells: dict[str, list[str]]) -> None:
        for field in ("id", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in cells and not isinstance(node, ast.keyword):
                setattr(node, field, self._canonical(cells[name]))
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [self._canonical(cells[n]) if n in cells else n for n in node.names]
        if isinstance(node, _SCOPES):
            self.rename_in(node, cells)
            return
        for child in ast.iter_child_nodes(node):
            self._visit(child, cells)

    def _canonical(self, cell: list[str]) -> str:
        if not cell:
            cell.append(f"x{self._count}")
            self._count += 1
        return cell[0]
