"""Formulas: sums, products, quotients, remainders, minima and maxima of one to three numbers."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import NATURAL, POSITIVE, SIGNED, Domain, Draft, Family, params
from tasks.families.parts import Part

_ONE, _TWO, _THREE = (params(names, SIGNED) for names in ("x", "x y", "x y z"))
_COUNTS = params("x y z", NATURAL)


def _formula(
    rng: Random,
    name: str,
    takes: tuple[tuple[str, Domain], ...],
    part: Part,
    *,
    returns: str = "int",
) -> Draft:
    return Draft(
        name=name,
        params=takes,
        text=parts.sentence(rng, part.text),
        body=f"return {part.code}",
        constants=part.constants,
        returns=returns,
    )


def _shifted(rng: Random, part: Part, *, chance: float = 0.6) -> Part:
    """Return a value with something added or taken away, or as it is."""
    c = rng.randint(1, 30)
    if rng.random() >= chance:
        return part
    sign, word = rng.choice((("+", "plus"), ("-", "minus")))
    return Part(f"{part.text}, {word} {c}", f"{part.code} {sign} {c}", (*part.constants, c))


def _list(names: tuple[str, ...]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1]))


def _names(rng: Random, low: int = 2) -> tuple[str, ...]:
    return ("x", "y", "z")[: rng.randint(low, 3)]


def scale_and_shift(rng: Random) -> Draft:
    """A number times a constant, plus or minus another."""
    k = parts.constant(rng, 2, 30)
    return _formula(
        rng,
        "scale",
        _ONE,
        _shifted(rng, Part(f"product of {k} and x", f"{k} * x", (k,)), chance=0.9),
    )


def subtract_from(rng: Random) -> Draft:
    """A constant minus a value."""
    c, k = rng.randint(1, 100), rng.choice((1, parts.constant(rng, 2, 12)))
    what, code = ("x", "x") if k == 1 else (f"{k} times x", f"{k} * x")
    constants = (c,) if k == 1 else (c, k)
    return _formula(
        rng, "remaining", _ONE, Part(f"number {c} minus {what}", f"{c} - {code}", constants)
    )


def power(rng: Random) -> Draft:
    """A fixed power of a number, shifted."""
    p = rng.randint(2, 5)
    text = {2: "square of x", 3: "cube of x"}.get(p, f"number x to the power of {p}")
    code = "x * x" if p == 2 else f"x ** {p}"
    part = Part(text, code, () if p < 4 else (p,))
    return _formula(rng, "power", _ONE, _shifted(rng, part, chance=0.9))


def polynomial(rng: Random) -> Draft:
    """A polynomial of degree two."""
    a, b, c = rng.randint(1, 9), rng.randint(2, 12), rng.randint(0, 20)
    square = (
        ("the square of x", "x * x") if a == 1 else (f"{a} times the square of x", f"{a} * x * x")
    )
    text, code = f"{square[0]} plus {b} times x", f"{square[1]} + {b} * x"
    if c:
        text, code = f"{text} plus {c}", f"{code} + {c}"
    constants = tuple(k for k in (a, b, c) if k > 1)
    return _formula(rng, "polynomial", _ONE, Part(f"value of {text}", code, constants))


def quotient(rng: Random) -> Draft:
    """A value divided by a constant, rounded down."""
    k = parts.constant(rng, 2, 30)
    names = _names(rng, 1)
    text, code = (
        ("x", "x") if len(names) == 1 else (f"sum of {_list(names)}", f"({' + '.join(names)})")
    )
    text = text if len(names) > 1 else rng.choice(("number x",))
    part = Part(f"{text} divided by {k}, rounded down", f"{code} // {k}", (k,))
    return _formula(rng, "quotient", _COUNTS[: len(names)], _shifted(rng, part, chance=0.4))


def remainder(rng: Random) -> Draft:
    """The remainder of a value divided by a constant."""
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
    return _formula(rng, "remainder", _COUNTS[:count], _shifted(rng, part, chance=0.3))


def remainder_of_product(rng: Random) -> Draft:
    """The remainder of a linear value divided by a constant."""
    j, k, c = rng.randint(2, 9), parts.constant(rng, 3, 30), rng.randint(1, 9)
    part = Part(
        f"remainder of {j} times x plus {c}, divided by {k}", f"({j} * x + {c}) % {k}", (j, c, k)
    )
    return _formula(rng, "remainder", _COUNTS[:1], part)


def last_digits(rng: Random) -> Draft:
    """The last digits of a number, or what is before them."""
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
    return _formula(rng, "digits", (("x", Domain(0, 99_999)),), _shifted(rng, part, chance=0.4))


def nearest_multiple(rng: Random) -> Draft:
    """Rounding to a multiple."""
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
    return _formula(rng, "round_to_multiple", _COUNTS[:1], part)


def distance(rng: Random) -> Draft:
    """An absolute difference to a constant or of two numbers, scaled or shifted."""
    c, k = rng.randint(1, 40), parts.constant(rng, 2, 12)
    count = rng.randint(1, 2)
    other, constants = ("y", ()) if count == 2 else (str(c), (c,))
    part = Part(f"absolute difference of x and {other}", f"abs(x - {other})", constants)
    if rng.random() < 0.5:
        part = Part(f"product of {k} and the {part.text}", f"{k} * {part.code}", (k, *constants))
    return _formula(rng, "distance", _TWO[:count], _shifted(rng, part, chance=0.5))


def clamp(rng: Random) -> Draft:
    """A number kept inside a range."""
    low, high = sorted(rng.sample(range(50), 2))
    part = Part(
        f"number x limited to the range from {low} to {high}",
        f"max({low}, min({high}, x))",
        (low, high),
    )
    return _formula(rng, "clamp", _ONE, part)


def limit(rng: Random, *, largest: bool) -> Draft:
    """The larger or smaller one of a value and a constant."""
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
    return _formula(rng, f"{word}_one", _TWO[:count], part)


def extreme(rng: Random, *, largest: bool) -> Draft:
    """The largest or smallest of several numbers, shifted or scaled."""
    names = _names(rng)
    call, word = ("max", "largest") if largest else ("min", "smallest")
    part = Part(f"{word} of {_list(names)}", f"{call}({', '.join(names)})")
    k = rng.choice((1, parts.constant(rng, 2, 12)))
    if k > 1:
        part = Part(f"product of {k} and the {part.text}", f"{k} * {part.code}", (k,))
    return _formula(rng, word, _THREE[: len(names)], _shifted(rng, part))


def spread(rng: Random) -> Draft:
    """What is between, or left without, the extremes of several numbers."""
    names = _names(rng)
    every = ", ".join(names)
    total = " + ".join(names)
    part = rng.choice(
        (
            Part(
                f"difference of the largest and the smallest of {_list(names)}",
                f"max({every}) - min({every})",
            ),
            Part(f"sum of {_list(names)} without the largest", f"{total} - max({every})"),
            Part(f"sum of {_list(names)} without the smallest", f"{total} - min({every})"),
            Part("middle one of x, y and z by size", "x + y + z - max(x, y, z) - min(x, y, z)"),
        )
    )
    takes = _THREE if "z" in part.code else _TWO
    return _formula(rng, "spread", takes, _shifted(rng, part, chance=0.8))


def add(rng: Random) -> Draft:
    """A sum of numbers and a constant."""
    names = _names(rng)
    part = Part(f"sum of {_list(names)}", " + ".join(names))
    return _formula(rng, "add", _THREE[: len(names)], _shifted(rng, part, chance=0.9))


def multiply(rng: Random) -> Draft:
    """A product of numbers and a constant."""
    names = _names(rng)
    k = rng.choice((1, parts.constant(rng, 2, 12)))
    part = Part(f"product of {_list(names)}", " * ".join(names))
    if k > 1:
        part = Part(f"product of {k}, {_list(names)}", f"{k} * {part.code}", (k,))
    return _formula(rng, "multiply", _THREE[: len(names)], _shifted(rng, part))


def difference(rng: Random) -> Draft:
    """A difference of two numbers, shifted or scaled."""
    k = rng.choice((1, parts.constant(rng, 2, 12)))
    part = Part("difference of x and y", "x - y")
    if k > 1:
        part = Part(f"product of {k} and the difference of x and y", f"{k} * (x - y)", (k,))
    return _formula(rng, "subtract", _TWO, _shifted(rng, part))


def scaled_sum(rng: Random) -> Draft:
    """A sum times a constant, shifted."""
    names = _names(rng)
    k = parts.constant(rng, 2, 20)
    part = Part(
        f"product of {k} and the sum of {_list(names)}", f"{k} * ({' + '.join(names)})", (k,)
    )
    return _formula(rng, "scaled_sum", _THREE[: len(names)], _shifted(rng, part, chance=0.5))


def weighted_sum(rng: Random) -> Draft:
    """A sum of numbers with weights."""
    names = _names(rng)
    weights = tuple(parts.constant(rng, 2, 15) for _ in names)
    terms = tuple(f"{k} times {name}" for k, name in zip(weights, names, strict=True))
    code = " + ".join(f"{k} * {name}" for k, name in zip(weights, names, strict=True))
    part = Part(f"sum of {_list(terms)}", code, weights)
    return _formula(rng, "weighted_sum", _THREE[: len(names)], _shifted(rng, part, chance=0.3))


def squares(rng: Random) -> Draft:
    """Sums and differences of squares and cubes."""
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
    takes = _THREE if "z" in part.code else _TWO
    return _formula(rng, "squares", takes, _shifted(rng, part, chance=0.9))


def divide(rng: Random) -> Draft:
    """A quotient of two numbers, rounded down."""
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
    return _formula(rng, "divide", takes, _shifted(rng, part, chance=0.3))


def average(rng: Random) -> Draft:
    """An average as a float."""
    names = _names(rng)
    c = rng.choice((0, rng.randint(1, 30)))
    text, total = _list(names), " + ".join(names)
    constants: tuple[int, ...] = ()
    count = len(names)
    if c:
        text, total, constants = _list((*names, str(c))), f"{total} + {c}", (c,)
        count += 1
    part = Part(f"average of {text}", f"({total}) / {count}", constants)
    return _formula(rng, "average", _THREE[: len(names)], part, returns="float")


def ratio(rng: Random) -> Draft:
    """A value divided by a constant, as a float."""
    k, c = parts.constant(rng, 2, 30), rng.randint(1, 40)
    part = rng.choice(
        (
            Part(f"number x divided by {k}", f"x / {k}", (k,)),
            Part(f"sum of x and {c} divided by {k}", f"(x + {c}) / {k}", (c, k)),
            Part(f"product of x and y divided by {k}", f"x * y / {k}", (k,)),
            Part(f"difference of x and y divided by {k}", f"(x - y) / {k}", (k,)),
        )
    )
    return _formula(rng, "ratio", _TWO if "y" in part.code else _ONE, part, returns="float")


def percent(rng: Random) -> Draft:
    """A share of an amount in percent, rounded down."""
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
    return _formula(rng, "percent", (("x", Domain(0, 500)),), part)


def units(rng: Random) -> Draft:
    """Word problems about units: boxes and items, prices and fees, hours and minutes."""
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
    return _formula(rng, "word_problem", _COUNTS[: 1 + ("y" in part.code)], part)


def rectangle(rng: Random) -> Draft:
    """Perimeters and areas of rectangles with a border or of several of them."""
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
    return _formula(rng, "rectangle", params("x y", POSITIVE)[: 1 + ("y" in part.code)], part)


FAMILIES = (
    Family("scale_and_shift", scale_and_shift),
    Family("subtract_from", subtract_from),
    Family("fixed_power", power),
    Family("polynomial", polynomial),
    Family("quotient", quotient),
    Family("remainder", remainder),
    Family("remainder_of_linear", remainder_of_product, heldout=True),
    Family("last_digits", last_digits),
    Family("nearest_multiple", nearest_multiple),
    Family("distance", distance),
    Family("clamp", clamp),
    Family("larger_one", partial(limit, largest=True)),
    Family("smaller_one", partial(limit, largest=False)),
    Family("largest_of", partial(extreme, largest=True)),
    Family("smallest_of", partial(extreme, largest=False)),
    Family("spread", spread),
    Family("add", add),
    Family("multiply", multiply),
    Family("difference", difference),
    Family("scaled_sum", scaled_sum, heldout=True),
    Family("weighted_sum", weighted_sum),
    Family("squares", squares),
    Family("divide", divide),
    Family("average", average),
    Family("ratio", ratio),
    Family("percent", percent),
    Family("units", units),
    Family("rectangle", rectangle),
)
