"""The configuration: what it accepts, and the one line that it says otherwise."""

from pathlib import Path

import pytest

from treewright.config import HIDDEN, Config, ConfigError, dump, load

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_valid(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TREEWRIGHT_REDIS_URL", "redis://redis:6379/0")
    monkeypatch.setenv("TREEWRIGHT_SANDBOX_TARGET", "dns:///sandbox:7400")
    assert isinstance(load(path), Config)


def test_an_override_wins_over_the_file(tmp_path: Path):
    file = tmp_path / "one.yaml"
    file.write_text("seed: 3\nrun: {max_steps: 5}\n")
    config = load(file, ["run.max_steps=7", "runtime=local"])
    assert (config.seed, config.run.max_steps, config.runtime) == (3, 7, "local")


def test_a_section_is_read_from_a_file_and_what_comes_later_wins(tmp_path: Path):
    file = tmp_path / "one.yaml"
    file.write_text("model: {max_actions: 64, graph: false, hrm: {segments: 3}}\n")
    model = tmp_path / "model.yaml"
    model.write_text("hrm: {width: 64, heads: 2}\ngraph: true\n")
    config = load(file, [f"model=@{model}", "model.hrm.heads=4"]).model
    assert (config.max_actions, config.graph, config.hrm.segments) == (64, True, 3)
    assert (config.hrm.width, config.hrm.heads) == (64, 4)


def test_a_section_s_file_that_is_missing_or_wrong_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"gone\.yaml does not exist"):
        load(None, [f"model=@{tmp_path}/gone.yaml"])
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("hrm: {widht: 64}\n")
    with pytest.raises(ConfigError, match=r"did you mean 'model\.hrm\.width'"):
        load(None, [f"model=@{wrong}"])


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("learner.optimiser.learning_rate=1", "did you mean 'learner.optimizer'"),
        ("learnr.num_learners=1", "did you mean 'learner'"),
        ("sandbox.slotz=1", "did you mean 'sandbox.slots'"),
        ("zzz=1", "valid keys there: "),
        ("seed=many", "seed: "),
        ("runtime=cloud", "'ray' or 'local'"),
        ("actors.precision=fp16", "'auto', 'float32' or 'bfloat16'"),
        ("run.max_seconds=-1", "run.max_seconds: "),
        ("actors.profile=cobol", "actors.profile: 'cobol' is none of core, core_typed"),
        ("actors.roles=[{profile: cobol}]", "actors.roles.0.profile: 'cobol' is none of core"),
        ("seed", "expected key=value"),
    ],
)
def test_a_wrong_key_or_value_is_one_line_that_names_it(override: str, said: str):
    with pytest.raises(ConfigError) as caught:
        load(None, [override])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a: [1", "\x00", "- a\n- b\n", "seed: ${nothing.there}\n"])
def test_a_file_that_is_no_config_is_one_line(tmp_path: Path, text: str):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"gone\.yaml does not exist"):
        load(tmp_path / "gone.yaml")


def test_a_run_without_end_is_refused():
    with pytest.raises(ConfigError, match=r"run\.max_steps are both null"):
        load(None, ["run.max_seconds=null"])


def test_the_dump_reads_back_the_same(tmp_path: Path):
    config = load(None, ["seed=9", "actors.num_actors=3"])
    dump(config, tmp_path / "config.yaml")
    assert load(tmp_path / "config.yaml") == config


def test_the_dump_keeps_no_secret(tmp_path: Path):
    secret = ["replay.url=redis://:hunter2@host:6379", "sandbox.token=hunter2"]
    dump(load(None, secret), tmp_path / "config.yaml")
    text = (tmp_path / "config.yaml").read_text()
    assert "hunter2" not in text
    assert HIDDEN in text
    with pytest.raises(ConfigError, match=r"replay\.url is a secret"):
        load(tmp_path / "config.yaml")
    assert load(tmp_path / "config.yaml", secret).sandbox.token == "hunter2"
