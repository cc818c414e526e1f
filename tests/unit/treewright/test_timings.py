"""What `--timings` says can be read by the benchmark that starts the command."""

from benchmarks.service import figures
from policy.config import HRMConfig, ModelConfig
from policy.model import Policy
from treewright.solver import timings


def test_seconds_are_read_as_they_are_told():
    policy = Policy(ModelConfig(hrm=HRMConfig(width=16, heads=2)))
    seconds = {"imports": 2.9, "encode and sample": 0.125}
    assert dict(figures(timings(policy, seconds))) == seconds
