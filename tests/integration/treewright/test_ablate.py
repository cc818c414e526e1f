"""Ablations as the command line runs them: resumed, stopped, refused."""

import json
import signal
import time
from pathlib import Path

from treewright.ablate import read
from treewright.config import load

from .conftest import REPOSITORY, CommandLine

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
    text = SHORT.replace("steps: 2", "seconds: 300").replace("evaluate_tasks: 2\n", "")
    (cli.folder / "long.yaml").write_text(text)
    out = cli.folder / "there"
    (cli.folder / "quick.yaml").write_text(SHORT.replace("evaluate_tasks: 2\n", ""))
    assert cli.run("ablate", "quick.yaml", "--out", out)[0] == 0
    process = cli.start("ablate", "long.yaml", "--out", out)
    assert process.stdout is not None
    assert "0 of 4 cells are finished" in process.stdout.readline()
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "what is finished is kept" in output
    assert len(_cells(out)) == 4  # the short ones; the one under way left nothing
    assert not list((out / "cells").glob("*.part"))


def test_mistakes_are_one_line_before_anything_runs(cli: CommandLine):
    cases = {
        "missing.yaml": (None, "missing.yaml does not exist"),
        "twice.yaml": (SHORT + "seconds: 5\n", "either seconds or steps"),
        "wrong.yaml": (SHORT + "  x: [model.hrm.widht=3]\n", "did you mean 'model.hrm.width'"),
        "shape.yaml": ("settings: 3\nsteps: 1\n", "settings: "),
    }
    for name, (text, said) in cases.items():
        if text is not None:
            (cli.folder / name).write_text(text)
        code, output = cli.run("ablate", name)
        assert code == 2, output
        assert said in " ".join(output.split())
        assert "Traceback" not in output
    assert not (cli.folder / "runs").exists()


def test_the_shipped_switches_are_settings_of_the_configuration(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    for path in (REPOSITORY / "configs" / "ablate").glob("*.yaml"):
        ablation = read(path)
        base = Path(ablation.config) if ablation.config else None
        found = [load(base, [*ablation.overrides, *one]) for one in ablation.settings.values()]
        plain = [config.model_dump_json() for config in found]
        assert len(set(plain)) == len(plain)
