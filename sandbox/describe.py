"""What a server says of itself, as lines to read."""

from collections.abc import Iterator

from sandbox.types import Description, Language, Limits, Primitive


def lines(said: Description) -> Iterator[str]:
    """Yield the description, a fact a line."""
    yield f"isolation   tier {said.tier}, {said.zygote} loop, control groups: {said.cgroup}"
    yield f"slots       {said.slots} for python, queue of {said.queue_capacity} programs"
    yield f"batch       {said.max_batch} programs, each of {_bytes(said.max_source_bytes)} at most"
    yield f"limits      {_limits(said.default_limits)}"
    yield f"  at most   {_limits(said.maximum_limits)}"
    yield "languages"
    for language in said.languages:
        yield f"  {language.name:<12}{_language(language)}"
    if said.primitives:
        yield "isolation by"
    for primitive in said.primitives:
        yield f"  {primitive.name:<24}{_primitive(primitive)}"


def _language(language: Language) -> str:
    if language.available:
        return f"{language.version}, {language.slots} slots"
    return f"missing: {language.hint}"


def _primitive(primitive: Primitive) -> str:
    if primitive.available:
        return "yes" + (f": {primitive.reason}" if primitive.reason else "")
    return f"no: {primitive.reason}" + (f"; {primitive.enable}" if primitive.enable else "")


def _limits(limits: Limits) -> str:
    return (
        f"{limits.cpu_seconds:g} s CPU, {limits.wall_seconds:g} s on the clock, "
        f"{_bytes(limits.memory_bytes)} memory, {_bytes(limits.output_bytes)} output"
    )


def _bytes(count: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count and count % size == 0:
            return f"{count // size} {unit}"
    return f"{count} bytes"
