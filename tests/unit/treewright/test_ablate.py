"""Files of switches: what is refused before anything runs, and that the shipped ones are right."""

from pathlib import Path

import pytest

from treewright.ablate import read, run
from treewright.config import ConfigError, load

REPOSITORY = Path(__file__).parents[3]
SHIPPED = sorted((REPOSITORY / "configs" / "ablate").glob("*.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: 1\nseconds: 5\nsettings: {a: []}\n", "either seconds or steps"),
        ("settings: {a: []}\n", "either seconds or steps"),
        ("steps: 1\nsettings: {a: [model.hrm.widht=3]}\n", "did you mean 'model.hrm.width'"),
        ("steps: 1\nsettings: 3\n", "settings: "),
        ("steps: 1\nsettings: {}\n", "settings: "),
        ("steps: 1\nconfig: gone.yaml\nsettings: {a: []}\n", "gone.yaml does not exist"),
        ("a: [1", "wrong.yaml: "),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(tmp_path: Path, text: str, said: str):
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        run(tmp_path / "wrong.yaml", tmp_path / "out")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"gone\.yaml does not exist"):
        run(tmp_path / "gone.yaml", None)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_setting_is_valid_and_another(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(REPOSITORY)
    ablation = read(path)
    base = Path(ablation.config) if ablation.config else None
    found = [load(base, [*ablation.overrides, *one]) for one in ablation.settings.values()]
    plain = {config.model_dump_json() for config in found}
    assert len(plain) == len(ablation.settings) > 1


def test_off_is_a_word_in_yaml_as_well():
    assert load(None, ["model.hrm.act=off"]).model.hrm.act == "off"
