"""MBPP (Austin et al., 2021, https://arxiv.org/abs/2108.07732): 974 short problems with asserts.

What is shown: the problem's text, the signature and the **first** assert as an example. What is
hidden: **all three** asserts, the first one among them. The paper's own prompts show all three, so
scores under this protocol are not above those under the paper's. Names and types of the signature
are part of the prompt: names come from the reference, types from the values of the three asserts.

Asserts become pairs of arguments and result where all three can; else they stay `test_code`. As for
`==`, 4 and 4.0 are equal; unlike for `==`, 1 is not True (which one reference, 414, relies on).
"""

import ast
import json
from collections.abc import Collection, Iterator
from pathlib import Path

from tasks.adapters import asserts, signatures
from tasks.schema import Compare, Task

SPLITS = {
    "prompt": range(1, 11),
    "test": range(11, 511),
    "validation": range(511, 601),
    "train": range(601, 975),
}
"""The official splits by task id."""

LICENSE = "CC-BY-4.0"


def read(path: Path, splits: Collection[str]) -> Iterator[Task]:
    """Yield the tasks of some splits of mbpp.jsonl, in the file's order."""
    wanted = [ids for name, ids in SPLITS.items() if name in splits]
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if any(record["task_id"] in ids for ids in wanted):
            yield to_task(record)


def to_task(record: dict[str, object]) -> Task:
    """Return the task of one record."""
    tests = [str(test) for test in _list(record["test_list"])]
    setup = str(record["test_setup_code"]).replace("\r\n", "\n")
    source = str(record["code"]).replace("\r\n", "\n")
    pairs = [pair for test in tests if (pair := asserts.read(test))]
    complete = not setup.strip() and len(pairs) == len(tests)
    name = pairs[0].function if pairs else _called(tests, source)
    calls = tuple(pair.call for pair in pairs if pair.function == name)
    signature = signatures.infer(signatures.find(source, name), calls)
    complete = complete and len(calls) == len(tests) and signature is not None
    return Task(
        id=f"mbpp/{record['task_id']}",
        entry_point=name,
        signature=signature,
        description=str(record["text"]),
        examples=calls[:1] if signature is not None else (),
        tests=calls if complete else (),
        test_code=None if complete else "\n".join([setup, *tests]).strip() + "\n",
        stage="mbpp",
        reference=source,
        source="mbpp",
        license=LICENSE,
        compare=Compare(max(pair.tolerance for pair in pairs)) if complete else Compare(),
    )


def _called(tests: list[str], source: str) -> str:
    """Return the function of the reference that the asserts call: the last one that is defined."""
    names = [node.name for node in asserts.parse(source) if isinstance(node, ast.FunctionDef)]
    return next(name for name in reversed(names) if any(name in test for test in tests))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return value
