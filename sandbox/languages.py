"""The languages that the protocol names, and what this server does with each."""

from sandbox.types import Language

PYTHON = "python"

_PACKAGES = {
    "cpp": "g++",
    "go": "golang",
    "java": "default-jdk",
    "javascript": "nodejs",
    "rust": "rustc",
}


def known(python_version: str) -> tuple[Language, ...]:
    """Every language, with whether this server runs it."""
    others = tuple(Language(name, "", False, missing(name)) for name in _PACKAGES)
    return (Language(PYTHON, python_version, True, ""), *others)


def missing(name: str) -> str:
    """Why a language other than Python is refused."""
    if name in _PACKAGES:
        return f"{name} needs the package {_PACKAGES[name]} and a harness that this version lacks"
    return f"{name!r} is no language of the sandbox; it knows python, {', '.join(_PACKAGES)}"
