"""Loops over the digits of a number."""

from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import LONG, Draft, Family
from tasks.families.parts import Accumulator, Part

_NUMBER = (("n", LONG),)
_KINDS = ("even", "odd", "above", "below", "equal", "multiple")


def _base(rng: Random) -> tuple[str, int, tuple[int, ...]]:
    """Return the words, the base and its constants: ten most of the time."""
    base = rng.choice((10, 10, 10, 2, 3, 4, 5, 6, 7, 8, 9, 16))
    return ("", 10, ()) if base == 10 else (f" in base {base}", base, (base,))


def _digit_condition(rng: Random, base: int) -> Part:
    kind = rng.choice(_KINDS if base > 4 else ("even", "odd", "equal"))
    k = rng.randint(1, min(8, base - 1))
    if kind in ("even", "odd"):
        return parts.condition(rng, kind, "digit")
    if kind == "multiple":
        k = rng.randint(3, 5)
        return Part(f"divisible by {k}", f"digit % {k} == 0", (k,))
    text, operator = {
        "above": ("greater than", ">"),
        "below": ("less than", "<"),
        "equal": ("equal to", "=="),
    }[kind]
    return Part(f"{text} {k}", f"digit {operator} {k}", (k,))


def _loop(put: Accumulator, code: str, when: str, base: int) -> str:
    digit = f"    digit = n % {base}\n" if "digit" in code + when else ""
    step = f"{put.local} {put.operator} {code}"
    inner = f"    if {when}:\n        {step}\n" if when else f"    {step}\n"
    return (
        f"{put.local} = {put.start}\nwhile n > 0:\n{digit}{inner}"
        f"    n //= {base}\nreturn {put.local}"
    )


def all_digits(rng: Random, *, put: Accumulator) -> Draft:
    """Draw: sum or product of a term of all digits, or their count."""
    where, base, constants = _base(rng)
    term = parts.term(rng, rng.choice(parts.TERMS), "digit")
    text = f"{put.text} of {term.text}the digits of n{where}"
    if put is parts.NUMBER:
        term = Part("", "1")
        text = f"number of digits of n{where}"
    return Draft(
        name=f"digit_{put.text}",
        params=_NUMBER,
        text=parts.sentence(rng, text),
        body=_loop(put, term.code, "", base),
        constants=constants + term.constants,
    )


def matching_digits(rng: Random, *, put: Accumulator) -> Draft:
    """Draw: sum, product or count of the digits that meet a condition."""
    where, base, constants = _base(rng)
    when = _digit_condition(rng, base)
    term = parts.term(rng, rng.choice(("plain", "plain", "squares", "times")), "digit")
    if put is parts.NUMBER:
        term = Part("", "1")
    verb = "number" if put is parts.NUMBER else put.text
    text = f"{verb} of {term.text}the digits of n{where} that are {when.text}"
    return Draft(
        name=f"digit_{put.text}_matching",
        params=_NUMBER,
        text=parts.sentence(rng, text),
        body=_loop(put, term.code, when.code, base),
        constants=constants + when.constants + term.constants,
    )


def extreme_digit(rng: Random, *, largest: bool) -> Draft:
    """Draw: the largest or the smallest digit."""
    where, base, constants = _base(rng)
    word, call, start = ("largest", "max", 0) if largest else ("smallest", "min", base - 1)
    return Draft(
        name=f"{word}_digit",
        params=_NUMBER,
        text=parts.sentence(rng, f"{word} digit of n{where}"),
        body=(
            f"best = {start}\nwhile n > 0:\n    digit = n % {base}\n"
            f"    best = {call}(best, digit)\n    n //= {base}\nreturn best"
        ),
        constants=constants,
    )


