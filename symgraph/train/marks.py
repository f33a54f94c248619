"""What the bits of a training depend on: its formulas, and how and where they are computed."""

from __future__ import annotations

import hashlib
import math
import numbers
import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from symgraph.codegen.native.toolchain import ToolchainError, find_compiler, processor, processors
from symgraph.node import Node
from symgraph.ops.digest import digest
from symgraph.ops.leaves import Var, var
from symgraph.train.data import Data
from symgraph.train.plan import Rule
from symgraph.train.program import Settings
from symgraph.train.spec import Spec
from symgraph.train.stream import Stream

__all__ = [
    "build_marks", "data_hash", "formula_hashes", "formulas_hash", "rule_hash", "rule_text",
]  # fmt: skip

SAMPLES = 64  # that stand for all data
_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_CORETYPE")


def formulas_hash(spec: Spec) -> str:
    """The same for the same loss, metrics and updates, in every process."""
    updates = {old.name: new for old, new in spec.updates.items() if isinstance(old, Var)}
    return _hash({**spec.measured, **{f"next {name}": new for name, new in updates.items()}})


def rule_hash(spec: Spec, rule: Rule) -> str:
    """The same for the same optimizer and clipping; a rate that is a number does not count."""
    gradients: dict[Node, Node] = {
        p: var(f"gradient of {p.name}", p.shape, "input") for p in rule.trained(spec)
    }
    changes = rule.of_gradients(gradients)
    return _hash({old.name: new for old, new in changes.items() if isinstance(old, Var)})


def formula_hashes(spec: Spec) -> dict[str, str]:
    """A hash of each formula by its name, to tell which one is not the same."""
    updates = {f"next {old.name}": new for old, new in spec.updates.items() if isinstance(old, Var)}
    return {name: digest(node).hex()[:8] for name, node in {**spec.measured, **updates}.items()}


def rule_text(rule: Rule) -> dict[str, str]:
    """The options of an optimizer and of clipping as they were written, by name."""
    given = {one.name: getattr(rule.optimizer, one.name) for one in fields(rule.optimizer)}
    if isinstance(given["learning_rate"], numbers.Real):
        given["learning_rate"] = "a number"
    given = {
        "optimizer": type(rule.optimizer).__name__, **given, "clip_norm of fit": rule.clip_norm,
        "clip_value of fit": rule.clip_value, "freeze": rule.frozen,
    }  # fmt: skip
    # a function prints with its address, which is another one in each process
    return {name: re.sub(r" at 0x\w+", "", str(value)) for name, value in given.items()}


def _hash(named: Mapping[str, Node]) -> str:
    made = hashlib.blake2b(digest_size=8)
    for name, node in sorted(named.items()):
        made.update(f"|{name}|".encode())
        made.update(digest(node))
    return made.hexdigest()


def data_hash(data: Data | Stream) -> str:
    """The same for the same data: of samples all over them, since reading all may take long."""
    if isinstance(data, Stream):
        return "stream"
    every = math.ceil(data.rows / SAMPLES)
    some = data.take(np.arange(0, data.rows, every))
    made = hashlib.blake2b(digest_size=8)
    for name, array in sorted((node.name, array) for node, array in some.arrays.items()):
        made.update(f"|{name}|{array.dtype.str}{array.shape}|".encode())
        made.update(np.asarray(array, order="C").data)
    return made.hexdigest()


def build_marks(settings: Settings, source: str) -> dict[str, Any]:
    """What else must be the same for the same bits, by a word for each."""
    marks = {
        "target": settings.target,
        "threads": settings.threads,
        "program": hashlib.blake2b(source.encode(), digest_size=8).hexdigest(),
        "numpy": np.__version__,
        "processor": _short(f"{processor()}{sys.byteorder}"),
        "BLAS threads": " ".join(
            [*(os.environ.get(name, "-") for name in _THREADS), str(processors())]
        ),
    }
    if settings.target == "cython":
        try:
            marks["compiler"] = _short(find_compiler().identity)
        except ToolchainError:
            marks["compiler"] = "none"
    return marks


def _short(text: str) -> str:
    """The name of the machine and a hash of what tells it from others."""
    return f"{platform.machine()}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
