"""Syntax trees to action sequences and back, exactly: `decode(encode(tree)) == tree` by `ast.dump`.

Both directions are loops, not recursion, so that a file of any depth and size can be written. Of
the variants that fit a node the most folded one is used, so a tree has one sequence; decoding takes
any well-formed sequence.
"""

import ast
from collections.abc import Sequence
from typing import Any

import policy.grammar.build_tree as build_tree
import policy.grammar.match_tree as match_tree
from policy.grammar.errors import CodecError
from policy.grammar.grammar import GRAMMAR, NONE, STOP, Hole, Names, Root
from policy.grammar.lexicon import Lexicon

__all__ = ["CodecError", "decode", "encode"]


def encode(tree: ast.Module, names: Names, root: Root) -> list[int]:
    """The tree's actions, without padding.

    Under Root.BODY the tree must be the entry function alone, with the signature's parameters and
    neither annotations nor decorators. Raises CodecError where the vocabulary (that of Python 3.11)
    or the root cannot hold the tree.
    """
    lexicon = Lexicon(names)
    value: Any = tree
    if root is Root.BODY:
        value = _entry_body(tree, names)
    actions: list[int] = []
    hole = GRAMMAR.holes[GRAMMAR.hole_ids[root.value]]
    stack: list[tuple[Hole, Any, int]] = [(hole, value, 0)]
    while stack:
        hole, value, index = stack.pop()
        if hole.rest is not None:
            if index == len(value):
                actions.append(STOP)
                continue
            item, last = value[index], index + 1 == len(value)
        else:
            item, last = value, False
        if item is None and "none" in hole.sorts:
            actions.append(NONE)
            continue
        leaf = lexicon.leaf(item, hole)
        if leaf is not None:
            actions.extend(leaf)
            if hole.rest is not None:
                stack.append((GRAMMAR.holes[hole.rest], value, index + 1))
            continue
        action, children = match_tree.choose(item, hole, last, lexicon)
        actions.append(action.id)
        if hole.rest is not None and not action.ends:
            stack.append((GRAMMAR.holes[hole.rest], value, index + 1))
        stack.extend((child_hole, child, 0) for child_hole, child in reversed(children))
    return actions


def _entry_body(tree: ast.Module, names: Names) -> list[ast.stmt]:
    match tree:
        case ast.Module(body=[ast.FunctionDef() as function], type_ignores=[]):
            expected = build_tree.entry_function(names, function.body)
            if _header(function) == _header(expected):
                return function.body
    raise CodecError(
        f"the tree is not the one function {names.entry_point}({', '.join(names.params)}) "
        "without annotations; normalise it first or use Root.MODULE"
    )


def _header(function: ast.FunctionDef) -> str:
    parts = [ast.dump(function.args), *(ast.dump(d) for d in function.decorator_list)]
    returns = ast.dump(function.returns) if function.returns else ""
    return "\n".join([function.name, *parts, returns, repr(function.type_comment)])


def decode(actions: Sequence[int], names: Names, root: Root) -> ast.Module:
    """The tree that the actions write; raises CodecError where they are not a whole program.

    PAD after the last action is ignored. Every located node gets line 1, so that the tree can be
    compiled and unparsed.
    """
    program = list(actions)
    while program and program[-1] == 0:
        program.pop()
    holes = assign_holes(program, root)
    values: list[Any] = []
    lexicon = Lexicon(names)
    for action_id, hole in zip(reversed(program), reversed(holes), strict=True):
        action = GRAMMAR.actions[action_id]
        if action_id == STOP:
            values.append([])
            continue
        children = [values.pop() for _ in action.holes]
        value = build_tree.value(action, hole, children, lexicon)
        if not hole.is_list:
            values.append(value)
            continue
        rest = [] if action.ends else values.pop()
        rest.append(value)
        values.append(rest)
    tree = build_tree.finish(values.pop())
    if root is Root.BODY:
        return ast.Module(body=[build_tree.entry_function(names, tree)], type_ignores=[])
    if not isinstance(tree, ast.Module):
        raise CodecError("the actions do not write a module")
    return tree


def assign_holes(program: Sequence[int], root: Root) -> list[Hole]:
    """The hole that each action fills."""
    stack = [GRAMMAR.holes[GRAMMAR.hole_ids[root.value]]]
    found = []
    for position, action_id in enumerate(program):
        if not stack:
            raise CodecError(f"action {position}: the program was complete before it")
        if not 0 <= action_id < GRAMMAR.num_actions:
            raise CodecError(f"action {position}: {action_id} is not in the vocabulary")
        hole, action = stack.pop(), GRAMMAR.actions[action_id]
        if not build_tree.accepts(hole, action):
            raise CodecError(f"action {position}: {action.name} cannot fill {hole.name}")
        found.append(hole)
        if hole.rest is not None and not action.ends and action_id != STOP:
            stack.append(GRAMMAR.holes[hole.rest])
        stack.extend(GRAMMAR.hole(use, hole.mode) for use in reversed(action.holes))
    if stack:
        raise CodecError(f"the program ends with {len(stack)} holes open")
    return found
