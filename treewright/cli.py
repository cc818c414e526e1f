"""The command line. Each command only reads its arguments; the packages do the work.

Imports stand inside the commands: the sandbox's commands must run where torch is not installed, and
`--help` must answer at once.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

# Mistakes of the user and of the surroundings: one line and exit status 2. Anything else is a
# defect of ours and keeps its traceback. Named, not imported: their modules may need torch.
USER_ERRORS = {
    "actors.pool": ("ActorsFailed",),
    "evaluation.records": ("RecordError",),
    "learner.checkpoint": ("CheckpointError",),
    "learner.runfolder": ("RunFolderError",),
    "policy.export": ("ExportError",),
    "replay.interface": ("ReplayError",),
    "sandbox.errors": ("SandboxError",),
    "tasks.datasets": ("DatasetError",),
    "tasks.files": ("TaskFileError",),
    "tasks.schema": ("TaskError",),
    "treewright.config": ("ConfigError",),
}

# The sandbox's commands do without what the others need; one of these missing is no such case.
_OURS = ("actors", "evaluation", "learner", "policy", "replay", "sandbox", "tasks", "treewright")


class _MistakeError(click.ClickException):
    """What click prints as one line, `Error: …`."""

    exit_code = 2


class _Group(click.Group):
    """A group that turns the errors above into one line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except _user_errors() as error:
            raise _MistakeError(" ".join(str(error).split())) from error
        except ModuleNotFoundError as error:
            missing = str(error.name).partition(".")[0]
            if missing in _OURS:
                raise
            raise _MistakeError(
                f"this command needs {missing}, which is not installed: "
                "pip install 'treewright[train]'"
            ) from error
        except BrokenPipeError:
            # The reader of a pipe has gone: nothing is left to say, and Python must not try again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)


def _user_errors() -> tuple[type[Exception], ...]:
    return tuple(
        getattr(sys.modules[module], name)
        for module, names in USER_ERRORS.items()
        if module in sys.modules
        for name in names
    )


_EXISTING = click.Path(path_type=Path, exists=True)
_PATH = click.Path(path_type=Path)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="treewright")
def main() -> None:
    """Train a small network to write programs, and run what it writes in a sandbox."""


