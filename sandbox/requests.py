"""From the bytes of a client's program to runs: all that can be wrong with it is found here."""

from collections import OrderedDict
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from sandbox import languages
from sandbox.config import SandboxConfig, check_limits
from sandbox.plan import Prepared, Run, check_tests, prepare
from sandbox.types import Code, Language, Limits, Refusal
from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.wire import program_from_message

_MOST_PREPARED_BYTES = 32 * 2**20

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A program that can be run."""

    id: str
    language: str
    limits: Limits
    runs: tuple[Run, ...]


class RefusedError(ValueError):
    """A program that can't be run."""

    def __init__(self, id_: str, code: Code, message: str) -> None:
        super().__init__(message)
        self.id = id_
        self.refusal = Refusal(code, message.encode(errors="replace").decode())


class Requests:
    """Reads programs; keeps what tests that come again and again make, 32 MiB of them."""

    def __init__(self, config: SandboxConfig, known: tuple[Language, ...]) -> None:
        self._config = config
        self._languages = {language.name: language for language in known}
        self._prepared: OrderedDict[_Key, tuple[Prepared, Limits]] = OrderedDict()
        self._prepared_bytes = 0

    def read(self, raw: bytes) -> Request:
        """Return the request that a serialised Program makes.

        Raises:
            RefusedError: it can't be run; says why.

        """
        try:
            message = opaque_pb2.OpaqueProgram.FromString(raw)
        except DecodeError as error:
            raise RefusedError("", Code.INVALID_ARGUMENT, "a program that is no message") from error
        self._check_language(message)
        try:
            self._check_source(message)
            if message.language != languages.PYTHON:
                return self._other(raw)
            prepared, limits = self._prepare(message, raw)
        except DecodeError as error:
            text = f"program {message.id!r}: a part of it is no message"
            raise RefusedError(message.id, Code.INVALID_ARGUMENT, text) from error
        except ValueError as error:
            raise RefusedError(message.id, Code.INVALID_ARGUMENT, str(error)) from error
        return Request(message.id, languages.PYTHON, limits, prepared.runs(message.source))

    def _check_language(self, message: opaque_pb2.OpaqueProgram) -> None:
        language = self._languages.get(message.language)
        if language is None:
            text = (
                f"program {message.id!r}: {message.language!r} is no language of the sandbox;"
                f" it knows {', '.join(self._languages)}"
            )
            raise RefusedError(message.id, Code.UNIMPLEMENTED, text)
        if not language.available:
            text = f"program {message.id!r}: {language.name} is missing here: {language.hint}"
            raise RefusedError(message.id, Code.UNIMPLEMENTED, text)

    def _check_source(self, message: opaque_pb2.OpaqueProgram) -> None:
        most = self._config.max_source_bytes
        for name, size in (
            ("source", len(message.source)),
            ("test_code", len(message.test_code.encode())),
        ):
            if size > most:
                raise ValueError(f"program {message.id!r}: {name}: {size} bytes; at most {most}")
        try:
            message.source.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"program {message.id!r}: source: {error}") from error

    def _check_limits(self, id_: str, limits: Limits) -> None:
        check_limits(limits, self._config.maximum, f"program {id_!r}: limits")

    def _prepare(self, message: opaque_pb2.OpaqueProgram, raw: bytes) -> tuple[Prepared, Limits]:
        """Return what the tests make, from the store where they came before."""
        key: _Key = (
            message.entry_point,
            tuple(message.tests),
            message.test_code,
            message.limits,
            message.compare,
            message.signature,
        )
        found = self._prepared.get(key)
        if found is None:
            program = program_from_message(pb.Program.FromString(raw), self._config.limits)
            self._check_limits(program.id, program.limits)
            check_tests(program)
            found = prepare(program), program.limits
            self._keep(key, found)
        else:
            self._prepared.move_to_end(key)
        return found

    def _keep(self, key: _Key, made: tuple[Prepared, Limits]) -> None:
        self._prepared[key] = made
        self._prepared_bytes += _size(made[0])
        while self._prepared_bytes > _MOST_PREPARED_BYTES:
            _, (oldest, _) = self._prepared.popitem(last=False)
            self._prepared_bytes -= _size(oldest)

    def _other(self, raw: bytes) -> Request:
        """Return the request of a program in a language other than Python."""
        program = program_from_message(pb.Program.FromString(raw), self._config.limits)
        self._check_limits(program.id, program.limits)
        return Request(program.id, program.language, program.limits, languages.plan(program))


def _size(prepared: Prepared) -> int:
    """Return about the bytes that an entry of the store takes, its key included."""
    expected = sum(
        len(getattr(check, "expected", "")) for _, checks in prepared.each for check in checks
    )
    stdin = sum(len(text) for text, _ in prepared.each)
    return 4096 + 3 * (len(prepared.after) + expected + stdin)
