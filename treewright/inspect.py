"""`treewright inspect`: a run or a checkpoint as text."""

from pathlib import Path

from rich.console import Console

from evaluation.inspect import checkpoint_summary, run_summary
from evaluation.run_folder import METRICS_FILE, read_run
from learner import checkpoint
from policy.export import is_export
from policy.grammar import GRAMMAR
from policy.text import VOCABULARY
from treewright.config import ConfigError


def run(path: Path) -> None:
    """Print what is in a run folder or in a checkpoint."""
    console = Console()
    if (path / METRICS_FILE).is_file():
        console.print(run_summary(read_run(path)))
        return
    if is_export(path):
        raise ConfigError(f"{path} is an export, weights alone: inspect the run that it is made of")
    inside = path / "checkpoints"
    found = checkpoint.load(
        inside if inside.is_dir() else path,
        grammar_version=GRAMMAR.version,
        text_version=VOCABULARY.version,
    )
    console.print(
        checkpoint_summary(
            str(path),
            steps=found.learner.steps,
            policy_version=found.policy_version,
            grammar_version=found.grammar_version,
            text_version=found.text_version,
            tensors=found.learner.tensors,
        )
    )
