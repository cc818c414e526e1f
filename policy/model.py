"""The policy: its network, and the incremental pass that writes programs with it.

    past = policy.begin(states, actions, features, lengths)     # once for all that begin so
    cache = DecodingCache(policy.config, past, sources, positions)
    state = policy.step(reading, features, cache)               # one position of every row
    cache.push(choose(policy.project(state)))

Shapes: N tasks, B programs, S positions, d width, F features of a hole.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from policy.blocks import SpecReading, Surroundings
from policy.cache import Past, Recorder, StepMemory
from policy.config import ModelConfig
from policy.fixed import Arena
from policy.layers import Masks, undrawn
from policy.network import PARENT, SIBLING, Network, SpecStates


class Policy(Network):
    """A network that decodes."""

    compiled = False
    """Whether steps of decoding are compiled; set by `policy.decoding.set_decoding`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.arena = Arena()
        """Where whoever draws keeps the cache: one batch at a time."""

    @classmethod
    def restored(cls, config: ModelConfig, weights: Mapping[str, Tensor]) -> "Policy":
        """Return a policy with these weights, ready to sample.

        Raises RuntimeError where they are not the model's.
        """
        with undrawn():  # a third of the time of loading a small policy
            policy = cls(config)
        policy.load_state_dict(weights)
        return policy.eval()

    def judge(
        self, spec: SpecStates, features: Int[Tensor, "N F"]
    ) -> tuple[Float[Tensor, " N"], Float[Tensor, " N"]]:
        """Give (halt, continue) logits of each task's draft: those that `forward` gives its edits.

        `features` are those of the first hole, which is the same whatever the edit will be.
        """
        features = features[:, None]
        x = self.embed(features.new_empty(len(features), 0), features)
        around = self.surroundings(spec.reading, features)
        return self.hrm.q_values(self.hrm.settle(x, around))

    def begin(
        self,
        spec: SpecStates,
        actions: Int[Tensor, "N S"],
        features: Int[Tensor, "N S F"],
        lengths: Int[Tensor, " N"],
    ) -> Past:
        """Compute the first positions of each task's programs, once for all that begin so.

        Each task's programs begin with its first `lengths` actions; `features` are those of their
        holes, and of hole 0 where there are no actions.
        """
        nothing = spec.reading.kv[0].new_empty(0)
        past = Past(actions, lengths, nothing, nothing, depths=None, first=None)
        early, judged = self.hrm.stops_early, self.config.hrm.q_position == "first"
        if not (actions.shape[1] or judged):
            return past
        recorder = Recorder()
        x = self.embed(actions, features)
        around = self.surroundings(spec.reading, features, memory=recorder)
        states = torch.stack([z_h[:, 0] for z_h in self.hrm.segments(x, around)])
        depths = self.hrm.depths(states) if early else None
        each = torch.arange(len(lengths), device=x.device)
        last = states[-1] if depths is None else states[depths, each]
        first = last if judged else None
        messages = torch.stack(recorder.messages) if recorder.messages else past.messages
        return Past(actions, lengths, torch.stack(recorder.kv), messages, depths, first)

    def step(
        self, reading: SpecReading, features: Int[Tensor, "B F"], cache: StepMemory
    ) -> Float[Tensor, "B d"]:
        """Compute the position that each row of the cache stands at: z_H.

        Where a row stops early it is that of the segment at which its depth says so. `features`
        are those of the hole there (NO_HOLE after the last action).
        """
        places = torch.stack((cache.ages, features[:, PARENT] + 1, features[:, SIBLING] + 1), 1)
        x = self.embed_one(cache.known.gather(1, places), features, cache.ages)
        around = self._surroundings_of_one(reading, features[:, None], cache)
        return self.hrm.settle(x[:, None], around, cache.depths, cache.deepest)

    def _surroundings_of_one(
        self, reading: SpecReading, features: Int[Tensor, "B 1 F"], cache: StepMemory
    ) -> Surroundings:
        """Say what the blocks may look at from the position that each row stands at."""
        first, rotary = self.first_position, self.hrm.rotary
        if cache.together:
            rotation = self.hrm.rotation(first + cache.position, first + cache.position + 1)
            keys = None
        else:
            rotation = None if rotary is None else rotary.at(first + cache.ages)
            keys = cache.seen
        if self.reads_prefix:
            own = cache.seen if keys is None else keys
            keys = torch.cat((reading.mask, own), dim=1)
        return self.around(reading, features, cache, rotation, Masks(keys=keys))
