from sandbox.v1 import sandbox_pb2 as _sandbox_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpaqueExecuteRequest(_message.Message):
    __slots__ = ("programs",)
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    programs: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, programs: _Optional[_Iterable[bytes]] = ...) -> None: ...

class OpaqueExecuteResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, results: _Optional[_Iterable[bytes]] = ...) -> None: ...

class OpaqueStreamRequest(_message.Message):
    __slots__ = ("batch", "programs", "client", "timeout_seconds")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    batch: int
    programs: _containers.RepeatedScalarFieldContainer[bytes]
    client: str
    timeout_seconds: float
    def __init__(self, batch: _Optional[int] = ..., programs: _Optional[_Iterable[bytes]] = ..., client: _Optional[str] = ..., timeout_seconds: _Optional[float] = ...) -> None: ...

class OpaqueStreamResponse(_message.Message):
    __slots__ = ("batch", "results", "credits", "refusal")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    CREDITS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    batch: int
    results: _containers.RepeatedScalarFieldContainer[bytes]
    credits: int
    refusal: _sandbox_pb2.Refusal
    def __init__(self, batch: _Optional[int] = ..., results: _Optional[_Iterable[bytes]] = ..., credits: _Optional[int] = ..., refusal: _Optional[_Union[_sandbox_pb2.Refusal, _Mapping]] = ...) -> None: ...

class OpaqueProgram(_message.Message):
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
    source: bytes
    entry_point: str
    tests: _containers.RepeatedScalarFieldContainer[bytes]
    test_code: str
    limits: bytes
    compare: bytes
    signature: bytes
    def __init__(self, id: _Optional[str] = ..., language: _Optional[str] = ..., source: _Optional[bytes] = ..., entry_point: _Optional[str] = ..., tests: _Optional[_Iterable[bytes]] = ..., test_code: _Optional[str] = ..., limits: _Optional[bytes] = ..., compare: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...
