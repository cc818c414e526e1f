"""Ablations as the command line runs them: gone on with, and stopped."""

import json
import signal
import time
from pathlib import Path

from .conftest import CommandLine

SHORT = """
overrides:
  - runtime=local
  - tasks.per_family=8
  - "model={max_actions: 64, hrm: {width: 32, heads: 2}}"
  - learner.supervised_rows=4
  - actors.max_actions=64
  - "evaluation={max_actions: 64, samples: 1, ks: [1]}"
seeds: [1, 2]
steps: 2
evaluate_tasks: 2
settings:
  plain: []
  prefix: [model.hrm.spec_reader=prefix]
"""


def _cells(folder: Path) -> dict[str, float]:
    return {path.name: path.stat().st_mtime for path in (folder / "cells").glob("*.json")}


def test_cells_are_kept_and_only_what_is_new_is_run(cli: CommandLine):
    file = cli.folder / "short.yaml"
    file.write_text(SHORT)
    code, output = cli.run("ablate", "short.yaml")
    out = cli.folder / "runs" / "ablate-short"
    assert code == 0, output
    assert "0 of 4 cells are finished" in output
    first = _cells(out)
    assert len(first) == 4
    results = json.loads((out / "results.json").read_text())
    figures = {line["figure"] for line in results["lines"]}
    assert {"held-out nats per action", "held-out pass@1", "new-family action accuracy"} <= figures
    assert {cell["steps"] for cell in results["cells"]} == {2}
    assert (out / "headline.svg").is_file()
    file.write_text(SHORT + "  shared: [model.hrm.share_levels=true]\n")
    code, output = cli.run("ablate", "short.yaml")
    assert code == 0, output
    assert "4 of 6 cells are finished" in output
    again = _cells(out)
    assert len(again) == 6
    assert first.items() <= again.items()
    assert "| shared | 2 | 2 |" in (out / "table.md").read_text()


def test_ctrl_c_keeps_what_is_finished(cli: CommandLine):
    short = SHORT.replace("evaluate_tasks: 2\n", "").replace("seeds: [1, 2]", "seeds: [1]")
    (cli.folder / "long.yaml").write_text(short.replace("steps: 2", "seconds: 300"))
    out = cli.folder / "there"
    (cli.folder / "quick.yaml").write_text(short)
    assert cli.run("ablate", "quick.yaml", "--out", out)[0] == 0
    process = cli.start("ablate", "long.yaml", "--out", out)
    assert process.stdout is not None
    assert "0 of 2 cells are finished" in process.stdout.readline()
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "what is finished is kept" in output
    assert len(_cells(out)) == 2  # the short ones; the one under way left nothing
    assert not list((out / "cells").glob("*.part"))
