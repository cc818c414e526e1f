"""Loops of which the number of steps is not known before: divide, multiply, add until a bound."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import NATURAL, Domain, Draft, Family

_LARGE = (("n", Domain(1, 9999)),)


def grow(rng: Random, *, by: str, result: str) -> Draft:
    """Draw: grows a value until it passes n: the number of steps or the value."""
    start = rng.randint(1, 9)
    k = parts.constant(rng, 2, 9)
    verb, operator = {"times": (f"multiply by {k}", "*="), "plus": (f"add {k}", "+=")}[by]
    bound, comparison = rng.choice((("at least n", "<"), ("greater than n", "<=")))
    loop = f"value = {start}\nwhile value {comparison} n:\n    value {operator} {k}\n"
    text = f"Start with {start} and {verb} until the value is {bound}. "
    if result == "count":
        loop = f"count = 0\n{loop}    count += 1\n"
    what = "the number of steps" if result == "count" else "the value"
    return Draft(
        name=f"{'multiply' if by == 'times' else 'add'}_until",
        params=(("n", Domain(0, 200 if by == "plus" else 9999)),),
        text=f"{text}Return {what}.",
        body=f"{loop}return {result}",
        constants=(start, k),
    )


def shrink(rng: Random, *, by: str, result: str) -> Draft:
    """Draw: shrinks n until it is small: the number of steps, the value or the sum on the way."""
    k = parts.constant(rng, 2, 12)
    limit = rng.randint(1, 20)
    verb, operator = {
        "divide": (f"divide n by {k}, rounding down,", "//="),
        "minus": (f"subtract {k} from n", "-="),
    }[by]
    end = {"count": "the number of steps", "n": "n", "total": "the sum of n before each step"}[
        result
    ]
    first = "" if result == "n" else f"{result} = 0\n"
    step = {"count": "    count += 1\n", "n": "", "total": "    total += n\n"}[result]
    before = step if result == "total" else ""
    after = step if result == "count" else ""
    return Draft(
        name=f"{verb.split()[0]}_until",
        params=(("n", Domain(0, 200 if by == "minus" else 9999)),),
        text=f"While n is greater than {limit}, {verb}. Return {end}.".replace(",.", "."),
        body=f"{first}while n > {limit}:\n{before}    n {operator} {k}\n{after}return {result}",
        constants=(limit, k),
    )


def times_divisible(rng: Random, *, result: str) -> Draft:
    """Draw: takes every factor k out of n: how often, or what is left."""
    k = parts.constant(rng, 2, 12)
    plus = rng.choice((0, 0, rng.randint(1, 9)))
    end = f" + {plus}" if plus else ""
    also = f", plus {plus}" if plus else ""
    if result == "count":
        text = f"number of times that n can be divided by {k} without remainder{also}"
        body = f"count = 0\nwhile n % {k} == 0:\n    n //= {k}\n    count += 1\nreturn count{end}"
    else:
        text = (
            f"number that is left of n after dividing by {k} as long as there is no remainder{also}"
        )
        body = f"while n % {k} == 0:\n    n //= {k}\nreturn n{end}"
    return Draft(
        name="times_divisible" if result == "count" else "remove_factor",
        params=_LARGE,
        text=parts.sentence(rng, text),
        body=body,
        constants=(k, plus) if plus else (k,),
        case=f"n % {k}",
    )


def collatz(rng: Random, *, result: str) -> Draft:
    """Draw: collatz-like steps: divide where there is no remainder, else move on."""
    k = rng.choice((2, 2, 3, 4, 5, 6))
    other, code = "subtract 1", "n -= 1"
    if k == 2 and rng.random() < 0.7:
        other, code = "multiply by 3 and add 1", "n = 3 * n + 1"
    limit = rng.randint(1, 12) if code == "n -= 1" else 1
    start, step, end = {
        "count": ("count = 0\n", "    count += 1\n", "the number of steps until n is"),
        "best": ("best = n\n", "    best = max(best, n)\n", "the largest n on the way to"),
        "total": ("total = n\n", "    total += n\n", "the sum of all n on the way to"),
    }[result]
    return Draft(
        name=f"collatz_{result}",
        params=(("n", Domain(1, 60)),),
        text=(
            f"If n is divisible by {k}, divide it by {k}, otherwise {other}; repeat. "
            f"Return {end} at most {limit}."
        ),
        body=(
            f"{start}while n > {limit}:\n    if n % {k} == 0:\n        n //= {k}\n    else:\n"
            f"        {code}\n{step}return {result}"
        ),
        constants=(k, limit),
    )


def sum_until(rng: Random) -> Draft:
    """Draw: how many numbers 1, 2, … are needed until a sum passes n."""
    term = parts.term(rng, rng.choice(parts.TERMS), "i")
    bound, comparison = rng.choice((("at least n", "<"), ("greater than n", "<=")))
    start = rng.choice((0, 0, rng.randint(1, 20)))
    begin = f"{start} plus " if start else ""
    return Draft(
        name="numbers_until_sum",
        params=(("n", Domain(0, 300)),),
        text=(
            f"How many numbers, counting up from 1, are needed until {begin}the sum of "
            f"{term.text}the numbers is {bound}?"
        ),
        body=(
            f"total = {start}\ni = 0\nwhile total {comparison} n:\n    i += 1\n"
            f"    total += {term.code}\nreturn i"
        ),
        constants=term.constants + ((start,) if start else ()),
    )


def largest_root(rng: Random) -> Draft:
    """Draw: the largest i of which a power, times or plus something, is at most n."""
    power = rng.choice((2, 2, 3, 4))
    k = parts.constant(rng, 2, 12)
    text, code, constants = rng.choice(
        (
            (f"i to the power of {power}", f"i ** {power}", (power,)),
            (f"{k} times i to the power of {power}", f"{k} * i ** {power}", (k, power)),
            (f"i to the power of {power} plus {k}", f"i ** {power} + {k}", (k, power)),
        )
    )
    bound, comparison = rng.choice((("at most", "<="), ("less than", "<")))
    grown = code.replace("i", "(i + 1)")
    return Draft(
        name="largest_root",
        params=(("n", Domain(0, 2000)),),
        text=parts.sentence(rng, f"largest i, at least 0, such that {text} is {bound} n"),
        body=f"i = 0\nwhile {grown} {comparison} n:\n    i += 1\nreturn i",
        constants=constants,
    )


def pay_back(rng: Random) -> Draft:
    """Draw: how many years until a balance with a gain and a payment reaches a bound."""
    gain, payment = rng.randint(2, 12), rng.randint(1, 9)
    return Draft(
        name="years_until",
        params=(("x", Domain(100, 300)), ("goal", Domain(100, 900))),
        text=(
            f"An amount x grows by {gain} percent, rounded down, plus {payment} each year. "
            "How many years until it is at least goal?"
        ),
        body=(
            f"years = 0\nwhile x < goal:\n    x += x * {gain} // 100 + {payment}\n    years += 1\n"
            "return years"
        ),
        constants=(gain, payment),
    )


def count_down(rng: Random) -> Draft:
    """Draw: takes turns: subtracts one number, then the other, until nothing is left."""
    j, k = rng.randint(1, 9), rng.randint(1, 9)
    return Draft(
        name="turns_until",
        params=(("n", NATURAL),),
        text=(
            f"Subtract {j} from n, then {k}, and so on in turn, while n is greater than 0. "
            "Count the steps."
        ),
        body=(
            f"count = 0\nwhile n > 0:\n    if count % 2 == 0:\n        n -= {j}\n    else:\n"
            f"        n -= {k}\n    count += 1\nreturn count"
        ),
        constants=(j, k),
    )


FAMILIES = (
    Family(
        "multiply_until_count",
        "Multiply until a bound: the number of steps",
        partial(grow, by="times", result="count"),
    ),
    Family(
        "multiply_until_value",
        "Multiply until a bound: the value",
        partial(grow, by="times", result="value"),
    ),
    Family(
        "add_until_count",
        "Add until a bound: the number of steps",
        partial(grow, by="plus", result="count"),
    ),
    Family(
        "add_until_value",
        "Add until a bound: the value",
        partial(grow, by="plus", result="value"),
        heldout=True,
    ),
    Family(
        "divide_until_count",
        "Divide n until a bound: the number of steps",
        partial(shrink, by="divide", result="count"),
    ),
    Family(
        "divide_until_value",
        "Divide n until a bound: the value",
        partial(shrink, by="divide", result="n"),
    ),
    Family(
        "divide_until_sum",
        "Divide n until a bound: the sum on the way",
        partial(shrink, by="divide", result="total"),
        heldout=True,
    ),
    Family(
        "subtract_until_count",
        "Subtract from n until a bound: the number of steps",
        partial(shrink, by="minus", result="count"),
    ),
    Family(
        "subtract_until_value",
        "Subtract from n until a bound: the value",
        partial(shrink, by="minus", result="n"),
    ),
    Family(
        "subtract_until_sum",
        "Subtract from n until a bound: the sum on the way",
        partial(shrink, by="minus", result="total"),
    ),
    Family(
        "times_divisible", "How often n can be divided", partial(times_divisible, result="count")
    ),
    Family(
        "remove_factor",
        "Divide n as long as there is no remainder",
        partial(times_divisible, result="n"),
    ),
    Family(
        "collatz_steps",
        "Divide n or change it until a bound: the number of steps",
        partial(collatz, result="count"),
    ),
    Family(
        "collatz_peak",
        "Divide n or change it until a bound: the largest value",
        partial(collatz, result="best"),
    ),
    Family(
        "collatz_sum",
        "Divide n or change it until a bound: the sum on the way",
        partial(collatz, result="total"),
    ),
    Family("numbers_until_sum", "How many numbers are needed until a sum passes n", sum_until),
    Family("largest_root", "Largest number of which a power is within n", largest_root),
    Family("years_until", "Years until an amount reaches the goal", pay_back),
    Family("turns_until", "Subtract numbers from n in turn and count the steps", count_down),
)
