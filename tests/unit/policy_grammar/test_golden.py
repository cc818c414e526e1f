"""The automaton says what it said when the digests in `golden.json` were recorded.

A trained policy depends on every mask and feature: a change of theirs is a change of its programs.
`python -m tests.unit.policy_grammar.test_golden` records them anew, where a change is meant.
"""

import ast
import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from policy.grammar import PROFILES, Automaton, Names, Root, RowContext, codec

GOLDEN = Path(__file__).with_name("golden.json")
CPU = torch.device("cpu")
NAMES = Names(("n", "xs"), "solve", (7, "a"))
CONTEXTS = (
    RowContext(
        num_params=2,
        num_literals=4,
        literal_types=("int", "str", "float", "bytes"),
        return_type="int",
    ),
    RowContext(),
    RowContext(num_params=8, num_literals=32, literal_types=("int", "str") * 16),
    RowContext(num_params=1, return_type="None"),
    RowContext(num_params=1, has_entry=False),
    RowContext(num_params=2, max_nodes=9),
    RowContext(num_params=3, max_nodes=40, num_literals=1, literal_types=("float",)),
    RowContext(num_params=2, forbid=("For", "While", "comprehension")),
    RowContext(num_params=2, forbid=("Call", "BinOp", "Name"), max_nodes=30),
    RowContext(num_params=2, forbid=("expr_context", "boolop", "Constant"), num_literals=2),
)
PROGRAMS = (
    ("return n * (n + 1) // 2",),
    ("v0 = 0", "for v1 in range(n):", "    v0 += v1", "return v0"),
    ("v0, v1 = (0, 1)", "while v0 < n:", "    v0, v1 = (v1, v0 + v1)", "return v0"),
    ("if n < 2:", "    return 1", "else:", "    return n * solve(n - 1, xs)"),
    ("return [v0 for v0 in xs if v0 % 2 == 0]",),
    ("return sorted(xs, key=lambda v0: -v0, reverse=True)[:n]",),
    ("v0 = {}", "for v1 in xs:", "    v0[v1] = v0.get(v1, 0) + 1", "return v0"),
    ("def v0(v1, v2=7):", "    return v1 * n", "return list(map(v0, xs))"),
    ("return sum((v0 * v1 for v0, v1 in zip(xs, xs[1:])))",),
    ("return f'{n}-{len(xs):03d}'",),
    ("v0 = max(xs, default=0)", "xs.append(v0)", "return xs[::-1]"),
    ("import math", "return math.sqrt(n) + 1234.5 + len('spelled text')"),
    ("try:", "    return n", "except ValueError as v0:", "    raise v0"),
    ("class v0:", "    def __init__(self, v1):", "        self.value = v1", "return v0(n)"),
    ("match n:", "    case [v0, *v1] if v0:", "        return v1", "    case _:", "        pass"),
    ("v0 = (yield)", "v1 = lambda: (yield v0)", "return v1"),
    ("break",),
    ("return v3",),
)


class Digest:
    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def add(self, *tensors: torch.Tensor) -> None:
        for tensor in tensors:
            values = tensor.numpy()
            packed = np.packbits(values) if values.dtype == bool else values.astype("<i4")
            self.hash.update(packed.tobytes())


def random_programs(profile: str, root: Root, budget: int) -> str:
    """Masks, features and choices of random programs, step by step and replayed."""
    digest, chooser = Digest(), random.Random(budget)
    rows = [row for row in CONTEXTS if root is Root.BODY or "Name" not in row.forbid]
    machine = Automaton(PROFILES[profile], rows, budget, root, CPU)
    steps = []
    while not machine.finished.all():
        mask = machine.mask()
        digest.add(mask, machine.grammar_mask(), machine.features())
        chosen = [chooser.choice(row.nonzero()[:, 0].tolist()) for row in mask]
        steps.append(torch.tensor(chosen))
        machine.push(steps[-1])
        digest.add(steps[-1], machine.finished)
    actions = torch.stack(steps, 1)
    fresh = Automaton(PROFILES[profile], rows, budget, root, CPU)
    trace = fresh.replay(actions, (actions != 0).sum(1))
    digest.add(trace.features, trace.mask, trace.grammar_mask, trace.legal)
    return digest.hash.hexdigest()[:16]


def real_programs(profile: str) -> str:
    """Masks and features of programs that people write, as far as each is legal."""
    digest = Digest()
    for lines in PROGRAMS:
        source = "def solve(n, xs):\n" + "".join(f"    {line}\n" for line in lines)
        actions = torch.tensor([codec.encode(ast.parse(source), NAMES, Root.BODY)])
        row = RowContext(num_params=2, num_literals=2, literal_types=("int", "str"))
        machine = Automaton(PROFILES[profile], [row], 200, Root.BODY, CPU)
        trace = machine.replay(actions, torch.tensor([actions.shape[1]]))
        digest.add(trace.legal)
        if trace.legal[0]:
            digest.add(trace.features, trace.mask)
    return digest.hash.hexdigest()[:16]


def digests() -> dict[str, str]:
    found = {f"{profile} real": real_programs(profile) for profile in PROFILES}
    for profile in PROFILES:
        for root in Root:
            for budget in (14, 40, 150):
                name = f"{profile} {root.value} {budget}"
                found[name] = random_programs(profile, root, budget)
    return found


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_masks_and_features_are_those_recorded(profile: str) -> None:
    recorded = json.loads(GOLDEN.read_text())
    assert real_programs(profile) == recorded[f"{profile} real"]
    for root in Root:
        for budget in (14, 40, 150):
            name = f"{profile} {root.value} {budget}"
            assert random_programs(profile, root, budget) == recorded[name], name


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(digests(), indent=1) + "\n")
