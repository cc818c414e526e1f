"""HumanEval (Chen et al., 2021, https://arxiv.org/abs/2107.03374): 164 functions to complete.

What is shown: the docstring's text up to its first doctest, the signature and the doctests that can
be read as calls. What is hidden: the asserts of `check`, as pairs where all of them can be read as
calls, else as `test_code`. There is one split, `test`.
"""

import ast
import doctest
import json
from collections.abc import Collection, Iterator
from pathlib import Path

from tasks.adapters import asserts, signatures
from tasks.schema import Compare, Example, Task

LICENSE = "MIT"


def read(path: Path, splits: Collection[str]) -> Iterator[Task]:
    """Yield the tasks of HumanEval.jsonl, in the file's order, where `test` is among the splits."""
    if "test" in splits:
        for line in path.read_text(encoding="utf-8").splitlines():
            yield to_task(json.loads(line))


def to_task(record: dict[str, str]) -> Task:
    """Return the task of one record."""
    name = record["entry_point"]
    source = record["prompt"] + record["canonical_solution"]
    function = signatures.find(source, name)
    docstring = ast.get_docstring(function) if function else None
    shown = _doctests(docstring or "", name)
    pairs = _checks(record["test"])
    hidden = tuple(pair.call for pair in pairs or ())
    signature = signatures.infer(function, (*shown, *hidden))
    if signature is None:  # A doctest or a check with other arguments than the definition's.
        shown, pairs = (), None
        signature = signatures.infer(function, ())
    return Task(
        id=f"humaneval/{record['task_id'].removeprefix('HumanEval/')}",
        entry_point=name,
        signature=signature,
        description=(docstring or "").split(">>>")[0].strip(),
        examples=shown,
        tests=hidden if pairs else (),
        test_code=None if pairs else f"{record['test'].strip()}\n\ncheck({name})\n",
        stage="humaneval",
        reference=source,
        source="humaneval",
        license=LICENSE,
        compare=Compare(max(pair.tolerance for pair in pairs)) if pairs else Compare(),
    )


def _doctests(docstring: str, name: str) -> tuple[Example, ...]:
    """Return the doctests that call the function with literals and print a literal."""
    try:
        found = doctest.DocTestParser().get_examples(docstring)
    except ValueError:  # Doctests that are not indented as doctests are not examples.
        return ()
    calls = []
    for example in found:
        match asserts.parse(f"assert {example.source.strip()} == ({example.want.strip()})"):
            case [ast.Assert(test=test)]:
                pair = asserts.read_test(test)
                if pair is not None and pair.function == name:
                    calls.append(pair.call)
    return tuple(calls)


def _checks(test: str) -> list[asserts.Pair] | None:
    """Return the pairs of `check`; None where something in it is no plain call."""
    function = signatures.find(test, "check")
    pairs = []
    for statement in function.body if function else ():
        match statement:
            case ast.Assert(test=ast.Constant(value=True)):
                continue
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Assert(test=condition):
                pair = asserts.read_test(condition)
                if pair is None or pair.function != "candidate":
                    return None
                pairs.append(pair)
            case _:
                return None
    return pairs or None
