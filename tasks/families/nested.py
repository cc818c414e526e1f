"""Two loops, one inside the other: pairs of numbers."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import Domain, Draft, Family
from tasks.families.parts import Accumulator, Part

_SIZE = (("n", Domain(0, 12)),)
_ORDERS = (
    ("from 1 to n", "range(1, n + 1)", "range(1, n + 1)"),
    ("from 1 to n with i less than j", "range(1, n + 1)", "range(i + 1, n + 1)"),
    ("from 1 to n with j at most i", "range(1, n + 1)", "range(1, i + 1)"),
)


def _pair_value(rng: Random) -> Part:
    k = rng.randint(2, 9)
    return rng.choice(
        (
            Part("the sum of i and j", "i + j"),
            Part("the product of i and j", "i * j"),
            Part(f"i plus {k} times j", f"i + {k} * j", (k,)),
            Part("the sum of the squares of i and j", "i * i + j * j"),
            Part("the absolute difference of i and j", "abs(i - j)"),
        )
    )


def _loops(order: tuple[str, str, str], put: Accumulator, code: str, when: str = "") -> str:
    step = f"{put.local} {put.operator} {code}"
    inner = f"        if {when}:\n            {step}" if when else f"        {step}"
    return (
        f"{put.local} = {put.start}\nfor i in {order[1]}:\n    for j in {order[2]}:\n{inner}\n"
        f"return {put.local}"
    )


def count_pairs(rng: Random, *, compared: bool) -> Draft:
    """Draw: how many pairs have a value that meets a condition."""
    order = rng.choice(_ORDERS)
    value = _pair_value(rng)
    k = rng.randint(3, 30)
    if compared:
        text, operator = rng.choice(
            (("equal to", "=="), ("less than", "<"), ("at most", "<="), ("greater than", ">"))
        )
        when = Part(f"{text} {k}", f"{value.code} {operator} {k}", (k,))
    else:
        joined = value.code if value.code in ("i * j", "abs(i - j)") else f"({value.code})"
        when = parts.condition(rng, rng.choice(("even", "odd", "multiple", "remainder")), joined)
    return Draft(
        name="count_pairs",
        params=_SIZE,
        text=f"Count the pairs i, j {order[0]} for which {value.text} is {when.text}.",
        body=_loops(order, parts.NUMBER, "1", when.code),
        constants=value.constants + when.constants,
    )


def sum_pairs(rng: Random) -> Draft:
    """Draw: sum of a value over all pairs."""
    order = rng.choice(_ORDERS)
    value = _pair_value(rng)
    k = rng.choice((0, 0, rng.randint(3, 20)))
    joined = value.code if value.code in ("i * j", "abs(i - j)") else f"({value.code})"
    text = f"sum of {value.text} for the pairs i, j {order[0]}"
    return Draft(
        name="sum_pairs",
        params=_SIZE,
        text=parts.sentence(rng, f"{text}, each modulo {k}" if k else text),
        body=_loops(order, parts.SUM, f"{joined} % {k}" if k else value.code),
        constants=value.constants + ((k,) if k else ()),
    )


def sum_matching_pairs(rng: Random) -> Draft:
    """Draw: sum of a value over the pairs that meet a condition."""
    order = rng.choice(_ORDERS)
    value = _pair_value(rng)
    which = rng.choice(("i", "j", "i + j"))
    name = f"({which})" if "+" in which else which
    when = parts.condition(rng, rng.choice(("even", "odd", "multiple")), name)
    what = "the sum of i and j" if "+" in which else which
    return Draft(
        name="sum_matching_pairs",
        params=_SIZE,
        text=parts.sentence(
            rng,
            f"sum of {value.text} for the pairs i, j {order[0]} for which {what} is {when.text}",
        ),
        body=_loops(order, parts.SUM, value.code, when.code),
        constants=value.constants + when.constants,
    )


FAMILIES = (
    Family(
        "count_pairs_compared",
        "Count some of the pairs of numbers up to n",
        partial(count_pairs, compared=True),
    ),
    Family(
        "count_pairs_matching",
        "Count some of the pairs of numbers up to n",
        partial(count_pairs, compared=False),
    ),
    Family("sum_pairs", "Sum of a value of the pairs of numbers up to n", sum_pairs),
    Family(
        "sum_matching_pairs",
        "Sum of a value of some of the pairs of numbers up to n",
        sum_matching_pairs,
        heldout=True,
    ),
)
