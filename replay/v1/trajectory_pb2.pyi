from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Trajectory(_message.Message):
    __slots__ = ("id", "run", "actor", "task_json", "group", "grammar_version", "profile", "max_actions", "edits", "reward", "temperature", "timings", "created_unix_seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    TASK_JSON_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    GRAMMAR_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    MAX_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    EDITS_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    run: str
    actor: str
    task_json: str
    group: Group
    grammar_version: str
    profile: str
    max_actions: int
    edits: _containers.RepeatedCompositeFieldContainer[Edit]
    reward: Reward
    temperature: float
    timings: Timings
    created_unix_seconds: float
    def __init__(self, id: _Optional[str] = ..., run: _Optional[str] = ..., actor: _Optional[str] = ..., task_json: _Optional[str] = ..., group: _Optional[_Union[Group, _Mapping]] = ..., grammar_version: _Optional[str] = ..., profile: _Optional[str] = ..., max_actions: _Optional[int] = ..., edits: _Optional[_Iterable[_Union[Edit, _Mapping]]] = ..., reward: _Optional[_Union[Reward, _Mapping]] = ..., temperature: _Optional[float] = ..., timings: _Optional[_Union[Timings, _Mapping]] = ..., created_unix_seconds: _Optional[float] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("id", "size", "reward_mean", "reward_std")
    ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    REWARD_MEAN_FIELD_NUMBER: _ClassVar[int]
    REWARD_STD_FIELD_NUMBER: _ClassVar[int]
    id: str
    size: int
    reward_mean: float
    reward_std: float
    def __init__(self, id: _Optional[str] = ..., size: _Optional[int] = ..., reward_mean: _Optional[float] = ..., reward_std: _Optional[float] = ...) -> None: ...

class Edit(_message.Message):
    __slots__ = ("node_pointer", "policy_version", "actions", "behaviour_logprobs", "q_halt", "q_continue", "source", "verdict", "security_violation", "tests_passed", "tests_total", "cpu_seconds", "wall_seconds", "peak_rss_bytes", "drawn", "pointer_logprob", "feedback")
    NODE_POINTER_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOUR_LOGPROBS_FIELD_NUMBER: _ClassVar[int]
    Q_HALT_FIELD_NUMBER: _ClassVar[int]
    Q_CONTINUE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SECURITY_VIOLATION_FIELD_NUMBER: _ClassVar[int]
    TESTS_PASSED_FIELD_NUMBER: _ClassVar[int]
    TESTS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WALL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PEAK_RSS_BYTES_FIELD_NUMBER: _ClassVar[int]
    DRAWN_FIELD_NUMBER: _ClassVar[int]
    POINTER_LOGPROB_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    node_pointer: str
    policy_version: int
    actions: _containers.RepeatedScalarFieldContainer[int]
    behaviour_logprobs: _containers.RepeatedScalarFieldContainer[float]
    q_halt: float
    q_continue: float
    source: str
    verdict: str
    security_violation: bool
    tests_passed: int
    tests_total: int
    cpu_seconds: float
    wall_seconds: float
    peak_rss_bytes: int
    drawn: _containers.RepeatedScalarFieldContainer[int]
    pointer_logprob: float
    feedback: _containers.RepeatedCompositeFieldContainer[Feedback]
    def __init__(self, node_pointer: _Optional[str] = ..., policy_version: _Optional[int] = ..., actions: _Optional[_Iterable[int]] = ..., behaviour_logprobs: _Optional[_Iterable[float]] = ..., q_halt: _Optional[float] = ..., q_continue: _Optional[float] = ..., source: _Optional[str] = ..., verdict: _Optional[str] = ..., security_violation: _Optional[bool] = ..., tests_passed: _Optional[int] = ..., tests_total: _Optional[int] = ..., cpu_seconds: _Optional[float] = ..., wall_seconds: _Optional[float] = ..., peak_rss_bytes: _Optional[int] = ..., drawn: _Optional[_Iterable[int]] = ..., pointer_logprob: _Optional[float] = ..., feedback: _Optional[_Iterable[_Union[Feedback, _Mapping]]] = ...) -> None: ...

class Feedback(_message.Message):
    __slots__ = ("verdict", "actual_json")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_JSON_FIELD_NUMBER: _ClassVar[int]
    verdict: str
    actual_json: str
    def __init__(self, verdict: _Optional[str] = ..., actual_json: _Optional[str] = ...) -> None: ...

class Reward(_message.Message):
    __slots__ = ("total", "tests", "solved_bonus", "compile_penalty", "runtime_penalty", "timeout_penalty", "size_penalty")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    SOLVED_BONUS_FIELD_NUMBER: _ClassVar[int]
    COMPILE_PENALTY_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_PENALTY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_PENALTY_FIELD_NUMBER: _ClassVar[int]
    SIZE_PENALTY_FIELD_NUMBER: _ClassVar[int]
    total: float
    tests: float
    solved_bonus: float
    compile_penalty: float
    runtime_penalty: float
    timeout_penalty: float
    size_penalty: float
    def __init__(self, total: _Optional[float] = ..., tests: _Optional[float] = ..., solved_bonus: _Optional[float] = ..., compile_penalty: _Optional[float] = ..., runtime_penalty: _Optional[float] = ..., timeout_penalty: _Optional[float] = ..., size_penalty: _Optional[float] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("sample_seconds", "sandbox_seconds")
    SAMPLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_SECONDS_FIELD_NUMBER: _ClassVar[int]
    sample_seconds: float
    sandbox_seconds: float
    def __init__(self, sample_seconds: _Optional[float] = ..., sandbox_seconds: _Optional[float] = ...) -> None: ...
