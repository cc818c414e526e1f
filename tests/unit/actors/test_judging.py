"""Which programs the Q-heads are asked about, and what the next edits begin from."""

import json

import pytest
import torch

from actors.episodes import Episode, TaskGroup, Turn
from actors.judging import judge_runs
from actors.tasks import Drawn
from policy.config import HRMConfig, ModelConfig
from policy.drafts import Feedback
from policy.edits import Edit
from policy.grammar import PROFILES
from policy.judging import judge, read
from policy.model import Policy
from policy.sampler import Sample, sample
from policy.spec import encode
from policy.untrained import varied_tasks
from sandbox.types import Result, Verdict

WRONG, PASSED = Feedback("WRONG_ANSWER", 3), Feedback("PASSED", 3)
TASKS = varied_tasks()[1:3]


def model(q_position: str) -> Policy:
    torch.manual_seed(0)
    core = HRMConfig.model_validate({"width": 16, "heads": 2, "q_position": q_position})
    policy = Policy(ModelConfig(hrm=core, message_width=8, max_actions=48, refine=True)).eval()
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    return policy


def programs(policy: Policy) -> list[list[Sample]]:
    specs = [encode(task, policy.config.spec) for task in TASKS]
    drawn = sample(
        policy, specs, 3, profile=PROFILES["core"], generator=torch.Generator().manual_seed(0)
    )
    return [drawn[:3], drawn[3:]]


def group(at: int, *episodes: Episode) -> TaskGroup:
    task = TASKS[at]
    drawn = Drawn(task, json.dumps(task.to_json()), encode(task, ModelConfig().spec))
    return TaskGroup(drawn, list(episodes))


def episode(*turns: tuple[Sample, Feedback], lost: bool = False) -> Episode:
    ran = Result("p", Verdict.WRONG_ANSWER)
    return Episode([Turn(Edit(0, 0, "", 0.0, one), 1, ran, (said,)) for one, said in turns], lost)


def test_programs_that_may_be_edited_are_judged_and_equal_ones_read_once():
    policy = model("draft")
    (one, other, third), (strange, *_) = programs(policy)
    open_ = [
        episode((one, WRONG)),
        episode((third, WRONG), (other, WRONG)),
        episode((one, WRONG)),
        episode((strange, WRONG)),
    ]
    over = [
        episode((third, PASSED)),
        episode((third, WRONG), lost=True),
        episode((third, WRONG), (other, WRONG), (third, WRONG)),
    ]
    judged = judge_runs(policy, [group(0, *open_[:3], *over), group(1, open_[3])], max_edits=3)
    assert judged is not None
    assert len(judged.reading.specs) == 3
    assert list(judged.rows.values()) == [0, 1, 0, 2]
    tasks = [TASKS[0]] * 3 + [TASKS[1]]
    expected = judge(policy, read(policy, tasks, [each.last.draft for each in open_]))
    for each, values in zip(open_, expected, strict=True):
        assert each.last.judged == pytest.approx(values, abs=1e-4)
    assert all(each.last.judged is None for each in over)
    later = judged.of(open_[:0:-1])
    assert [id(spec) for spec in later.specs] == [id(judged.reading.specs[at]) for at in (2, 0, 1)]
    for values, wanted in zip(judge(policy, later), expected[:0:-1], strict=True):
        assert values == pytest.approx(wanted, abs=1e-4)


def test_nobody_is_asked_before_a_program_was_run_or_where_none_may_be_edited():
    policy = model("draft")
    (one, *_), _ = programs(policy)
    assert judge_runs(policy, [group(0, Episode(), Episode())], max_edits=3) is None
    assert judge_runs(policy, [group(0, episode((one, PASSED)))], max_edits=3) is None


def test_who_read_the_programs_as_they_were_written_is_not_asked_again():
    policy = model("last")
    (one, *_), _ = programs(policy)
    ran = episode((one, WRONG))
    assert judge_runs(policy, [group(0, ran)], max_edits=3) is None
    assert ran.last.values == (one.q_halt, one.q_continue) != (0.0, 0.0)
