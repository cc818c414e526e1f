"""Masks of the grammar's automaton: cost of a row's step, beside XGrammar on the same programs.

    python -m benchmarks.automaton [--xgrammar FOLDER] [--profile core] [--compiled]

FOLDER holds the peer and what it needs (`pip install --target FOLDER transformers`, then
`pip install --no-deps --target FOLDER xgrammar apache-tvm-ffi`); without it the peer is left out.
With `--compiled` a step of mask and push runs as one graph of `torch.compile` too, in turn with the
steps as they are; the first calls, which compile, are told apart.
Times are the thread's CPU times. The two do not do the same: the automaton takes an action of
Python's tree and knows scopes, arity, budgets and constraints; the peer takes a byte of text and
knows a context-free grammar of single lines. So the cost of a whole program is printed as well as
that of a step.
"""

import argparse
import ast
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from policy.grammar import PROFILES, Automaton, Names, Root, RowContext, codec

RESULTS = Path(__file__).with_name("results") / "automaton.jsonl"
BATCHES = (1, 16, 64, 256)
NAMES = Names(("n", "xs"), "solve", (7, "a"))
ROW = RowContext(num_params=2, num_literals=2, literal_types=("int", "str"))
PROGRAMS = (
    ("return n * (n + 1) // 2",),
    ("v0 = 0", "for v1 in range(n):", "    v0 += v1 * v1", "return v0"),
    ("v0 = 1", "v1 = 0", "while v1 < n:", "    v1 += 1", "    v0 = v0 * v1", "return v0"),
    ("if n < 2:", "    return 1", "return n * solve(n - 1, xs)"),
    ("v0 = []", "for v1 in xs:", "    if v1 % 2 == 0:", "        v0.append(v1)", "return v0"),
    ("v0 = 0", "for v1 in range(len(xs)):", "    v0 += xs[v1] * (v1 + 1)", "return v0 % n"),
    ("return sum(xs) // max(1, len(xs))",),
    ("v0 = xs[0]", "for v1 in xs:", "    if v1 > v0:", "        v0 = v1", "return v0"),
)
# Python as far as a context-free grammar over bytes says it: what indentation a line may have
# depends on the lines before it, so any is taken.
PYTHON = r"""
root ::= line+
line ::= indent statement "\n"
indent ::= ("    ")+
statement ::= "return " expr | "if " expr ":" | "elif " expr ":" | "else:" | "while " expr ":"
  | "for " name " in " expr ":" | "break" | "continue" | "pass" | expr ((" = " | augment) expr)?
augment ::= " += " | " -= " | " *= " | " //= " | " %= "
expr ::= unary (operator unary)*
operator ::= " + " | " - " | " * " | " // " | " % " | " ** " | " / " | " < " | " > " | " == "
  | " <= " | " >= " | " != " | " and " | " or " | " in "
unary ::= ("-" | "not ")? atom
atom ::= (name | number | string | "(" items ")" | "[" items "]") trailer*
trailer ::= "." name | "(" items ")" | "[" expr? (":" expr?)? "]"
items ::= (expr (", " expr)*)?
name ::= [a-z_] [a-z0-9_]*
number ::= [0-9]+
string ::= "'" [a-z ]* "'"
"""


