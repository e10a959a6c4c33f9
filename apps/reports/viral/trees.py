"""Shapes of who brought whom.

Structural virality is the mean distance between two members of a tree (Goel, Anderson, Hofman &
Watts 2016, Management Science 62:180): about 2 for one broadcaster and the friends they brought
directly, growing with every generation that carries on. By subtree sizes s of a tree of n nodes it
is 2n/(n − 1)·[Σs/n − Σs²/n²] (ibid., appendix), so no pair is ever looked at.
"""

from typing import Any

import numpy as np

from apps.reports.viral.figures import Figure, Ints, Reason, absent

NO_PARENT = -1


def depths(parents: Any) -> Ints:
    """Each node's generation, from the position of its parent (−1 for a root).

    Raises ValueError for a parent who is not there, or a cycle.
    """
    up = np.asarray(parents, dtype=np.int64)
    if ((up < NO_PARENT) | (up >= len(up))).any():
        raise ValueError("parents: each is the position of a node, or -1")
    deep: Ints = np.where(up == NO_PARENT, 0, 1)
    above = np.where(up == NO_PARENT, np.arange(len(up)), up)
    for _ in range(len(up).bit_length() + 1):  # each round looks twice as far up
        deep += deep[above]
        above = above[above]
    if (up[above] != NO_PARENT).any():
        raise ValueError("parents: somebody is their own ancestor")
    return deep


def subtree_sizes(parents: Any) -> Ints:
    """How many nodes hang below each, itself counted. Raises as `depths` does."""
    up = np.asarray(parents, dtype=np.int64)
    deep = depths(up)
    sizes = np.ones(len(up), np.int64)
    order = np.argsort(-deep, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(deep[order])) + 1):
        if len(mine) and deep[mine[0]] > 0:
            np.add.at(sizes, up[mine], sizes[mine])
    return sizes


def roots(parents: Any) -> Ints:
    """The position of each node's root. Raises as `depths` does."""
    up = np.asarray(parents, dtype=np.int64)
    depths(up)
    top = np.where(up == NO_PARENT, np.arange(len(up)), up)
    while (top != top[top]).any():
        top = top[top]
    return top


def structural_virality(sizes: Any) -> Figure:
    """The mean distance between two members of one tree, from its subtree sizes; n/a for one
    alone."""
    s = np.asarray(sizes, dtype=np.float64)
    n = len(s)
    if n < 2:
        return absent(Reason.NOT_APPLICABLE, "one member alone has no distance to anybody")
    return Figure(2 * n / (n - 1) * float(s.sum() / n - (s**2).sum() / n**2))


def by_root(parents: Any) -> dict[int, Figure]:
    """Structural virality of every tree of a forest, by the position of its root."""
    sizes, top = subtree_sizes(parents), roots(parents)
    order = np.argsort(top, kind="stable")
    starts = np.flatnonzero(np.diff(top[order], prepend=-1))
    parts = np.split(sizes[order], starts[1:]) if len(order) else []
    return {
        int(top[order[at]]): structural_virality(part)
        for at, part in zip(starts, parts, strict=True)
    }
