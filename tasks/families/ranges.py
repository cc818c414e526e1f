"""Loops over a range: sum, product and count of numbers, with filters and terms."""

from dataclasses import replace
from functools import partial
from random import Random

from tasks.families import parts
from tasks.families.draft import COUNT, Domain, Draft, Family, params
from tasks.families.parts import Accumulator, Part


def aggregate(rng: Random, *, put: Accumulator, kinds: tuple[str, ...]) -> Draft:
    """Draw: sum or product of a term of the numbers of a span that meet a condition."""
    span = parts.span(rng, rng.choice(parts.SPANS))
    term = parts.term(rng, rng.choice(parts.TERMS), "i")
    kind = rng.choice(kinds)
    when = Part("", "") if kind == "all" else parts.condition(rng, kind, "i")
    that = f" that are {when.text}" if when.text else ""
    text = f"{put.text} of {term.text}the numbers {span.text}{that}"
    return Draft(
        name=f"{put.text}_{span.name}",
        params=span.params,
        text=parts.sentence(rng, text),
        body=put.loop(f"for i in {span.code}", term.code, when.code),
        constants=span.constants + term.constants + when.constants,
    )


def count_matching(rng: Random, *, kinds: tuple[str, ...]) -> Draft:
    """Draw: how many numbers of a span meet a condition."""
    span = parts.span(rng, rng.choice(parts.SPANS), high=40)
    when = parts.condition(rng, rng.choice(kinds), "i")
    numbers = f"numbers {span.text} that are {when.text}"
    text = rng.choice((f"Count the {numbers}.", f"How many {numbers} are there?"))
    return Draft(
        name=f"count_{span.name}",
        params=span.params,
        text=text,
        body=parts.NUMBER.loop(f"for i in {span.code}", "1", when.code),
        constants=span.constants + when.constants,
    )


def every_kth(rng: Random, *, put: Accumulator) -> Draft:
    """Draw: sum or product of every k-th number, upwards or downwards."""
    k = parts.constant(rng, 2, 12)
    code, text = rng.choice(
        (
            (f"range(1, n + 1, {k})", f"every number from 1 to n in steps of {k}"),
            (f"range({k}, n + 1, {k})", f"every number from {k} to n in steps of {k}"),
            (f"range(n, 0, -{k})", f"every number from n down to 1 in steps of {k}"),
        )
    )
    term = parts.term(rng, rng.choice(("plain", "plain", "squares", "times")), "i")
    return Draft(
        name=f"{put.text}_in_steps",
        params=(("n", COUNT),),
        text=parts.sentence(rng, f"{put.text} of {term.text}{text}"),
        body=put.loop(f"for i in {code}", term.code),
        constants=(k, *term.constants),
    )


def alternate(rng: Random) -> Draft:
    """Draw: adds some numbers of a span and subtracts the others."""
    span = parts.span(rng, rng.choice(parts.SPANS))
    when = parts.condition(rng, rng.choice(("even", "odd", "multiple", "above")), "i")
    term = parts.term(rng, rng.choice(("plain", "squares")), "i")
    return Draft(
        name="alternating_sum",
        params=span.params,
        text=f"Add {term.text}the numbers {span.text} that are {when.text}, subtract the others.",
        body=(
            f"total = 0\nfor i in {span.code}:\n    if {when.code}:\n        total += {term.code}\n"
            f"    else:\n        total -= {term.code}\nreturn total"
        ),
        constants=span.constants + term.constants + when.constants,
    )


def from_start(rng: Random, *, put: Accumulator) -> Draft:
    """Draw: puts the numbers of a span together, beginning with a value that is not neutral."""
    start = rng.randint(2, 50)
    span = parts.span(rng, rng.choice(("up_to", "below", "between")))
    term = parts.term(rng, rng.choice(parts.TERMS), "i")
    verb = "add" if put is parts.SUM else "multiply by"
    return Draft(
        name=f"{put.text}_from_start",
        params=span.params,
        text=f"Start with {start} and {verb} {term.text}each of the numbers {span.text}.",
        body=replace(put, start=start).loop(f"for i in {span.code}", term.code),
        constants=(start, *term.constants),
    )


