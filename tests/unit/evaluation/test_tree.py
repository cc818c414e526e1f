"""What is shown of a syntax tree, and where."""

import ast
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from evaluation.drawing import _BOX_HEIGHT, draw
from evaluation.tree import Node, outline, terminal

SOURCE = """
def f(n, flag=None):
    while n < 10 and not flag:
        n += 1
        if n == "x": break
    else:
        return [v0 ** 2 for v0 in range(n)]
"""


def labels(node: Node) -> list[str]:
    return [node.label, *(label for child in node.children for label in labels(child))]


def test_operators_names_and_constants_stand_in_the_labels():
    shown = labels(outline(ast.parse(SOURCE)))
    for label in ("FunctionDef f", "n", "None", "BoolOp and", "Compare <", "UnaryOp not", "'x'"):
        assert label in shown
    assert "else" in shown
    assert not {"Load", "Store", "arguments"} & set(shown)


def test_long_labels_are_cut():
    [label] = labels(outline(ast.Constant("x" * 100)))
    assert len(label) == 28
    assert label.endswith("…")


def printed(tree: ast.AST) -> str:
    out = io.StringIO()
    Console(file=out, width=80).print(terminal(tree))
    return out.getvalue()


def test_the_terminal_shows_one_node_a_line():
    assert printed(ast.parse("f(a, [1])").body[0]).splitlines() == [
        "Expr",
        "└── Call",
        "    ├── f",
        "    ├── a",
        "    └── List",
        "        └── 1",
    ]


def test_markup_in_a_program_is_not_markup_in_the_terminal():
    assert "[red]" in printed(ast.Constant("[red]"))


def boxes(svg: str) -> list[tuple[float, float, float]]:
    """(x, y, width) of each box."""
    from xml.etree import ElementTree

    return [
        (float(box.attrib["x"]), float(box.attrib["y"]), float(box.attrib["width"]))
        for box in ElementTree.fromstring(svg).iter("rect")
    ]


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "1", "'some text'", "[]"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda xs: f"[{', '.join(xs)}]"),
        st.tuples(inner, inner).map(lambda xs: f"({xs[0]} + {xs[1]})"),
        st.tuples(inner, inner, inner).map(lambda xs: f"f({xs[0]}, x={xs[1]}, y={xs[2]})"),
    ),
    max_leaves=25,
)


@given(EXPRESSIONS)
def test_no_two_boxes_overlap_and_all_are_in_the_picture(source):
    svg = draw(ast.parse(source), "a tree").svg
    left, _, width, height = (
        float(part) for part in svg.split('viewBox="')[1].split('"')[0].split()
    )
    levels: dict[float, list[tuple[float, float]]] = {}
    for x, y, box in boxes(svg):
        levels.setdefault(y, []).append((x, x + box))
        assert left <= x
        assert x + box <= left + width
        assert 0 <= y <= height - _BOX_HEIGHT
    for level in levels.values():
        level.sort()
        for (_, end), (start, _) in pairwise(level):
            assert start > end


def test_a_label_cannot_break_out_of_the_picture():
    svg = draw(ast.parse("'</text><script>'"), 'a "title" & <more>').svg
    assert "<script>" not in svg
    assert "&lt;more&gt;" in svg


@pytest.mark.parametrize(
    "source",
    [
        "async def f():\n async for x in y: pass",
        "match x:\n case [1, *_]: pass",
        "f'{x!r:>{w}}'",
        "from a import b as c",
        "lambda *a, k=1, **kw: ...",
    ],
)
def test_every_kind_of_syntax_can_be_drawn(source):
    tree = ast.parse(source)
    assert len(boxes(draw(tree, "t").svg)) == len(labels(outline(tree)))
