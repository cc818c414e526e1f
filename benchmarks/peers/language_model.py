"""Hugging Face `generate` as a peer: a GPT-2 from random weights that samples whole programs.

`transformers` (and `tokenizers`, which it brings) come from a folder of their own.
"""

import importlib
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from tasks.schema import Task

INSTALL = "pip install --target FOLDER transformers"
_CORPUS = (
    "argparse",
    "ast",
    "collections/__init__",
    "dataclasses",
    "heapq",
    "statistics",
    "string",
)
"""Modules of the standard library that the vocabulary of pieces is learnt from."""


@dataclass(frozen=True)
class Peer:
    """The two modules."""

    transformers: Any
    tokenizers: Any

    def vocabulary(self, size: int) -> Any:
        """Learn byte-level BPE of `size` pieces from Python's own sources."""
        folder = Path(sysconfig.get_paths()["stdlib"])
        learnt = self.tokenizers.ByteLevelBPETokenizer()
        files = [str(folder / f"{name}.py") for name in _CORPUS]
        learnt.train(files, vocab_size=size, show_progress=False)
        return learnt

    def model(self, width: int, heads: int, words: int, positions: int, parameters: int) -> Any:
        """Build a GPT-2 of about so many parameters."""
        layers = max(1, round((parameters - (words + positions) * width) / (12 * width**2)))
        config = self.transformers.GPT2Config(
            vocab_size=words,
            n_positions=positions,
            n_embd=width,
            n_layer=layers,
            n_head=heads,
            bos_token_id=0,
            eos_token_id=None,
            pad_token_id=0,
        )
        return self.transformers.GPT2LMHeadModel(config).eval()


def peer(folder: Path | None) -> Peer | None:
    """Return the modules, or None with a line that says how to get them."""
    if folder is not None:
        sys.path.append(str(folder))
    try:
        return Peer(*(importlib.import_module(name) for name in ("transformers", "tokenizers")))
    except ImportError:
        print(f"Hugging Face generate is left out: {INSTALL}, then --peer FOLDER")
        return None


def prompt(task: Task) -> str:
    """Write a task as the beginning of a source file, as a language model is asked."""
    assert task.signature is not None
    name = task.entry_point
    params = ", ".join(f"{param.name}: {param.type}" for param in task.signature.params)
    calls = [
        f"    >>> {name}({', '.join(map(repr, example.args))})\n    {example.expected!r}\n"
        for example in task.examples
    ]
    return (
        f"def {name}({params}) -> {task.signature.returns}:\n"
        f'    """{task.description}\n\n{"".join(calls)}    """\n'
    )


def body(source: str) -> str:
    """Give what follows the `def` line."""
    return source.partition("\n")[2]


def generating(
    model: Any, prompts: Sequence[Sequence[int]], samples: int, new: int
) -> Callable[[], Int[Tensor, "W L"]]:
    """Give the work: `samples` programs of each prompt, of `new` tokens, the longest one's.

    `generate` computes a batch until its last program ends. Prompts are padded on the left.
    """
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(one)) + list(one) for one in prompts])
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in prompts])

    def work() -> Int[Tensor, "W L"]:
        out: Tensor = model.generate(
            ids,
            attention_mask=mask,
            do_sample=True,
            top_k=0,
            max_new_tokens=new,
            min_new_tokens=new,
            num_return_sequences=samples,
        )
        assert out.shape == (len(prompts) * samples, longest + new)
        return out[:, longest:]

    return work
