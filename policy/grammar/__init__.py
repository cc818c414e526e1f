"""Python's grammar as a vocabulary of actions, with an exact codec and a batched automaton.

The codec needs the standard library alone; the automaton, which needs torch, is loaded when it is
asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from policy.grammar.errors import CodecError
from policy.grammar.grammar import GRAMMAR, Grammar, Names, Root
from policy.grammar.profiles import PROFILES, Profile

if TYPE_CHECKING:
    from policy.grammar.automaton import Automaton
    from policy.grammar.rows import RowContext
    from policy.grammar.trace import Trace

__all__ = [
    "GRAMMAR",
    "PROFILES",
    "Automaton",
    "CodecError",
    "Grammar",
    "Names",
    "Profile",
    "Root",
    "RowContext",
    "Trace",
]
_NEEDS_TORCH = {"Automaton": "automaton", "RowContext": "rows", "Trace": "trace"}


def __getattr__(name: str) -> object:
    if name in _NEEDS_TORCH:
        return getattr(import_module(f"policy.grammar.{_NEEDS_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
