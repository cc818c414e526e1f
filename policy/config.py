"""Settings of the policy network; every switch of the network is here and nowhere else."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Precision = Literal["auto", "float32", "bfloat16"]
"""A setting of arithmetic; `policy.precision` says what `auto` comes to on a device."""
Decoding = Literal["auto", "eager", "compiled"]
"""How the positions of programs are computed; see `policy.decoding`."""


def _device(text: str) -> str:
    if re.fullmatch(r"auto|cpu|cuda(:\d+)?", text) is None:
        raise ValueError("expected auto, cpu, cuda or cuda:N")
    return text


Device = Annotated[str, AfterValidator(_device)]
"""Where a network lies: `policy.device` says what `auto` comes to."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class HRMConfig(_Section):
    """The recurrent core: two levels, their cycles and what flows between them."""

    width: int = Field(default=128, ge=8)
    """Hidden size d of both levels."""
    heads: int = Field(default=4, ge=1)
    """Attention heads; must divide the width into even parts (rotary positions turn pairs)."""
    kv_heads: int = Field(default=1, ge=1)
    """Heads of keys and values, each read by heads / kv_heads query heads (arXiv:2305.13245); the
    published model has as many as heads. Fewer make the decoding cache and its reading smaller."""
    expansion: float = Field(default=2.0, gt=0)
    """A SwiGLU's inner width is expansion * width * 2/3, rounded up to `round_inner_to`."""
    round_inner_to: int = Field(default=32, ge=1)
    """Multiple to which the SwiGLU's inner width is rounded up (256 in the published model)."""
    h_layers: int = Field(default=1, ge=0)
    """Blocks in the H level (slow, reads the spec). A level of no blocks only adds up its inputs:
    one such level, one cycle and one segment make a plain Transformer."""
    l_layers: int = Field(default=1, ge=0)
    """Blocks in the L level (fast, works on the tree)."""
    h_cycles: int = Field(default=1, ge=1)
    """H calls in a segment."""
    l_cycles: int = Field(default=1, ge=1)
    """L calls before each H call."""
    segments: int = Field(default=2, ge=1)
    """Segments with deep supervision: the carry is detached between them."""
    carry: Literal["keep", "reset"] = "keep"
    """Whether a segment starts from the carry of the last one or from the initial states."""
    gradient_horizon: int = Field(default=0, ge=0)
    """L calls, counted from the segment's end, that gradients run through; 0 means all of them.
    1 is the published one-step gradient."""
    horizon_warmup_steps: int = Field(default=0, ge=0)
    """Train steps over which the horizon grows from 1 to `gradient_horizon`."""
    share_levels: bool = False
    """Whether H and L are one set of blocks."""
    feedback: bool = False
    """Whether a gated projection of L's state is added to what H reads."""
    norm: Literal["post", "pre"] = "post"
    """Place of the RMS norms; `pre` adds one at a level's end."""
    norm_eps: float = Field(default=1e-5, gt=0)
    """Added to the mean square inside an RMS norm."""
    positions: Literal["rope", "learned"] = "rope"
    """Rotary or learned absolute positions."""
    rope_theta: float = Field(default=10000.0, gt=0)
    """Base wavelength of the rotary positions."""
    spec_reader: Literal["h", "l", "both", "prefix"] = "h"
    """Who reads the spec: levels by cross-attention, or both levels because the spec's tokens stand
    before the actions in one sequence (PrefixLM: they see each other, the actions see them)."""
    act: Literal["off", "halt", "halt_continue"] = "halt_continue"
    """Which Q-values stop an adaptive run: none, halt > 0, or halt > continue. Only the last learns
    the value of continuing; the value of halting is always learned, because it ranks programs."""
    q_position: Literal["last", "first", "draft"] = "last"
    """Where the Q-heads read a program: after its last action (they judge it as it was written), or
    before its first (they judge the task, so that sampling can stop early; the published choice),
    or once it was run (they judge the draft that it became, with what the visible examples said of
    it, where its next edit would begin: before that edit's first action). The last needs
    model.refine."""
    q_target: Literal["bootstrapped", "lagged", "second_forward"] = "bootstrapped"
    """What the value of continuing is taught: the next segment's values; the same, said by the
    moving average of the weights, at the cost of its forward pass; or the published way, at the
    cost of one more segment, after the last segment as well. Puzzles have no `lagged`, and
    learn a `bootstrapped` value one step late, by the head alone (see `policy.puzzle`)."""

    @field_validator("act", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: object) -> object:
        # YAML, and so the command line, reads `off` as false.
        return "off" if value is False else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width ({self.width}) must be a multiple of 2 * heads ({2 * self.heads})"
            )
        if self.heads % self.kv_heads:
            raise ValueError(
                f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})"
            )
        if not self.h_layers + (0 if self.share_levels else self.l_layers):
            raise ValueError("h_layers and l_layers are both 0: no level has a block")
        readers = {"h": self.h_layers, "l": self.l_layers}
        if not self.share_levels and readers.get(self.spec_reader, 1) == 0:
            raise ValueError(
                f"spec_reader ({self.spec_reader}) names a level of {self.spec_reader}_layers = 0"
            )
        return self


