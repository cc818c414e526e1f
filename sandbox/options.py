"""Settings from `key=value` words, as `treewright sandbox serve` takes them."""

import dataclasses
import difflib
from collections.abc import Sequence

from sandbox.config import SandboxConfig
from sandbox.errors import ConfigError
from sandbox.security import TOKEN_VARIABLE
from sandbox.types import Limits

_NONE = ("", "none", "null")


def from_pairs(pairs: Sequence[str]) -> SandboxConfig:
    """Return the default settings with these changed: `port=7400`, `limits.cpu_seconds=1`.

    Raises:
        ConfigError: an unknown key or a value that is none; names the key and the nearest one.

    """
    defaults = SandboxConfig()
    top: dict[str, object] = {}
    nested: dict[str, dict[str, object]] = {"limits": {}, "maximum": {}}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise ConfigError(f"{pair!r}: expected key=value")
        if key == "token":
            raise ConfigError(
                f"token: others can see a command line; set {TOKEN_VARIABLE} or token_file"
            )
        section, _, name = key.rpartition(".")
        if section in nested:
            nested[section][name] = _value(key, text, Limits, name)
        else:
            top[key] = _value(key, text, SandboxConfig, key)
    for section, changes in nested.items():
        top[section] = dataclasses.replace(getattr(defaults, section), **changes)
    return dataclasses.replace(defaults, **top)  # type: ignore[arg-type]  # checked by _value


def _value(key: str, text: str, owner: type, name: str) -> object:
    """Read one value as its field has it."""
    kinds = {item.name: str(item.type) for item in dataclasses.fields(owner)}
    kind = kinds.get(name)
    if kind is None or kind == "Limits":
        known = [item for item, held in kinds.items() if held != "Limits"]
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
        raise ConfigError(f"{key}: no such setting of the sandbox{hint}")
    if "None" in kind and text.lower() in _NONE:
        return None
    if "str" in kind:
        return text
    try:
        return int(text) if "int" in kind else float(text)
    except ValueError as error:
        expected = "a whole number" if "int" in kind else "a number"
        raise ConfigError(f"{key}: expected {expected}, got {text!r}") from error
