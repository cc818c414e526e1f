"""`treewright train`: put a run's parts together, run the loop, write the report."""

import logging
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from rich.console import Console
from rich.logging import RichHandler

from actors.metrics import ActorCollector
from evaluation import machine, run_folder
from evaluation.records import RunInfo
from evaluation.report import write_report
from learner import checkpoint
from learner.checkpoint import Checkpoint
from learner.display import Display
from learner.loop import Progress, TrainLoop
from learner.metrics import LearnerMetrics
from learner.observers import Observer, RunLog, TensorBoard, WeightsAndBiases
from learner.repairs import RepairRows
from learner.rollouts import RolloutRows
from learner.runfolder import RunFolder
from learner.supervised import SupervisedRows
from learner.supply import Supply
from learner.verified import VerifiedRows
from policy.constraints import check_constraints
from policy.grammar import GRAMMAR, PROFILES
from policy.text import VOCABULARY
from replay.metrics import ReplayCollector
from replay.store import connect
from sandbox.local import Reached
from tasks.sources import TaskSets, build
from treewright.config import Config, ConfigError, dump, load, to_plain
from treewright.parts import Parts, check, parts
from treewright.sampling import sandbox
from treewright.services import LoopState, RunServices
from treewright.signals import EXIT_INTERRUPTED, stopping


def run(config_path: Path | None, resume: Path | None, overrides: Sequence[str]) -> int:
    """Train as configured; return the exit status: 0, or 130 when it was stopped before its end.

    Raises the user's errors, each of one line, before a run folder is made.
    """
    console = Console()
    handler = RichHandler(console=console, show_path=False)
    # Until the run starts, a mistake is the one line that the user sees.
    logging.basicConfig(level=logging.ERROR, format="%(message)s", handlers=[handler])
    folder, saved = None, None
    if resume is not None:
        folder = RunFolder.open(resume)
        saved = checkpoint.load(
            folder.checkpoints, grammar_version=GRAMMAR.version, text_version=VOCABULARY.version
        )
        config_path = folder.config
    config = load(config_path, overrides)
    check(config)
    tasks = build(config.tasks)
    heldout = [*tasks.heldout, *tasks.heldout_families]
    for drawn, how in ((tasks.train, config.actors), (heldout, config.evaluation)):
        check_constraints(drawn, PROFILES[how.profile], how.max_actions)
    logging.getLogger().setLevel(logging.WARNING)
    with stopping(lambda: console.print("stopping; Ctrl-C again ends at once")) as stop:
        with sandbox(config) as box:
            folder = folder or _new_folder(config)
            _Run(config, folder, tasks, box, console, saved).run(stop)
        page = write_report(folder.path)
    console.print(f"run folder: {folder.path}\nreport: {page}", soft_wrap=True, highlight=False)
    return EXIT_INTERRUPTED if stop.is_set() else 0


def _new_folder(config: Config) -> RunFolder:
    folder = RunFolder.create(Path(config.runs), config.name)
    dump(config, folder.config)
    info = RunInfo(
        name=folder.name,
        started_unix_seconds=time.time(),
        revision=_revision(),
        machine=machine.describe(),
    )
    run_folder.write_info(folder.path, info)
    return folder


def _revision() -> str | None:
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git: a container
        return None
    return found.stdout.strip() or None


class _Run:
    """One run, new or resumed."""

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        tasks: TaskSets,
        box: Reached,
        console: Console,
        saved: Checkpoint | None,
    ) -> None:
        self._config, self._folder, self._tasks = config, folder, tasks
        self._box, self._console, self._saved = box, console, saved
        # Several runs of one name may share a Redis server.
        info = run_folder.read_info(folder.path)
        started = info.started_unix_seconds if info else 0
        self._run = f"{folder.name}-{started:.0f}"

    def run(self, stop: threading.Event) -> None:
        """Start everything, train, end everything."""
        with ExitStack() as stack:
            made = stack.enter_context(parts(self._config, self._folder, self._run, self._box))
            supply = self._supply(made)
            services = RunServices(
                self._config, self._folder, self._tasks, made, supply, self._box, stop
            )
            progress = self._resume(made, supply)
            registry = stack.enter_context(self._metrics(made))
            display = Display(self._console, self._folder.name)
            observers = [stack.enter_context(closing(one)) for one in self._observers(display)]
            loop = TrainLoop(
                self._config.run,
                self._config.learner.publish_every_steps,
                made.backend,
                supply,
                services,
                observers,
                LearnerMetrics(registry),
                stop,
                progress,
                display.note,
            )
            display.watch(loop.remaining)
            loop.run()

    def _supply(self, made: Parts) -> Supply:
        config = self._config
        references = None
        if config.learner.supervised_rows:
            try:
                references = SupervisedRows(
                    self._tasks.train,
                    config.model,
                    config.learner,
                    profile=config.actors.profile,
                    max_actions=config.actors.max_actions,
                    seed=config.seed,
                )
            except ValueError as error:
                raise ConfigError(str(error)) from error
        rollouts = RolloutRows(config.model.spec)
        verified = VerifiedRows(
            rollouts, per_task=config.learner.verified_per_task, seed=config.seed
        )
        repairs = self._repairs(rollouts, verified) if config.learner.repair_rows else None
        return Supply(
            references,
            rollouts,
            verified,
            repairs,
            made.replay.reader,
            config.learner,
            made.backend.num_shards,
            judges_drafts=config.model.judges_drafts,
        )

    def _repairs(self, rollouts: RolloutRows, verified: VerifiedRows) -> RepairRows:
        return RepairRows(
            rollouts,
            verified,
            self._tasks.train,
            profile=self._config.actors.profile,
            max_actions=self._config.actors.max_actions,
            seed=self._config.seed,
        )

    def _resume(self, made: Parts, supply: Supply) -> Progress:
        if self._saved is None:
            return Progress()
        loop = LoopState.model_validate(self._saved.loop)
        made.backend.load_state(self._saved.learner)
        supply.load_state(loop.supply)
        # Nobody is left who holds a lease; versions only ever go up, also past a crash.
        made.replay.reader.reclaim(0.0)
        latest = made.replay.weights.latest_version()
        self._folder.truncate_metrics(self._saved.learner.steps)
        return Progress(
            step=self._saved.learner.steps,
            seconds=loop.seconds,
            policy_version=max(self._saved.policy_version, latest),
        )

    @contextmanager
    def _metrics(self, made: Parts) -> Iterator[CollectorRegistry]:
        registry = CollectorRegistry()
        if self._config.metrics.port < 0:
            yield registry
            return
        # Prometheus asks from a thread of its own, which needs a connection of its own.
        with closing(connect(made.replay_config, self._run)) as replay:
            registry.register(ReplayCollector(replay.connection, self._run))
            registry.register(ActorCollector(replay, made.pool))
            server, thread = start_http_server(
                self._config.metrics.port, self._config.metrics.host, registry
            )
            host, port = self._config.metrics.host, server.server_port
            self._console.print(f"metrics: http://{host}:{port}/metrics", highlight=False)
            try:
                yield registry
            finally:
                server.shutdown()
                server.server_close()
                thread.join()

    def _observers(self, display: Display) -> Iterator[Observer]:
        yield RunLog(self._folder.path)
        yield TensorBoard(self._folder.tensorboard)
        if self._config.logger == "wandb":
            yield WeightsAndBiases(self._folder.path, to_plain(self._config))
        yield display