def reverse(rng: Random) -> Draft:
    """Draw: the number with its digits reversed, in one base and read in it or in another."""
    where, base, constants = _base(rng)
    other = rng.choice((base, base, 10))
    read = "" if other == base else f", read in base {other}"
    k = rng.choice((0, 0, 0, rng.randint(1, 9)))
    end, plus = (f" + {k}", f", plus {k}") if k else ("", "")
    return Draft(
        name="reverse_digits",
        params=_NUMBER,
        text=parts.sentence(rng, f"number n with its digits{where} reversed{read}{plus}"),
        body=(
            f"result = 0\nwhile n > 0:\n    result = result * {other} + n % {base}\n"
            f"    n //= {base}\nreturn result{end}"
        ),
        constants=constants + ((k,) if k else ()),
    )


def replace_digits(rng: Random) -> Draft:
    """Draw: the digits in order, some of them changed: place values."""
    j, k = rng.sample(range(10), 2)
    return Draft(
        name="replace_digit",
        params=_NUMBER,
        text=f"Replace every digit {j} of n by the digit {k}.",
        body=(
            "result = 0\nplace = 1\nwhile n > 0:\n    digit = n % 10\n"
            f"    if digit == {j}:\n        digit = {k}\n    result += digit * place\n"
            "    place *= 10\n    n //= 10\nreturn result"
        ),
        constants=(j, k),
        case=f"'{j}' in str(n)",
    )


def has_digit(rng: Random, *, every: bool) -> Draft:
    """Draw: whether some digit, or every digit, meets a condition."""
    where, base, constants = _base(rng)
    when = _digit_condition(rng, base)
    word = "every" if every else "some"
    test = parts.opposite(when.code) if every else when.code
    return Draft(
        name="all_digits" if every else "any_digit",
        params=_NUMBER,
        text=f"Whether {word} digit of n{where} is {when.text}.",
        body=(
            f"while n > 0:\n    digit = n % {base}\n    if {test}:\n        return {not every}\n"
            f"    n //= {base}\nreturn {every}"
        ),
        constants=constants + when.constants,
        returns="bool",
    )


def digital_root(rng: Random) -> Draft:
    """Draw: sums of digits until the number is small."""
    where, base, constants = _base(rng)
    limit = rng.choice((base - 1, rng.randint(base, 30)))
    return Draft(
        name="digital_root",
        params=_NUMBER,
        text=f"Replace n by the sum of its digits{where} until it is at most {limit}.",
        body=(
            f"while n > {limit}:\n    total = 0\n    while n > 0:\n        total += n % {base}\n"
            f"        n //= {base}\n    n = total\nreturn n"
        ),
        constants=(*constants, limit),
    )


FAMILIES = (
    Family("digit_sum", "Sum of the digits of n", partial(all_digits, put=parts.SUM)),
    Family("digit_product", "Product of the digits of n", partial(all_digits, put=parts.PRODUCT)),
    Family("digit_count", "Number of digits of n", partial(all_digits, put=parts.NUMBER)),
    Family(
        "digit_sum_matching",
        "Sum of some of the digits of n",
        partial(matching_digits, put=parts.SUM),
    ),
    Family(
        "digit_product_matching",
        "Product of some of the digits of n",
        partial(matching_digits, put=parts.PRODUCT),
        heldout=True,
    ),
    Family(
        "digit_count_matching",
        "Count some of the digits of n",
        partial(matching_digits, put=parts.NUMBER),
    ),
    Family("largest_digit", "Largest digit of n", partial(extreme_digit, largest=True)),
    Family("smallest_digit", "Smallest digit of n", partial(extreme_digit, largest=False)),
    Family("reverse_digits", "Reverse the digits of n", reverse),
    Family("replace_digit", "Replace a digit of n by another", replace_digits),
    Family(
        "any_digit", "Whether some digit of n meets a condition", partial(has_digit, every=False)
    ),
    Family(
        "all_digits",
        "Whether every digit of n meets a condition",
        partial(has_digit, every=True),
        heldout=True,
    ),
    Family("digital_root", "Sum the digits of n again and again", digital_root),
)
