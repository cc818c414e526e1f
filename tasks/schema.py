"""A task: what a program must do, how it is shown and how it is tested.

    TaskError(ValueError)            a task that breaks a rule: one line that names the field
    └── files.TaskFileError          the same with the file and the line

One line of the public file format is `Task.from_json(json.loads(line))`; `Task.to_json` writes it.
"""

from dataclasses import dataclass

from tasks import reading, rules, values
from tasks.reading import TaskError

__all__ = [
    "Compare",
    "Constraints",
    "Example",
    "Param",
    "Signature",
    "StdioTest",
    "Task",
    "TaskError",
]


@dataclass(frozen=True)
class Param:
    """One parameter of the entry function; `type` in the language of `tasks.typelang`."""

    name: str
    type: str


@dataclass(frozen=True)
class Signature:
    """Parameters and return type of the entry function."""

    params: tuple[Param, ...]
    returns: str

    @classmethod
    def from_json(cls, data: object) -> "Signature":
        """Read `{"params": [{"name", "type"}], "returns"}`. Raises TaskError."""
        fields = reading.Fields(data, "signature", ("params", "returns"))
        params = []
        for where, item in fields.items("params"):
            param = reading.Fields(item, where, ("name", "type"))
            params.append(Param(param.text("name"), param.text("type")))
        return cls(tuple(params), fields.text("returns"))

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        params = [{"name": param.name, "type": param.type} for param in self.params]
        return {"params": params, "returns": self.returns}


@dataclass(frozen=True)
class Example:
    """A call and what it must return."""

    args: tuple[object, ...]
    expected: object

    @classmethod
    def from_json(cls, data: object, where: str = "example") -> "Example":
        """Read `{"args": […], "expected": …}`. Raises TaskError."""
        fields = reading.Fields(data, where, ("args", "expected"))
        args = tuple(fields.value_at(at, item) for at, item in fields.items("args"))
        return cls(args, fields.value_at(f"{where}.expected", fields.required("expected")))

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        args = [values.to_json(arg) for arg in self.args]
        return {"args": args, "expected": values.to_json(self.expected)}


@dataclass(frozen=True)
class StdioTest:
    """What a program reads on standard input and must write on standard output."""

    stdin: str
    stdout: str

    @classmethod
    def from_json(cls, data: object, where: str = "test") -> "StdioTest":
        """Read `{"stdin": …, "stdout": …}`. Raises TaskError."""
        fields = reading.Fields(data, where, ("stdin", "stdout"))
        return cls(fields.text("stdin"), fields.text("stdout"))

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        return {"stdin": self.stdin, "stdout": self.stdout}


@dataclass(frozen=True)
class Constraints:
    """Limits on the program itself; `forbid` and `require` name classes of Python's `ast`."""

    max_nodes: int | None = None
    forbid: tuple[str, ...] = ()
    require: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: object) -> "Constraints":
        """Read `{"max_nodes", "forbid", "require"}`, all optional. Raises TaskError."""
        fields = reading.Fields(data, "constraints", ("max_nodes", "forbid", "require"))
        return cls(
            fields.optional_int("max_nodes"), fields.texts("forbid"), fields.texts("require")
        )

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads; empty where nothing is limited."""
        data = {
            "max_nodes": self.max_nodes,
            "forbid": list(self.forbid),
            "require": list(self.require),
        }
        return {key: value for key, value in data.items() if value not in (None, [])}


@dataclass(frozen=True)
class Compare:
    """How an output is compared with what was expected: exactly unless something is set."""

    float_tolerance: float | None = None
    """Absolute and relative tolerance of floats."""
    unordered: bool = False
    """Sequences are compared as multisets."""

    @classmethod
    def from_json(cls, data: object) -> "Compare":
        """Read `{"float_tolerance", "unordered"}`, both optional. Raises TaskError."""
        fields = reading.Fields(data, "compare", ("float_tolerance", "unordered"))
        return cls(fields.optional_float("float_tolerance"), fields.flag("unordered"))

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads; empty where equality is exact."""
        data: dict[str, object] = {}
        if self.float_tolerance is not None:
            data["float_tolerance"] = self.float_tolerance
        if self.unordered:
            data["unordered"] = True
        return data


@dataclass(frozen=True)
class Task:
    """One task. `examples` are shown to the policy; `tests`, `test_code` and `reference` never are.

    `tests` or `test_code` (assert statements) is there, not both. Programs that read standard input
    have `StdioTest`s, no entry point and no signature. `program` is a starting program.
    """

    id: str
    entry_point: str | None
    signature: Signature | None
    description: str
    examples: tuple[Example, ...] = ()
    tests: tuple[Example | StdioTest, ...] = ()
    constraints: Constraints = Constraints()
    stage: str = ""
    tags: tuple[str, ...] = ()
    reference: str | None = None
    source: str | None = None
    license: str | None = None
    test_code: str | None = None
    program: str | None = None
    compare: Compare = Compare()

    @property
    def calls(self) -> tuple[Example, ...]:
        """The hidden tests that call the entry function."""
        return tuple(test for test in self.tests if isinstance(test, Example))

    @property
    def stdio(self) -> tuple[StdioTest, ...]:
        """The hidden tests that run the program on standard input."""
        return tuple(test for test in self.tests if isinstance(test, StdioTest))

    @classmethod
    def from_json(cls, data: object) -> "Task":
        """Read and check one task of the file format.

        Raises:
            TaskError: an unknown key, a missing or mistyped field, a broken rule (`rules.check`).

        """
        task = cls.unchecked(data)
        rules.check(task)
        return task

    @classmethod
    def unchecked(cls, data: object) -> "Task":
        """Read one task of the file format without the rules that reach across its fields.

        Raises:
            TaskError: an unknown key, a missing or mistyped field.

        """
        fields = reading.Fields(data, "", _KEYS)
        return cls(
            id=fields.text("id"),
            entry_point=fields.optional_text("entry_point"),
            signature=fields.part("signature", Signature.from_json, None),
            description=fields.text("description"),
            examples=tuple(Example.from_json(item, at) for at, item in fields.items("examples")),
            tests=tuple(_test_from_json(item, at) for at, item in fields.items("tests")),
            constraints=fields.part("constraints", Constraints.from_json, Constraints()),
            stage=fields.optional_text("stage") or "",
            tags=fields.texts("tags"),
            reference=fields.optional_text("reference"),
            source=fields.optional_text("source"),
            license=fields.optional_text("license"),
            test_code=fields.optional_text("test_code"),
            program=fields.optional_text("program"),
            compare=fields.part("compare", Compare.from_json, Compare()),
        )

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads back to an equal task, without absent and empty fields."""
        data: dict[str, object] = {
            "id": self.id,
            "entry_point": self.entry_point,
            "signature": self.signature and self.signature.to_json(),
            "description": self.description,
            "examples": [example.to_json() for example in self.examples],
            "tests": [test.to_json() for test in self.tests],
            "constraints": self.constraints.to_json(),
            "stage": self.stage,
            "tags": list(self.tags),
            "reference": self.reference,
            "source": self.source,
            "license": self.license,
            "test_code": self.test_code,
            "program": self.program,
            "compare": self.compare.to_json(),
        }
        keep_empty = ("id", "description")
        empty: tuple[object, ...] = (None, "", [], {})
        return {k: v for k, v in data.items() if k in keep_empty or v not in empty}


_KEYS = tuple(Task.__dataclass_fields__)


def _test_from_json(item: object, where: str) -> Example | StdioTest:
    if isinstance(item, dict) and ("stdin" in item or "stdout" in item):
        return StdioTest.from_json(item, where)
    return Example.from_json(item, where)
