"""Makes `vocabulary.json`: `python -m policy.text.make SIZE FILE.jsonl…`.

Byte-pair encoding (arXiv:1508.07909) over the words of task descriptions and of names: of the
procedural training tasks, of MBPP without its test split (`treewright data fetch mbpp`), and of the
functions in FILEs, whose rows hold a docstring in `doc` and a program in `source`. Benchmarks that
are only evaluated on give nothing. The repository's vocabulary has 1,500 pieces; its FILE held the
functions of TheAlgorithms/Python (MIT; MBPP is CC BY 4.0, the procedural tasks are this project's).

The file is part of the repository because checkpoints depend on its rows. Making it again from the
same texts gives the same bytes.
"""

import ast
import hashlib
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from policy.literals import parts, words
from policy.text.vocabulary import FILE
from tasks import datasets, sources
from tasks.config import TasksConfig
from tasks.schema import Task

_LEAST = 3
"""Times that a word or a pair must occur: a piece of a rarer one would hardly be learnt."""


def of_task(task: Task) -> Iterator[str]:
    """Words of a task's description and names."""
    yield from _described(task.description)
    yield from words(task.entry_point or "")
    for param in task.signature.params if task.signature else ():
        yield from words(param.name)


def of_functions(path: Path) -> Iterator[str]:
    """Words of functions' docstrings, up to their doctests, and of their parameters' names."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield from _described((row.get("doc") or "").split(">>>")[0])
        function = ast.parse(row["source"]).body[0]
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for name in (function.name, *(argument.arg for argument in function.args.args)):
            yield from words(name)


def _described(text: str) -> Iterator[str]:
    return (part.word for part in parts(text) if part.literal is None)


def learn(counts: Counter[str], size: int) -> list[str]:
    """Learn at most `size` pieces of two characters or more, the most frequent merge first.

    Equally frequent pairs are merged in alphabetical order.
    """
    split = {word: tuple(word) for word in sorted(counts)}
    pieces: dict[str, None] = {}
    while len(pieces) < size:
        pairs = Counter[tuple[str, str]]()
        for word, symbols in split.items():
            for pair in pairwise(symbols):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best, times = min(pairs.items(), key=lambda item: (-item[1], item[0]))
        if times < _LEAST:
            break
        pieces["".join(best)] = None
        split = {word: _merged(symbols, best) for word, symbols in split.items()}
    return list(pieces)


def _merged(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    if pair[0] not in symbols:
        return symbols
    merged: list[str] = []
    at = 0
    while at < len(symbols):
        width = 2 if symbols[at : at + 2] == pair else 1
        merged.append("".join(symbols[at : at + width]))
        at += width
    return tuple(merged)


def text_of(pieces: list[str]) -> str:
    """The vocabulary file of some pieces."""
    listed = json.dumps(pieces)
    version = hashlib.sha256(listed.encode()).hexdigest()[:12]
    lines = "\n".join(textwrap.wrap(listed[1:-1], 100, break_long_words=False))
    return f'{{"version": "{version}",\n"pieces": [\n{lines}\n]}}\n'


def count(found: Iterable[str]) -> Counter[str]:
    """Count words of plain letters that occur often enough; others are left to single bytes."""
    counts = Counter(word for word in found if word.isascii() and word.isalpha())
    return Counter({word: times for word, times in counts.items() if times >= _LEAST})


def main() -> None:
    """Write the file."""
    size, files = int(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    tasks = [
        *sources.build(TasksConfig()).train,
        *datasets.load("mbpp", "prompt", "validation", "train"),
    ]
    found = [word for task in tasks for word in of_task(task)]
    found += [word for path in files for word in of_functions(path)]
    FILE.write_text(text_of(learn(count(found), size)), encoding="utf-8")


if __name__ == "__main__":
    main()
