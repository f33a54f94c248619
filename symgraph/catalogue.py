"""Sentences of one language by those of another: what is said once is translated by its form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["Catalogue", "translated"]

#: Patterns of whole sentences, and what each is in the other language, with the groups as {0}, ...
Catalogue = Sequence[tuple[str, str]]


def translated(
    text: str, catalogue: Catalogue, words: Mapping[str, str] | None = None
) -> str | None:
    """The sentence in the other language, None where the catalogue has none of this form.

    Groups stay as they are, but for those that a pattern names: these are looked up among `words`.

    >>> counted = [(r"(.*) has (?P<n>.*) legs", "{0} 有 {n}条腿")]
    >>> translated("Rex has four legs", counted, {"four": "四"})
    'Rex 有 四条腿'
    """
    for english, other in catalogue:
        found = re.fullmatch(english, text, re.DOTALL)
        if found is not None:
            known = {
                name: (words or {}).get(part or "", part or "")
                for name, part in found.groupdict().items()
            }
            return other.format(*found.groups(), **known)
    return None
