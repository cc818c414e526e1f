"""The procedural curriculum: families of small programs, each a concept with parameters.

A family draws drafts: a description, a program in the style people write, and the parameters'
domains. The same concept has the same words and the same idiom in every family (`parts`), so that
what is learnt in one family can be put together in another.
"""

from tasks.families import (
    arithmetic,
    choices,
    digits,
    divisors,
    nested,
    predicates,
    ranges,
    recurrences,
    searches,
    several,
    steps,
)
from tasks.families.draft import Family

FAMILIES: dict[str, tuple[Family, ...]] = {
    "arithmetic": (
        *arithmetic.FAMILIES,
        *several.FAMILIES,
        *predicates.FAMILIES,
        *choices.FAMILIES,
    ),
    "loops": (
        *ranges.FAMILIES,
        *divisors.FAMILIES,
        *digits.FAMILIES,
        *steps.FAMILIES,
        *recurrences.FAMILIES,
        *searches.FAMILIES,
        *nested.FAMILIES,
    ),
}
"""Families by stage."""

__all__ = ["FAMILIES", "Family"]
