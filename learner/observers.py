"""What watches a run: each observer takes the loop's records and knows nothing of the loop."""

from pathlib import Path
from typing import Any, Protocol

from evaluation import run_folder
from evaluation.records import EvalRecord, TrainRecord


class Observer(Protocol):
    """Takes records as they are made; `close` flushes what is kept open."""

    def on_train(self, record: TrainRecord) -> None:
        """A stretch of learner steps."""

    def on_evaluation(self, record: EvalRecord) -> None:
        """An evaluation that has ended."""

    def close(self) -> None:
        """The run has ended."""


class RunLog:
    """Appends every record to the folder's `metrics.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def on_train(self, record: TrainRecord) -> None:
        """Write one line."""
        run_folder.append(self._folder, record)

    def on_evaluation(self, record: EvalRecord) -> None:
        """Write one line."""
        run_folder.append(self._folder, record)

    def close(self) -> None:
        """Every line is already on disk."""


class TensorBoard:
    """Writes TensorBoard events."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow to import: only when it is used

        self._writer = SummaryWriter(str(folder))

    def on_train(self, record: TrainRecord) -> None:
        """Write the record's scalars."""
        for name, value in train_scalars(record).items():
            self._writer.add_scalar(name, value, record.step)

    def on_evaluation(self, record: EvalRecord) -> None:
        """Write the pass rates."""
        for name, value in evaluation_scalars(record).items():
            self._writer.add_scalar(name, value, record.step)
        self._writer.flush()

    def close(self) -> None:
        """Flush and close the event file."""
        self._writer.close()


class WeightsAndBiases:
    """Sends the records to Weights & Biases; `WANDB_MODE=offline` keeps them in the folder."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        import wandb  # an optional extra

        self._run = wandb.init(
            project="treewright", name=folder.name, dir=str(folder), config=config, resume="allow"
        )

    def on_train(self, record: TrainRecord) -> None:
        """Send the record's scalars."""
        self._run.log(train_scalars(record), step=record.step)

    def on_evaluation(self, record: EvalRecord) -> None:
        """Send the pass rates."""
        self._run.log(evaluation_scalars(record), step=record.step)

    def close(self) -> None:
        """Finish the run there."""
        self._run.finish()


def train_scalars(record: TrainRecord) -> dict[str, float]:
    """The record's numbers by their name in plots."""
    values: dict[str, float | None] = {
        "rollout/reward_mean": record.reward_mean,
        "rollout/pass_rate": record.pass_rate,
        "rollout/programs_per_second": record.programs_per_second,
        "rollout/policy_lag": record.policy_lag,
        "learner/idle_ratio": record.idle_ratio,
        "learner/policy_version": record.policy_version,
    }
    values |= {f"loss/{term}": value for term, value in record.loss.items()}
    return {name: value for name, value in values.items() if value is not None}


def evaluation_scalars(record: EvalRecord) -> dict[str, float]:
    """Pass rates by split and k."""
    rates = record.result.pass_at.items()
    return {f"{record.split}/pass_at_{k}": rate for k, rate in rates if rate is not None}
