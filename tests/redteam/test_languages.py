"""Hostile programs in the other languages: at run time, and in the compiler."""

import platform

import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Program, Result, Test, Verdict
from tests.redteam.corpus_loader import load

CORPUS = load("languages")
AFTER = Program("after", "def f(x): return 2 * x", "f", (Test((2,), 4),))


@pytest.fixture(scope="session")
def ran() -> dict[str, Result]:
    """Run all of it at once, in the languages that this host has."""
    with (
        LocalServer(SandboxConfig()) as server,
        SandboxClient(server.target, timeout_seconds=250) as client,
    ):
        here = {item.name for item in client.describe().languages if item.available}
        chosen = [
            hostile.program
            for hostile in CORPUS
            if hostile.program.language in here and hostile.fits(server.tier, platform.machine())
        ]
        results = client.execute(chosen)
        assert client.execute([AFTER])[0].verdict is Verdict.PASSED
        return {result.id: result for result in results}


@pytest.mark.parametrize("hostile", CORPUS, ids=[hostile.name for hostile in CORPUS])
def test_hostile_program(ran, hostile):
    if hostile.name not in ran:
        pytest.skip(f"no {hostile.program.language} on this host, or another machine's")
    result = ran[hostile.name]
    complaint = hostile.complaint(result)
    assert not complaint, f"{complaint}: {result}"
