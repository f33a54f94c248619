"""A part of a deck: some of its phases, under headings of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symgraph.draw.slides.story import Story, listed
from symgraph.errors import DrawError

__all__ = ["PHASES", "with_captions", "with_phases"]

#: What a deck tells, in this order.
PHASES = ("leaves", "build", "labels", "forward", "backward", "path", "sum", "update", "again")


def with_phases(told: Story, phases: Sequence[str] | str | None) -> Story:
    """The steps of some phases; what other steps brought is there from the next one on.

    Raises DrawError for a phase that there is not.
    """
    if phases is None:
        return told
    wanted = _checked("phases", listed(phases))
    kept = [k for k, step in enumerate(told.steps) if step.phase in wanted]
    if not kept:
        raise DrawError("slides: phases: this deck has none of these. Name another one.")

    def later(step: int) -> int:
        return sum(one < step for one in kept)

    def at_last(texts: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        # Of what comes before one step the last is what stands there.
        moved = {later(step): text for step, text in texts}
        return [(step, text) for step, text in moved.items() if step < len(kept)]

    last = len(kept) - 1
    return Story(
        steps=[told.steps[k] for k in kept],
        nodes={id: min(later(step), last) for id, step in told.nodes.items()},
        labels=min(later(told.labels), last),
        groups={k: min(later(step), last) for k, step in told.groups.items()},
        forward={id: found for id, texts in told.forward.items() if (found := at_last(texts))},
        backward={id: found for id, texts in told.backward.items() if (found := at_last(texts))},
    )


def with_captions(told: Story, captions: Mapping[str, str]) -> Story:
    """The steps of a phase under another heading. Raises DrawError for an unknown phase."""
    _checked("captions", list(captions))
    steps = [replace(step, heading=captions.get(step.phase, step.heading)) for step in told.steps]
    return replace(told, steps=steps)


def _checked(option: str, names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in PHASES:
            raise DrawError(
                f"slides: {option}: there is no phase {name!r}. The phases are {', '.join(PHASES)}."
            )
    return names
