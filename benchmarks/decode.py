"""Decoding: the cache beside recomputing, and programs per second beside Hugging Face `generate`.

    python -m benchmarks.decode [--models tiny base_27m] [--checkpoint RUN] [--peer FOLDER]

Cached and recomputed steps run the same actions.

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
import math
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml

from benchmarks.measure import RESULTS, hardware, keep
from benchmarks.peers.language_model import Peer, body, generating, peer, prompt
from policy.cache import DecodingCache
from policy.config import ModelConfig
from policy.grammar import GRAMMAR, PROFILES
from policy.model import Policy, close_features
from policy.sampler import Sample, sample
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


def seconds(work: Callable[[], Any]) -> float:
    """CPU of this process that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


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


@torch.inference_mode()
def cached_beside_recomputed(rounds: int) -> dict[str, float]:
    """Seconds of decoding POSITIONS actions of ROWS programs, both ways."""
    policy = Policy(ModelConfig(max_actions=POSITIONS)).eval()
    specs = [encode(task, policy.config.spec) for task in varied_tasks()][:TASKS]
    states = policy.encode_spec(collate(specs))
    rows = torch.arange(ROWS) // (ROWS // TASKS)
    actions, features = trees(ROWS, POSITIONS)

    def cached() -> None:
        nothing = actions[:TASKS, :0]
        past = policy.begin(states, nothing, features[:TASKS, :1], torch.zeros(TASKS).long())
        cache = DecodingCache(policy.config, past, rows, POSITIONS + 1)
        reading = states.rows(rows)
        for position in range(POSITIONS):
            policy.project(policy.step(reading, features[:, position], cache))
            cache.push(actions[:, position])

    def recomputed() -> float:
        timed = range(EVERY // 2, POSITIONS, EVERY)
        return EVERY * sum(seconds(partial(again, at)) for at in timed)

    def again(at: int) -> None:
        valid = torch.ones(ROWS, at, dtype=torch.bool)
        closed = close_features(features[:, :at], valid)
        x = policy.embed(actions[:, :at], closed)
        *_, z_h = policy.hrm.segments(x, policy.surroundings(states.rows(rows), closed))
        policy.project(z_h[:, -1])

    seconds(cached)
    pairs = [(seconds(cached), recomputed()) for _ in range(rounds)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"cached_seconds": ours, "recomputed_seconds": theirs, "ratio": theirs / ours}


def some_tasks(count: int) -> list[Task]:
    """Procedural tasks that are never trained on, half of them of unseen families."""
    sets = build(TasksConfig())
    each = (count + 1) // 2, count // 2
    sides = zip((sets.heldout, sets.heldout_families), each, strict=True)
    return [side[index * len(side) // wanted] for side, wanted in sides for index in range(wanted)]


def beside_generate(
    policy: Policy, tasks: Sequence[Task], samples: int, found: Peer | None, rounds: int
) -> dict[str, Any]:
    """Time `samples` programs of each task, and the peer in both representations."""

    def ours() -> list[Sample]:
        return sample(
            policy,
            [encode(task, policy.config.spec) for task in tasks],
            samples,
            max_actions=MAX_ACTIONS,
            profile=PROFILES["core"],
            generator=torch.Generator().manual_seed(0),
        )

    contenders: dict[str, Callable[[], Any]] = {"ours": ours}
    drawn, parameters = ours(), sum(weight.numel() for weight in policy.parameters())
    record: dict[str, Any] = {"parameters": parameters, "tasks": len(tasks), "samples": samples}
    record["actions_mean"] = statistics.mean(len(made.actions) for made in drawn)
    record["distinct_programs"] = len({(made.task, made.actions) for made in drawn})
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
    return ", ".join((rate, *ratios))


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="*", default=["tiny", "base_27m"])
    parser.add_argument("--checkpoint", type=Path, help="a trained run, as well")
    parser.add_argument("--peer", type=Path)
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
    print(keep("decode", record, given.results))


if __name__ == "__main__":
    main()
