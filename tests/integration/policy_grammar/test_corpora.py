"""The grammar against real code: the standard library, MBPP and HumanEval."""

import ast
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import torch

from policy.config import SpecConfig
from policy.grammar import PROFILES, Automaton, CodecError, Names, Root, RowContext, codec
from policy.grammar.normalise import normalise
from policy.grammar.roundtrip import check, roundtrip
from policy.spec import Spec, encode
from tasks import TasksConfig, build, datasets

REPOSITORY = Path(__file__).parents[3]
DATA = Path(os.environ.get("TREEWRIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
MBPP = DATA / "mbpp" / "mbpp.jsonl"
HUMANEVAL = DATA / "humaneval" / "HumanEval.jsonl"
LIBRARY = Path(sysconfig.get_paths()["stdlib"])
# Old code escapes carelessly.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
]
needs_mbpp = pytest.mark.skipif(not MBPP.is_file(), reason=f"no MBPP at {MBPP}")

# Runs each program before and after under its own tests; prints the ids that behave differently.
RUNNER = """
import contextlib, io, json, signal, sys
def stop(*_): raise TimeoutError
signal.signal(signal.SIGALRM, stop)
def passes(code, tests):
    space = {"__name__": "program"}
    signal.setitimer(signal.ITIMER_REAL, 3)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for text in (code, *tests):
                exec(text, space)
        return True
    except BaseException:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
found = []
for id_, before, after, tests in json.load(sys.stdin):
    if passes(before, tests) and not passes(after, tests):
        found.append(id_)
json.dump(found, sys.stdout)
"""


def library(step: int) -> list[Path]:
    files = sorted(p for p in LIBRARY.rglob("*.py") if "site-packages" not in p.parts)
    return files[::step]


@pytest.mark.parametrize(
    ("file", "fields", "count"),
    [(MBPP, ("code",), 974), (HUMANEVAL, ("prompt", "canonical_solution"), 164)],
    ids=["mbpp", "humaneval"],
)
def test_every_solution_comes_back_exactly(file: Path, fields: tuple[str, ...], count: int) -> None:
    if not file.is_file():
        pytest.skip(f"no {file}")
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(records) == count
    for record in records:
        assert check(ast.parse("".join(record[field] for field in fields))) is None, record


def test_a_share_of_the_standard_library_comes_back_exactly() -> None:
    report = roundtrip(library(40))
    assert report.failures == []
    assert report.exact > 30


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_whole_standard_library_comes_back_exactly() -> None:
    report = roundtrip(library(1))
    assert report.failures == []
    assert report.share == 1.0
    assert report.exact > 1000


def references() -> list[tuple[dict[str, object], ast.Module, str]]:
    found = []
    for line in MBPP.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        tree = ast.parse(row["code"])
        functions = {s.name for s in tree.body if isinstance(s, ast.FunctionDef)}
        tests = ast.walk(ast.parse("\n".join(row["test_list"])))
        called = (
            n.func.id for n in tests if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        )
        entry = next((name for name in called if name in functions), None)
        if entry is not None:
            found.append((row, tree, entry))
    return found


def _names(statement: ast.ClassDef | ast.Import) -> set[str]:
    if isinstance(statement, ast.ClassDef):
        return {statement.name}
    return {alias.asname or alias.name for alias in statement.names}


def _used(row: dict[str, object]) -> set[str]:
    tests = row["test_list"]
    assert isinstance(tests, list)
    return {n.id for n in ast.walk(ast.parse("\n".join(tests))) if isinstance(n, ast.Name)}


@needs_mbpp
def test_normalised_references_still_pass_their_tests() -> None:
    programs = []
    for row, tree, entry in references()[::6]:
        # Tests that use the file's other names need the file.
        if any(
            isinstance(s, ast.ClassDef | ast.Import) and _names(s) & _used(row) for s in tree.body
        ):
            continue
        after = ast.unparse(normalise(tree, entry))
        programs.append((row["task_id"], row["code"], after, row["test_list"]))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUNNER],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert len(programs) > 150
    assert json.loads(done.stdout) == []


@needs_mbpp
@pytest.mark.parametrize(
    ("profile", "least"), [("core", 0.76), ("standard", 0.93), ("python", 0.98)]
)
def test_ordinary_programs_are_legal(profile: str, least: float) -> None:
    rows, programs = [], []
    for _, tree, entry in references()[::3]:
        try:
            found = normalise(tree, entry)
            function = found.body[0]
            assert isinstance(function, ast.FunctionDef)
            names = Names(tuple(a.arg for a in function.args.args), entry)
            programs.append(torch.tensor(codec.encode(found, names, Root.BODY)))
        except CodecError:
            continue
        rows.append(RowContext(num_params=len(names.params)))
    actions = torch.nn.utils.rnn.pad_sequence(programs, batch_first=True)
    lengths = torch.tensor([len(program) for program in programs])
    legal = []
    for part in range(0, len(rows), 64):
        machine = Automaton(
            PROFILES[profile], rows[part : part + 64], 1000, Root.BODY, torch.device("cpu")
        )
        chunk = slice(part, part + 64)
        longest = int(lengths[chunk].max())
        legal.append(machine.replay(actions[chunk, :longest], lengths[chunk]).legal)
    assert float(torch.cat(legal).float().mean()) >= least
    # Half of the published sequences' length, without folds: 43 and 117 actions.
    ordered = lengths.sort().values
    assert ordered[len(ordered) // 2] <= 30
    assert ordered[len(ordered) * 9 // 10] <= 80


def expressed() -> dict[Root, list[tuple[Spec, list[int]]]]:
    """References of the generated families and of the data sets, as their tasks show them."""
    sets = build(TasksConfig(per_family=4))
    tasks = [*sets.train, *sets.heldout_families]
    for name, file in (("mbpp", MBPP), ("humaneval", HUMANEVAL)):
        tasks += datasets.load(name, *datasets.DATASETS[name].splits) if file.is_file() else []
    found: dict[Root, list[tuple[Spec, list[int]]]] = {root: [] for root in Root}
    for task in tasks:
        params = task.signature and tuple(param.name for param in task.signature.params)
        spec = encode(task, SpecConfig())
        try:
            tree = normalise(ast.parse(str(task.reference)), task.entry_point, params or None)
            actions = codec.encode(tree, spec.names, spec.root)
        except CodecError:
            continue
        found[spec.root].append((spec, actions))
    return found


@pytest.mark.parametrize("profile", ["core", "standard"])
def test_typed_holes_refuse_no_reference(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(DATA))
    accepted, refused = 0, []
    for root, programs in expressed().items():
        programs.sort(key=lambda program: len(program[1]))
        for start in range(0, len(programs), 64):
            chunk = programs[start : start + 64]
            rows = [spec.context for spec, _ in chunk]
            actions = [torch.tensor(each) for _, each in chunk]
            padded = torch.nn.utils.rnn.pad_sequence(actions, batch_first=True)
            lengths = torch.tensor([len(each) for each in actions])
            plain, typed = (
                Automaton(PROFILES[name], rows, 1200, root, torch.device("cpu"))
                .replay(padded, lengths)
                .legal
                for name in (profile, f"{profile}_typed")
            )
            accepted += int(plain.sum())
            refused += [chunk[at][0].names for at in (plain & ~typed).nonzero()[:, 0].tolist()]
    assert refused == []
    assert accepted > 500
