"""Words and idioms that families share: conditions, terms, ranges, accumulators.

The same concept always has the same idiom and one of a few wordings. Numbers are written as digits,
so that a policy can point at them.
"""

from dataclasses import dataclass
from random import Random

from tasks.families.draft import COUNT, Domain, params


@dataclass(frozen=True)
class Part:
    """A piece of a description with the piece of program that it stands for."""

    text: str
    code: str
    constants: tuple[int, ...] = ()


def constant(rng: Random, low: int = 2, high: int = 20) -> int:
    """Return a constant, small ones more often, as in programs that people write."""
    return min(rng.randint(low, high), rng.randint(low, high))


def sentence(rng: Random, text: str) -> str:
    """Return a description that asks for something: `text` is a noun phrase without an article."""
    verb = rng.choice(("", "Return ", "Compute ", "Find "))
    if not verb:
        return f"{text[0].upper()}{text[1:]}."
    return (
        f"{verb}the {text}." if text.split()[0].isalpha() and text[1] != " " else f"{verb}{text}."
    )


def listed(names: tuple[str, ...]) -> str:
    """Return names as words: x, y and z."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def first_names(rng: Random, low: int = 2) -> tuple[str, ...]:
    """Return the first names of x, y and z, at least `low` of them."""
    return ("x", "y", "z")[: rng.randint(low, 3)]


def condition(rng: Random, kind: str, name: str) -> Part:
    """Return a condition on the variable `name`; its text goes after "is" or "are".

    Kinds: even, odd, multiple, non_multiple, remainder, ending, above, below, either, both.
    """
    k = constant(rng)
    if kind in ("even", "odd"):
        return Part(kind, f"{name} % 2 == {int(kind == 'odd')}")
    if kind == "multiple":
        return Part(f"divisible by {k}", f"{name} % {k} == 0", (k,))
    if kind == "non_multiple":
        return Part(f"not divisible by {k}", f"{name} % {k} != 0", (k,))
    if kind == "remainder":
        k = constant(rng, 3, 16)
        r = rng.randint(1, k - 1)
        return Part(f"equal to {r} modulo {k}", f"{name} % {k} == {r}", (k, r))
    if kind == "ending":
        d = rng.randint(0, 9)
        return Part(f"ending in the digit {d}", f"{name} % 10 == {d}", (d,))
    if kind in ("above", "below"):
        return _comparison(rng, kind, name)
    return _two_divisors(rng, kind, name)


def _comparison(rng: Random, kind: str, name: str) -> Part:
    k = constant(rng, 3, 30)
    above = kind == "above"
    text, operator = rng.choice(
        (("greater than", ">"), ("at least", ">="))
        if above
        else (("less than", "<"), ("at most", "<="))
    )
    return Part(f"{text} {k}", f"{name} {operator} {k}", (k,))


def _two_divisors(rng: Random, kind: str, name: str) -> Part:
    j, k = sorted(rng.sample(range(2, 12), 2))
    while k % j == 0:
        j, k = sorted(rng.sample(range(2, 12), 2))
    if kind == "either":
        code = f"{name} % {j} == 0 or {name} % {k} == 0"
        return Part(f"divisible by {j} or {k}", code, (j, k))
    code = f"{name} % {j} == 0 and {name} % {k} == 0"
    return Part(f"divisible by {j} and {k}", code, (j, k))


def opposite(code: str) -> str:
    """Return the opposite of a single comparison."""
    left, operator, right = code.rsplit(" ", 2)
    return f"{left} {_OPPOSITES[operator]} {right}"


_OPPOSITES = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}


TERMS = ("plain", "plain", "squares", "cubes", "times", "plus")
"""Kinds of terms; the plain number is the most frequent one."""


def term(rng: Random, kind: str, name: str) -> Part:
    """Return what is accumulated for each number; its text goes before "the numbers"."""
    k = constant(rng, 2, 12)
    if kind == "squares":
        return Part("the squares of ", f"{name} * {name}")
    if kind == "cubes":
        return Part("the cubes of ", f"{name} ** 3")
    if kind == "times":
        return Part(f"{k} times ", f"{k} * {name}", (k,))
    if kind == "plus":
        return Part(f"{k} plus ", f"{k} + {name}", (k,))
    return Part("", name)


@dataclass(frozen=True)
class Span:
    """A range of numbers: words, the call of `range`, the function's parameters and its name."""

    text: str
    code: str
    params: tuple[tuple[str, Domain], ...]
    name: str
    constants: tuple[int, ...] = ()


SPANS = ("up_to", "up_to", "below", "between", "from")
"""Kinds of spans; 1 to n is the most frequent one."""


def span(rng: Random, kind: str, high: int = COUNT.high) -> Span:
    """Return a span of which no number is larger than `high`."""
    to_n = (("n", Domain(0, high)),)
    if kind == "below":
        return Span("below n", "range(1, n)", to_n, "below")
    if kind == "between":
        return Span("from a to b", "range(a, b + 1)", params("a b", Domain(1, high)), "between")
    if kind == "from":
        k = rng.randint(2, 12)
        return Span(f"from {k} to n", f"range({k}, n + 1)", to_n, "from", (k,))
    text = rng.choice(("up to n", "from 1 to n"))
    return Span(text, "range(1, n + 1)", to_n, "up_to")


@dataclass(frozen=True)
class Accumulator:
    """A way to put many numbers together: words, the local variable, its start and its operator."""

    text: str
    local: str
    start: int
    operator: str

    def loop(self, header: str, code: str, when: str = "") -> str:
        """Return a body: start, one loop with at most one filter, return."""
        step = f"{self.local} {self.operator} {code}"
        inner = f"    if {when}:\n        {step}" if when else f"    {step}"
        return f"{self.local} = {self.start}\n{header}:\n{inner}\nreturn {self.local}"


SUM = Accumulator("sum", "total", 0, "+=")
PRODUCT = Accumulator("product", "result", 1, "*=")
NUMBER = Accumulator("count", "count", 0, "+=")
