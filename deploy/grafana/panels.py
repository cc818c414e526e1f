"""What the dashboard shows: rows of panels, each with its PromQL."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Query:
    """One PromQL expression; `legend` names its lines by their labels."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """A time series panel. `unit` is Grafana's: s, short, percentunit, ops, bytes."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    stacked: bool = False


@dataclass(frozen=True)
class Row:
    """A titled row of panels."""

    title: str
    panels: tuple[Panel, ...] = field(default=())


def _rate(metric: str, by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({metric}[$__rate_interval]))"


def _quantile(share: float, histogram: str) -> Query:
    return Query(
        f"histogram_quantile({share}, {_rate(f'{histogram}_bucket', 'le')})", f"p{share * 100:g}"
    )


_LEARNER = Row(
    "Learner",
    (
        Panel(
            "pass@k of held-out tasks",
            "From the last evaluation of each split.",
            "percentunit",
            (Query("treewright_learner_pass_rate", "{{split}}, k = {{k}}"),),
        ),
        Panel(
            "Mean reward",
            "Mean reward of the rollouts in the last record.",
            "short",
            (Query("treewright_learner_reward_mean", "reward"),),
        ),
        Panel(
            "Loss",
            "Terms of the objective.",
            "short",
            (Query("treewright_learner_loss", "{{term}}"),),
        ),
        Panel(
            "Learner idle",
            "Share of time that the learner waits for rows; 5 % is the goal.",
            "percentunit",
            (Query("treewright_learner_idle_ratio", "idle"),),
        ),
        Panel(
            "Rows trained on per second",
            "By where they come from.",
            "ops",
            (Query(_rate("treewright_learner_rows_total", "kind"), "{{kind}}"),),
            stacked=True,
        ),
        Panel(
            "Step duration",
            "Of an update, without the wait for its rows.",
            "s",
            (
                _quantile(0.5, "treewright_learner_step_seconds"),
                _quantile(0.95, "treewright_learner_step_seconds"),
            ),
        ),
        Panel(
            "Steps per second",
            "Updates of the weights.",
            "ops",
            (Query(_rate("treewright_learner_steps_total"), "steps"),),
        ),
        Panel(
            "Policy version",
            "Newest version that was published to the actors.",
            "short",
            (Query("treewright_learner_policy_version", "version"),),
        ),
    ),
)

