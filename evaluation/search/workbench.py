"""The workbench of a search: edits come from the policy's sampler, runs from the sandbox."""

import math
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.config import EvaluationConfig
from evaluation.feedback import feedback, visible_program
from evaluation.search.node import Node
from evaluation.search.rounds import Request
from policy.drafts import Draft
from policy.edits import propose
from policy.grammar import PROFILES
from policy.judging import QValues, judge, read
from policy.model import Policy
from policy.sampler import Sample
from policy.uniforms import Generators, of_specs
from sandbox.client import SandboxClient
from sandbox.types import Result, Verdict
from tasks.schema import Task

_NOT_RUN = (Verdict.INTERNAL, Verdict.REFUSED)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """An edit, and what asked for it."""

    task: int
    request: int
    parent: Node | None
    pointer: str
    sample: Sample


class PolicyWorkbench:
    """Draws for these tasks with a policy and runs with a sandbox, on the visible examples only."""

    def __init__(
        self,
        policy: Policy,
        tasks: Sequence[Task],
        client: SandboxClient,
        config: EvaluationConfig,
        generator: Generators,
    ) -> None:
        self._policy, self._tasks, self._client = policy, tasks, client
        self._config, self._generator = config, generator
        self._run_id = uuid.uuid4().hex[:12]
        self._seen: list[set[str]] = [set() for _ in tasks]
        self.draw_seconds = 0.0
        """Wall time of encoding the tasks, drawing edits and judging them."""
        self.run_seconds = 0.0
        """Wall time of waiting for the sandbox."""

    def expand(self, wanted: Sequence[tuple[int, Request]]) -> list[list[Node | None]]:
        """See `Workbench.expand`.

        Raises SandboxError when the sandbox can't be reached or refuses.
        """
        began = time.monotonic()
        drawn = self._draw(wanted)
        running = time.monotonic()
        drafts = self._run([one for one in drawn if self._is_new(one)])
        ran = time.monotonic()
        nodes = self._nodes(drafts)
        self.draw_seconds += running - began + time.monotonic() - ran
        self.run_seconds += ran - running
        answers: list[list[Node | None]] = [[] for _ in wanted]
        for one in drawn:
            answers[one.request].append(nodes.get(one))
        return answers

    def _draw(self, wanted: Sequence[tuple[int, Request]]) -> list[_Drawn]:
        """One call for all: a request for more than the others stands in it several times."""
        k = math.gcd(*(request.count for _, request in wanted))
        rows = [at for at, (_, request) in enumerate(wanted) for _ in range(request.count // k)]
        tasks = [wanted[at][0] for at in rows]
        parents = [wanted[at][1].parent for at in rows]
        config = self._config
        edits = propose(
            self._policy,
            [self._tasks[task] for task in tasks],
            [None if parent is None else parent.draft for parent in parents],
            k,
            temperature=config.temperature,
            max_actions=config.max_actions,
            profile=PROFILES[config.profile],
            generator=of_specs(self._generator, tasks),
            rows=config.batch_rows,
        )
        return [
            _Drawn(tasks[row], rows[row], parents[row], edit.pointer, edit.sample)
            for edit in edits
            for row in [edit.task]
        ]

    def _is_new(self, one: _Drawn) -> bool:
        """Whether its task sees this program for the first time."""
        seen, source = self._seen[one.task], one.sample.source
        if source in seen:
            return False
        seen.add(source)
        return True

    def _run(self, new: Sequence[_Drawn]) -> dict[_Drawn, Draft]:
        """Run programs; what never ran, or tried to break out, is left out."""
        testable = [one for one in new if self._tasks[one.task].examples]
        programs = [
            visible_program(
                self._tasks[one.task],
                one.sample.source,
                f"{self._run_id}/{at}",
                self._config.limits,
            )
            for at, one in enumerate(testable)
        ]
        results = dict(zip(testable, self._client.execute(programs), strict=True))
        return {
            one: self._draft(one, results.get(one))
            for one in new
            if one not in results or _ran(results[one])
        }

    def _draft(self, one: _Drawn, result: Result | None) -> Draft:
        said = () if result is None else feedback(self._tasks[one.task], result)
        return Draft(one.sample.actions, said)

    def _nodes(self, drafts: Mapping[_Drawn, Draft]) -> dict[_Drawn, Node]:
        values = self._judge(drafts) if drafts else []
        return {
            one: Node(
                draft=draft,
                source=one.sample.source,
                q_halt=q.halt,
                q_continue=q.go_on,
                parent=one.parent,
                pointer=one.pointer,
            )
            for (one, draft), q in zip(drafts.items(), values, strict=True)
        }

    def _judge(self, drafts: Mapping[_Drawn, Draft]) -> list[QValues]:
        """Give what the Q-heads say of programs, now that they were run or when they were drawn."""
        if not self._policy.config.judges_drafts:
            return [QValues(one.sample.q_halt, one.sample.q_continue) for one in drafts]
        tasks = [self._tasks[one.task] for one in drafts]
        return judge(self._policy, read(self._policy, tasks, list(drafts.values())))


def _ran(result: Result) -> bool:
    return result.verdict not in _NOT_RUN and not result.security_violation
