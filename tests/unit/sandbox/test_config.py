import dataclasses

import pytest
from pydantic import TypeAdapter, ValidationError

from sandbox.config import SandboxConfig, check_limits
from sandbox.errors import ConfigError
from sandbox.options import from_pairs
from sandbox.types import Limits


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"tier": "T9"}, "tier"),
        ({"zygote": "rust"}, "zygote"),
        ({"language_slots": -1}, "language_slots"),
        ({"max_source_bytes": 0}, "max_source_bytes"),
        ({"tls_key": "key.pem"}, "tls_certificate"),
        ({"token": "t", "token_file": "f"}, "token"),
        ({"port": 70_000}, "port"),
        ({"metrics_port": -1}, "metrics_port"),
        ({"slots": -1}, "slots"),
        ({"queue_capacity": 0}, "queue_capacity"),
        ({"stream_credits": 0}, "stream_credits"),
        ({"max_batch": 0}, "max_batch"),
        ({"limits": Limits(cpu_seconds=0)}, "limits.cpu_seconds"),
        ({"limits": Limits(memory_bytes=2**60)}, "limits.memory_bytes"),
    ],
)
def test_settings_that_can_not_work(change, name):
    with pytest.raises(ConfigError, match=f"sandbox.{name}"):
        SandboxConfig(**change)


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(Limits)])
def test_each_limit_has_a_maximum(name):
    maximum = Limits()
    check_limits(Limits(), maximum, "x")
    for wrong in (getattr(maximum, name) * 2, 0, -1):
        with pytest.raises(ConfigError, match=rf"x\.{name}"):
            check_limits(dataclasses.replace(maximum, **{name: wrong}), maximum, "x")


def test_nan_is_no_limit():
    with pytest.raises(ConfigError):
        check_limits(Limits(cpu_seconds=float("nan")), Limits(), "x")


def test_json_there_and_back():
    config = SandboxConfig(slots=3, token="t", limits=Limits(cpu_seconds=1.5))
    assert SandboxConfig.from_json(config.to_json()) == config


def test_the_token_is_not_shown():
    assert "secret" not in repr(SandboxConfig(token="secret"))


def test_pydantic_refuses_unknown_keys():
    adapter = TypeAdapter(SandboxConfig)
    assert adapter.validate_python({"slots": 2, "limits": {"cpu_seconds": 1}}).slots == 2
    with pytest.raises(ValidationError, match="slotz"):
        adapter.validate_python({"slotz": 2})


def test_pairs():
    config = from_pairs(
        ["port=0", "slots=4", "tier=T2", "token_file=abc", "target=", "drain_seconds=1.5",
         "limits.cpu_seconds=1", "maximum.memory_bytes=536870912"]
    )  # fmt: skip
    assert (config.port, config.slots, config.tier, config.token_file) == (0, 4, "T2", "abc")
    assert config.target is None
    assert config.drain_seconds == 1.5
    assert config.limits == Limits(cpu_seconds=1.0)
    assert config.maximum.memory_bytes == 2**29


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("slot=4", ["slot", "did you mean slots"]),
        ("slots", ["expected key=value"]),
        ("token=abc", ["TREEWRIGHT_SANDBOX_TOKEN", "token_file"]),
        ("slots=many", ["slots", "whole number", "many"]),
        ("limits.cpu=1", ["limits.cpu", "cpu_seconds"]),
        ("limits=1", ["limits"]),
        ("tier=T7", ["tier", "T7"]),
        ("drain_seconds=x", ["drain_seconds", "a number"]),
    ],
)
def test_wrong_pairs(pair, words):
    with pytest.raises(ConfigError) as refused:
        from_pairs([pair])
    assert all(word in str(refused.value) for word in words)
