"""Leaves of the tree: names and constants, by pointer or word where possible, else spelled."""

import ast
from typing import Any, Final

from policy.grammar.errors import CodecError
from policy.grammar.grammar import GRAMMAR, STOP, Action, Hole, Names

Constant = int | float | complex | str | bytes | None
# CPython refuses to convert integers of more than 4300 decimal digits; longer ones are spelled in
# hexadecimal.
_DECIMAL_LIMIT: Final = 10**4000


def _index_words() -> tuple[dict[str, int], dict[tuple[type, str], int], list[int], list[int]]:
    words, constants = {}, {}
    characters, nibbles = {}, {}
    for action in GRAMMAR.actions:
        row = action.row
        if "word" in row:
            words[row["word"]] = action.id
        elif "constant" in row:
            value = ast.literal_eval(row["constant"])
            constants[type(value), repr(value)] = action.id
        elif "character" in row:
            characters[ord(row["character"])] = action.id
        elif "nibble" in row:
            nibbles[row["nibble"]] = action.id
    direct = [characters.get(byte, 0) for byte in range(256)]
    return words, constants, direct, [nibbles[i] for i in range(16)]


_WORDS, _CONSTANTS, _DIRECT, _NIBBLES = _index_words()
_VALUES: Final = {
    a.id: ast.literal_eval(a.row["constant"]) for a in GRAMMAR.actions if "constant" in a.row
}
# Constants that belong to how a program is built, whatever its task says.
_STRUCTURE: Final = {(type(value), repr(value)) for value in (None, True, False, 0, 1, 2, "")}
_SPELL: Final = {a.row["spell"]: a.id for a in GRAMMAR.actions if "spell" in a.row}


def spell(text: bytes) -> list[int]:
    """The actions that spell `text`, STOP included: one a common character, two any other byte."""
    actions = []
    for byte in text:
        if _DIRECT[byte]:
            actions.append(_DIRECT[byte])
        else:
            actions += [_NIBBLES[byte >> 4], _NIBBLES[byte & 15]]
    actions.append(STOP)
    return actions


def read(actions: list[int]) -> bytes:
    """The bytes that character actions spell; raises CodecError at half a byte."""
    text, high = bytearray(), None
    for action_id in actions:
        row = GRAMMAR.actions[action_id].row
        if "nibble" in row:
            if high is None:
                high = row["nibble"]
            else:
                text.append(high << 4 | row["nibble"])
                high = None
        elif high is None:
            text.append(ord(row["character"]))
        else:
            break
    if high is not None:
        raise CodecError("half of a byte is spelled")
    return bytes(text)


class Lexicon:
    """The leaves' words under one task's names."""

    def __init__(self, names: Names) -> None:
        self._names = names
        ids = GRAMMAR.action_ids
        self._actions = dict(_WORDS)
        self._actions.update({name: ids[f"LOCAL_{i}"] for i, name in enumerate(names.locals)})
        if names.entry_point is not None:
            self._actions[names.entry_point] = ids["ENTRY"]
        for i, name in enumerate(names.params[: GRAMMAR.max_params]):
            self._actions[name] = ids[f"PARAM_{i}"]
        self._literals: dict[tuple[type, str], int] = {}
        for i, value in enumerate(names.literals[: GRAMMAR.max_literals]):
            self._literals.setdefault((type(value), repr(value)), ids[f"LIT_{i}"])

    def leaf(self, item: Any, hole: Hole) -> list[int] | None:
        """The actions of a leaf, or None for a node that has its own production."""
        if "expr" in hole.sorts:
            match item:
                case ast.Name():
                    return self.name(item.id)
                case ast.Constant():
                    return self.constant(item.value, item.kind)
                case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)):
                    return self._negative(value)
            return None
        if isinstance(item, str):
            if "name" in hole.sorts:
                return self.name(item)
            return self.constant(item, None, literals=False)
        if isinstance(item, int):
            return self.constant(item, None, literals=False)
        if isinstance(item, ast.arg) and item.annotation is None and item.type_comment is None:
            return self.name(item.arg)
        if isinstance(item, ast.alias) and item.asname is None:
            return self.name(item.name)
        return None

    def name(self, name: str) -> list[int]:
        """The actions of an identifier."""
        found = self._actions.get(name)
        return [found] if found else [_SPELL["NAME"], *spell(_encode(name))]

    def constant(self, value: Any, kind: str | None, *, literals: bool = True) -> list[int]:
        """The actions of a constant: a pointer, else a word, else spelled.

        What the task itself names is pointed at, so that a policy copies values that it never saw;
        the constants of program structure are always words.
        """
        if kind is not None:
            if kind != "u" or not isinstance(value, str):
                raise CodecError(f"constant {value!r} has the unknown kind {kind!r}")
            return [_SPELL["USTR"], *spell(_encode(value))]
        key = (type(value), _key(value))
        word, pointer = _CONSTANTS.get(key), self._literals.get(key) if literals else None
        found = word or pointer if key in _STRUCTURE else pointer or word
        if found:
            return [found]
        kind, text = _spelled(value)
        return [_SPELL[kind], *spell(text)]

    def _negative(self, value: Any) -> list[int] | None:
        if not self._literals or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        found = self._literals.get((type(value), _key(-value)))
        return [found] if found else None

    def read_name(self, action: Action, spelled: list[int]) -> str:
        """The identifier that a name action stands for."""
        row = action.row
        if "word" in row:
            return str(row["word"])
        if "local" in row:
            return self._names.locals[int(row["local"])]
        if "spell" in row:
            return _decode(read(spelled))
        if "entry" in row:
            if self._names.entry_point is None:
                raise CodecError("ENTRY is used, and the task has no entry point")
            return self._names.entry_point
        if row["param"] >= len(self._names.params):
            raise CodecError(f"{action.name} is used, and there are {len(self._names.params)}")
        return self._names.params[int(row["param"])]

    def read_constant(self, action: Action, spelled: list[int]) -> Any:
        """The constant that a constant or literal action stands for."""
        row = action.row
        if "constant" in row:
            return _VALUES[action.id]
        if "spell" in row:
            return _read_spelled(row["spell"], read(spelled))
        if row["index"] >= len(self._names.literals):
            raise CodecError(f"{action.name} is used, and there are {len(self._names.literals)}")
        return self._names.literals[row["index"]]


def _key(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= _DECIMAL_LIMIT:
        return hex(value)
    return repr(value)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(text: bytes) -> str:
    try:
        return text.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise CodecError(f"spelled text is not UTF-8: {text!r}") from error


def _spelled(value: Any) -> tuple[str, bytes]:
    match value:
        case int() if not isinstance(value, bool):
            return "INT", _key(value).encode()
        case float():
            return "FLOAT", repr(value).encode()
        case complex():
            return "COMPLEX", f"{value.real!r},{value.imag!r}".encode()
        case str():
            return "STR", _encode(value)
        case bytes():
            return "BYTES", value
    raise CodecError(f"the vocabulary has no constants of type {type(value).__name__}")


def _read_spelled(word: str, text: bytes) -> Constant:
    if word == "BYTES":
        return text
    if word in {"STR", "USTR"}:
        return _decode(text)
    try:
        if word == "INT":
            return int(text, 16 if b"x" in text else 10)
        if word == "FLOAT":
            return float(text)
        real, imaginary = text.split(b",")
        return complex(float(real), float(imaginary))
    except ValueError as error:
        raise CodecError(f"spelled {word} cannot be read: {text!r}") from error
