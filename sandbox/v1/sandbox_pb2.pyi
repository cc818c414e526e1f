from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    PASSED: _ClassVar[Verdict]
    WRONG_ANSWER: _ClassVar[Verdict]
    COMPILE_ERROR: _ClassVar[Verdict]
    RUNTIME_ERROR: _ClassVar[Verdict]
    TIME_LIMIT: _ClassVar[Verdict]
    MEMORY_LIMIT: _ClassVar[Verdict]
    OUTPUT_LIMIT: _ClassVar[Verdict]
    INTERNAL: _ClassVar[Verdict]
    REFUSED: _ClassVar[Verdict]
VERDICT_UNSPECIFIED: Verdict
PASSED: Verdict
WRONG_ANSWER: Verdict
COMPILE_ERROR: Verdict
RUNTIME_ERROR: Verdict
TIME_LIMIT: Verdict
MEMORY_LIMIT: Verdict
OUTPUT_LIMIT: Verdict
INTERNAL: Verdict
REFUSED: Verdict

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("tier", "slots", "queue_capacity", "max_batch", "default_limits", "maximum_limits", "languages", "zygote", "cgroup", "primitives", "max_source_bytes")
    TIER_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_CAPACITY_FIELD_NUMBER: _ClassVar[int]
    MAX_BATCH_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LIMITS_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_LIMITS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    ZYGOTE_FIELD_NUMBER: _ClassVar[int]
    CGROUP_FIELD_NUMBER: _ClassVar[int]
    PRIMITIVES_FIELD_NUMBER: _ClassVar[int]
    MAX_SOURCE_BYTES_FIELD_NUMBER: _ClassVar[int]
    tier: str
    slots: int
    queue_capacity: int
    max_batch: int
    default_limits: Limits
    maximum_limits: Limits
    languages: _containers.RepeatedCompositeFieldContainer[Language]
    zygote: str
    cgroup: str
    primitives: _containers.RepeatedCompositeFieldContainer[Primitive]
    max_source_bytes: int
    def __init__(self, tier: _Optional[str] = ..., slots: _Optional[int] = ..., queue_capacity: _Optional[int] = ..., max_batch: _Optional[int] = ..., default_limits: _Optional[_Union[Limits, _Mapping]] = ..., maximum_limits: _Optional[_Union[Limits, _Mapping]] = ..., languages: _Optional[_Iterable[_Union[Language, _Mapping]]] = ..., zygote: _Optional[str] = ..., cgroup: _Optional[str] = ..., primitives: _Optional[_Iterable[_Union[Primitive, _Mapping]]] = ..., max_source_bytes: _Optional[int] = ...) -> None: ...

class Primitive(_message.Message):
    __slots__ = ("name", "available", "reason", "enable")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ENABLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    available: bool
    reason: str
    enable: str
    def __init__(self, name: _Optional[str] = ..., available: _Optional[bool] = ..., reason: _Optional[str] = ..., enable: _Optional[str] = ...) -> None: ...

class Language(_message.Message):
    __slots__ = ("name", "version", "available", "hint", "slots")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    available: bool
    hint: str
    slots: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., available: _Optional[bool] = ..., hint: _Optional[str] = ..., slots: _Optional[int] = ...) -> None: ...

class ResizeRequest(_message.Message):
    __slots__ = ("language", "slots")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    language: str
    slots: int
    def __init__(self, language: _Optional[str] = ..., slots: _Optional[int] = ...) -> None: ...

class ResizeResponse(_message.Message):
    __slots__ = ("before",)
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    before: int
    def __init__(self, before: _Optional[int] = ...) -> None: ...

class ExecuteRequest(_message.Message):
    __slots__ = ("programs",)
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    programs: _containers.RepeatedCompositeFieldContainer[Program]
    def __init__(self, programs: _Optional[_Iterable[_Union[Program, _Mapping]]] = ...) -> None: ...

class ExecuteResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[Result]
    def __init__(self, results: _Optional[_Iterable[_Union[Result, _Mapping]]] = ...) -> None: ...

