"""What formulas share: the parameters they take and a result that is shifted."""

from random import Random

from tasks.families import parts
from tasks.families.draft import NATURAL, SIGNED, Domain, Draft, params
from tasks.families.parts import Part

ONE, TWO, THREE = (params(names, SIGNED) for names in ("x", "x y", "x y z"))
COUNTS = params("x y z", NATURAL)


def formula(
    rng: Random,
    name: str,
    takes: tuple[tuple[str, Domain], ...],
    part: Part,
    *,
    returns: str = "int",
) -> Draft:
    """Return a draft of one expression."""
    return Draft(
        name=name,
        params=takes,
        text=parts.sentence(rng, part.text),
        body=f"return {part.code}",
        constants=part.constants,
        returns=returns,
    )


def shifted(rng: Random, part: Part, *, chance: float = 0.6) -> Part:
    """Return a value with something added or taken away, or as it is."""
    c = rng.randint(1, 30)
    if rng.random() >= chance:
        return part
    sign, word = rng.choice((("+", "plus"), ("-", "minus")))
    return Part(f"{part.text}, {word} {c}", f"{part.code} {sign} {c}", (*part.constants, c))
