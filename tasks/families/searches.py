"""Loops that look for something: first, last, any, all, largest."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import NATURAL, Domain, Draft, Family, params

_PAIR = params("a b", Domain(0, 50))
_KINDS = ("even", "odd", "multiple", "non_multiple", "remainder", "ending", "both")


def first_between(rng: Random, *, last: bool) -> Draft:
    """Draw: the first or last number from a to b that meets a condition, or a default."""
    kind = rng.choice(("multiple", "remainder", "ending", "both", "either"))
    when = parts.condition(rng, kind, "i")
    default = rng.choice(("-1", "0"))
    word, code = ("last", "range(b, a - 1, -1)") if last else ("first", "range(a, b + 1)")
    return Draft(
        name=f"{word}_between",
        params=_PAIR,
        text=parts.sentence(
            rng, f"{word} number from a to b that is {when.text}, or {default} if there is none"
        ),
        body=f"for i in {code}:\n    if {when.code}:\n        return i\nreturn {default}",
        constants=when.constants,
    )


def next_number(rng: Random, *, down: bool) -> Draft:
    """Draw: the nearest number above or below n that meets a condition."""
    kinds = (
        ("multiple", "remainder", "ending", "both") if not down else ("multiple", "both", "either")
    )
    when = parts.condition(rng, rng.choice(kinds), "n")
    strict = rng.random() < 0.5
    step, word = ("-=", "largest") if down else ("+=", "smallest")
    bound = (
        ("less than n" if down else "greater than n")
        if strict
        else ("at most n" if down else "at least n")
    )
    start = f"n {step} 1\n" if strict else ""
    joined = f"({when.code})" if " and " in when.code or " or " in when.code else when.code
    test = f"not {joined}" if joined != when.code else parts.opposite(when.code)
    return Draft(
        name="previous_number" if down else "next_number",
        params=(("n", Domain(1, 99)),),
        text=parts.sentence(rng, f"{word} number {bound} that is {when.text}"),
        body=f"{start}while {test}:\n    n {step} 1\nreturn n",
        constants=when.constants,
    )


def any_between(rng: Random, *, every: bool) -> Draft:
    """Draw: whether some number, or every number, from a to b meets a condition."""
    kinds = ("multiple", "remainder", "ending", "above", "below")
    when = parts.condition(rng, rng.choice(kinds), "i")
    span = parts.span(rng, rng.choice(("between", "between", "from")), high=40)
    word = "every" if every else "some"
    test = parts.opposite(when.code) if every else when.code
    return Draft(
        name=f"{'every' if every else 'any'}_{span.name}",
        params=span.params,
        text=f"Whether {word} number {span.text} is {when.text}.",
        body=(f"for i in {span.code}:\n    if {test}:\n        return {not every}\nreturn {every}"),
        constants=when.constants + span.constants,
        returns="bool",
    )


def any_divisor(rng: Random, *, every: bool) -> Draft:
    """Draw: whether some divisor, or every divisor, of n meets a condition."""
    kinds = ("multiple", "remainder", "ending", "above", "below", "even", "odd")
    when = parts.condition(rng, rng.choice(kinds), "i")
    first = rng.choice((1, 2, 2))
    test = parts.opposite(when.code) if every else when.code
    where = "" if first == 1 else f" that is at least {first}"
    return Draft(
        name="every_divisor" if every else "any_divisor",
        params=(("n", Domain(1, 90)),),
        text=f"Whether {'every' if every else 'some'} divisor of n{where} is {when.text}.",
        body=(
            f"for i in range({first}, n + 1):\n    if n % i == 0 and {test}:\n"
            f"        return {not every}\nreturn {every}"
        ),
        constants=when.constants,
        returns="bool",
    )


def is_sum_or_power(rng: Random) -> Draft:
    """Draw: whether n can be written as a power or as a term of some number."""
    k = rng.randint(2, 20)
    text, code, constants = rng.choice(
        (
            (f"i to the power of {k % 3 + 2}", f"i ** {k % 3 + 2}", (k % 3 + 2,)),
            (f"i times i plus {k}", f"i * i + {k}", (k,)),
            (f"{k} times i times i", f"{k} * i * i", (k,)),
            (f"i times (i plus {k})", f"i * (i + {k})", (k,)),
        )
    )
    first, span = rng.choice(((0, "range(n + 1)"), (1, "range(1, n + 1)")))
    return Draft(
        name="can_be_written",
        params=(("n", Domain(0, 99)),),
        text=f"Whether n is {text} for some i from {first} to n.",
        body=f"for i in {span}:\n    if {code} == n:\n        return True\nreturn False",
        constants=(*constants, first),
        returns="bool",
    )


def is_power_of(rng: Random) -> Draft:
    """Draw: whether n is a number times a power of another."""
    k, start = rng.randint(2, 12), rng.choice((1, 1, rng.randint(2, 9)))
    begin = f"{start} times " if start > 1 else ""
    return Draft(
        name="is_power",
        params=(("n", Domain(1, 999)),),
        text=f"Whether n is {begin}a power of {k}.",
        body=f"value = {start}\nwhile value < n:\n    value *= {k}\nreturn value == n",
        constants=(k, start) if start > 1 else (k,),
        returns="bool",
    )


def _formula(rng: Random) -> parts.Part:
    k, c = parts.constant(rng, 3, 30), rng.randint(1, 20)
    return rng.choice(
        (
            parts.Part(f"the square of i modulo {k}", f"i * i % {k}", (k,)),
            parts.Part(f"the remainder of n divided by i plus {c}", f"n % (i + {c})", (c,)),
            parts.Part(f"{c} times i modulo {k}", f"{c} * i % {k}", (c, k)),
            parts.Part(f"i times the difference of {k} and i", f"i * ({k} - i)", (k,)),
            parts.Part(f"the absolute difference of n and {c} times i", f"abs(n - {c} * i)", (c,)),
        )
    )


def extreme_value(rng: Random, *, largest: bool) -> Draft:
    """Draw: the largest or smallest value of a formula over the numbers up to n."""
    formula = _formula(rng)
    word, call = ("largest", "max") if largest else ("smallest", "min")
    start = 0 if largest else rng.choice((100, 1000))
    limit = "" if largest else f", at most {start}"
    return Draft(
        name=f"{word}_value",
        params=(("n", Domain(0, 30)),),
        text=parts.sentence(rng, f"{word} value of {formula.text} for i from 1 to n{limit}"),
        body=(
            f"best = {start}\nfor i in range(1, n + 1):\n    best = {call}(best, {formula.code})\n"
            "return best"
        ),
        constants=formula.constants + (() if largest else (start,)),
    )


def best_argument(rng: Random) -> Draft:
    """Draw: the number up to n at which a formula is largest, the first one of several."""
    formula = _formula(rng)
    return Draft(
        name="best_number",
        params=(("n", NATURAL),),
        text=(
            f"For which i from 1 to n is {formula.text} largest? The first of several; 0 if n is 0."
        ),
        body=(
            "best = -1\nresult = 0\nfor i in range(1, n + 1):\n"
            f"    if {formula.code} > best:\n        best = {formula.code}\n        result = i\n"
            "return result"
        ),
        constants=formula.constants,
    )


def common_multiple(rng: Random) -> Draft:
    """Draw: the smallest multiple of x that meets a condition."""
    when = parts.condition(rng, rng.choice(("multiple", "above")), "value")
    return Draft(
        name="first_multiple",
        params=(("x", Domain(1, 40)),),
        text=parts.sentence(rng, f"smallest positive multiple of x that is {when.text}"),
        body=f"value = x\nwhile {parts.opposite(when.code)}:\n    value += x\nreturn value",
        constants=when.constants,
    )


FAMILIES = (
    Family(
        "first_between",
        "First number from a to b that meets a condition",
        partial(first_between, last=False),
    ),
    Family(
        "last_between",
        "Last number from a to b that meets a condition",
        partial(first_between, last=True),
    ),
    Family(
        "next_number",
        "Next number from n on that meets a condition",
        partial(next_number, down=False),
    ),
    Family(
        "previous_number",
        "Last number before n that meets a condition",
        partial(next_number, down=True),
        heldout=True,
    ),
    Family(
        "any_between",
        "Whether some number in a range meets a condition",
        partial(any_between, every=False),
    ),
    Family(
        "every_between",
        "Whether every number in a range meets a condition",
        partial(any_between, every=True),
    ),
    Family(
        "any_divisor",
        "Whether some divisor of n meets a condition",
        partial(any_divisor, every=False),
    ),
    Family(
        "every_divisor",
        "Whether every divisor of n meets a condition",
        partial(any_divisor, every=True),
        heldout=True,
    ),
    Family("can_be_written", "Whether n can be written as a formula", is_sum_or_power),
    Family("is_power", "Whether n is a power of a number", is_power_of),
    Family("largest_value", "Largest value of a formula", partial(extreme_value, largest=True)),
    Family("smallest_value", "Smallest value of a formula", partial(extreme_value, largest=False)),
    Family("best_number", "Number for which a formula is largest", best_argument),
    Family("first_multiple", "Smallest multiple of x that meets a condition", common_multiple),
)
