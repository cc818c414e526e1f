"""The toolchains of this host, found once, and the store of what they compiled."""

from functools import cache

from sandbox.languages.compiled import CompileCache
from sandbox.languages.cpp import Cpp
from sandbox.languages.go import Go
from sandbox.languages.java import Java
from sandbox.languages.javascript import JavaScript
from sandbox.languages.rust import Rust
from sandbox.languages.toolchain import Toolchain

BESIDE_PYTHON: tuple[type[Toolchain], ...] = (JavaScript, Cpp, Rust, Java, Go)
_CACHE_BYTES = 256 * 2**20


@cache
def toolchains() -> dict[str, Toolchain]:
    """Return those that are installed, by language."""
    found = {kind.name: kind.find() for kind in BESIDE_PYTHON}
    return {name: toolchain for name, toolchain in found.items() if toolchain is not None}


@cache
def compiled() -> CompileCache:
    """Return this process's compiled programs; they vanish with it."""
    return CompileCache(_CACHE_BYTES)
