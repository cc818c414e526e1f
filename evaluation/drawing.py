"""Syntax trees as SVG: a tidy layout after Reingold and Tilford 1981, labels in boxes.

Subtrees are packed by their contours, so that they never overlap and a parent stands over the
middle of its children. Colours come from the page's style sheet by class name.
"""

import ast
from dataclasses import dataclass
from xml.etree import ElementTree

from evaluation.tree import Node, outline

_CHARACTER = 7.3  # width of one character of the labels' monospace font at 12 px
_PADDING = 8.0
_GAP = 10.0
_BOX_HEIGHT = 22.0
_LEVEL_HEIGHT = 46.0
_MARGIN = 4.0


@dataclass(frozen=True)
class Drawing:
    """An `<svg>` element and its width in pixels."""

    svg: str
    width: float


@dataclass(frozen=True)
class Placed:
    """A node and its place: `x` is its centre in pixels relative to its parent's centre."""

    node: Node
    x: float
    children: tuple["Placed", ...]

    @property
    def width(self) -> float:
        """Width of the node's box in pixels."""
        return len(self.node.label) * _CHARACTER + 2 * _PADDING


@dataclass(frozen=True)
class _Contour:
    """The outermost x on each level of a subtree, relative to its root's centre."""

    left: list[float]
    right: list[float]


def draw(tree: ast.AST, title: str) -> Drawing:
    """Return a drawing of `tree`; `title` is what a screen reader says of it."""
    root, contour = _place(outline(tree))
    left, right = min(contour.left) - _MARGIN, max(contour.right) + _MARGIN
    height = len(contour.left) * _LEVEL_HEIGHT - (_LEVEL_HEIGHT - _BOX_HEIGHT) + 2 * _MARGIN
    svg = ElementTree.Element(
        "svg",
        {
            "class": "ast",
            "role": "img",
            "width": f"{right - left:.0f}",
            "height": f"{height:.0f}",
            "viewBox": f"{left:.1f} 0 {right - left:.1f} {height:.1f}",
        },
    )
    ElementTree.SubElement(svg, "title").text = title
    _draw_node(svg, root, 0.0, _MARGIN)
    return Drawing(ElementTree.tostring(svg, encoding="unicode"), right - left)


def _place(node: Node) -> tuple[Placed, _Contour]:
    """Lay out a subtree around its root at 0."""
    subtrees = [_place(child) for child in node.children]
    offsets, below = _pack([contour for _, contour in subtrees])
    middle = (offsets[0] + offsets[-1]) / 2 if offsets else 0.0
    children = tuple(
        Placed(child.node, offset - middle, child.children)
        for (child, _), offset in zip(subtrees, offsets, strict=True)
    )
    placed = Placed(node, 0.0, children)
    return placed, _Contour(
        [-placed.width / 2, *(x - middle for x in below.left)],
        [placed.width / 2, *(x - middle for x in below.right)],
    )


def _pack(contours: list[_Contour]) -> tuple[list[float], _Contour]:
    """Put subtrees side by side, as close as their contours allow; the first stays at 0."""
    offsets: list[float] = []
    left: list[float] = []
    right: list[float] = []
    for contour in contours:
        # Only levels that both sides have can collide.
        shared = zip(right, contour.left, strict=False)
        offset = max((so_far + _GAP - edge for so_far, edge in shared), default=0.0)
        offsets.append(offset)
        left += [x + offset for x in contour.left[len(left) :]]
        right[: len(contour.right)] = [x + offset for x in contour.right]
    return offsets, _Contour(left, right)


def _draw_node(svg: ElementTree.Element, placed: Placed, x: float, y: float) -> None:
    for child in placed.children:
        below = y + _LEVEL_HEIGHT
        start, end = y + _BOX_HEIGHT, (y + _BOX_HEIGHT + below) / 2
        path = f"M{x:.1f} {start:.1f} C{x:.1f} {end:.1f} {x + child.x:.1f} {end:.1f} "
        ElementTree.SubElement(svg, "path", {"d": path + f"{x + child.x:.1f} {below:.1f}"})
        _draw_node(svg, child, x + child.x, below)
    group = ElementTree.SubElement(svg, "g", {"class": placed.node.kind})
    ElementTree.SubElement(
        group,
        "rect",
        {
            "x": f"{x - placed.width / 2:.1f}",
            "y": f"{y:.1f}",
            "width": f"{placed.width:.1f}",
            "height": f"{_BOX_HEIGHT:.0f}",
            "rx": "5",
        },
    )
    text = ElementTree.SubElement(group, "text", {"x": f"{x:.1f}", "y": f"{y + 15.5:.1f}"})
    text.text = placed.node.label
