"""Errors of the grammar.

ValueError
├── CodecError
└── ConstraintError
"""


class CodecError(ValueError):
    """A tree that the vocabulary cannot write, or actions that are not a program."""


class ConstraintError(ValueError):
    """What a task asks of its programs cannot be met under the profile and the budget."""
