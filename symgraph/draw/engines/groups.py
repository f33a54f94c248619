"""The groups of a plan as a tree: who is inside what, and over which layers a box reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgraph.draw.plan import PlanGroup

__all__ = ["NOWHERE", "Tree", "connections"]

NOWHERE = -1


class Tree:
    """Which group each node is in (`home`, -1 for none) and which group is around each group."""

    def __init__(self, groups: Sequence[PlanGroup], count: int) -> None:
        self.parents = [NOWHERE if group.parent is None else group.parent for group in groups]
        self.home = [NOWHERE] * count
        for g, group in enumerate(groups):
            for v in group.members:
                self.home[v] = g
        self.tops: list[int] = []
        self.bottoms: list[int] = []

    def span(self, rank_of: Sequence[int]) -> None:
        """Note from which rank to which each group reaches; an empty one has top > bottom."""
        self.tops = [max(rank_of, default=0) + 1] * len(self.parents)
        self.bottoms = [-1] * len(self.parents)
        for v, home in enumerate(self.home):
            for g in self.around(home):
                self.tops[g] = min(self.tops[g], rank_of[v])
                self.bottoms[g] = max(self.bottoms[g], rank_of[v])

    def around(self, group: int) -> Iterator[int]:
        """A group and those around it, from the inside out."""
        while group != NOWHERE:
            yield group
            group = self.parents[group]

    def contains(self, group: int, other: int) -> bool:
        """Whether a group is another one or around it."""
        return group in self.around(other)

    def home_of_bend(self, head: int, tail: int, layer: int, rank_of: Sequence[int]) -> int:
        """The group in which an edge passes a layer between its ends.

        It enters the box of its head from below and leaves that of its tail above.
        """
        common = NOWHERE
        for g in self.around(self.home[head]):
            if self.contains(g, self.home[tail]):
                common = g
                break
            if layer <= self.bottoms[g] < rank_of[tail]:
                return g
        for g in self.around(self.home[tail]):
            if self.contains(g, self.home[head]):
                break
            if rank_of[head] < self.tops[g] <= layer:
                return g
        return common


def connections(groups: Sequence[PlanGroup]) -> list[tuple[int, int]]:
    """Pairs of nodes that chain the members of each group, and of the groups inside, together."""
    first: list[int | None] = [None] * len(groups)
    pairs: list[tuple[int, int]] = []
    for g in reversed(range(len(groups))):
        group = groups[g]
        members = [*group.members, *([] if first[g] is None else [first[g]])]
        known = [v for v in members if v is not None]
        pairs += [(known[0], v) for v in known[1:]]
        if known and group.parent is not None:
            around = first[group.parent]
            if around is not None:
                pairs.append((around, known[0]))
            first[group.parent] = known[0]
    return pairs
