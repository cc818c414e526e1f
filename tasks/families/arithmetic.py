"""Formulas of one number, or of one with others: quotients, remainders, rounding, word problems."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import POSITIVE, Domain, Draft, Family, params
from tasks.families.formulas import COUNTS, ONE, TWO, formula, shifted
from tasks.families.parts import Part


def scale_and_shift(rng: Random) -> Draft:
    """Draw: a number times a constant, plus or minus another."""
    k = parts.constant(rng, 2, 30)
    return formula(
        rng,
        "scale",
        ONE,
        shifted(rng, Part(f"product of {k} and x", f"{k} * x", (k,)), chance=0.9),
    )


def subtract_from(rng: Random) -> Draft:
    """Draw: a constant minus a value."""
    c, k = rng.randint(1, 100), rng.choice((1, parts.constant(rng, 2, 12)))
    what, code = ("x", "x") if k == 1 else (f"{k} times x", f"{k} * x")
    constants = (c,) if k == 1 else (c, k)
    return formula(
        rng, "remaining", ONE, Part(f"number {c} minus {what}", f"{c} - {code}", constants)
    )


def power(rng: Random) -> Draft:
    """Draw: a fixed power of a number, shifted."""
    p = rng.randint(2, 5)
    text = {2: "square of x", 3: "cube of x"}.get(p, f"number x to the power of {p}")
    code = "x * x" if p == 2 else f"x ** {p}"
    part = Part(text, code, () if p < 4 else (p,))
    return formula(rng, "power", ONE, shifted(rng, part, chance=0.9))


def polynomial(rng: Random) -> Draft:
    """Draw: a polynomial of degree two."""
    a, b, c = rng.randint(1, 9), rng.randint(2, 12), rng.randint(0, 20)
    square = (
        ("the square of x", "x * x") if a == 1 else (f"{a} times the square of x", f"{a} * x * x")
    )
    text, code = f"{square[0]} plus {b} times x", f"{square[1]} + {b} * x"
    if c:
        text, code = f"{text} plus {c}", f"{code} + {c}"
    constants = tuple(k for k in (a, b, c) if k > 1)
    return formula(rng, "polynomial", ONE, Part(f"value of {text}", code, constants))


def quotient(rng: Random) -> Draft:
    """Draw: a value divided by a constant, rounded down."""
    k = parts.constant(rng, 2, 30)
    names = parts.first_names(rng, 1)
    text, code = "number x", "x"
    if len(names) > 1:
        text, code = f"sum of {parts.listed(names)}", f"({' + '.join(names)})"
    part = Part(f"{text} divided by {k}, rounded down", f"{code} // {k}", (k,))
    return formula(rng, "quotient", COUNTS[: len(names)], shifted(rng, part, chance=0.4))


def remainder(rng: Random) -> Draft:
    """Draw: the remainder of a value divided by a constant."""
    k = parts.constant(rng, 2, 30)
    text, code, count = rng.choice(
        (
            ("x", "x", 1),
            ("the square of x", "x * x", 1),
            ("the sum of x and y", "(x + y)", 2),
            ("the product of x and y", "x * y", 2),
            ("the sum of x, y and z", "(x + y + z)", 3),
        )
    )
    part = Part(f"remainder of {text} divided by {k}", f"{code} % {k}", (k,))
    return formula(rng, "remainder", COUNTS[:count], shifted(rng, part, chance=0.3))


def remainder_of_product(rng: Random) -> Draft:
    """Draw: the remainder of a linear value divided by a constant."""
    j, k, c = rng.randint(2, 9), parts.constant(rng, 3, 30), rng.randint(1, 9)
    part = Part(
        f"remainder of {j} times x plus {c}, divided by {k}", f"({j} * x + {c}) % {k}", (j, c, k)
    )
    return formula(rng, "remainder", COUNTS[:1], part)


def last_digits(rng: Random) -> Draft:
    """Draw: the last digits of a number, or what is before them."""
    d = rng.randint(2, 4)
    part = rng.choice(
        (
            Part(f"number made of the last {d} digits of x", f"x % {10**d}", (d,)),
            Part(f"number x without its last {d} digits", f"x // {10**d}", (d,)),
            Part("last digit of x", "x % 10"),
            Part("number x without its last digit", "x // 10"),
            Part(f"digit of x that stands before its last {d} digits", f"x // {10**d} % 10", (d,)),
        )
    )
    return formula(rng, "digits", (("x", Domain(0, 99_999)),), shifted(rng, part, chance=0.4))


def nearest_multiple(rng: Random) -> Draft:
    """Draw: rounding to a multiple."""
    k = parts.constant(rng, 2, 40)
    part = rng.choice(
        (
            Part(f"largest multiple of {k} that is at most x", f"x // {k} * {k}", (k,)),
            Part(
                f"smallest multiple of {k} that is at least x", f"(x + {k - 1}) // {k} * {k}", (k,)
            ),
            Part(f"distance from x up to the next multiple of {k}", f"-x % {k}", (k,)),
            Part(f"number x divided by {k}, rounded up", f"-(-x // {k})", (k,)),
        )
    )
    return formula(rng, "round_to_multiple", COUNTS[:1], part)


def distance(rng: Random) -> Draft:
    """Draw: an absolute difference to a constant or of two numbers, scaled or shifted."""
    c, k = rng.randint(1, 40), parts.constant(rng, 2, 12)
    count = rng.randint(1, 2)
    other, constants = ("y", ()) if count == 2 else (str(c), (c,))
    part = Part(f"absolute difference of x and {other}", f"abs(x - {other})", constants)
    if rng.random() < 0.5:
        part = Part(f"product of {k} and the {part.text}", f"{k} * {part.code}", (k, *constants))
    return formula(rng, "distance", TWO[:count], shifted(rng, part, chance=0.5))


def clamp(rng: Random) -> Draft:
    """Draw: a number kept inside a range."""
    low, high = sorted(rng.sample(range(50), 2))
    part = Part(
        f"number x limited to the range from {low} to {high}",
        f"max({low}, min({high}, x))",
        (low, high),
    )
    return formula(rng, "clamp", ONE, part)


def limit(rng: Random, *, largest: bool) -> Draft:
    """Draw: the larger or smaller one of a value and a constant."""
    c, k = rng.randint(0, 40), rng.choice((1, 1, rng.randint(2, 9)))
    call, word = ("max", "larger") if largest else ("min", "smaller")
    what = rng.choice(
        (("x", "x", 1), ("the sum of x and y", "x + y", 2), ("the product of x and y", "x * y", 2))
    )
    text, code, count = what
    if k > 1 and count == 1:
        text, code = f"{k} times x", f"{k} * x"
    constants = (k, c) if k > 1 and count == 1 else (c,)
    part = Part(f"{word} one of {text} and {c}", f"{call}({code}, {c})", constants)
    return formula(rng, f"{word}_one", TWO[:count], part)


def percent(rng: Random) -> Draft:
    """Draw: a share of an amount in percent, rounded down."""
    p, c = rng.randint(2, 95), rng.randint(1, 30)
    part = rng.choice(
        (
            Part(f"amount that is {p} percent of x, rounded down", f"x * {p} // 100", (p,)),
            Part(f"amount x plus {p} percent of x, rounded down", f"x + x * {p} // 100", (p,)),
            Part(f"amount x minus {p} percent of x, rounded down", f"x - x * {p} // 100", (p,)),
            Part(
                f"amount that is {p} percent of x, rounded down, plus {c}",
                f"x * {p} // 100 + {c}",
                (p, c),
            ),
        )
    )
    return formula(rng, "percent", (("x", Domain(0, 500)),), part)


def units(rng: Random) -> Draft:
    """Draw: word problems about units: boxes and items, prices and fees, hours and minutes."""
    k, j, c = parts.constant(rng, 2, 60), parts.constant(rng, 2, 20), rng.randint(1, 60)
    part = rng.choice(
        (
            Part(
                f"number of items in x boxes of {k} items and y single items", f"{k} * x + y", (k,)
            ),
            Part(f"cost of x items at {k} each plus a fee of {c}", f"{k} * x + {c}", (k, c)),
            Part(
                f"cost of x items at {j} each and y items at {k} each", f"{j} * x + {k} * y", (j, k)
            ),
            Part(f"number of boxes of {k} items that x items fill", f"x // {k}", (k,)),
            Part(f"number of items left when x items are put into boxes of {k}", f"x % {k}", (k,)),
            Part(f"number of boxes of {k} items needed for x items", f"-(-x // {k})", (k,)),
            Part(f"money left of x after buying y items at {k} each", f"x - {k} * y", (k,)),
        )
    )
    return formula(rng, "word_problem", COUNTS[: 1 + ("y" in part.code)], part)


def rectangle(rng: Random) -> Draft:
    """Draw: perimeters and areas of rectangles with a border or of several of them."""
    k = parts.constant(rng, 2, 30)
    part = rng.choice(
        (
            Part(
                f"perimeter of {k} rectangles of width x and height y", f"{k} * 2 * (x + y)", (k,)
            ),
            Part(f"area of {k} rectangles of width x and height y", f"{k} * x * y", (k,)),
            Part(f"area of a rectangle of width x plus {k} and height y", f"(x + {k}) * y", (k,)),
            Part(f"area of a rectangle of width x and height y plus {k}", f"x * (y + {k})", (k,)),
            Part(f"area of a square of side x plus {k}", f"(x + {k}) ** 2", (k,)),
            Part(f"perimeter of a rectangle of width x and height {k}", f"2 * (x + {k})", (k,)),
        )
    )
    return formula(rng, "rectangle", params("x y", POSITIVE)[: 1 + ("y" in part.code)], part)


FAMILIES = (
    Family("scale_and_shift", "Scale x and shift it", scale_and_shift),
    Family("subtract_from", "Subtract from a number", subtract_from),
    Family("fixed_power", "A power of x, perhaps shifted", power),
    Family("polynomial", "Value of a polynomial of x", polynomial),
    Family("quotient", "Divide and round down", quotient),
    Family("remainder", "Remainder of a division", remainder),
    Family("remainder_of_linear", "Remainder of a division", remainder_of_product, heldout=True),
    Family("last_digits", "Some of the digits of x", last_digits),
    Family("nearest_multiple", "Round x to a multiple", nearest_multiple),
    Family("distance", "Distance between numbers", distance),
    Family("clamp", "Limit x to a range", clamp),
    Family("larger_one", "The larger one of two values", partial(limit, largest=True)),
    Family("smaller_one", "The smaller one of two values", partial(limit, largest=False)),
    Family("percent", "A share of an amount in percent", percent),
    Family("units", "Items, boxes and prices", units),
    Family("rectangle", "Area or perimeter of rectangles", rectangle),
)