class StreamRequest(_message.Message):
    __slots__ = ("batch", "programs", "client", "timeout_seconds")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    batch: int
    programs: _containers.RepeatedCompositeFieldContainer[Program]
    client: str
    timeout_seconds: float
    def __init__(self, batch: _Optional[int] = ..., programs: _Optional[_Iterable[_Union[Program, _Mapping]]] = ..., client: _Optional[str] = ..., timeout_seconds: _Optional[float] = ...) -> None: ...

class StreamResponse(_message.Message):
    __slots__ = ("batch", "results", "credits", "refusal")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    CREDITS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    batch: int
    results: _containers.RepeatedCompositeFieldContainer[Result]
    credits: int
    refusal: Refusal
    def __init__(self, batch: _Optional[int] = ..., results: _Optional[_Iterable[_Union[Result, _Mapping]]] = ..., credits: _Optional[int] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class Program(_message.Message):
    __slots__ = ("id", "language", "source", "entry_point", "tests", "test_code", "limits", "compare", "signature")
    ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_POINT_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    TEST_CODE_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    COMPARE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    id: str
    language: str
    source: str
    entry_point: str
    tests: _containers.RepeatedCompositeFieldContainer[Test]
    test_code: str
    limits: Limits
    compare: Compare
    signature: Signature
    def __init__(self, id: _Optional[str] = ..., language: _Optional[str] = ..., source: _Optional[str] = ..., entry_point: _Optional[str] = ..., tests: _Optional[_Iterable[_Union[Test, _Mapping]]] = ..., test_code: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., compare: _Optional[_Union[Compare, _Mapping]] = ..., signature: _Optional[_Union[Signature, _Mapping]] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("parameters", "returns")
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    parameters: _containers.RepeatedScalarFieldContainer[str]
    returns: str
    def __init__(self, parameters: _Optional[_Iterable[str]] = ..., returns: _Optional[str] = ...) -> None: ...

class Test(_message.Message):
    __slots__ = ("call", "stdio")
    CALL_FIELD_NUMBER: _ClassVar[int]
    STDIO_FIELD_NUMBER: _ClassVar[int]
    call: Call
    stdio: Stdio
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ..., stdio: _Optional[_Union[Stdio, _Mapping]] = ...) -> None: ...

class Call(_message.Message):
    __slots__ = ("args", "expected")
    ARGS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    args: _containers.RepeatedCompositeFieldContainer[Value]
    expected: Value
    def __init__(self, args: _Optional[_Iterable[_Union[Value, _Mapping]]] = ..., expected: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...

class Stdio(_message.Message):
    __slots__ = ("stdin", "stdout")
    STDIN_FIELD_NUMBER: _ClassVar[int]
    STDOUT_FIELD_NUMBER: _ClassVar[int]
    stdin: str
    stdout: str
    def __init__(self, stdin: _Optional[str] = ..., stdout: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("cpu_seconds", "wall_seconds", "memory_bytes", "output_bytes")
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WALL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    output_bytes: int
    def __init__(self, cpu_seconds: _Optional[float] = ..., wall_seconds: _Optional[float] = ..., memory_bytes: _Optional[int] = ..., output_bytes: _Optional[int] = ...) -> None: ...

class Compare(_message.Message):
    __slots__ = ("float_tolerance", "unordered")
    FLOAT_TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    UNORDERED_FIELD_NUMBER: _ClassVar[int]
    float_tolerance: float
    unordered: bool
    def __init__(self, float_tolerance: _Optional[float] = ..., unordered: _Optional[bool] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("none", "boolean", "integer", "big_integer", "real", "complex", "text", "surrogate_text", "blob", "list", "tuple", "set", "frozenset", "dict")
    NONE_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    BIG_INTEGER_FIELD_NUMBER: _ClassVar[int]
    REAL_FIELD_NUMBER: _ClassVar[int]
    COMPLEX_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SURROGATE_TEXT_FIELD_NUMBER: _ClassVar[int]
    BLOB_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    TUPLE_FIELD_NUMBER: _ClassVar[int]
    SET_FIELD_NUMBER: _ClassVar[int]
    FROZENSET_FIELD_NUMBER: _ClassVar[int]
    DICT_FIELD_NUMBER: _ClassVar[int]
    none: Nothing
    boolean: bool
    integer: int
    big_integer: str
    real: float
    complex: Complex
    text: str
    surrogate_text: bytes
    blob: bytes
    list: Sequence
    tuple: Sequence
    set: Sequence
    frozenset: Sequence
    dict: Mapping
    def __init__(self, none: _Optional[_Union[Nothing, _Mapping]] = ..., boolean: _Optional[bool] = ..., integer: _Optional[int] = ..., big_integer: _Optional[str] = ..., real: _Optional[float] = ..., complex: _Optional[_Union[Complex, _Mapping]] = ..., text: _Optional[str] = ..., surrogate_text: _Optional[bytes] = ..., blob: _Optional[bytes] = ..., list: _Optional[_Union[Sequence, _Mapping]] = ..., tuple: _Optional[_Union[Sequence, _Mapping]] = ..., set: _Optional[_Union[Sequence, _Mapping]] = ..., frozenset: _Optional[_Union[Sequence, _Mapping]] = ..., dict: _Optional[_Union[Mapping, _Mapping]] = ...) -> None: ...

class Nothing(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Complex(_message.Message):
    __slots__ = ("real", "imaginary")
    REAL_FIELD_NUMBER: _ClassVar[int]
    IMAGINARY_FIELD_NUMBER: _ClassVar[int]
    real: float
    imaginary: float
    def __init__(self, real: _Optional[float] = ..., imaginary: _Optional[float] = ...) -> None: ...

class Sequence(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Value]
    def __init__(self, items: _Optional[_Iterable[_Union[Value, _Mapping]]] = ...) -> None: ...

class Mapping(_message.Message):
    __slots__ = ("keys", "values")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[Value]
    values: _containers.RepeatedCompositeFieldContainer[Value]
    def __init__(self, keys: _Optional[_Iterable[_Union[Value, _Mapping]]] = ..., values: _Optional[_Iterable[_Union[Value, _Mapping]]] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("id", "verdict", "security_violation", "tests", "detail", "cpu_seconds", "wall_seconds", "peak_rss_bytes", "stdout", "stderr", "queue_seconds", "compile_seconds", "refusal")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SECURITY_VIOLATION_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WALL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PEAK_RSS_BYTES_FIELD_NUMBER: _ClassVar[int]
    STDOUT_FIELD_NUMBER: _ClassVar[int]
    STDERR_FIELD_NUMBER: _ClassVar[int]
    QUEUE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    COMPILE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    id: str
    verdict: Verdict
    security_violation: bool
    tests: _containers.RepeatedCompositeFieldContainer[TestResult]
    detail: str
    cpu_seconds: float
    wall_seconds: float
    peak_rss_bytes: int
    stdout: str
    stderr: str
    queue_seconds: float
    compile_seconds: float
    refusal: Refusal
    def __init__(self, id: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., security_violation: _Optional[bool] = ..., tests: _Optional[_Iterable[_Union[TestResult, _Mapping]]] = ..., detail: _Optional[str] = ..., cpu_seconds: _Optional[float] = ..., wall_seconds: _Optional[float] = ..., peak_rss_bytes: _Optional[int] = ..., stdout: _Optional[str] = ..., stderr: _Optional[str] = ..., queue_seconds: _Optional[float] = ..., compile_seconds: _Optional[float] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class TestResult(_message.Message):
    __slots__ = ("verdict", "security_violation", "weak", "actual", "detail")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SECURITY_VIOLATION_FIELD_NUMBER: _ClassVar[int]
    WEAK_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    security_violation: bool
    weak: bool
    actual: str
    detail: str
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., security_violation: _Optional[bool] = ..., weak: _Optional[bool] = ..., actual: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...
