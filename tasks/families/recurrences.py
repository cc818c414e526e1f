"""Loops that repeat a step n times: powers, factorials, recurrences."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import COUNT, Domain, Draft, Family

_TIMES = (("n", Domain(0, 15)),)


def power(rng: Random, *, modular: bool) -> Draft:
    """Draw: a power by repeated multiplication, of a constant or of x."""
    k = parts.constant(rng, 2, 30) if modular else rng.randint(2, 9)
    start = rng.choice((1, 1, rng.randint(2, 9)))
    begin = f"{start} times " if start > 1 else ""
    base = "x" if modular or rng.random() < 0.4 else str(k)
    text, step = f"{begin}{base} to the power of n", f"result *= {base}"
    if modular:
        text, step = f"{text}, modulo {k}", f"result = result * {base} % {k}"
    numbers = (k,) if modular or base != "x" else ()
    return Draft(
        name="power_modulo" if modular else "power",
        params=((("x", Domain(0, 9)),) if base == "x" else ()) + (("n", Domain(0, 12)),),
        text=parts.sentence(rng, text),
        body=f"result = {start}\nfor i in range(n):\n    {step}\nreturn result",
        constants=(start, *numbers) if start > 1 else numbers,
    )


def power_sum(rng: Random) -> Draft:
    """Draw: sum of the powers of a number."""
    k = rng.randint(2, 6)
    first = rng.choice((0, 0, 1, 2, 3))
    code = "range(n + 1)" if first == 0 else f"range({first}, n + 1)"
    times = rng.choice((1, 1, rng.randint(2, 9)))
    begin = f"{times} times " if times > 1 else ""
    term = f"{k} ** i" if times == 1 else f"{times} * {k} ** i"
    return Draft(
        name="sum_of_powers",
        params=_TIMES,
        text=parts.sentence(rng, f"sum of {begin}{k} to the power of i for i from {first} to n"),
        body=parts.SUM.loop(f"for i in {code}", term),
        constants=(k, first) if times == 1 else (k, first, times),
    )


def factorial(rng: Random) -> Draft:
    """Draw: factorials and their relatives."""
    k = rng.randint(2, 12)
    text, start, code, end, constants = rng.choice(
        (
            (f"factorial of n, modulo {k + 10}", 1, "range(1, n + 1)", f" % {k + 10}", (k + 10,)),
            (f"factorial of n, plus {k}", 1, "range(1, n + 1)", f" + {k}", (k,)),
            (f"{k} times the factorial of n", k, "range(1, n + 1)", "", (k,)),
        )
    )
    return Draft(
        name="factorial",
        params=(("n", Domain(0, 13)),),
        text=parts.sentence(rng, text),
        body=f"result = {start}\nfor i in {code}:\n    result *= i\nreturn result{end}",
        constants=constants,
    )


def fibonacci(rng: Random, *, kind: str) -> Draft:
    """Draw: the n-th value of a sequence in which each value comes from the two before it."""
    x, y, k = rng.randint(0, 5), rng.randint(1, 7), rng.randint(2, 4)
    text, code, constants = {
        "sum": ("the sum of the two before it", "a + b", ()),
        "weighted": rng.choice(
            (
                (f"{k} times the last plus the one before it", f"a + {k} * b", (k,)),
                (f"the last plus {k} times the one before it", f"{k} * a + b", (k,)),
            )
        ),
        "modulo": (f"the sum of the two before it modulo {k + 5}", f"(a + b) % {k + 5}", (k + 5,)),
        "plus": (f"the sum of the two before it plus {k + 1}", f"a + b + {k + 1}", (k + 1,)),
    }[kind]
    return Draft(
        name="sequence_value",
        params=_TIMES,
        text=(
            f"A sequence starts with {x} and {y}, each next value is {text}. "
            "Return value n, counting from 0."
        ),
        body=f"a, b = {x}, {y}\nfor i in range(n):\n    a, b = b, {code}\nreturn a",
        constants=(x, y, *constants),
    )


def sequence_sum(rng: Random) -> Draft:
    """Draw: sum of the first values of such a sequence."""
    x, y = rng.randint(0, 9), rng.randint(1, 12)
    return Draft(
        name="sequence_sum",
        params=_TIMES,
        text=(
            f"A sequence starts with {x} and {y}, each next value is the sum of the two before it. "
            "Return the sum of the first n values."
        ),
        body=(
            f"a, b = {x}, {y}\ntotal = 0\nfor i in range(n):\n    total += a\n    a, b = b, a + b\n"
            "return total"
        ),
        constants=(x, y),
    )


def repeat(rng: Random, *, modular: bool) -> Draft:
    """Draw: multiplies by one number and adds another, n times."""
    k, c, m = rng.randint(2, 9), rng.randint(1, 20), rng.randint(20, 99)
    start = rng.randint(0, 12)
    given = rng.random() < 0.5
    operator, verb = rng.choice((("+", "add"), ("-", "subtract")))
    code = f"value * {k} {operator} {c}"
    step = f"value = ({code}) % {m}" if modular else f"value = {code}"
    modulo = f" and take the result modulo {m}" if modular else ""
    first = "x" if given else str(start)
    high = 12 if modular else 7
    return Draft(
        name="repeat_step",
        params=(("x", Domain(0, 30)), ("n", Domain(0, high)))
        if given
        else (("n", Domain(0, high)),),
        text=(
            f"Start with {first}; n times, multiply by {k} and {verb} {c}{modulo}. "
            "Return the value."
        ),
        body=f"value = {first}\nfor i in range(n):\n    {step}\nreturn value",
        constants=((k, c) if given else (start, k, c)) + ((m,) if modular else ()),
    )


def repeat_choice(rng: Random) -> Draft:
    """Draw: takes one of two steps n times, by a condition on the value."""
    kind = rng.choice(("even", "odd", "multiple"))
    when = parts.condition(rng, kind, "x")
    c, d = rng.randint(1, 20), rng.randint(1, 20)
    half = kind == "even" and rng.random() < 0.5
    then, code = ("halve it", "x //= 2") if half else (f"add {c}", f"x += {c}")
    constants = (d,) if half else (c, d)
    return Draft(
        name="repeat_choice",
        params=(("x", Domain(0, 60)), ("n", Domain(0, 12))),
        text=f"Repeat n times: if x is {when.text}, {then}, otherwise add {d}. Return x.",
        body=(
            f"for i in range(n):\n    if {when.code}:\n        {code}\n"
            f"    else:\n        x += {d}\nreturn x"
        ),
        constants=when.constants + constants,
    )


def series(rng: Random) -> Draft:
    """Draw: sum of the first n values of an arithmetic or a geometric series."""
    start, k = rng.randint(1, 9), rng.randint(2, 6)
    operator, verb = rng.choice((("+=", f"{k} more than"), ("*=", f"{k} times")))
    return Draft(
        name="series_sum",
        params=_TIMES,
        text=(
            f"The first value is {start}, each next value is {verb} the one before. "
            "Sum of the first n values."
        ),
        body=(
            f"total = 0\nvalue = {start}\nfor i in range(n):\n    total += value\n"
            f"    value {operator} {k}\nreturn total"
        ),
        constants=(start, k),
    )


def binomial(rng: Random) -> Draft:
    """Draw: binomial coefficients, with a fixed upper or lower number."""
    k = rng.randint(2, 6)
    text, names, code = rng.choice(
        (
            (f"number of ways to choose {k} of n things", f"range({k})", "(n - i)"),
            (f"number of ways to choose n of {k + 6} things", "range(n)", f"({k + 6} - i)"),
        )
    )
    plus = rng.choice((0, rng.randint(1, 12)))
    end, also = (f" + {plus}", f", plus {plus}") if plus else ("", "")
    number = k if "of n" in text else k + 6
    return Draft(
        name="choose",
        params=(("n", COUNT),),
        text=parts.sentence(rng, text + also),
        body=(
            f"result = 1\nfor i in {names}:\n    result = result * {code} // (i + 1)\n"
            f"return result{end}"
        ),
        constants=(number, plus) if plus else (number,),
    )


FAMILIES = (
    Family("power", "A number to the power of n", partial(power, modular=False)),
    Family(
        "power_modulo", "A number to the power of n, modulo another", partial(power, modular=True)
    ),
    Family("sum_of_powers", "Sum of the powers of a number", power_sum),
    Family("factorial", "Factorial of n, changed by a number", factorial),
    Family(
        "fibonacci_like",
        "Value n of a sequence of sums of the two before",
        partial(fibonacci, kind="sum"),
    ),
    Family(
        "fibonacci_weighted",
        "Value n of a sequence of weighted sums of the two before",
        partial(fibonacci, kind="weighted"),
    ),
    Family(
        "fibonacci_modulo",
        "Value n of a sequence of sums of the two before, modulo a number",
        partial(fibonacci, kind="modulo"),
        heldout=True,
    ),
    Family(
        "fibonacci_plus",
        "Value n of a sequence of sums of the two before and a number",
        partial(fibonacci, kind="plus"),
    ),
    Family("sequence_sum", "Sum of the first n values of a sequence of sums", sequence_sum),
    Family("repeat_step", "Multiply and shift n times", partial(repeat, modular=False)),
    Family(
        "repeat_step_modulo",
        "Multiply and shift n times, modulo a number",
        partial(repeat, modular=True),
    ),
    Family("repeat_choice", "Take one of two steps n times", repeat_choice),
    Family("series_sum", "Sum of the first n values of a series", series),
    Family("choose", "Number of ways to choose some of several things", binomial),
)
