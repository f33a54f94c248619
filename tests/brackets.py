"""Whether a written formula can be read.

from brackets import is_balanced
"""

import re

PAIRS = {"(": ")", "[": "]", "{": "}"}


def is_balanced(text: str) -> bool:
    r"""Whether brackets close in order and every \left has its \right."""
    bare = text.replace(r"\{", "").replace(r"\}", "").replace(r"\left|", "|")
    stack: list[str] = []
    for char in bare.replace(r"\right|", "|"):
        if char in PAIRS:
            stack.append(PAIRS[char])
        elif char in PAIRS.values() and (not stack or stack.pop() != char):
            return False
    left, right = (re.findall(rf"\\{word}(?![a-z])", text) for word in ("left", "right"))
    return not stack and len(left) == len(right)
