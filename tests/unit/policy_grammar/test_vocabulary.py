import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policy.grammar import GRAMMAR
from policy.grammar.asdl import FIELDS
from policy.grammar.build import VOCABULARY, build
from policy.grammar.virtual import OWN

REPOSITORY = Path(__file__).parents[3]
# The views of nodes with parallel lists: what a production names instead of Python's own fields.
VIEWS = {
    "Dict": {"items"},
    "Compare": {"left", "rest"},
    "arguments": {"posonly", "args", "vararg", "kwonly", "kwarg"},
    "MatchMapping": {"items", "rest"},
    "MatchClass": {"cls", "patterns", "keywords"},
}


def test_the_file_is_what_the_productions_say() -> None:
    assert VOCABULARY.read_text(encoding="utf-8") == build()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_interpreter_builds_the_same_file(version: str) -> None:
    installed = [shutil.which(f"python{version}") or ""]
    installed += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    found = [path for path in installed if path and _output(path, probe).strip() == version]
    if not found:
        pytest.skip(f"Python {version} is not installed here")
    code = "import sys; from policy.grammar.build import build; sys.stdout.write(build())"
    assert _output(found[0], code) == build()


def _output(interpreter: str, code: str) -> str:
    run = [interpreter, "-c", code]
    done = subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="compares with the interpreter's own")
def test_the_abstract_grammar_is_that_of_python_3_11() -> None:
    for name, fields in FIELDS.items():
        assert getattr(ast, name)._fields == tuple(field.name for field in fields)


def test_every_production_names_every_field_of_its_constructor() -> None:
    for action in GRAMMAR.actions:
        if action.pattern is None:
            continue
        name = action.pattern["node"]
        named = {field for field, _ in action.pattern["fields"]}
        if name in OWN:
            continue
        own = {field.name for field in FIELDS[name]} - {"ctx"}
        assert named == VIEWS.get(name, own), action.name


def test_names_are_unique_and_pad_is_zero() -> None:
    assert len({action.name for action in GRAMMAR.actions}) == GRAMMAR.num_actions
    assert GRAMMAR.action_name(0) == "PAD"
    assert GRAMMAR.num_actions <= 720


def test_limits_are_those_of_the_pointers() -> None:
    ids = GRAMMAR.action_ids
    for prefix, limit in (
        ("PARAM", GRAMMAR.max_params),
        ("LIT", GRAMMAR.max_literals),
        ("LOCAL", GRAMMAR.max_locals),
    ):
        assert f"{prefix}_{limit - 1}" in ids
        assert f"{prefix}_{limit}" not in ids
