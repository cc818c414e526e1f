"""Decoding: the cache beside recomputing, and programs per second beside Hugging Face `generate`.

    python -m benchmarks.decode [--models tiny base_27m] [--peer FOLDER] [--rounds 3]

Cached and recomputed steps run the same actions. The peer is a GPT-2 of as many parameters from
random weights, which samples as many tokens (the mean of ours) after as long a prompt (the specs)
in batches as large. Contenders take turns; figures are medians of CPU seconds on one thread, which
other processes disturb less than wall time. FOLDER holds `transformers`.
"""

import argparse
import importlib
import math
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml

from benchmarks.measure import RESULTS, hardware, keep
from policy.cache import DecodingCache
from policy.config import HRMConfig, ModelConfig
from policy.grammar import GRAMMAR, PROFILES
from policy.model import Policy, close_features
from policy.sampler import sample
from policy.spec import Spec, collate, encode
from policy.untrained import varied_tasks

MODELS = Path(__file__).resolve().parent.parent / "configs" / "model"
ROWS, POSITIONS, EVERY = 64, 256, 16
"""Batch and length of the comparison with recomputing, of which every 16th position is timed."""
TASKS, SAMPLES, MAX_ACTIONS = 8, 8, 64
INSTALL = "pip install --target FOLDER transformers"


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
        cache = DecodingCache(policy.config, past, rows, POSITIONS + 1, states.states)
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


def peer(folder: Path | None) -> Any:
    """Return the module `transformers`, or None with a line that says how to get it."""
    if folder is not None:
        sys.path.append(str(folder))
    try:
        return importlib.import_module("transformers")
    except ImportError:
        print(f"Hugging Face generate is left out: {INSTALL}, then --peer FOLDER")
        return None


def gpt2(transformers: Any, core: HRMConfig, parameters: int, positions: int) -> Any:
    """Build a GPT-2 of the same width and about as many parameters."""
    tables = (GRAMMAR.num_actions + positions) * core.width
    layers = max(1, round((parameters - tables) / (12 * core.width**2)))
    config = transformers.GPT2Config(
        vocab_size=GRAMMAR.num_actions,
        n_positions=positions,
        n_embd=core.width,
        n_layer=layers,
        n_head=core.heads,
        bos_token_id=0,
        eos_token_id=None,
        pad_token_id=0,
    )
    return transformers.GPT2LMHeadModel(config).eval()


def sampled(name: str, transformers: Any, rounds: int) -> dict[str, Any]:
    """Time batches of TASKS x SAMPLES programs of one model, and of its peer."""
    settings = yaml.safe_load((MODELS / f"{name}.yaml").read_text())
    policy = Policy(ModelConfig.model_validate(settings | {"max_actions": MAX_ACTIONS})).eval()
    specs = [encode(task, policy.config.spec) for task in varied_tasks()][:TASKS]
    generator = torch.Generator().manual_seed(0)
    lengths: list[int] = []

    def ours() -> None:
        drawn = sample(policy, specs, SAMPLES, profile=PROFILES["core"], generator=generator)
        lengths.extend(len(made.actions) for made in drawn)

    programs, parameters = TASKS * SAMPLES, sum(p.numel() for p in policy.parameters())
    ours()
    record = {"parameters": parameters, "programs_a_batch": programs}
    tokens, prompt = round(statistics.mean(lengths)), _spec_tokens(specs)
    record |= {"actions_a_program": tokens, "spec_tokens": prompt}
    theirs = None
    if transformers is not None:
        theirs = _generate(transformers, policy, parameters, prompt, tokens)
        theirs()
    times = [(seconds(ours), seconds(theirs) if theirs else math.nan) for _ in range(rounds)]
    mine, other = (statistics.median(column) for column in zip(*times, strict=True))
    record["programs_per_cpu_second"] = programs / mine
    if theirs:
        record |= {"generate_programs_per_cpu_second": programs / other, "ratio": other / mine}
    return record


def _spec_tokens(specs: list[Spec]) -> int:
    return round(collate(specs).mask.sum(1).float().mean().item())


def _generate(
    transformers: Any, policy: Policy, parameters: int, prompt: int, tokens: int
) -> Callable[[], None]:
    model = gpt2(transformers, policy.config.hrm, parameters, prompt + tokens)
    ids = torch.randint(1, GRAMMAR.num_actions, (TASKS, prompt))
    mask = torch.ones_like(ids)

    def work() -> None:
        out = model.generate(
            ids,
            attention_mask=mask,
            do_sample=True,
            top_k=0,
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            num_return_sequences=SAMPLES,
        )
        assert out.shape == (TASKS * SAMPLES, prompt + tokens)

    return work


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="*", default=["tiny", "base_27m"])
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    record: dict[str, Any] = {"hardware": hardware(), "torch": torch.__version__}
    record["cache"] = cache = cached_beside_recomputed(given.rounds)
    print(
        f"{POSITIONS} actions of {ROWS} programs: {cache['cached_seconds']:.1f} s cached, "
        f"{cache['recomputed_seconds']:.1f} s recomputed, {cache['ratio']:.1f} times as fast"
    )
    transformers = peer(given.peer)
    for name in given.models:
        record[name] = found = sampled(name, transformers, given.rounds)
        line = f"{name}: {found['programs_per_cpu_second']:.1f} programs per CPU second"
        if "ratio" in found:
            line += f", {found['ratio']:.2f} times Hugging Face generate's"
        print(line, flush=True)
    print(keep("decode", record, given.results))


if __name__ == "__main__":
    main()
