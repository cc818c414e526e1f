"""The languages beside Python."""

from functools import cache

from sandbox.command_slot import CommandSlot
from sandbox.config import SandboxConfig
from sandbox.languages.compiled import CompileCache
from sandbox.languages.cpp import Cpp
from sandbox.languages.javascript import JavaScript
from sandbox.languages.rust import Rust
from sandbox.languages.planning import plan
from sandbox.languages.toolchain import Toolchain
from sandbox.tiers import Host
from sandbox.types import Language

PYTHON = "python"
_ALL: tuple[type[Toolchain], ...] = (JavaScript, Cpp, Rust)
_CACHE_BYTES = 256 * 2**20
_IDS_PER_LANGUAGE = 1 << 16


@cache
def _toolchains() -> dict[str, Toolchain]:
    found = {kind.name: kind.find() for kind in _ALL}
    return {name: toolchain for name, toolchain in found.items() if toolchain is not None}


@cache
def _compiled() -> CompileCache:
    return CompileCache(_CACHE_BYTES)


def new_slot(language: str, index: int, host: Host, config: SandboxConfig) -> CommandSlot:
    order = 1 + [kind.name for kind in _ALL].index(language)
    first = config.first_id + _IDS_PER_LANGUAGE * order + 2 * index
    return CommandSlot(index, host, first, _toolchains()[language], _compiled())
