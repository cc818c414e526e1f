"""The exact cache of incremental decoding.

A position's state at every module call depends on earlier positions only, so keys, values and
messages are kept per (segment, cycle, layer) call and never change. All rows are equally long:
programs start together and leave when they end.

Shapes: C calls, B rows, K heads, P positions, T of them
so far, D features a head, m message features.
"""

from jaxtyping import Float, Int
from torch import Tensor

from policy.config import ModelConfig
from policy.layers import EDGES


class DecodingCache:
    """Keys, values and messages of every module call, for `positions` positions of `rows` rows.

    `like` gives device and dtype.
    """

    def __init__(self, config: ModelConfig, rows: int, positions: int, like: Tensor) -> None:
        core = config.hrm
        runs = core.segments * core.h_cycles
        l_calls = runs * core.l_cycles * (core.h_layers if core.share_levels else core.l_layers)
        h_calls = runs * core.h_layers
        message_calls = l_calls + (h_calls if core.share_levels else 0)
        head_width = core.width // core.heads
        self.kv: Float[Tensor, "C 2 B K P D"] = like.new_empty(
            l_calls + h_calls, 2, rows, core.kv_heads, positions, head_width
        )
        self.messages: Float[Tensor, "C B P m"] = like.new_empty(
            message_calls if config.graph else 0,
            rows,
            positions,
            EDGES * config.message_width,
        )
        self.depths: Int[Tensor, " B"] | None = None
        self.position = -1
        self._attention_call = self._message_call = 0

    def advance(self) -> None:
        """Begin the next position; its calls follow in the order of the ones before."""
        self.position += 1
        self._attention_call = self._message_call = 0

    def extend_attention(
        self, k: Float[Tensor, "B K 1 D"], v: Float[Tensor, "B K 1 D"]
    ) -> tuple[Float[Tensor, "B K T D"], Float[Tensor, "B K T D"]]:
        """Keep this call's newest key and value; give those of all positions."""
        held = self.kv[self._attention_call]
        self._attention_call += 1
        held[0, :, :, self.position] = k[:, :, 0]
        held[1, :, :, self.position] = v[:, :, 0]
        keys, values = held[..., : self.position + 1, :]
        return keys, values

    def extend_messages(self, values: Float[Tensor, "B 1 m"]) -> Float[Tensor, "B T m"]:
        """Keep this call's newest message values; give those of all positions."""
        held = self.messages[self._message_call]
        self._message_call += 1
        held[:, self.position] = values[:, 0]
        return held[:, : self.position + 1]

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """Keep only these rows, in this order."""
        self.kv = self.kv.index_select(2, rows)
        self.messages = self.messages.index_select(1, rows)
        if self.depths is not None:
            self.depths = self.depths[rows]
