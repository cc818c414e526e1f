"""Folded actions: pairs of an action and what fills one of its holes, frequent in ordinary code.

Written by `python -m policy.grammar.mine`; each line is (action, hole's index, action in that hole).
"""

from typing import Final

FOLDS: Final[list[tuple[str, int, str]]] = []
