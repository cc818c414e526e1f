"""Formulas of two or three numbers: sums, products, differences, minima, maxima, averages."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import Domain, Draft, Family
from tasks.families.formulas import ONE, THREE, TWO, formula, shifted
from tasks.families.parts import Part


def extreme(rng: Random, *, largest: bool) -> Draft:
    """Draw: the largest or smallest of several numbers, shifted or scaled."""
    names = parts.first_names(rng)
    call, word = ("max", "largest") if largest else ("min", "smallest")
    part = Part(f"{word} of {parts.listed(names)}", f"{call}({', '.join(names)})")
    k = rng.choice((1, parts.constant(rng, 2, 12)))
    if k > 1:
        part = Part(f"product of {k} and the {part.text}", f"{k} * {part.code}", (k,))
    return formula(rng, word, THREE[: len(names)], shifted(rng, part))


def spread(rng: Random) -> Draft:
    """Draw: what is between, or left without, the extremes of several numbers."""
    names = parts.first_names(rng)
    every = ", ".join(names)
    total = " + ".join(names)
    part = rng.choice(
        (
            Part(
                f"difference of the largest and the smallest of {parts.listed(names)}",
                f"max({every}) - min({every})",
            ),
            Part(f"sum of {parts.listed(names)} without the largest", f"{total} - max({every})"),
            Part(f"sum of {parts.listed(names)} without the smallest", f"{total} - min({every})"),
            Part("middle one of x, y and z by size", "x + y + z - max(x, y, z) - min(x, y, z)"),
        )
    )
    takes = THREE if "z" in part.code else TWO
    return formula(rng, "spread", takes, shifted(rng, part, chance=0.8))


def add(rng: Random) -> Draft:
    """Draw: a sum of numbers and a constant."""
    names = parts.first_names(rng)
    part = Part(f"sum of {parts.listed(names)}", " + ".join(names))
    return formula(rng, "add", THREE[: len(names)], shifted(rng, part, chance=0.9))


def multiply(rng: Random) -> Draft:
    """Draw: a product of numbers and a constant."""
    names = parts.first_names(rng)
    k = rng.choice((1, parts.constant(rng, 2, 12)))
    part = Part(f"product of {parts.listed(names)}", " * ".join(names))
    if k > 1:
        part = Part(f"product of {k}, {parts.listed(names)}", f"{k} * {part.code}", (k,))
    return formula(rng, "multiply", THREE[: len(names)], shifted(rng, part))


def difference(rng: Random) -> Draft:
    """Draw: a difference of two numbers, shifted or scaled."""
    k = rng.choice((1, parts.constant(rng, 2, 12)))
    part = Part("difference of x and y", "x - y")
    if k > 1:
        part = Part(f"product of {k} and the difference of x and y", f"{k} * (x - y)", (k,))
    return formula(rng, "subtract", TWO, shifted(rng, part))


def scaled_sum(rng: Random) -> Draft:
    """Draw: a sum times a constant, shifted."""
    names = parts.first_names(rng)
    k = parts.constant(rng, 2, 20)
    part = Part(
        f"product of {k} and the sum of {parts.listed(names)}", f"{k} * ({' + '.join(names)})", (k,)
    )
    return formula(rng, "scaled_sum", THREE[: len(names)], shifted(rng, part, chance=0.5))


def weighted_sum(rng: Random) -> Draft:
    """Draw: a sum of numbers with weights."""
    names = parts.first_names(rng)
    weights = tuple(parts.constant(rng, 2, 15) for _ in names)
    terms = tuple(f"{k} times {name}" for k, name in zip(weights, names, strict=True))
    code = " + ".join(f"{k} * {name}" for k, name in zip(weights, names, strict=True))
    part = Part(f"sum of {parts.listed(terms)}", code, weights)
    return formula(rng, "weighted_sum", THREE[: len(names)], shifted(rng, part, chance=0.3))


def squares(rng: Random) -> Draft:
    """Draw: sums and differences of squares and cubes."""
    part = rng.choice(
        (
            Part("sum of the squares of x and y", "x * x + y * y"),
            Part("difference of the squares of x and y", "x * x - y * y"),
            Part("square of the sum of x and y", "(x + y) ** 2"),
            Part("square of the difference of x and y", "(x - y) ** 2"),
            Part("sum of the cubes of x and y", "x ** 3 + y ** 3"),
            Part("sum of the squares of x, y and z", "x * x + y * y + z * z"),
        )
    )
    takes = THREE if "z" in part.code else TWO
    return formula(rng, "squares", takes, shifted(rng, part, chance=0.9))


def divide(rng: Random) -> Draft:
    """Draw: a quotient of two numbers, rounded down."""
    k, c = parts.constant(rng, 2, 20), rng.randint(1, 20)
    part = rng.choice(
        (
            Part("number x divided by y, rounded down", "x // y"),
            Part(f"product of {k} and x divided by y, rounded down", f"{k} * x // y", (k,)),
            Part(f"sum of x and {c} divided by y, rounded down", f"(x + {c}) // y", (c,)),
            Part(
                f"number x divided by the sum of y and {c}, rounded down", f"x // (y + {c})", (c,)
            ),
            Part("remainder of x divided by y", "x % y"),
            Part(f"remainder of {k} times x divided by y", f"{k} * x % y", (k,)),
        )
    )
    takes = (("x", Domain(0, 200)), ("y", Domain(1, 30)))
    return formula(rng, "divide", takes, shifted(rng, part, chance=0.3))


def average(rng: Random) -> Draft:
    """Draw: an average as a float."""
    names = parts.first_names(rng)
    c = rng.choice((0, rng.randint(1, 30)))
    text, total = parts.listed(names), " + ".join(names)
    constants: tuple[int, ...] = ()
    count = len(names)
    if c:
        text, total, constants = parts.listed((*names, str(c))), f"{total} + {c}", (c,)
        count += 1
    part = Part(f"average of {text}", f"({total}) / {count}", constants)
    return formula(rng, "average", THREE[: len(names)], part, returns="float")


def ratio(rng: Random) -> Draft:
    """Draw: a value divided by a constant, as a float."""
    k, c = parts.constant(rng, 2, 30), rng.randint(1, 40)
    part = rng.choice(
        (
            Part(f"number x divided by {k}", f"x / {k}", (k,)),
            Part(f"sum of x and {c} divided by {k}", f"(x + {c}) / {k}", (c, k)),
            Part(f"product of x and y divided by {k}", f"x * y / {k}", (k,)),
            Part(f"difference of x and y divided by {k}", f"(x - y) / {k}", (k,)),
        )
    )
    return formula(rng, "ratio", TWO if "y" in part.code else ONE, part, returns="float")


FAMILIES = (
    Family(
        "largest_of",
        "Largest of the numbers, perhaps scaled or shifted",
        partial(extreme, largest=True),
    ),
    Family(
        "smallest_of",
        "Smallest of the numbers, perhaps scaled or shifted",
        partial(extreme, largest=False),
    ),
    Family("spread", "What is between the numbers, or left of their sum", spread),
    Family("add", "Add the numbers", add),
    Family("multiply", "Multiply the numbers", multiply),
    Family("difference", "Difference of the numbers, perhaps scaled or shifted", difference),
    Family("scaled_sum", "Sum of the numbers, perhaps scaled or shifted", scaled_sum, heldout=True),
    Family("weighted_sum", "Sum of the numbers with weights", weighted_sum),
    Family("squares", "Put powers of the numbers together", squares),
    Family("divide", "Divide x by y", divide),
    Family("average", "Average of the numbers", average),
    Family("ratio", "Ratio of numbers", ratio),
)
