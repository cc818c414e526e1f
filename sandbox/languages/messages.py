"""What is told of a program that did not compile."""

import dataclasses

from sandbox.jail import child, command, zygote
from sandbox.judge import Facts

_OURS = "In file included from main.cpp"
_SHOWN_LINES = 8
_MOST_TEXT = 500


def not_compiled(facts: Facts) -> Facts:
    """Return a compiler's facts as those of a program that did not compile."""
    text = compiler_message(facts)
    frame = child.COMPILE_ERROR + len(text).to_bytes(4, "little") + text
    return dataclasses.replace(
        facts,
        status=0,
        ended=zygote.ENDED_ITSELF,
        results=frame,
        overflowed=False,
        out_of_memory=False,
    )


def compiler_message(facts: Facts) -> bytes:
    """Return the compiler's first lines, or which of its limits it ran into."""
    if facts.ended == zygote.ENDED_BY_CPU:
        return b"the compiler used too much CPU time"
    if facts.ended == zygote.ENDED_BY_WALL:
        return b"the compiler took too long"
    if facts.overflowed:
        return b"the compiler wrote too much"
    if facts.out_of_memory:
        return b"the compiler ran out of memory"
    text = (facts.stderr or facts.stdout).decode("utf-8", "replace")
    text = text.replace(f"{command.WORK}/", "").replace(f"{command.WARM}/", "").strip()
    lines = [line for line in text.splitlines() if line.strip() and _OURS not in line]
    lines = lines[:_SHOWN_LINES]
    return "\n".join(lines)[:_MOST_TEXT].encode() or b"the compiler ended without a word"