def divide(rng: Random) -> Draft:
    """Draw: divides a number by every number of a span in turn."""
    first = rng.randint(1, 9)
    k = rng.randint(0, 9)
    divisor = f"i + {k}" if k else "i"
    plus = f"{k} plus " if k else ""
    return Draft(
        name="divide_up_to_n",
        params=(("x", Domain(0, 5000)), ("n", Domain(0, 12))),
        text=f"Divide x by {plus}every number from {first} to n in turn, rounding down.",
        body=(
            f"result = x\nfor i in range({first}, n + 1):\n    result //= {divisor}\nreturn result"
        ),
        constants=(first, k) if k else (first,),
    )


def sum_of_results(rng: Random, *, kinds: tuple[str, ...]) -> Draft:
    """Draw: sum of the remainders or quotients of the numbers of a span."""
    span = parts.span(rng, rng.choice(parts.SPANS))
    k = parts.constant(rng, 3, 16)
    kind = rng.choice(kinds)
    if kind == "remainder":
        text, code = f"the remainders of the numbers {span.text} divided by {k}", f"i % {k}"
    else:
        text, code = f"the numbers {span.text} divided by {k} and rounded down", f"i // {k}"
    return Draft(
        name=f"sum_of_{kind}s",
        params=span.params,
        text=parts.sentence(rng, f"sum of {text}"),
        body=parts.SUM.loop(f"for i in {span.code}", code),
        constants=(k, *span.constants),
    )


def sum_of_distances(rng: Random) -> Draft:
    """Draw: sum of the differences to a number."""
    k = parts.constant(rng, 2, 20)
    a, b = params("a b", Domain(1, COUNT.high))
    return Draft(
        name="sum_of_distances",
        params=(a, b),
        text=parts.sentence(
            rng, f"sum of the absolute differences of {k} and the numbers from a to b"
        ),
        body=parts.SUM.loop("for i in range(a, b + 1)", f"abs(i - {k})"),
        constants=(k,),
    )


def _aggregates() -> tuple[Family, ...]:
    kinds = {
        "all": ("all",),
        "parity": ("even", "odd"),
        "multiples": ("multiple",),
        "non_multiples": ("non_multiple",),
        "remainder": ("remainder",),
        "ending": ("ending",),
        "either": ("either",),
    }
    heldout = {"sum_ending", "product_non_multiples", "count_either"}
    families = []
    for group, names in kinds.items():
        for put in (parts.SUM, parts.PRODUCT):
            if put is parts.SUM or group in ("all", "parity", "multiples", "non_multiples"):
                name = f"{put.text}_{group}"
                draw = partial(aggregate, put=put, kinds=names)
                which = "the" if group == "all" else "some of the"
                gist = f"{put.text.capitalize()} of {which} numbers in a range"
                families.append(Family(name, gist, draw, name in heldout))
        if group != "all":
            name = f"count_{group}"
            draw = partial(count_matching, kinds=names)
            gist = "Count some of the numbers in a range"
            families.append(Family(name, gist, draw, name in heldout))
    return tuple(families)


FAMILIES = (
    *_aggregates(),
    Family(
        "count_both",
        "Count some of the numbers in a range",
        partial(count_matching, kinds=("both",)),
    ),
    Family(
        "sum_in_steps", "Sum of the numbers of a range in steps", partial(every_kth, put=parts.SUM)
    ),
    Family(
        "product_in_steps",
        "Product of the numbers of a range in steps",
        partial(every_kth, put=parts.PRODUCT),
        heldout=True,
    ),
    Family("alternating_sum", "Add some of the numbers in a range, subtract the others", alternate),
    Family(
        "sum_from_start",
        "Add the numbers in a range to a start value",
        partial(from_start, put=parts.SUM),
    ),
    Family(
        "product_from_start",
        "Multiply a start value by the numbers in a range",
        partial(from_start, put=parts.PRODUCT),
    ),
    Family("divide_up_to_n", "Divide x by some numbers in turn", divide),
    Family(
        "sum_of_remainders",
        "Sum of the remainders of the numbers in a range",
        partial(sum_of_results, kinds=("remainder",)),
    ),
    Family(
        "sum_of_quotients",
        "Sum of the quotients of the numbers in a range",
        partial(sum_of_results, kinds=("quotient",)),
    ),
    Family("sum_of_distances", "Sum of distances to the numbers in a range", sum_of_distances),
)
