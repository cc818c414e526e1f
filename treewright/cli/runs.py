"""Commands of a run: train it, try it, look at it."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from treewright.cli.group import PATH, main
from treewright.cli.imports import uncollected


@main.command()
@click.option("--config", type=PATH, help="YAML file; see configs/.")
@click.option("--resume", type=PATH, help="Go on with this run folder from its last checkpoint.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def train(config: Path | None, resume: Path | None, overrides: tuple[str, ...]) -> None:
    """Run the whole loop: tasks, actors, sandbox, replay, learner.

    KEY=VALUE overrides a key of the configuration: runtime=local run.max_seconds=60. KEY=@FILE
    takes a section's keys from a file: model=@configs/model/small.yaml.
    """
    from treewright.train import run

    if config is not None and resume is not None:
        raise click.UsageError("--resume takes the run's own configuration: leave --config out")
    sys.exit(run(config, resume, overrides))


@main.command("eval")
@click.option("--checkpoint", type=PATH, required=True, help="Run folder, checkpoint or export.")
@click.option("--tasks", required=True, help="FILE.jsonl, a stage or a data set.")
@click.option("--k", "ks", default="1,10", show_default=True, help="pass@k, comma-separated.")
@click.option("--samples", type=click.IntRange(1), help="Programs a task [default: the largest k].")
@click.option(
    "--temperature", type=click.FloatRange(0, min_open=True), default=0.8, show_default=True
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads [default: the run's].")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many tasks.")
@click.option("--target", help="Sandbox to use [default: one of its own].")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def evaluate(**options: Any) -> None:
    """Sample programs for tasks and report pass@k with the unbiased estimator.

    KEY=VALUE override the evaluation section of the run's configuration. With search=best_of, beam
    or mcts programs are run on the visible examples, edited and ranked, and pass@k says whether one
    of the k best passes the hidden tests: search=beam max_edits=4 search_nodes=32 search_seconds=2.
    """
    from treewright.evaluate import run

    run(**options)


@main.command()
@click.option("--checkpoint", type=PATH, required=True, help="Run folder, checkpoint or export.")
@click.option(
    "--tasks",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help='Tasks, a line each ("-": standard input), in place of --signature and --example.',
)
@click.option("--signature", help="Such as 'f(n: int) -> int'.")
@click.option("--example", "examples", multiple=True, help="Such as '4 -> 10'; repeat.")
@click.option("--description", help="What the function does, in words.")
@click.option("--samples", type=click.IntRange(1), help="Programs to sample [default: 64].")
@click.option(
    "--temperature", type=click.FloatRange(0, min_open=True), default=0.8, show_default=True
)
@click.option("--target", help="Sandbox to use [default: one of its own].")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="CPU threads [default: the run's].")
@click.option(
    "--show-edits", type=click.Choice(["diff", "blocks"]), help="How the program was edited."
)
@click.option("--timings", is_flag=True, help="Where the time went.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def synth(
    tasks: Path | None,
    signature: str | None,
    examples: tuple[str, ...],
    description: str | None,
    **options: Any,
) -> None:
    """Write a function from examples: the shortest of the samples that agree with all of them.

    KEY=VALUE override the evaluation section of the run's configuration. search=best_of ranks
    programs by how right the policy thinks them; beam and mcts edit what fails as well:
    search=mcts max_edits=4 search_nodes=64 search_seconds=1. Exits 1 when none agrees.

    With --tasks it answers line by line, for as long as lines come, and a program may keep it open:
    each line is a task of the file format, whose hidden tests are not looked at and may be absent,
    or {"id"?, "signature": "f(n: int) -> int", "examples": ["4 -> 10"], "description"?}. The answer
    is a JSON object with source (null: none found) and error, which tells why a line was refused.
    Lines that can be read at once are looked at together, up to a batch of the sampler; what is
    found for a line depends on --seed and not on the other lines, but where programs are edited or
    search_seconds is set. Exits 1 where a line got no program.
    """
    began = time.monotonic()
    one = signature is not None and bool(examples)
    if (tasks is not None) == one or (tasks and (signature or examples or description)):
        raise click.UsageError("give --tasks, or --signature with --example (and --description)")
    with uncollected():
        from treewright import stream
        from treewright import synth as single
        from treewright.solver import Options

    how = Options(began=began, **options)
    if tasks is not None:
        sys.exit(stream.run(tasks, how))
    sys.exit(single.run(str(signature), examples, description or "", how))


@main.command()
@click.argument("switches", type=PATH, metavar="SWITCHES.yaml")
@click.option("--out", type=PATH, help="Folder of the results [default: runs/ablate-NAME].")
def ablate(switches: Path, out: Path | None) -> None:
    """Train settings of switches over seeds with one budget, and set them side by side.

    Goes on where it was stopped; see configs/ablate/.
    """
    from treewright.ablate import run

    sys.exit(run(switches, out))


@main.command()
@click.option("--checkpoint", type=PATH, required=True, help="Run folder or checkpoint.")
@click.option("--out", type=PATH, required=True, help="Folder to write; must not exist.")
@click.option("--weights", type=click.Choice(["int8", "int4"]), default="int8", show_default=True)
def export(**options: Any) -> None:
    """Write a policy in few bits a weight, for `synth` and `eval` to take as they do a run."""
    from treewright.export import run

    run(**options)


@main.command()
@click.argument("path", type=PATH)
def inspect(path: Path) -> None:
    """Show a run or a checkpoint: curves, programs as trees, verdicts."""
    from treewright.inspect import run

    run(path)


@main.command()
@click.argument("run_folder", type=PATH, metavar="RUN")
@click.option("--beside", type=PATH, help="Another run folder to set beside it.")
def report(run_folder: Path, beside: Path | None) -> None:
    """Write RUN/report.html again, with another run beside it if wanted."""
    from evaluation.report import write_report

    click.echo(str(write_report(run_folder, beside=beside)))