@main.command()
@click.option("--config", type=_PATH, help="YAML file; see configs/.")
@click.option("--resume", type=_PATH, help="Go on with this run folder from its last checkpoint.")
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
@click.option("--checkpoint", type=_PATH, required=True, help="Run folder, checkpoint or export.")
@click.option("--tasks", required=True, help="FILE.jsonl, a stage or a data set.")
@click.option("--k", "ks", default="1,10", show_default=True, help="pass@k, comma-separated.")
@click.option("--samples", type=click.IntRange(1), help="Programs a task [default: the largest k].")
@click.option(
    "--temperature", type=click.FloatRange(0, min_open=True), default=0.8, show_default=True
)
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
@click.option("--checkpoint", type=_PATH, required=True, help="Run folder, checkpoint or export.")
@click.option("--signature", required=True, help="Such as 'f(n: int) -> int'.")
@click.option(
    "--example", "examples", multiple=True, required=True, help="Such as '4 -> 10'; repeat."
)
@click.option("--description", default="", help="What the function does, in words.")
@click.option("--samples", type=click.IntRange(1), help="Programs to sample [default: 64].")
@click.option(
    "--temperature", type=click.FloatRange(0, min_open=True), default=0.8, show_default=True
)
@click.option("--target", help="Sandbox to use [default: one of its own].")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--show-edits", type=click.Choice(["diff", "blocks"]), help="Its edits, on standard error."
)
@click.option("--timings", is_flag=True, help="Where the time went, on standard error.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def synth(**options: Any) -> None:
    """Write a function from examples: the shortest of the samples that agree with all of them.

    KEY=VALUE override the evaluation section of the run's configuration. search=best_of ranks
    programs by how right the policy thinks them; beam and mcts edit what fails as well:
    search=mcts max_edits=4 search_nodes=64 search_seconds=1. Exits 1 when none agrees.
    """
    from treewright.synth import run

    sys.exit(run(**options))


@main.command()
@click.argument("switches", type=_PATH, metavar="SWITCHES.yaml")
@click.option("--out", type=_PATH, help="Folder of the results [default: runs/ablate-NAME].")
def ablate(switches: Path, out: Path | None) -> None:
    """Train settings of switches over seeds with one budget, and set them side by side.

    Goes on where it was stopped; see configs/ablate/.
    """
    from treewright.ablate import run

    sys.exit(run(switches, out))


@main.command()
@click.option("--checkpoint", type=_PATH, required=True, help="Run folder or checkpoint.")
@click.option("--out", type=_PATH, required=True, help="Folder to write; must not exist.")
@click.option("--weights", type=click.Choice(["int8", "int4"]), default="int8", show_default=True)
def export(**options: Any) -> None:
    """Write a policy in few bits a weight, for `synth` and `eval` to take as they do a run."""
    from treewright.export import run

    run(**options)


@main.command()
@click.argument("path", type=_PATH)
def inspect(path: Path) -> None:
    """Show a run or a checkpoint: curves, programs as trees, verdicts."""
    from treewright.inspect import run

    run(path)


@main.command()
@click.argument("run_folder", type=_PATH, metavar="RUN")
@click.option("--beside", type=_PATH, help="Another run folder to set beside it.")
def report(run_folder: Path, beside: Path | None) -> None:
    """Write RUN/report.html again, with another run beside it if wanted."""
    from evaluation.report import write_report

    click.echo(str(write_report(run_folder, beside=beside)))


@main.group()
def sandbox() -> None:
    """Run untrusted programs in isolation."""


def _reaching(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how to reach a sandbox."""
    file = click.Path(path_type=str, exists=True, dir_okay=False)
    for name, kind, text in (
        ("--token-file", file, "File with the bearer token [or: TREEWRIGHT_SANDBOX_TOKEN]."),
        ("--tls-key", file, "Key of --tls-certificate (PEM)."),
        ("--tls-certificate", file, "Certificate to show to a server that asks (PEM)."),
        ("--tls-ca", file, "Connect by TLS to a server whose certificate these sign (PEM)."),
    ):
        command = click.option(name, type=kind, help=text)(command)
    return command


@sandbox.command("serve")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def sandbox_serve(overrides: tuple[str, ...]) -> None:
    """Serve the sandbox over gRPC until SIGTERM, which lets work in flight finish.

    KEY=VALUE are settings of the server: port=7400 slots=8 tier=T1 limits.cpu_seconds=1
    tls_certificate=cert.pem tls_key=key.pem. A bearer token comes from the environment variable
    TREEWRIGHT_SANDBOX_TOKEN or from token_file=FILE, never from the command line.
    """
    from sandbox.options import from_pairs
    from sandbox.server import serve

    serve(from_pairs(overrides))


@sandbox.command("exec")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--target", help="Sandbox to use [default: one of its own].")
@_reaching
def sandbox_exec(file: Path, **access: str | None) -> None:
    """Run the programs of a JSON Lines FILE ("-": standard input); write a line for each, in order.

    A program that can't be run is refused in its own line: verdict REFUSED and why.
    """
    from sandbox.config import SandboxConfig
    from sandbox.execfile import run

    run(file, sys.stdout, SandboxConfig(**access))  # type: ignore[arg-type]  # fields of that name


@sandbox.command("describe")
@click.option("--target", help="Sandbox to ask [default: one started here for it].")
@_reaching
def sandbox_describe(**access: str | None) -> None:
    """Show what a sandbox runs, how it isolates programs, and its limits."""
    from sandbox.config import SandboxConfig
    from sandbox.describe import lines
    from sandbox.local import connect

    with connect(SandboxConfig(**access)) as client:  # type: ignore[arg-type]
        click.echo("\n".join(lines(client.describe())))


@sandbox.command("resize")
@click.option("--target", required=True, help="Sandbox to change; with several servers, each.")
@click.option("--language", default="python", show_default=True)
@_reaching
@click.argument("slots", type=click.IntRange(1))
def sandbox_resize(language: str, slots: int, **access: str | None) -> None:
    """Run up to SLOTS programs of a language at the same time from now on.

    Programs that run finish, whatever becomes of their slot.
    """
    from sandbox.config import SandboxConfig
    from sandbox.local import connect

    with connect(SandboxConfig(**access)) as client:  # type: ignore[arg-type]
        servers = client.resize(slots, language)
    click.echo(f"{slots} slots for {language} on {servers} server{'s' if servers > 1 else ''}")


@sandbox.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of the tables.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def sandbox_doctor(as_json: bool, overrides: tuple[str, ...]) -> None:
    """Try every means of isolation here; exit status 0 where a server could start, else 1."""
    from sandbox.doctor import run
    from sandbox.options import from_pairs

    sys.exit(run(from_pairs(overrides), sys.stdout, as_json=as_json))


@main.group()
def data() -> None:
    """Data sets and task files."""


@data.command("list")
def data_list() -> None:
    """Stages and data sets, with licences and where they come from."""
    from treewright.data import show

    show()


@data.command("fetch")
@click.argument("name")
def data_fetch(name: str) -> None:
    """Fetch a data set from its official source, check it, and keep it in the cache."""
    from tasks.datasets import fetch

    click.echo(str(fetch(name)))


@data.command("build")
@click.argument("name")
@click.option("--out", type=_PATH, help="File to write [default: NAME.jsonl].")
def data_build(name: str, out: Path | None) -> None:
    """Write a stage or a data set as a task file."""
    from treewright.data import build

    build(name, out or Path(f"{name}.jsonl"))


@main.group()
def policy() -> None:
    """Check the policy's grammar and network."""


@policy.command("roundtrip")
@click.argument("paths", nargs=-1, required=True, type=_EXISTING)
def policy_roundtrip(paths: tuple[Path, ...]) -> None:
    """Encode and decode every Python file of PATHS; exits 1 when one does not come back exactly."""
    from treewright.checks import roundtrip

    sys.exit(roundtrip(paths))


@policy.command("sample")
@click.option("--untrained", is_flag=True, required=True, help="Sample a policy of random weights.")
@click.option("--n", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--budgets", default="192", show_default=True, help="Actions, comma-separated.")
@click.option("--edits", type=click.IntRange(0), default=0, help="Edits of each, counted as well.")
@click.option("--seed", type=int, default=0, show_default=True)
def policy_sample(untrained: bool, n: int, budgets: str, edits: int, seed: int) -> None:
    """How many of an untrained policy's samples compile within their budget; exits 1 if not all."""
    from treewright.checks import sample

    sys.exit(sample(n, budgets, edits, seed))


@policy.command("parity")
@click.argument("files", nargs=-1, required=True, type=_EXISTING)
def policy_parity(files: tuple[Path, ...]) -> None:
    """Largest relative error against a published network's values; exits 1 over the bounds."""
    from treewright.checks import parity

    sys.exit(parity(files))
