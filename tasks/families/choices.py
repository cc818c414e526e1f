"""Branches: one result or another, by a condition on the numbers."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import NATURAL, SIGNED, Domain, Draft, Family, params
from tasks.families.parts import Part

_WORDS = (
    "small",
    "large",
    "low",
    "high",
    "yes",
    "no",
    "cold",
    "warm",
    "pass",
    "fail",
    "odd",
    "even",
)


def _result(rng: Random, name: str = "x") -> Part:
    """Return one of the results that a branch may have."""
    k = parts.constant(rng, 2, 20)
    return rng.choice(
        (
            Part(name, name),
            Part(f"{k}", f"{k}", (k,)),
            Part("0", "0"),
            Part(f"{name} plus {k}", f"{name} + {k}", (k,)),
            Part(f"{name} minus {k}", f"{name} - {k}", (k,)),
            Part(f"{k} times {name}", f"{k} * {name}", (k,)),
            Part(f"the square of {name}", f"{name} * {name}"),
            Part(f"{name} divided by {k}, rounded down,", f"{name} // {k}", (k,)),
        )
    )


def _tidy(text: str) -> str:
    """Return a text without doubled punctuation: some results end in a comma."""
    return text.replace(",,", ",").replace(",.", ".")


def _two_results(rng: Random, name: str = "x") -> tuple[Part, Part]:
    first, second = _result(rng, name), _result(rng, name)
    while first.code == second.code:
        second = _result(rng, name)
    return first, second


def _branch(
    rng: Random,
    name: str,
    takes: tuple[tuple[str, Domain], ...],
    when: Part,
    results: tuple[Part, Part],
) -> Draft:
    then, other = results
    text = rng.choice(
        (
            f"Return {then.text} if {when.text}, otherwise {other.text}.",
            f"If {when.text}, return {then.text}, otherwise {other.text}.",
        )
    )
    return Draft(
        name=name,
        params=takes,
        text=_tidy(text),
        body=f"if {when.code}:\n    return {then.code}\nreturn {other.code}",
        constants=when.constants + then.constants + other.constants,
        case=when.code,
    )


def choose(rng: Random, *, kinds: tuple[str, ...], domain: Domain) -> Draft:
    """Draw: one result or another by a condition on one number."""
    when = parts.condition(rng, rng.choice(kinds), "x")
    when = Part(f"x is {when.text}", when.code, when.constants)
    return _branch(rng, "choose", params("x", domain), when, _two_results(rng))


def choose_by_sign(rng: Random) -> Draft:
    """Draw: one result or another by the sign of a number."""
    text, operator = rng.choice((("negative", "< 0"), ("positive", "> 0"), ("zero", "== 0")))
    when = Part(f"x is {text}", f"x {operator}")
    then, other = _two_results(rng)
    if rng.random() < 0.4:
        then = Part("minus x", "-x")
    return _branch(rng, "choose_by_sign", params("x", Domain(-30, 30)), when, (then, other))


def choose_by_comparison(rng: Random) -> Draft:
    """Draw: one result or another by which of two numbers is larger."""
    text, operator = rng.choice(
        (("greater than", ">"), ("less than", "<"), ("equal to", "=="), ("at least", ">="))
    )
    when = Part(f"x is {text} y", f"x {operator} y")
    k = parts.constant(rng, 2, 12)
    values = [
        Part("the difference of x and y", "x - y"),
        Part("the sum of x and y", "x + y"),
        Part("the product of x and y", "x * y"),
        _result(rng, "x"),
        _result(rng, "y"),
        Part(f"{k} times y", f"{k} * y", (k,)),
    ]
    first, second = rng.sample(values, 2)
    while first.code == second.code:
        first, second = rng.sample(values, 2)
    return _branch(
        rng, "choose_by_comparison", params("x y", Domain(-20, 40)), when, (first, second)
    )


def choose_by_value(rng: Random) -> Draft:
    """Draw: one result or another by a condition on the sum or product of two numbers."""
    value, code = rng.choice(
        (("the sum of x and y", "(x + y)"), ("the product of x and y", "x * y"))
    )
    when = parts.condition(rng, rng.choice(("even", "odd", "multiple", "remainder")), code)
    when = Part(f"{value} is {when.text}", when.code, when.constants)
    results = rng.sample(
        (
            Part("the sum of x and y", "x + y"),
            Part("the difference of x and y", "x - y"),
            Part("the product of x and y", "x * y"),
            _result(rng, "x"),
            Part("y", "y"),
        ),
        2,
    )
    return _branch(rng, "choose_by_value", params("x y", NATURAL), when, (results[0], results[1]))


def three_ways(rng: Random) -> Draft:
    """Draw: one of three results by two thresholds."""
    low, high = sorted(rng.sample(range(5, 50), 2))
    then, other = _two_results(rng)
    last = _result(rng)
    text = (
        f"Return {then.text} if x is less than {low}, {other.text} if x is less than {high}, "
        f"otherwise {last.text}."
    )
    return Draft(
        name="three_ways",
        params=params("x", SIGNED),
        text=_tidy(text),
        body=(
            f"if x < {low}:\n    return {then.code}\nif x < {high}:\n    return {other.code}\n"
            f"return {last.code}"
        ),
        constants=(low, high, *then.constants, *other.constants, *last.constants),
        case=f"(x < {low}) + (x < {high})",
    )


def three_by_sign(rng: Random) -> Draft:
    """Draw: one of three results by the sign of a number."""
    then, other = _two_results(rng)
    k = rng.randint(0, 9)
    return Draft(
        name="three_by_sign",
        params=params("x", Domain(-30, 30)),
        text=_tidy(
            f"Return {k} if x is zero, {then.text} if x is positive, otherwise {other.text}."
        ),
        body=f"if x == 0:\n    return {k}\nif x > 0:\n    return {then.code}\nreturn {other.code}",
        constants=(k, *then.constants, *other.constants),
        case="(x > 0) - (x < 0)",
    )


def excess(rng: Random) -> Draft:
    """Draw: what is above or below a threshold, charged at a rate."""
    t, k, j = parts.constant(rng, 5, 40), parts.constant(rng, 2, 12), rng.randint(1, 20)
    text, body, constants = rng.choice(
        (
            (
                f"The first {t} units are free, each further unit costs {k}. Cost of x units.",
                f"if x <= {t}:\n    return 0\nreturn {k} * (x - {t})",
                (t, k),
            ),
            (
                f"The first {t} units cost {j} in all, each further unit costs {k}. "
                "Cost of x units.",
                f"if x <= {t}:\n    return {j}\nreturn {j} + {k} * (x - {t})",
                (t, j, k),
            ),
            (
                f"Units cost {k} each, and {j} less in all if there are more than {t}. "
                "Cost of x units.",
                f"if x > {t}:\n    return {k} * x - {j}\nreturn {k} * x",
                (k, j, t),
            ),
        )
    )
    return Draft(
        name="cost",
        params=params("x", NATURAL),
        text=text,
        body=body,
        constants=constants,
        case=f"x > {t}",
    )


def fizz(rng: Random) -> Draft:
    """Draw: different numbers for multiples of one number, of another and of both."""
    j, k = sorted(rng.sample(range(2, 9), 2))
    a, b, c = rng.sample(range(1, 30), 3)
    return Draft(
        name="fizz",
        params=params("x", NATURAL),
        text=(
            f"Return {a} if x is divisible by {j} and {k}, {b} if x is divisible by {j}, "
            f"{c} if x is divisible by {k}, otherwise x."
        ),
        body=(
            f"if x % {j} == 0 and x % {k} == 0:\n    return {a}\nif x % {j} == 0:\n    return {b}\n"
            f"if x % {k} == 0:\n    return {c}\nreturn x"
        ),
        constants=(a, j, k, b, c),
        case=f"(x % {j} == 0) + 2 * (x % {k} == 0)",
    )


def label(rng: Random, *, kinds: tuple[str, ...]) -> Draft:
    """Draw: one word or another by a condition on one number."""
    when = parts.condition(rng, rng.choice(kinds), "x")
    first, second = rng.sample(_WORDS, 2)
    return Draft(
        name="label",
        params=params("x", NATURAL),
        text=f"Return '{first}' if x is {when.text}, otherwise '{second}'.",
        body=f"if {when.code}:\n    return '{first}'\nreturn '{second}'",
        constants=when.constants,
        returns="str",
    )


def update(rng: Random) -> Draft:
    """Draw: changes a number where a condition holds, then goes on with it."""
    when = parts.condition(rng, rng.choice(("even", "odd", "multiple", "above", "below")), "x")
    j, k = rng.randint(1, 20), parts.constant(rng, 2, 12)
    first, code, constants = rng.choice(
        ((f"add {j} to x", f"x += {j}", (j,)), (f"subtract {j} from x", f"x -= {j}", (j,)))
    )
    end, result, more = rng.choice(
        (
            (f"{k} times x", f"{k} * x", (k,)),
            ("the square of x", "x * x", ()),
            (f"{k} minus x", f"{k} - x", (k,)),
        )
    )
    return Draft(
        name="update",
        params=params("x", SIGNED),
        text=f"If x is {when.text}, {first}. Then return {end}.",
        body=f"if {when.code}:\n    {code}\nreturn {result}",
        constants=when.constants + constants + more,
        case=when.code,
    )


FAMILIES = (
    Family(
        "choose_by_parity",
        "One result or another by the parity of x",
        partial(choose, kinds=("even", "odd"), domain=SIGNED),
    ),
    Family(
        "choose_by_threshold",
        "One result or another by the size of x",
        partial(choose, kinds=("above", "below"), domain=SIGNED),
    ),
    Family(
        "choose_by_multiple",
        "One result or another by a divisor of x",
        partial(choose, kinds=("multiple", "non_multiple"), domain=NATURAL),
    ),
    Family(
        "choose_by_remainder",
        "One result or another by a remainder of x",
        partial(choose, kinds=("remainder", "ending"), domain=NATURAL),
        heldout=True,
    ),
    Family(
        "choose_by_two",
        "One result or another by two divisors of x",
        partial(choose, kinds=("either", "both"), domain=NATURAL),
    ),
    Family("choose_by_sign", "One result or another by the sign of x", choose_by_sign),
    Family(
        "choose_by_comparison",
        "One result or another by a comparison of x and y",
        choose_by_comparison,
    ),
    Family("choose_by_value", "One result or another by a value of x and y", choose_by_value),
    Family("three_ways", "One of three results by the size of x", three_ways),
    Family("three_by_sign", "One of three results by the sign of x", three_by_sign, heldout=True),
    Family("cost", "Cost of x units", excess),
    Family("fizz", "One number or another by two divisors of x", fizz),
    Family(
        "label_by_threshold",
        "One word or another by the size of x",
        partial(label, kinds=("above", "below")),
    ),
    Family(
        "label_by_multiple",
        "One word or another by a divisor of x",
        partial(label, kinds=("multiple", "even", "odd")),
        heldout=True,
    ),
    Family("update", "Change x if it meets a condition, then go on with it", update),
)
