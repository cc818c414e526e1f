"""Loops about divisors, primes and common divisors."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import Domain, Draft, Family, params
from tasks.families.parts import Accumulator, Part

_NUMBER = (("n", Domain(1, 72)),)
_SMALL = (("n", Domain(0, 30)),)
_PAIR = params("a b", Domain(1, 60))


def divisors(rng: Random, *, put: Accumulator, matching: bool) -> Draft:
    """Draw: sum, product or count of the divisors of n, all or those that meet a condition."""
    proper = rng.random() < 0.4
    when = Part("", "")
    if matching:
        kind = rng.choice(("even", "odd", "above", "below", "multiple", "non_multiple"))
        when = parts.condition(rng, kind, "i")
    term = Part("", "1")
    if put is not parts.NUMBER:
        term = parts.term(rng, rng.choice(parts.TERMS), "i")
    what = "number" if put is parts.NUMBER else put.text
    less = " less than n" if proper else ""
    that = f" that are {when.text}" if matching else ""
    test = "n % i == 0" + (f" and {when.code}" if matching else "")
    return Draft(
        name=f"{what}_of_divisors",
        params=_NUMBER,
        text=parts.sentence(rng, f"{what} of {term.text}the divisors of n{less}{that}"),
        body=put.loop(
            "for i in range(1, n)" if proper else "for i in range(1, n + 1)", term.code, test
        ),
        constants=when.constants + term.constants,
    )


def extreme_divisor(rng: Random, *, smallest: bool) -> Draft:
    """Draw: the first divisor of n from one end that is beyond a bound."""
    k = rng.randint(2, 25)
    text, loop = f"largest divisor of n that is at most {k}", f"for i in range({k}, 0, -1)"
    if smallest:
        text, loop = f"smallest divisor of n that is at least {k}", f"for i in range({k}, n + 1)"
    default = rng.randint(0, 1)
    return Draft(
        name=f"{'smallest' if smallest else 'largest'}_divisor",
        params=_NUMBER,
        text=parts.sentence(rng, f"{text}, or {default} if there is none"),
        body=f"{loop}:\n    if n % i == 0:\n        return i\nreturn {default}",
        constants=(k,),
    )


def common_divisors(rng: Random, *, put: Accumulator) -> Draft:
    """Draw: sum or count of the common divisors of a and b."""
    when = Part("", "")
    if rng.random() < 0.7:
        when = parts.condition(rng, rng.choice(("above", "below", "odd", "even")), "i")
    that = f" that are {when.text}" if when.text else ""
    test = "a % i == 0 and b % i == 0" + (f" and {when.code}" if when.code else "")
    what = "number" if put is parts.NUMBER else put.text
    return Draft(
        name=f"{what}_of_common_divisors",
        params=_PAIR,
        text=parts.sentence(rng, f"{what} of the common divisors of a and b{that}"),
        body=put.loop("for i in range(1, a + 1)", "1" if put is parts.NUMBER else "i", test),
        constants=when.constants,
    )


def gcd(rng: Random, *, multiple: bool) -> Draft:
    """Draw: the greatest common divisor, or the least common multiple, of numbers near a and b."""
    k = parts.constant(rng, 2, 30)
    kind = rng.choice(("plain", "times", "plus", "fixed", "remainder"))
    name = "least common multiple" if multiple else "greatest common divisor"
    result = "x * y // a" if multiple else "a"
    text, start, end = f"{name} of x and y", "a, b = x, y", result
    names = "x y"
    if kind == "times":
        text, end = (
            f"{k} times the {text}",
            f"{k} * {result}" if not multiple else f"{k} * x * y // a",
        )
    elif kind == "plus":
        text, end = f"{text}, plus {k}", f"{result} + {k}"
    elif kind == "remainder":
        text, end = (
            f"remainder of the {text} divided by {k}",
            f"{'x * y // a' if multiple else 'a'} % {k}",
        )
    elif kind == "fixed":
        text, start, names = f"{name} of x and {k}", f"a, b = x, {k}", "x"
        end = f"x * {k} // a" if multiple else "a"
    return Draft(
        name="least_common_multiple" if multiple else "greatest_common_divisor",
        params=params(names, Domain(1, 90)),
        text=parts.sentence(rng, text),
        body=f"{start}\nwhile b > 0:\n    a, b = b, a % b\nreturn {end}",
        constants=() if kind == "plain" else (k,),
    )


def is_prime(rng: Random) -> Draft:
    """Draw: whether a number near n is prime."""
    k = rng.randint(1, 40)
    kind = rng.choice(("plain", "plus", "times", "square"))
    text, start = "n", ""
    if kind == "plus":
        text, start = f"n plus {k}", f"n += {k}\n"
    elif kind == "times":
        text, start = f"{k} times n plus 1", f"n = {k} * n + 1\n"
    else:
        text, start = f"the square of n plus {k}", f"n = n * n + {k}\n"
    return Draft(
        name="is_prime",
        params=_SMALL,
        text=f"Whether {text} is a prime number.",
        body=(
            f"{start}if n < 2:\n    return False\nfor i in range(2, n):\n    if n % i == 0:\n"
            "        return False\nreturn True"
        ),
        constants=() if kind == "plain" else (k,),
        returns="bool",
    )


def primes(rng: Random, *, put: Accumulator) -> Draft:
    """Draw: sum, product or count of the primes of a span, all or those that meet a condition."""
    first = rng.choice((2, 2, rng.randint(3, 15)))
    when = Part("", "")
    if rng.random() < 0.7:
        kinds = ("remainder", "ending", "above") if first == 2 else ("remainder", "ending")
        when = parts.condition(rng, rng.choice(kinds), "i")
    term = Part("", "1")
    if put is not parts.NUMBER:
        term = parts.term(rng, rng.choice(parts.TERMS), "i")
    prime = "all(i % j != 0 for j in range(2, i))"
    where = "up to n" if first == 2 else f"from {first} to n"
    that = f" that are {when.text}" if when.text else ""
    what = "number" if put is parts.NUMBER else put.text
    return Draft(
        name=f"{what}_of_primes",
        params=_SMALL,
        text=parts.sentence(rng, f"{what} of {term.text}the prime numbers {where}{that}"),
        body=put.loop(
            f"for i in range({first}, n + 1)",
            term.code,
            f"{when.code} and {prime}" if when.code else prime,
        ),
        constants=when.constants + term.constants + ((first,) if first > 2 else ()),
    )


def prime_factors(rng: Random, *, put: Accumulator) -> Draft:
    """Draw: sum or count of the prime factors of n, with multiplicity."""
    term = Part("", "1")
    if put is not parts.NUMBER:
        term = parts.term(rng, rng.choice(parts.TERMS), "factor")
    start = rng.choice((0, 0, rng.randint(1, 20)))
    begin = f", starting from {start}" if start else ""
    what = "number" if put is parts.NUMBER else put.text
    return Draft(
        name=f"{what}_of_prime_factors",
        params=(("n", Domain(1, 200)),),
        text=parts.sentence(rng, f"{what} of {term.text}the prime factors of n{begin}"),
        body=(
            f"{put.local} = {start}\nfactor = 2\nwhile n > 1:\n    if n % factor == 0:\n"
            f"        {put.local} += {term.code}\n        n //= factor\n    else:\n"
            f"        factor += 1\nreturn {put.local}"
        ),
        constants=term.constants + ((start,) if start else ()),
    )


def compare_divisor_sum(rng: Random) -> Draft:
    """Draw: whether the sum of proper divisors is equal to, above or below something."""
    text, operator = rng.choice((("equal to", "=="), ("greater than", ">"), ("less than", "<")))
    k = rng.randint(2, 9)
    other, code, constants = rng.choice(
        (("n", "n", ()), (f"n plus {k}", f"n + {k}", (k,)), (f"{10 * k}", f"{10 * k}", (10 * k,)))
    )
    return Draft(
        name="compare_divisor_sum",
        params=_NUMBER,
        text=f"Whether the sum of the divisors of n less than n is {text} {other}.",
        body=(
            "total = 0\nfor i in range(1, n):\n    if n % i == 0:\n        total += i\n"
            f"return total {operator} {code}"
        ),
        constants=constants,
        returns="bool",
    )


FAMILIES = (
    Family(
        "divisor_sum", "Sum of the divisors of n", partial(divisors, put=parts.SUM, matching=False)
    ),
    Family(
        "divisor_count",
        "Number of divisors of n",
        partial(divisors, put=parts.NUMBER, matching=False),
    ),
    Family(
        "divisor_product",
        "Product of the divisors of n",
        partial(divisors, put=parts.PRODUCT, matching=False),
    ),
    Family(
        "divisor_sum_matching",
        "Sum of some of the divisors of n",
        partial(divisors, put=parts.SUM, matching=True),
        heldout=True,
    ),
    Family(
        "divisor_count_matching",
        "Count some of the divisors of n",
        partial(divisors, put=parts.NUMBER, matching=True),
    ),
    Family(
        "smallest_divisor",
        "Smallest divisor of n beyond a bound",
        partial(extreme_divisor, smallest=True),
    ),
    Family(
        "largest_divisor",
        "Largest divisor of n within a bound",
        partial(extreme_divisor, smallest=False),
    ),
    Family(
        "common_divisor_sum",
        "Sum of common divisors of a and b",
        partial(common_divisors, put=parts.SUM),
    ),
    Family(
        "common_divisor_count",
        "Number of common divisors of a and b",
        partial(common_divisors, put=parts.NUMBER),
    ),
    Family(
        "greatest_common_divisor",
        "Greatest common divisor, perhaps scaled or shifted",
        partial(gcd, multiple=False),
    ),
    Family(
        "least_common_multiple",
        "Least common multiple, perhaps scaled or shifted",
        partial(gcd, multiple=True),
    ),
    Family("is_prime", "Whether a value of n is prime", is_prime),
    Family("prime_sum", "Sum of some of the prime numbers", partial(primes, put=parts.SUM)),
    Family(
        "prime_count",
        "Count some of the prime numbers",
        partial(primes, put=parts.NUMBER),
        heldout=True,
    ),
    Family(
        "prime_product", "Product of some of the prime numbers", partial(primes, put=parts.PRODUCT)
    ),
    Family(
        "prime_factor_sum", "Sum of the prime factors of n", partial(prime_factors, put=parts.SUM)
    ),
    Family(
        "prime_factor_count",
        "Number of prime factors of n",
        partial(prime_factors, put=parts.NUMBER),
    ),
    Family(
        "compare_divisor_sum",
        "Compare the sum of the divisors of n with a value",
        compare_divisor_sum,
    ),
)
