"""Errors of the grammar.

ValueError
└── CodecError
"""


class CodecError(ValueError):
    """A tree that the vocabulary cannot write, or actions that are not a program."""
