"""How many programs of an untrained policy compile: uniformly random choices under the masks.

Each is compiled twice: as a tree, and as the source that `ast.unparse` writes of it.
"""

import ast
import warnings
from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor

from policy.grammar import codec
from policy.grammar.automaton import Automaton
from policy.grammar.grammar import Names, Root
from policy.grammar.profiles import Profile
from policy.grammar.rows import RowContext

_NAMES = Names(("n", "xs"), "solve", (7, "a'b\"\\{\n", 2.5, b"q"))
CONTEXT = RowContext(
    num_params=2, num_literals=4, literal_types=("int", "str", "float", "bytes"), return_type="int"
)


@dataclass
class Untrained:
    """Counts, and why each program that failed did."""

    programs: int = 0
    compiled: int = 0
    failures: list[tuple[str, list[int]]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Compiled programs over all."""
        return self.compiled / self.programs if self.programs else 1.0


def untrained(
    count: int,
    profile: Profile,
    root: Root,
    *,
    max_actions: int = 192,
    seed: int = 0,
    context: RowContext = CONTEXT,
    names: Names = _NAMES,
) -> Untrained:
    """Draw `count` programs and compile them; the program of `names` must fit `context`."""
    drawn = draw(count, profile, root, max_actions=max_actions, seed=seed, context=context)
    found = Untrained()
    for row in drawn.tolist():
        found.programs += 1
        reason = why_not(row, names, root)
        if reason is None:
            found.compiled += 1
        else:
            found.failures.append((reason, row))
    return found


def draw(
    count: int,
    profile: Profile,
    root: Root,
    *,
    max_actions: int,
    seed: int,
    context: RowContext = CONTEXT,
) -> Int[Tensor, "N L"]:
    """Random programs, padded with PAD to the longest."""
    generator = torch.Generator().manual_seed(seed)
    automaton = Automaton(profile, [context] * count, max_actions, root, torch.device("cpu"))
    steps = []
    while not automaton.finished.all():
        chosen = torch.multinomial(automaton.mask().float(), 1, generator=generator)[:, 0]
        automaton.push(chosen)
        steps.append(chosen)
    return torch.stack(steps, dim=1)


def why_not(actions: list[int], names: Names, root: Root) -> str | None:
    """None if the program compiles both ways, else the error."""
    try:
        tree = codec.decode(actions, names, root)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "<tree>", "exec")
            compile(ast.unparse(tree), "<source>", "exec")
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"
    return None
