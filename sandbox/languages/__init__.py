"""The languages of the sandbox, and what an entry point looks like in each.

Types are found from the tests' values or declared in the program's signature. Python takes any
value; across languages a value is one of these:

| type | javascript | cpp | rust | java | go |
|---|---|---|---|---|---|
| `int` | number, or bigint beyond 2^53; both may be returned | `long long`, any integer type | `i64`, any integer type | `long`, `int`, `Long`, `Integer` | `int`, any integer type |
| `float` | number | `double` | `f64` | `double`, `Double` | `float64` |
| `bool` | boolean | `bool` | `bool` | `boolean`, `Boolean` | `bool` |
| `str` | string | `std::string` | `String`, `&str` | `String` | `string` |
| `list[T]` | array | `std::vector<T>` | `Vec<T>`, `&[T]` | `List<T>`, `T[]` | `[]T` |
| `tuple[A, B]` | array | `std::tuple<A, B>`, `std::pair` | `(A, B)` | a record, `Object[]` | a struct; several results |
| `dict[K, V]` | `Map` (an object may be returned) | `std::map`, `std::unordered_map` | `HashMap`, `BTreeMap` | `Map<K, V>` | `map[K]V` |
| `T | None` | null | `std::optional<T>` | `Option<T>` | a boxed type, `Optional<T>` | `*T` |

Keys of a dict are int, str or bool. An int has 64 bits except in Python and JavaScript. The entry
point is a function at the top level; in Java a method, static or not, of any class with that name
in it, and in Go of package main. A `main` beside the entry point does no harm. For stdio tests the
program is a whole one: with `main`, or top-level code. test_code is Python, for Python only.

A program may start threads but no process, has no network and no file that it could write. CPU
seconds count over all its threads. The memory limit holds the program's own memory: address space
in C++ and Rust, the heap in JavaScript, Java and Go. Compiling has limits of its own and counts
towards none of the program's.
"""  # noqa: E501 - a table

from sandbox.config import SandboxConfig
from sandbox.languages.command_slot import CommandSlot
from sandbox.languages.planning import plan
from sandbox.languages.toolchains import BESIDE_PYTHON, compiled, toolchains
from sandbox.tiers import Host
from sandbox.types import Language

PYTHON = "python"
_COMPILER_BYTES = 2 * 2**30
_NEEDS_NAMESPACES = ("T1", "T2")


def detect(host: Host) -> tuple[Language, ...]:
    """Return every language, with whether this host runs it."""
    found = toolchains()
    languages = [Language(PYTHON, host.interpreter.version, True, "")]
    for kind in BESIDE_PYTHON:
        toolchain = found.get(kind.name)
        if toolchain is None:
            language = Language(kind.name, "", False, f"install the package {kind.package}")
        elif host.tier not in _NEEDS_NAMESPACES:
            hint = f"tier {host.tier} has no user namespaces: allow them, for T1 or T2"
            language = Language(kind.name, toolchain.version, False, hint)
        else:
            language = Language(kind.name, toolchain.version, True, "")
        languages.append(language)
    return tuple(languages)


def new_slot(language: str, index: int, host: Host, config: SandboxConfig) -> CommandSlot:
    """Boot a slot of a language that `detect` found.

    `index` is unique over all slots of the server: the slot's user ids follow from it.

    Raises:
        JailError: the kernel refuses it a control group.

    """
    return CommandSlot(
        index,
        host,
        config.first_id + 2 * index,
        host.groups.create(f"slot-{index}"),
        config.maximum.memory_bytes + _COMPILER_BYTES,
        toolchains()[language],
        compiled(),
    )


__all__ = ["PYTHON", "CommandSlot", "detect", "new_slot", "plan"]
