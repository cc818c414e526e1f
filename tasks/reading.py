"""Strict reading of JSON objects: a complaint names the field, what was expected, what came."""

import difflib
from collections.abc import Callable, Iterator
from typing import TypeVar

from tasks import values

T = TypeVar("T")


class TaskError(ValueError):
    """A task that breaks a rule, in one line that names the field."""


class Fields:
    """One JSON object whose keys are known; `where` is its path in the task ("" at the top)."""

    def __init__(self, data: object, where: str, keys: tuple[str, ...]) -> None:
        if not isinstance(data, dict):
            raise TaskError(f"{where or 'a task'}: expected an object, got {kind(data)}")
        for key in data:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(keys)}"
                raise TaskError(f"{self._join(where, str(key))}: unknown key{hint}")
        self._data = data
        self._where = where

    def required(self, key: str) -> object:
        """Return the raw value of a key that must be there."""
        if key not in self._data:
            raise TaskError(f"{self._path(key)}: missing")
        return self._data[key]

    def text(self, key: str) -> str:
        """Return a string that must be there."""
        value = self.required(key)
        if not isinstance(value, str):
            raise self._mistyped(key, "a string", value)
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a string, or None where the key is absent or null."""
        return None if self._data.get(key) is None else self.text(key)

    def optional_int(self, key: str) -> int | None:
        """Return an integer, or None where the key is absent or null."""
        value = self._data.get(key)
        if value is None or type(value) is int:
            return value
        raise self._mistyped(key, "an integer", value)

    def optional_float(self, key: str) -> float | None:
        """Return a number, or None where the key is absent or null."""
        value = self._data.get(key)
        if value is None:
            return None
        if type(value) not in (int, float):
            raise self._mistyped(key, "a number", value)
        return float(value)

    def flag(self, key: str) -> bool:
        """Return true or false; false where the key is absent."""
        value = self._data.get(key, False)
        if not isinstance(value, bool):
            raise self._mistyped(key, "true or false", value)
        return value

    def items(self, key: str) -> Iterator[tuple[str, object]]:
        """Return the items of a list with their paths; none where the key is absent."""
        value = self._data.get(key, [])
        if not isinstance(value, list):
            raise self._mistyped(key, "a list", value)
        return ((f"{self._path(key)}[{i}]", item) for i, item in enumerate(value))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty where the key is absent."""
        found = []
        for where, item in self.items(key):
            if not isinstance(item, str):
                raise TaskError(f"{where}: expected a string, got {kind(item)}")
            found.append(item)
        return tuple(found)

    def part(self, key: str, read: Callable[[object], T], default: T) -> T:
        """Return an object of its own, or the default where the key is absent or null."""
        value = self._data.get(key)
        return default if value is None else read(value)

    @staticmethod
    def value_at(where: str, item: object) -> object:
        """Return the Python value of a JSON value at a path."""
        try:
            return values.from_json(item)
        except ValueError as error:
            raise TaskError(f"{where}: {error}") from None

    def _mistyped(self, key: str, wanted: str, value: object) -> TaskError:
        return TaskError(f"{self._path(key)}: expected {wanted}, got {kind(value)}")

    def _path(self, key: str) -> str:
        return self._join(self._where, key)

    @staticmethod
    def _join(where: str, key: str) -> str:
        return f"{where}.{key}" if where else key


def kind(value: object) -> str:
    """JSON's name of a value's type, for messages."""
    names = {dict: "an object", list: "a list", str: "a string", int: "an integer"}
    names |= {float: "a number", bool: "true or false", type(None): "null"}
    return names.get(type(value), type(value).__name__)
