"""Python's grammar as a vocabulary of actions, with an exact codec and a batched automaton."""

from policy.grammar.automaton import Automaton
from policy.grammar.errors import CodecError
from policy.grammar.grammar import GRAMMAR, Grammar, Names, Root
from policy.grammar.profiles import PROFILES, Profile
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
