"""The tables of typed holes as arrays, and those that stand in files beside this module.

`python -m policy.grammar.typed_files` writes the files, one for each of `PROFILES` that is typed.
Computing a profile's tables takes a second, reading them some milliseconds. A file that was made
from another vocabulary, profile or other rules is not read: the tables are computed instead.
"""

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from policy.grammar.grammar import GRAMMAR
from policy.grammar.moves import Ints
from policy.grammar.productions import words
from policy.grammar.profiles import PROFILES, Profile
from policy.grammar.value_types import Type

WRITES: Final = 6
"""K, the writes that an action makes at most."""
KINDS: Final = GRAMMAR.num_actions + len(Type)
"""V + T: an action, or V + t for a name of type t."""
# The modules that say what is expected where.
_RULES: Final = words(
    """
    expectations filling known operations produce produce_calls produce_statements produce_values
    profiles typed_rules value_types walk
    """
)


class Arrays(NamedTuple):
    """The tables of a profile, as `typed_tables.Typing` says."""

    sets: Ints
    planes: Ints
    meets: Ints
    fill: NDArray[np.int32]
    pushes: Ints
    blocks: Ints
    """[n, 2] atoms that a function may return, and the state of its body."""
    atoms: Ints


def arrays(profile: Profile) -> Arrays:
    """The tables of a profile, from its file where there is one that is up to date."""
    found = stored(profile)
    if found is not None:
        return found
    # Imported where it is needed: with a file it is not.
    from policy.grammar.typed_rules import computed

    return computed(profile)


def stored(profile: Profile) -> Arrays | None:
    """The tables in the profile's file; None where it has none, or an outdated one."""
    path = file(profile)
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as found:
        if found["inputs"] != inputs(profile):
            return None
        return Arrays(*(found[name] for name in Arrays._fields))


def file(profile: Profile) -> Path:
    """Where the tables of a profile stand, if anywhere."""
    return Path(__file__).with_name(f"{profile.name}.npz")


def inputs(profile: Profile) -> str:
    """A digest of what the tables are computed from."""
    own = {field.name: getattr(profile, field.name) for field in fields(profile)}
    said = {name: sorted(v) if isinstance(v, frozenset) else v for name, v in own.items()}
    texts = [Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8") for name in _RULES]
    return hashlib.sha256(json.dumps([GRAMMAR.version, said, texts]).encode()).hexdigest()


def write() -> None:
    """Write the files of all typed profiles."""
    from policy.grammar.typed_rules import computed

    for profile in PROFILES.values():
        if profile.typed:
            np.savez_compressed(
                file(profile), inputs=np.array(inputs(profile)), **computed(profile)._asdict()
            )


if __name__ == "__main__":
    write()
