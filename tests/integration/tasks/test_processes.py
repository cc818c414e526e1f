"""Every process builds the same sets, whatever its hash seed."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib, json
from tasks import TasksConfig, build
sets = build(TasksConfig(per_family=6))
text = json.dumps([[task.to_json() for task in side] for side in
                   (sets.train, sets.heldout, sets.heldout_families)])
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_two_processes_build_the_same_sets():
    root = Path(__file__).parents[3]
    digests = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1
    assert digests != {hashlib.sha256(json.dumps([[], [], []]).encode()).hexdigest()}