_ACTORS = Row(
    "Actors",
    (
        Panel(
            "Programs per second",
            "All actors together; equal samples of a task run once.",
            "ops",
            (
                Query(_rate("treewright_actor_programs_total"), "sampled"),
                Query(_rate("treewright_actor_executed_total"), "run"),
            ),
        ),
        Panel(
            "Verdicts of rollouts",
            "Share of each verdict.",
            "percentunit",
            (
                Query(
                    f"{_rate('treewright_actor_verdicts_total', 'verdict')} / ignoring (verdict) "
                    f"group_left () {_rate('treewright_actor_verdicts_total')}",
                    "{{verdict}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Rollouts that pass every test, by stage",
            "Share of the samples with a known reward.",
            "percentunit",
            (
                Query(
                    f"{_rate('treewright_actor_stage_solved_total', 'stage')} / "
                    f"{_rate('treewright_actor_stage_samples_total', 'stage')}",
                    "{{stage}}",
                ),
            ),
        ),
        Panel(
            "Episodes by edit",
            "Share of the episodes that came to an edit, and that ended solved at it.",
            "percentunit",
            (
                Query(
                    f"{_rate('treewright_actor_edits_total', 'edit')} / ignoring (edit) "
                    "group_left () sum (rate("
                    'treewright_actor_edits_total{edit="1"}[$__rate_interval]))',
                    "came to {{edit}}",
                ),
                Query(
                    f"{_rate('treewright_actor_solved_at_total', 'edit')} / ignoring (edit) "
                    "group_left () sum (rate("
                    'treewright_actor_edits_total{edit="1"}[$__rate_interval]))',
                    "solved at {{edit}}",
                ),
            ),
        ),
        Panel(
            "Policy lag",
            "Versions that the actor with the oldest weights is behind the newest.",
            "short",
            (Query("treewright_actor_policy_lag", "versions"),),
        ),
        Panel(
            "Where an actor's time goes",
            "Seconds per second, all actors together.",
            "short",
            (
                Query(_rate("treewright_actor_sample_seconds_total"), "sampling"),
                Query(_rate("treewright_actor_wait_seconds_total"), "waiting"),
            ),
            stacked=True,
        ),
        Panel(
            "Actors",
            "Alive now, and restarts of dead ones in the last 15 minutes.",
            "short",
            (
                Query("treewright_actor_alive", "alive"),
                Query("increase(treewright_actor_restarts_total[15m])", "restarts in 15 min"),
            ),
        ),
        Panel(
            "Trajectories per second",
            "Written to the replay buffer, and dropped with the reason.",
            "ops",
            (
                Query(_rate("treewright_actor_trajectories_total"), "written"),
                Query(_rate("treewright_actor_dropped_total", "reason"), "dropped: {{reason}}"),
            ),
        ),
    ),
)

_REPLAY = Row(
    "Replay",
    (
        Panel(
            "Trajectories in the buffer",
            "Waiting for the learner, and held by it.",
            "short",
            (
                Query("treewright_replay_depth", "waiting"),
                Query("treewright_replay_leased", "leased"),
            ),
            stacked=True,
        ),
        Panel(
            "Trajectories per second",
            "In and out; the two meet when actors and learner keep pace.",
            "ops",
            (
                Query(_rate("treewright_replay_appended_total"), "appended"),
                Query(_rate("treewright_replay_acknowledged_total"), "acknowledged"),
            ),
        ),
        Panel(
            "Repaired",
            "Duplicates refused and leases taken back from readers that died, per second.",
            "ops",
            (
                Query(_rate("treewright_replay_duplicates_total"), "duplicates"),
                Query(_rate("treewright_replay_reclaimed_total"), "reclaimed"),
            ),
        ),
        Panel(
            "Size",
            "Of the trajectories, serialized, and of the whole Redis server.",
            "bytes",
            (
                Query("treewright_replay_bytes", "trajectories"),
                Query("treewright_replay_redis_memory_bytes", "Redis"),
            ),
        ),
        Panel(
            "Actors held back",
            "Seconds per second that writers wait for room in a full buffer.",
            "short",
            (Query(_rate("treewright_replay_append_wait_seconds_total"), "waiting"),),
        ),
    ),
)

_SANDBOX = Row(
    "Sandbox",
    (
        Panel(
            "Programs run per second",
            "By verdict, all replicas together.",
            "ops",
            (Query(_rate("treewright_sandbox_executions_total", "verdict"), "{{verdict}}"),),
            stacked=True,
        ),
        Panel(
            "Busy slots",
            "Of all replicas.",
            "short",
            (
                Query("sum (treewright_sandbox_slots_busy)", "busy"),
                Query("sum (treewright_sandbox_slots)", "slots"),
            ),
        ),
        Panel(
            "Queue",
            "Programs that wait for a slot, by replica.",
            "short",
            (Query("treewright_sandbox_queue_depth", "{{instance}}"),),
            stacked=True,
        ),
        Panel(
            "Time in the queue",
            "From the request to a slot.",
            "s",
            (
                _quantile(0.5, "treewright_sandbox_queue_seconds"),
                _quantile(0.99, "treewright_sandbox_queue_seconds"),
            ),
        ),
        Panel(
            "Run time",
            "Of a program with all its tests.",
            "s",
            (
                _quantile(0.5, "treewright_sandbox_run_seconds"),
                _quantile(0.99, "treewright_sandbox_run_seconds"),
            ),
        ),
        Panel(
            "Refused and restarted",
            "Programs that tried what the jail forbids, and slots that were started again.",
            "ops",
            (
                Query(_rate("treewright_sandbox_violations_total"), "violations"),
                Query(_rate("treewright_sandbox_slot_restarts_total"), "slot restarts"),
            ),
        ),
    ),
)

ROWS = (_LEARNER, _ACTORS, _REPLAY, _SANDBOX)