def encoded() -> Tensor:
    """[programs, longest] actions of the programs, padded."""
    rows = []
    for lines in PROGRAMS:
        source = "def solve(n, xs):\n" + "".join(f"    {line}\n" for line in lines)
        rows.append(torch.tensor(codec.encode(ast.parse(source), NAMES, Root.BODY)))
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def timed(work: Callable[[], Any]) -> float:
    """CPU seconds of the calling thread."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def summary(seconds: list[float], rows: int) -> dict[str, float]:
    """Microseconds a row: median, 99th percentile and best tenth."""
    each = sorted(1e6 * value / rows for value in seconds)
    return {
        "p50": statistics.median(each),
        "p99": each[len(each) * 99 // 100],
        "p10": each[len(each) // 10],
    }


def ours(profile: str, batch: int, rounds: int) -> dict[str, Any]:
    """Steps, set-up and replay of a batch of the programs."""
    chooser = random.Random(batch)
    programs = encoded()
    steps: list[float] = []
    features: list[float] = []
    made: list[float] = []
    replays: list[float] = []
    actions = 0
    for _ in range(rounds):
        chosen = programs[[chooser.randrange(len(programs)) for _ in range(batch)]]
        chosen = chosen[:, : int((chosen != 0).sum(1).max())]
        row = partial(Automaton, PROFILES[profile], [ROW] * batch, 192, Root.BODY, CPU)
        made.append(timed(row))
        automaton = row()
        replays.append(timed(partial(row().replay, chosen, (chosen != 0).sum(1))))
        for column in chosen.unbind(1):
            steps.append(timed(automaton.mask) + timed(partial(automaton.push, column)))
            features.append(timed(automaton.features))
        actions += int((chosen != 0).sum())
    return {
        "batch": batch,
        "mask_push": summary(steps, batch),
        "features": summary(features, batch),
        "set_up_ms": 1e3 * statistics.median(made),
        "replay_us_a_position": 1e6 * sum(replays) / (len(steps) * batch),
        "program_us": 1e6 * sum(steps) / (rounds * batch),
        "actions_a_program": actions / (rounds * batch),
    }


def step(automaton: Automaton, actions: Tensor) -> Tensor:
    """A whole step, for the compiler."""
    mask = automaton.mask()
    automaton.push(actions)
    return mask


def compiled(profile: str, batch: int, rounds: int) -> dict[str, Any]:
    """Steps of the programs one by one, as they are and as one graph, in turn."""
    torch.compiler.reset()
    graph = torch.compile(step, fullgraph=True, dynamic=False)
    programs = encoded()
    row = partial(Automaton, PROFILES[profile], [ROW] * batch, 192, Root.BODY, CPU)
    began = time.process_time()
    for _ in range(2):
        graph(row(), programs[torch.zeros(batch, dtype=torch.int64), 0])
    warm_up = time.process_time() - began
    eager: list[float] = []
    fused: list[float] = []
    for chosen in programs.repeat_interleave(max(1, rounds // 2), 0):
        plain, own = row(), row()
        for action in chosen[chosen != 0].repeat(batch, 1).unbind(1):
            eager.append(timed(partial(step, plain, action)))
            fused.append(timed(partial(graph, own, action)))
    return {
        "warm_up_seconds": warm_up,
        "eager": summary(eager, batch),
        "compiled": summary(fused, batch),
    }


def required(profile: str, batch: int, rounds: int) -> dict[str, Any]:
    """Steps of the programs where nothing is required of them, one class and two, in turn."""
    chooser = random.Random(batch)
    programs = encoded()
    steps: list[list[float]] = [[] for _ in REQUIRED]
    made: list[list[float]] = [[] for _ in REQUIRED]
    for _ in range(rounds):
        chosen = programs[[chooser.randrange(len(programs)) for _ in range(batch)]]
        chosen = chosen[:, : int((chosen != 0).sum(1).max())]
        machines = []
        for seconds, names in zip(made, REQUIRED, strict=True):
            row = replace(ROW, require=names)
            build = partial(Automaton, PROFILES[profile], [row] * batch, 192, Root.BODY, CPU)
            seconds.append(timed(build))
            machines.append(build())
        for column in chosen.unbind(1):
            for seconds, machine in zip(steps, machines, strict=True):
                seconds.append(timed(machine.mask) + timed(partial(machine.push, column)))
    return {
        "classes": [len(names) for names in REQUIRED],
        "mask_push": [summary(seconds, batch) for seconds in steps],
        "first_use_ms": [1e3 * seconds[0] for seconds in made],
        "set_up_ms": [1e3 * statistics.median(seconds) for seconds in made],
    }


class Peer:
    """XGrammar over bytes."""

    def __init__(self, folder: Path) -> None:
        sys.path.append(str(folder))
        xgrammar = import_module("xgrammar")

        self.module = xgrammar
        vocabulary = [bytes([byte]) for byte in range(256)] + [b"</s>"]
        info = xgrammar.TokenizerInfo(
            vocabulary, xgrammar.VocabType.RAW, vocab_size=257, stop_token_ids=[256]
        )
        compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        began = time.process_time()
        self.grammar = compiler.compile_grammar(PYTHON)
        self.compile_seconds = time.process_time() - began
        self.texts = ["".join(f"    {line}\n" for line in lines).encode() for lines in PROGRAMS]

    def measure(self, batch: int, rounds: int) -> dict[str, Any]:
        """Fill the bitmasks of a batch and take one byte a row, to the end of each text."""
        chooser = random.Random(batch)
        bitmask = self.module.allocate_token_bitmask(batch, 257)
        fill = self.module.BatchGrammarMatcher(max_threads=1)
        steps: list[float] = []
        spent = count = 0.0
        for _ in range(rounds):
            texts = [self.texts[chooser.randrange(len(self.texts))] for _ in range(batch)]
            matchers = [self.module.GrammarMatcher(self.grammar) for _ in texts]
            for position in range(max(map(len, texts))):
                live = [i for i, text in enumerate(texts) if position < len(text)]
                ready = [matchers[i] for i in live]
                seconds = timed(partial(fill.batch_fill_next_token_bitmask, ready, bitmask))
                began = time.thread_time()
                taken = [
                    m.accept_token(texts[i][position]) for m, i in zip(ready, live, strict=True)
                ]
                seconds += time.thread_time() - began
                assert all(taken), "the peer's grammar refuses a program"
                steps.append(seconds / len(live))
                spent, count = spent + seconds, count + len(live)
        return {
            "batch": batch,
            "fill_accept": summary(steps, 1),
            "program_us": 1e6 * spent / (rounds * batch),
            "bytes_a_program": count / (rounds * batch),
        }


CPU = torch.device("cpu")
REQUIRED: tuple[tuple[str, ...], ...] = ((), ("Return",), ("Name", "Return"))
"""Of classes that every program holds."""


def hardware() -> str:
    """The processor's name, as Linux gives it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def show(found: dict[str, Any], peer: dict[str, Any] | None) -> None:
    """Print one batch's figures."""
    step = found["mask_push"]
    print(
        f"batch {found['batch']:>3}: mask and push p50 {step['p50']:.2f} us a row and step "
        f"(best tenth {step['p10']:.2f}, p99 {step['p99']:.2f}), "
        f"features {found['features']['p50']:.2f}, "
        f"replay {found['replay_us_a_position']:.2f} us a position, "
        f"set-up {found['set_up_ms']:.2f} ms"
    )
    if peer is None:
        return
    theirs = peer["fill_accept"]
    print(
        f"           xgrammar: fill and accept p50 {theirs['p50']:.2f} us a row and byte "
        f"(p99 {theirs['p99']:.2f}), {theirs['p50'] / step['p50']:.2f} times ours; a program: "
        f"ours {found['program_us']:.0f} us for {found['actions_a_program']:.0f} actions, "
        f"xgrammar {peer['program_us']:.0f} us for {peer['bytes_a_program']:.0f} bytes, "
        f"{peer['program_us'] / found['program_us']:.2f} times ours"
    )


