"""Yes-or-no questions about one to three numbers, and how many of them meet a condition."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import NATURAL, POSITIVE, SIGNED, Domain, Draft, Family, params
from tasks.families.parts import Part

_SINGLE = ("even", "odd", "multiple", "non_multiple", "remainder", "ending", "above", "below")


def _question(rng: Random, name: str, takes: tuple[tuple[str, Domain], ...], part: Part) -> Draft:
    lead = rng.choice(("Whether", "Whether", "Check whether"))
    return Draft(
        name=name,
        params=takes,
        text=f"{lead} {part.text}.",
        body=f"return {part.code}",
        constants=part.constants,
        returns="bool",
    )


def _value(rng: Random) -> tuple[Part, int]:
    """Return a value of one or two numbers, ready for an operator, and how many it takes."""
    k = parts.constant(rng, 2, 12)
    return rng.choice(
        (
            (Part("the sum of x and y", "(x + y)"), 2),
            (Part("the product of x and y", "x * y"), 2),
            (Part("the absolute difference of x and y", "abs(x - y)"), 2),
            (Part("the square of x", "x * x"), 1),
            (Part(f"{k} times x", f"{k} * x", (k,)), 1),
            (Part(f"x plus {k}", f"(x + {k})", (k,)), 1),
        )
    )


def number_is(rng: Random, *, kinds: tuple[str, ...]) -> Draft:
    """Draw: whether a number meets a condition."""
    when = parts.condition(rng, rng.choice(kinds), "x")
    part = Part(f"x is {when.text}", when.code, when.constants)
    return _question(
        rng, "check_number", params("x", SIGNED if "above" in kinds else NATURAL), part
    )


def value_is(rng: Random, *, kinds: tuple[str, ...]) -> Draft:
    """Draw: whether a value computed from numbers meets a condition."""
    value, count = _value(rng)
    when = parts.condition(rng, rng.choice(kinds), value.code)
    code = when.code
    if " % " not in code and code.startswith("("):
        code = code.replace("(", "", 1).replace(")", "", 1)
    part = Part(f"{value.text} is {when.text}", code, value.constants + when.constants)
    return _question(rng, "check_value", params("x y", NATURAL)[:count], part)


def compare(rng: Random) -> Draft:
    """Draw: whether one number compares with another plus or times a constant."""
    k = parts.constant(rng, 2, 20)
    text, operator = rng.choice(
        (
            ("greater than", ">"),
            ("less than", "<"),
            ("at least", ">="),
            ("at most", "<="),
            ("equal to", "=="),
        )
    )
    other, code, constants = rng.choice(
        (
            ("y", "y", ()),
            (f"y plus {k}", f"y + {k}", (k,)),
            (f"y minus {k}", f"y - {k}", (k,)),
            (f"{k} times y", f"{k} * y", (k,)),
            ("the square of y", "y * y", ()),
            ("the sum of y and z", "y + z", ()),
            ("the product of y and z", "y * z", ()),
        )
    )
    part = Part(f"x is {text} {other}", f"x {operator} {code}", constants)
    return _question(rng, "compare", params("x y z", Domain(-10, 40))[: 2 + ("z" in code)], part)


def in_range(rng: Random, *, outside: bool) -> Draft:
    """Draw: whether a number or a sum lies in, or outside, a range."""
    low, high = sorted(rng.sample(range(60), 2))
    value, code, count = rng.choice(
        (("x", "x", 1), ("x", "x", 1), ("the sum of x and y", "x + y", 2))
    )
    if outside:
        part = Part(
            f"{value} is less than {low} or greater than {high}",
            f"{code} < {low} or {code} > {high}",
            (low, high),
        )
    else:
        part = Part(
            f"{value} is in the range from {low} to {high}",
            f"{low} <= {code} <= {high}",
            (low, high),
        )
    return _question(rng, "in_range", params("x y", SIGNED)[:count], part)


def two_conditions(rng: Random, *, operator: str) -> Draft:
    """Draw: whether a number meets both, or one, of two conditions."""
    first = parts.condition(rng, rng.choice(("even", "odd", "multiple", "ending")), "x")
    second = parts.condition(rng, rng.choice(("above", "below", "non_multiple", "remainder")), "x")
    part = Part(
        f"x is {first.text} {operator} {second.text}",
        f"{first.code} {operator} {second.code}",
        first.constants + second.constants,
    )
    draft = _question(rng, "check_number", params("x", NATURAL), part)
    return replace(draft, case=f"({first.code}, {second.code})")


def _same_condition(rng: Random, names: Sequence[str]) -> list[Part]:
    """Draw one condition and put it to each name."""
    kind = rng.choice(_SINGLE)
    state = rng.getstate()
    conditions = []
    for name in names:
        rng.setstate(state)
        conditions.append(parts.condition(rng, kind, name))
    return conditions


def each_number(rng: Random, *, operator: str) -> Draft:
    """Draw: whether all, or some, of two or three numbers meet a condition."""
    names = parts.first_names(rng)
    conditions = _same_condition(rng, names)
    quantity = "all" if operator == "and" else "some"
    part = Part(
        f"{quantity} of {parts.listed(names)} are {conditions[0].text}",
        f" {operator} ".join(when.code for when in conditions),
        conditions[0].constants,
    )
    return _question(rng, f"{quantity}_of", params("x y z", NATURAL)[: len(names)], part)


def count_of(rng: Random) -> Draft:
    """Draw: how many of two or three numbers meet a condition."""
    names = parts.first_names(rng)
    conditions = _same_condition(rng, names)
    lines = "".join(f"if {when.code}:\n    count += 1\n" for when in conditions)
    return Draft(
        name="count_of",
        params=params("x y z", NATURAL)[: len(names)],
        text=f"How many of {parts.listed(names)} are {conditions[0].text}?",
        body=f"count = 0\n{lines}return count",
        constants=conditions[0].constants,
    )


def divides(rng: Random) -> Draft:
    """Draw: whether one number divides a value of another."""
    k = parts.constant(rng, 2, 20)
    text, code, constants = rng.choice(
        (
            ("x is divisible by y", "x % y == 0", ()),
            (f"x plus {k} is divisible by y", f"(x + {k}) % y == 0", (k,)),
            (f"x is divisible by y plus {k}", f"x % (y + {k}) == 0", (k,)),
            (f"x is divisible by {k} times y", f"x % ({k} * y) == 0", (k,)),
            (f"{k} times x is divisible by y", f"{k} * x % y == 0", (k,)),
        )
    )
    takes = (("x", Domain(0, 90)), ("y", Domain(1, 15)))
    return _question(rng, "divides", takes, Part(text, code, constants))


def digits_of_two(rng: Random) -> Draft:
    """Draw: questions about the two digits of a number below one hundred."""
    k = rng.randint(2, 15)
    text, code = rng.choice(
        (
            ("sum of the two digits of x", "x // 10 + x % 10"),
            ("product of the two digits of x", "x // 10 * (x % 10)"),
            ("difference of the first and the last digit of x", "x // 10 - x % 10"),
        )
    )
    comparison, operator = rng.choice(
        (("equal to", "=="), ("greater than", ">"), ("less than", "<"))
    )
    part = Part(f"the {text} is {comparison} {k}", f"{code} {operator} {k}", (k,))
    return _question(rng, "two_digits", (("x", Domain(10, 99)),), part)


def triangle(rng: Random) -> Draft:
    """Draw: whether three lengths make a triangle of a kind, of a perimeter within a bound."""
    k = rng.randint(10, 90)
    text, operator = rng.choice(
        (("at most", "<="), ("at least", ">="), ("equal to", "=="), ("less than", "<"))
    )
    what, code = rng.choice(
        (
            ("perimeter", "x + y + z"),
            ("longest side", "max(x, y, z)"),
            ("shortest side", "min(x, y, z)"),
        )
    )
    part = Part(
        f"the {what} of a triangle of sides x, y and z is {text} {k}",
        f"{code} {operator} {k}",
        (k,),
    )
    return _question(rng, "triangle", params("x y z", POSITIVE), part)


FAMILIES = (
    Family(
        "is_multiple",
        "Whether x meets a condition on its divisors",
        partial(number_is, kinds=("even", "odd", "multiple", "non_multiple")),
    ),
    Family(
        "is_remainder",
        "Whether x meets a condition on a remainder",
        partial(number_is, kinds=("remainder", "ending")),
    ),
    Family(
        "is_above_or_below",
        "Whether x is on one side of a bound",
        partial(number_is, kinds=("above", "below")),
    ),
    Family(
        "is_divisible_by_two",
        "Whether x meets a condition on its divisors",
        partial(number_is, kinds=("either", "both")),
    ),
    Family(
        "value_is_multiple",
        "Whether a value of the numbers meets a condition on its divisors",
        partial(value_is, kinds=("even", "odd", "multiple", "non_multiple")),
    ),
    Family(
        "value_is_remainder",
        "Whether a value of the numbers meets a condition on a remainder",
        partial(value_is, kinds=("remainder", "ending")),
        heldout=True,
    ),
    Family(
        "value_is_above_or_below",
        "Whether a value of the numbers is on one side of a bound",
        partial(value_is, kinds=("above", "below")),
    ),
    Family("compare", "Compare x with another value", compare),
    Family("in_range", "Whether a value lies in a range", partial(in_range, outside=False)),
    Family(
        "outside_range", "Whether a value lies outside a range", partial(in_range, outside=True)
    ),
    Family(
        "both_conditions",
        "Whether x meets both of two conditions",
        partial(two_conditions, operator="and"),
    ),
    Family(
        "one_of_conditions",
        "Whether x meets one of two conditions",
        partial(two_conditions, operator="or"),
    ),
    Family(
        "all_of",
        "Whether all of the numbers meet a condition",
        partial(each_number, operator="and"),
    ),
    Family(
        "some_of",
        "Whether some of the numbers meet a condition",
        partial(each_number, operator="or"),
        heldout=True,
    ),
    Family("count_of", "How many of the numbers meet a condition", count_of),
    Family("divides", "Whether one value divides another", divides),
    Family("two_digits", "Whether the two digits of x meet a condition", digits_of_two),
    Family("triangle", "Whether the sides of a triangle meet a condition", triangle),
)
