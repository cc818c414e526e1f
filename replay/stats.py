"""What a run counts: actors add, the driver reads; nothing is lost when an actor dies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import cast

from replay.buffer import run_key
from replay.connection import Connection

# What redis-py takes for the names and the values of a hash.
Key = bytes | bytearray | memoryview | str | int | float

# ARGV: who adds, the number of this addition, then name and amount in turn. An addition that is
# repeated after its reply was lost is recognised by its number.
_ADD = """
local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if tonumber(ARGV[2]) <= last then return 0 end
for i = 3, #ARGV, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
"""


class Counters:
    """Named numbers of one run, in the `book` of that name. One instance belongs to one thread.

    A labelled counter has the label's value behind a colon: `verdicts:PASSED`.
    """

    def __init__(self, connection: Connection, run: str, book: str = "counters") -> None:
        self._connection = connection
        self._keys = [run_key(run, book), run_key(run, f"{book}-added")]
        self._script = connection.client.register_script(_ADD)
        self._name = uuid.uuid4().hex
        self._additions = 0

    def add(self, amounts: Mapping[str, float]) -> None:
        """Add each amount to its counter, all of them exactly once."""
        if not amounts:
            return
        self._additions += 1
        pairs = [part for name, amount in amounts.items() for part in (name, repr(float(amount)))]
        self._connection.call(
            lambda _, __: self._script(keys=self._keys, args=[self._name, self._additions, *pairs])
        )

    def put(self, values: Mapping[str, float]) -> None:
        """Set each number: for what goes down as well as up."""
        if not values:
            return
        fields: dict[Key, Key] = {name: repr(float(value)) for name, value in values.items()}
        self._connection.call(lambda client, _: client.hset(self._keys[0], mapping=fields))

    def read(self) -> dict[str, float]:
        """Return every number of the book."""
        answer = self._connection.call(lambda client, _: client.hgetall(self._keys[0]))
        fields = cast("dict[bytes, bytes]", answer)
        return {name.decode(): float(value) for name, value in fields.items()}
