"""Decoding: the cache beside recomputing, and programs per second beside Hugging Face `generate`.

    python -m benchmarks.decode [--models tiny base_27m] [--checkpoint RUN] [--peer FOLDER]
                                [--compiled]

Cached and recomputed steps run the same actions. With --compiled so do eager and compiled ones, and
programs are drawn both ways; the first compiled step is told in wall time, nothing being on disk of
what torch may have compiled before. On a CPU that can, programs are drawn with the float16 products
of an export as well (`policy.half`).

Programs per second are those of whole programs for the same tasks, from the task to source text.
The peer is a GPT-2 of the policy's width and number of parameters from random weights. It is asked
for programs as long as those that the policy has just drawn, in two representations:

    text      the task as the beginning of a source file, then source text, in byte-level BPE of as
              many pieces as the policy has actions: what a language model would do
    actions   as many tokens as the task's spec has, then as many as the program has actions: the
              policy's own representation, given to the peer

`generate` computes a batch until its longest program ends, and a prompt once for each of its
samples. Random weights write programs that are all different and use up their budget (64 actions);
--checkpoint adds a trained policy, whose programs are shorter and begin alike, beside a peer of its
size. Contenders take turns; figures are medians of CPU seconds on one thread, which other
processes disturb less than wall time: two cores run two such processes. FOLDER holds
`transformers` (pip install --target FOLDER transformers).
"""

import argparse
import copy
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml

from benchmarks.clock import seconds
from benchmarks.measure import RESULTS, hardware, keep
from benchmarks.peers.language_model import Peer, body, generating, peer, prompt
from policy.cache import DecodingCache
from policy.config import ModelConfig
from policy.decoding import decode, set_decoding, widened
from policy.grammar import GRAMMAR, PROFILES
from policy.half import use_float16
from policy.model import Policy
from policy.network import SpecStates, close_features
from policy.sampler import Sample, sample
from policy.size import measure
from policy.spec import collate, encode
from policy.untrained import varied_tasks
from tasks.config import TasksConfig
from tasks.schema import Task
from tasks.sources import build
from treewright.stored import load_to_sample

MODELS = Path(__file__).resolve().parent.parent / "configs" / "model"
ROWS, TASKS, POSITIONS, EVERY = 64, 8, 256, 16
"""Batch and length of the comparison with recomputing, of which every 16th position is timed."""
MAX_ACTIONS = 64


