"""The page: skeleton, style, data, program and application joined to one file that stands alone."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from symgraph.draw.typesetting.typeset import clean

__all__ = ["page"]

#: The application, in this order.
_SCRIPTS = (
    "words.js", "numbers.js", "formula.js", "visible.js", "layout.js", "model.js", "motion.js",
    "canvas.js", "camera.js", "steps.js", "panel.js", "inputs.js", "training.js", "main.js",
)  # fmt: skip
_MARK = re.compile(r"\{\{(\w+)\}\}")


def page(content: Mapping[str, Any], program: str, title: str) -> str:
    """The page as HTML; `program` is a script that defines the constant `program`.

    What the user wrote stands in the title, escaped, and in a block of data, which is no script.
    The policy in the head lets exactly these scripts and this style run, and nothing be loaded.
    """
    style, application = _style(), _application()
    parts = {
        "language": str(content["language"]),
        "policy": _policy([program, application], style),
        "title": html.escape(clean(title)),
        "style": style,
        "content": json_in_script(content),
        "program": program,
        "application": application,
    }
    pieces = _MARK.split(_text("page.html"))
    pieces[1::2] = [parts[name] for name in pieces[1::2]]
    return "".join(pieces)


def json_in_script(data: Any) -> str:
    """JSON that no browser takes for markup, nor old ones for the end of a line.

    >>> json_in_script({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


@cache
def _style() -> str:
    return _text("explorer.css")


@cache
def _application() -> str:
    body = "\n".join(_text(name) for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{body}}})();\n'


def _text(name: str) -> str:
    return resources.files("symgraph.explorer").joinpath(name).read_text(encoding="utf-8")


def _policy(scripts: list[str], style: str) -> str:
    allowed = " ".join(map(_digest, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    found = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(found).decode()}'"