def show_compiled(found: dict[str, Any]) -> None:
    """Print what the compiler makes of a step."""
    eager, graph = found["eager"]["p50"], found["compiled"]["p50"]
    print(
        f"           as one graph: p50 {graph:.2f} us a row and step, eager beside it {eager:.2f}, "
        f"{eager / graph:.2f} times as fast; compiled in {found['warm_up_seconds']:.1f} s"
    )


def show_required(found: dict[str, Any]) -> None:
    """Print what it costs to see to required classes."""
    nothing, *some = (step["p50"] for step in found["mask_push"])
    for number, step, first, ready in zip(
        found["classes"][1:], some, found["first_use_ms"][1:], found["set_up_ms"][1:], strict=True
    ):
        print(
            f"           {number} required: p50 {step:.2f} us a row and step, none beside it "
            f"{nothing:.2f}, {step / nothing:.2f} times; set-up {ready:.2f} ms (first {first:.0f})"
        )


def main() -> None:
    """Measure, print and append to the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xgrammar", type=Path)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="core")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--rounds", type=int, default=12)
    given = parser.parse_args()
    torch.set_num_threads(1)
    first = timed(lambda: Automaton(PROFILES[given.profile], [ROW], 192, Root.BODY, CPU))
    other = next(name for name in PROFILES if name != given.profile)
    second = timed(lambda: Automaton(PROFILES[other], [ROW], 192, Root.BODY, CPU))
    print(f"first use {1e3 * first:.0f} ms, of another profile {1e3 * second:.0f} ms more (CPU)")
    peer = Peer(given.xgrammar) if given.xgrammar else None
    if peer is not None:
        print(f"xgrammar compiles its grammar in {1e3 * peer.compile_seconds:.0f} ms (CPU)")
    batches = []
    with torch.inference_mode():
        for batch in BATCHES:
            found = ours(given.profile, batch, given.rounds)
            theirs = peer.measure(batch, max(2, given.rounds // 4)) if peer else None
            graph = compiled(given.profile, batch, given.rounds) if given.compiled else None
            seen_to = required(given.profile, batch, given.rounds)
            show(found, theirs)
            show_required(seen_to)
            if graph is not None:
                show_compiled(graph)
            found["required"] = seen_to
            batches.append({"automaton": found, "xgrammar": theirs, "compiled": graph})
    RESULTS.parent.mkdir(exist_ok=True)
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "torch": torch.__version__,
        "profile": given.profile,
        "first_use_seconds": first,
        "batches": batches,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