class SpecConfig(_Section):
    """How a task becomes tokens, and how they are encoded."""

    names: bool = True
    """Whether words of the function's and its parameters' names are tokens (types always are)."""
    examples: bool = True
    """Whether the visible examples are tokens."""
    properties: bool = True
    """Whether relations between the examples' inputs and outputs are tokens."""
    constraints: bool = True
    """Whether the task's limits are tokens."""
    metadata: bool = True
    """Whether the stage and the tags are tokens."""
    text: bool = True
    """Whether the description is tokens; without it, it gives no literals either."""
    program: bool = True
    """Whether a draft's actions are tokens; only policies that refine are shown drafts."""
    feedback: bool = True
    """Whether the verdicts on a draft and the values that it gave are tokens."""
    layers: int = Field(default=1, ge=0)
    """Bidirectional blocks over the spec's tokens."""
    max_tokens: int = Field(default=128, ge=16)
    """Tokens of a spec, a draft's not counted; later ones are cut."""
    max_program_tokens: int = Field(default=192, ge=1)
    """Actions of a draft that are shown, and that an edit may point at."""
    max_examples: int = Field(default=4, ge=0)
    """Examples shown as tokens (properties look at all of them)."""
    max_example_tokens: int = Field(default=20, ge=2)
    """Tokens of one example; its arguments share what its output leaves."""
    max_text_tokens: int = Field(default=40, ge=0)
    """Pieces of words, numbers and quoted strings of the description that are tokens. Of 500 test
    descriptions of MBPP one is longer than 40, of 164 of HumanEval 97 are."""


class ModelConfig(_Section):
    """The whole policy network."""

    hrm: HRMConfig = HRMConfig()
    """The recurrent core."""
    spec: SpecConfig = SpecConfig()
    """The spec encoder."""
    graph: bool = True
    """Whether L receives messages from the parent, the previous sibling and the previous use."""
    message_width: int = Field(default=32, ge=1)
    """Width of a message along one edge of the tree."""
    tie_output: bool = True
    """Whether the output projection is the action embedding."""
    distribution: Literal["softmax", "stablemax"] = "softmax"
    """How logits become probabilities, in every loss and in sampling alike. Stablemax's scores are
    x + 1, or 1 / (1 - x) where x < 0, in place of exp(x) (arXiv:2501.04697)."""
    refine: bool = False
    """Whether the policy can be shown a draft, and points at the node of it to write anew. Its
    tables then have rows for drafts, and it has one head more."""
    max_actions: int = Field(default=192, ge=2)
    """Longest program in actions."""

    @model_validator(mode="after")
    def _sees_what_it_points_at(self) -> Self:
        if self.refine and not self.spec.program:
            raise ValueError("refine needs spec.program: the pointer reads the program's tokens")
        if self.judges_drafts and not self.refine:
            raise ValueError("hrm.q_position=draft needs refine: without it no draft is shown")
        return self

    @property
    def judges_drafts(self) -> bool:
        """Whether the Q-heads judge programs once they were run (see `policy.judging`)."""
        return self.hrm.q_position == "draft"
