"""The local runtime works where Ray is not installed."""

import subprocess
import sys


def test_the_actor_and_the_local_pool_do_not_import_ray() -> None:
    code = "import sys, actors.rollout, actors.pool, actors.metrics; print('ray' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
