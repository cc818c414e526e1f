"""Python's grammar as a vocabulary of actions, with a codec and a batched automaton."""

from policy.grammar.grammar import GRAMMAR, Grammar, Names, Root

__all__ = ["GRAMMAR", "Grammar", "Names", "Root"]
