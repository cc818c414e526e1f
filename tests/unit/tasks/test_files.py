"""Task files: saved and loaded, refused with file, line and reason."""

import json
import pickle

import pytest

from tasks import Example, Param, Signature, Task, TaskError, files
from tasks.files import TaskFileError


def task(name: str) -> Task:
    return Task(
        id=name,
        entry_point="f",
        signature=Signature((Param("x", "tuple[int, ...]"),), "int | None"),
        description="Größe",
        tests=(Example(((1, 2),), 3), Example(((),), None)),
    )


def line(**changes: object) -> str:
    return json.dumps({**task("a").to_json(), **changes})


def test_saved_tasks_are_loaded(tmp_path):
    path = tmp_path / "tasks.jsonl"
    wanted = [task("a"), task("b")]
    assert files.save(path, wanted) == 2
    assert files.load(path) == wanted
    assert len(path.read_text().splitlines()) == 2


def test_blank_lines_and_a_byte_order_mark_are_skipped(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"\xef\xbb\xbf\n" + line().encode() + b"\r\n\n")
    assert files.load(path) == [task("a")]


@pytest.mark.parametrize(
    ("content", "number", "reason"),
    [
        ("", None, "holds no task"),
        ("\n\n", None, "holds no task"),
        (
            line() + "\n{\n",
            2,
            "not JSON: Expecting property name enclosed in double quotes (column 2)",
        ),
        (line() + "\n\n" + line(), 3, "id: 'a' is on line 1 as well"),
        (line() + "\n" + line(id="b", tets=[]), 2, "tets: unknown key; did you mean 'tests'?"),
        ("[1]", 1, "a task: expected an object, got a list"),
        ('{"id": "a", "id": "b"}', 1, "id: the key is there twice"),
        ('{"id": NaN}', 1, 'NaN is not JSON; write {"$py": "nan"}'),
        ('{"id": -Infinity}', 1, '-Infinity is not JSON; write {"$py": "-inf"}'),
        ("[" * 100_000, 1, "not JSON: nested too deeply"),
        ('{"id": ' + "1" * 5000 + "}", 1, "Exceeds the limit (4300 digits) for integer string"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, content, number, reason):
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(TaskFileError) as caught:
        files.load(path)
    error = caught.value
    assert (error.path, error.line) == (str(path), number)
    assert error.reason.startswith(reason)
    place = f"{path}:{number}" if number else str(path)
    assert str(error) == f"{place}: {error.reason}"


def test_an_unreadable_file_is_refused(tmp_path):
    with pytest.raises(TaskFileError, match="can't be read: No such file"):
        files.load(tmp_path / "none.jsonl")
    with pytest.raises(TaskFileError, match="can't be read: Is a directory"):
        files.load(tmp_path)
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(TaskFileError, match=r"is not UTF-8 \(byte 8\)"):
        files.load(tmp_path / "latin.jsonl")


def test_a_task_that_could_not_be_loaded_is_not_saved(tmp_path):
    path = tmp_path / "tasks.jsonl"
    files.save(path, [task("a")])
    bad = Task("b", "f", Signature((), "int"), "", tests=(Example((), "no int"),))
    with pytest.raises(TaskError, match=r"tests\[0\].expected: declared int"):
        files.save(path, [task("c"), bad])
    assert [one.id for one in files.load(path)] == ["a"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["tasks.jsonl"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(TaskFileError, match="can't be written: No such file"):
        files.save(tmp_path / "no" / "tasks.jsonl", [task("a")])


def test_the_error_travels_between_processes():
    error = pickle.loads(pickle.dumps(TaskFileError("a.jsonl", 3, "why")))
    assert (error.path, error.line, str(error)) == ("a.jsonl", 3, "a.jsonl:3: why")
