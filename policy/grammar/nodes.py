"""The size of a program, as `constraints.max_nodes` bounds it."""

import ast


def count_nodes(tree: ast.AST) -> int:
    """Statements and expressions of a tree, its functions included."""
    return sum(isinstance(node, ast.stmt | ast.expr) for node in ast.walk(tree))