def trees(rows: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random actions on random trees: every edge points backwards."""
    generator = torch.Generator().manual_seed(0)

    def draw(high: int) -> torch.Tensor:
        return torch.randint(high, (rows, length), generator=generator)

    def edge() -> torch.Tensor:
        places = torch.rand(rows, length, generator=generator) * (torch.arange(length) + 1)
        return places.long() - 1

    columns = (draw(GRAMMAR.num_holes), edge(), edge(), draw(32), draw(32), edge())
    return draw(GRAMMAR.num_actions), torch.stack(columns, dim=-1)


def batch(policy: Policy) -> tuple[SpecStates, torch.Tensor]:
    """TASKS tasks as the policy reads them, and the task of each of ROWS programs."""
    specs = [encode(task, policy.config.spec) for task in varied_tasks()][:TASKS]
    return policy.encode_spec(collate(specs)), torch.arange(ROWS) // (ROWS // TASKS)


def cached(policy: Policy, states: SpecStates, rows: torch.Tensor, length: int) -> None:
    """Decode the first actions of the rows' programs."""
    actions, features = trees(len(rows), length)
    tasks = len(states.states)
    past = policy.begin(
        states, actions[:tasks, :0], features[:tasks, :1], torch.zeros(tasks).long()
    )
    cache = DecodingCache(policy.config, past, rows, length + 1, policy.arena)
    reading = widened(states.rows(rows)) if policy.compiled else states.rows(rows)
    for position in range(length):
        decode(policy, reading, features[:, position], cache)
        cache.push(actions[:, position])


@torch.inference_mode()
def cached_beside_recomputed(rounds: int) -> dict[str, float]:
    """Seconds of decoding POSITIONS actions of ROWS programs, both ways."""
    policy = Policy(ModelConfig(max_actions=POSITIONS)).eval()
    states, rows = batch(policy)
    actions, features = trees(ROWS, POSITIONS)
    ours = partial(cached, policy, states, rows, POSITIONS)

    def recomputed() -> float:
        timed = range(EVERY // 2, POSITIONS, EVERY)
        return EVERY * sum(seconds(partial(again, at)) for at in timed)

    def again(at: int) -> None:
        valid = torch.ones(ROWS, at, dtype=torch.bool)
        closed = close_features(features[:, :at], valid)
        x = policy.embed(actions[:, :at], closed)
        *_, z_h = policy.hrm.segments(x, policy.surroundings(states.rows(rows), closed))
        policy.project(z_h[:, -1])

    seconds(ours)
    pairs = [(seconds(ours), recomputed()) for _ in range(rounds)]
    once, again_ = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"cached_seconds": once, "recomputed_seconds": again_, "ratio": again_ / once}


@torch.no_grad()
def eager_beside_compiled(
    policy: Policy, tasks: Sequence[Task], samples: int, rounds: int
) -> dict[str, Any]:
    """Time one step of ROWS programs, and `samples` whole programs of each task, both ways."""
    other = copy.deepcopy(policy)
    set_decoding(other, "compiled")
    ways = {"eager": policy, "compiled": other}
    states, rows = batch(policy)
    steps = {name: partial(cached, one, states, rows, MAX_ACTIONS) for name, one in ways.items()}
    whole = {name: partial(programs, one, tasks, samples) for name, one in ways.items()}
    began = time.monotonic()
    cached(other, states, rows, 1)
    record: dict[str, Any] = {"first_step_seconds": time.monotonic() - began}
    for kind, contenders in (("step", steps), ("programs", whole)):
        for work in contenders.values():
            work()
        turns = [[seconds(work) for work in contenders.values()] for _ in range(rounds)]
        eager, compiled = (statistics.median(times) for times in zip(*turns, strict=True))
        each = MAX_ACTIONS if kind == "step" else len(tasks) * samples
        record[kind] = {
            "eager_seconds": eager / each,
            "compiled_seconds": compiled / each,
            "ratio": eager / compiled,
        }
    return record


def some_tasks(count: int) -> list[Task]:
    """Procedural tasks that are never trained on, half of them of unseen families."""
    sets = build(TasksConfig())
    each = (count + 1) // 2, count // 2
    sides = zip((sets.heldout, sets.heldout_families), each, strict=True)
    return [side[index * len(side) // wanted] for side, wanted in sides for index in range(wanted)]


def programs(policy: Policy, tasks: Sequence[Task], samples: int) -> list[Sample]:
    """Draw `samples` programs of each task."""
    return sample(
        policy,
        [encode(task, policy.config.spec) for task in tasks],
        samples,
        max_actions=MAX_ACTIONS,
        profile=PROFILES["core"],
        generator=torch.Generator().manual_seed(0),
    )


def beside_generate(
    policy: Policy, tasks: Sequence[Task], samples: int, found: Peer | None, rounds: int
) -> dict[str, Any]:
    """Time `samples` programs of each task, and the peer in both representations."""
    ours = partial(programs, policy, tasks, samples)
    contenders: dict[str, Callable[[], Any]] = {"ours": ours}
    exported = copy.deepcopy(policy)
    if use_float16(exported):
        contenders["exported"] = partial(programs, exported, tasks, samples)
    drawn, parameters = ours(), measure(policy.config).parameters
    record: dict[str, Any] = {"parameters": parameters, "tasks": len(tasks), "samples": samples}
    record["actions_mean"] = statistics.mean(len(made.actions) for made in drawn)
    record["distinct_programs"] = len({(made.task, made.actions) for made in drawn})
    record |= {name: {} for name in contenders.keys() - {"ours"}}
    if found is not None:
        specs = collate([encode(task, policy.config.spec) for task in tasks])
        as_actions = [[1] * length for length in specs.mask.sum(1).tolist()]
        longest = max(len(made.actions) for made in drawn)
        contenders["actions"] = _peer(found, policy, parameters, as_actions, samples, longest)
        pieces = found.vocabulary(GRAMMAR.num_actions)
        as_text = [pieces.encode(prompt(task)).ids for task in tasks]
        lengths = [len(pieces.encode(body(made.source)).ids) for made in drawn]
        written = _peer(found, policy, parameters, as_text, samples, max(lengths))
        contenders["text"] = lambda: pieces.decode_batch(written().tolist())
        record["text"] = {
            "prompt_tokens_mean": statistics.mean(map(len, as_text)),
            "tokens_mean": statistics.mean(lengths),
            "tokens_longest": max(lengths),
        }
        record["actions"] = {
            "prompt_tokens_mean": statistics.mean(map(len, as_actions)),
            "tokens_longest": longest,
        }
    times = {name: [math.nan] * rounds for name in contenders}
    for round_, (name, work) in ((r, c) for r in range(rounds) for c in contenders.items()):
        times[name][round_] = seconds(work)
    medians = {name: statistics.median(values) for name, values in times.items()}
    record["programs_per_cpu_second"] = len(drawn) / medians["ours"]
    for name in medians.keys() - {"ours"}:
        record[name]["programs_per_cpu_second"] = len(drawn) / medians[name]
        record[name]["ratio"] = medians[name] / medians["ours"]
    return record


def _peer(
    found: Peer,
    policy: Policy,
    parameters: int,
    prompts: Sequence[Sequence[int]],
    samples: int,
    new: int,
) -> Callable[[], Any]:
    core, positions = policy.config.hrm, max(map(len, prompts)) + new
    model = found.model(core.width, core.heads, GRAMMAR.num_actions, positions, parameters)
    return generating(model, prompts, samples, new)


@contextmanager
def nothing_compiled() -> Iterator[None]:
    """Keep what torch compiles in a folder that is empty now."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        yield
        del os.environ["TORCHINDUCTOR_CACHE_DIR"]


def untrained(name: str) -> Policy:
    """A policy of random weights."""
    settings = yaml.safe_load((MODELS / f"{name}.yaml").read_text())
    return Policy(ModelConfig.model_validate(settings | {"max_actions": MAX_ACTIONS})).eval()


def _line(name: str, record: dict[str, Any]) -> str:
    ratios = [
        f"{record[kind]['ratio']:.1f} times Hugging Face generate as {kind}"
        for kind in ("text", "actions")
        if kind in record
    ]
    rate = f"{name}: {record['programs_per_cpu_second']:.1f} programs per CPU second"
    if "exported" in record:
        exported = record["exported"]["programs_per_cpu_second"]
        ratios.append(f"{exported:.1f} programs with the float16 products of an export")
    return ", ".join((rate, *ratios))


def _compiled_line(record: dict[str, Any]) -> str:
    step, whole, first = record["step"], record["programs"], record["first_step_seconds"]
    eager, compiled = (1e3 * step[f"{way}_seconds"] for way in ("eager", "compiled"))
    return (
        f"    compiled in {first:.0f} s: {compiled:.2f} CPU ms a step of {ROWS} rows, "
        f"{eager:.2f} eager "
        f"({step['ratio']:.2f} times as fast); whole programs {whole['ratio']:.2f} times"
    )


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="*", default=["tiny", "base_27m"])
    parser.add_argument("--checkpoint", type=Path, help="a trained run, as well")
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--compiled", action="store_true", help="compiled steps, as well")
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    record: dict[str, Any] = {"hardware": hardware(), "torch": torch.__version__}
    record["cache"] = cache = cached_beside_recomputed(given.rounds)
    print(
        f"{POSITIONS} actions of {ROWS} programs: {cache['cached_seconds']:.1f} s cached, "
        f"{cache['recomputed_seconds']:.1f} s recomputed, {cache['ratio']:.1f} times as fast",
        flush=True,
    )
    policies = {f"{name}, untrained": untrained(name) for name in given.models}
    if given.checkpoint:
        policies[f"{given.checkpoint.name}, trained"] = load_to_sample(given.checkpoint)[0]
    tasks, found = some_tasks(given.tasks), peer(given.peer)
    for name, policy in policies.items():
        made = beside_generate(policy, tasks, given.samples, found, given.rounds)
        record[name] = made
        print(_line(name, made), flush=True)
        if given.compiled:
            with nothing_compiled():
                made["compiled"] = eager_beside_compiled(policy, tasks, given.samples, given.rounds)
            print(_compiled_line(made["compiled"]), flush=True)
    print(keep("decode", record, given.results))


if __name__ == "__main__":
    main()
