"""Words in pieces: every text can be split, and the vocabulary file is what its script makes."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import literals
from policy.config import SpecConfig
from policy.spec import encode
from policy.spec_tokens import MAX_PLACES, WORDS, Ids, Kind, piece_tokens
from policy.text import VOCABULARY, Vocabulary, make
from policy.text.vocabulary import FILE
from tasks.config import TasksConfig
from tasks.families import FAMILIES
from tasks.schema import Example, Param, Signature, Task
from tasks.sources import evaluation_tasks

SHIPPED = json.loads(FILE.read_text())
BYTES = 256
KIND, WORD, PLACE = (Ids._fields.index(name) for name in ("kind", "word", "place"))


def spelled(rows: tuple[int, ...], pieces: list[str]) -> bytes:
    return b"".join(
        bytes([row - 1]) if row <= BYTES else pieces[row - 1 - BYTES].encode() for row in rows
    )


@given(st.text(st.characters(), max_size=40))
def test_every_text_is_the_sum_of_its_pieces(text: str):
    rows = VOCABULARY.split(text)
    assert spelled(rows, SHIPPED["pieces"]) == text.encode("utf-8", "surrogatepass")
    assert all(1 <= row <= VOCABULARY.size for row in rows)


@given(st.text("abc", max_size=12), st.sets(st.text("abc", min_size=2, max_size=4)))
def test_each_piece_is_the_longest_that_fits(word: str, pieces: set[str]):
    ordered = sorted(pieces)
    left = word
    for row in Vocabulary("", ordered).split(word):
        piece = spelled((row,), ordered).decode()
        assert left.startswith(piece)
        assert not any(left.startswith(p) and len(p) > len(piece) for p in ordered)
        left = left[len(piece) :]
    assert left == ""


def test_a_lone_surrogate_and_other_scripts_are_bytes():
    assert len(VOCABULARY.split("\ud800")) == 3
    assert VOCABULARY.split("é") == tuple(1 + value for value in "é".encode())
    assert VOCABULARY.split("") == ()


def test_the_shipped_file_is_in_the_form_of_its_script():
    assert make.text_of(SHIPPED["pieces"]) == FILE.read_text()
    assert SHIPPED["version"] == VOCABULARY.version
    assert len(set(SHIPPED["pieces"])) == len(SHIPPED["pieces"]) == VOCABULARY.size - BYTES
    assert all(len(piece) >= 2 and piece.isascii() for piece in SHIPPED["pieces"])


@pytest.mark.parametrize("stage", FAMILIES)
def test_words_of_the_curriculum_are_nearly_always_one_piece(stage: str):
    counts = Counter(
        w for task in evaluation_tasks(stage, TasksConfig()) for w in make.of_task(task)
    )
    pieces = sum(len(VOCABULARY.split(word)) * times for word, times in counts.items())
    assert pieces < 1.05 * counts.total()


def test_frequent_pairs_are_merged_first_and_ties_go_by_the_alphabet():
    counts = Counter({"low": 5, "lower": 2, "newest": 6, "widest": 3})
    assert make.learn(counts, 4) == ["es", "est", "lo", "low"]
    assert make.learn(Counter({"ab": 3, "cd": 3}), 9) == ["ab", "cd"]
    assert make.learn(Counter({"ab": 2}), 9) == []


@given(st.dictionaries(st.text("abc", min_size=1, max_size=6), st.integers(1, 9), max_size=8))
def test_the_order_of_the_words_changes_nothing(counts: dict[str, int]):
    turned = dict(reversed(counts.items()))
    assert make.learn(Counter(counts), 10) == make.learn(Counter(turned), 10)


def test_rare_words_and_other_scripts_teach_nothing():
    assert make.count(["one"] * 3 + ["two"] * 2 + ["naïve"] * 9) == Counter({"one": 3})


def test_words_come_from_descriptions_and_names(tmp_path: Path):
    task = Task(
        id="t",
        entry_point="sumDigits",
        signature=Signature((Param("first_item", "int"),), "int"),
        description="Numbers above 7, or 'quoted words'.",
    )
    assert list(make.of_task(task)) == ["number", "above", "or", "sum", "digit", "first", "item"]
    row = {"doc": "Adds up.\n>>> hidden(1)", "source": "def add_up(left, right=2): ..."}
    file = tmp_path / "functions.jsonl"
    file.write_text(json.dumps(row) + "\n")
    assert list(make.of_functions(file)) == ["add", "up", "add", "up", "left", "right"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sum_of_digits", ["sum", "of", "digit"]),
        ("countLongXMLItems2", ["count", "long", "xml", "item", "2"]),
        ("größe_İx", ["größe", "i̇x"]),
        ("__x__", ["x"]),
        ("", []),
    ],
)
def test_names_are_split_at_underscores_digits_and_capitals(name: str, words: list[str]):
    assert literals.words(name) == words


def test_a_word_is_its_pieces_in_order_and_says_where_it_goes_on():
    word = "sumxq"
    rows = VOCABULARY.split(word)
    assert len(rows) > 1
    made = list(piece_tokens([word, "number"], Ids(Kind.WORD, place=5), 9))
    assert [token.ids.word for token in made] == [*rows, *VOCABULARY.split("number")]
    assert [token.ids.place for token in made] == list(range(5, 5 + len(made)))
    assert [token.ids.depth for token in made] == [0] + [1] * (len(rows) - 1) + [0]


@given(st.text(max_size=300), st.integers(0, 60))
def test_any_description_stays_within_its_tokens_and_the_tables(text: str, limit: int):
    task = Task(id="t", entry_point=None, signature=None, description=text)
    ids = encode(task, SpecConfig(max_text_tokens=limit)).ids
    kinds = (Kind.WORD, Kind.LITERAL)
    shown = ids[[kind in kinds for kind in ids[:, KIND]]]
    assert len(shown) <= limit
    assert (shown[:, WORD] <= WORDS).all()
    assert (shown[:, PLACE] < MAX_PLACES).all()
    expected = sum(
        1 if part.literal is not None else len(VOCABULARY.split(part.word))
        for part in literals.parts(text)
    )
    assert len(shown) == min(limit, expected)


def test_a_character_of_a_value_is_the_piece_that_it_is_in_a_text():
    task = Task(
        id="t",
        entry_point="f",
        signature=Signature((Param("x", "str"),), "str"),
        description="",
        examples=(Example(("a€",), "a"),),
    )
    ids = encode(task, SpecConfig()).ids
    output, first, euro = ids[ids[:, KIND] == Kind.CHARACTER][:, WORD]
    assert output == first == VOCABULARY.split("a")[0]
    assert euro > VOCABULARY.size  # Three bytes: its row is a hash.
