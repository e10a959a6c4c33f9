"""The picture of one tree: who brought whom, a generation a row."""

from dataclasses import dataclass
from typing import Any

from apps.reports.pictures.canvas import Inks, words
from apps.reports.viral import trees


@dataclass(frozen=True)
class Tree:
    """One tree by the position of each node's parent (−1 for the root), parents before children."""

    title: str
    alt: str
    parents: tuple[int, ...]

    @property
    def height(self) -> int:
        rows = int(trees.depths(self.parents).max(initial=0)) + 1
        return 30 + 46 * min(rows, 9)

    def draw(self, axes: Any, inks: Inks) -> None:
        from matplotlib.collections import LineCollection

        across = _across(self.parents)
        deep = [int(level) for level in trees.depths(self.parents)]
        lines = [
            ((across[up], deep[up]), (across[node], deep[node]))
            for node, up in enumerate(self.parents)
            if up != trees.NO_PARENT
        ]
        axes.set_axis_off()
        axes.add_collection(LineCollection(lines, colors=inks.soft, linewidths=0.8, alpha=0.6))
        size = max(7.0, min(60.0, 2200.0 / max(len(self.parents), 1)))
        seeds = [inks.second if up == trees.NO_PARENT else inks.accent for up in self.parents]
        axes.scatter(across, deep, s=size, c=seeds, zorder=3, linewidths=0)
        if self.parents:
            words(
                axes,
                across[0],
                0,
                "the seed",
                inks.soft,
                xytext=(8, -3),
                textcoords="offset points",
                size=10,
            )
        axes.set_ylim(max(deep, default=0) + 0.5, -0.5)


def _across(parents: tuple[int, ...]) -> list[float]:
    """Where each node stands from left to right: leaves side by side, parents above their middle."""
    children: list[list[int]] = [[] for _ in parents]
    for node, up in enumerate(parents):
        if up != trees.NO_PARENT:
            children[up].append(node)
    place = [0.0] * len(parents)
    stack = [node for node, up in enumerate(parents) if up == trees.NO_PARENT]
    order: list[int] = []
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(reversed(children[node]))
    leaves = 0
    for node in order:
        if not children[node]:
            place[node] = float(leaves)
            leaves += 1
    for node in reversed(order):
        if children[node]:
            place[node] = (place[children[node][0]] + place[children[node][-1]]) / 2
    return place
