"""The systems of the lectures compiled: NumPy and native code give the numbers of the expression.

Both give the loss and its gradients, at random values away from kinks, to 1e-12 (1 + |value|).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

import symgraph as sg
from lectures.checks import add
from lectures.derivations import DERIVED
from lectures.numbers_of_features import safe
from lectures.numbers_of_gates import gender_cell
from lectures.table import LECTURES
from lectures.toolchain import has_a_compiler
from symgraph.facts import as_facts
from symgraph.node import Node
from symgraph.sample import draw as sample
from symgraph.walks import variables
from symgraph.zoo import builder, built

__all__ = ["SYSTEMS"]

#: The systems of rows that print no derivation, with their options as on the command line.
SYSTEMS = """
S0-02 hypothesis,degree=1 hypothesis,degree=3
S0-09 two-cars-by-hand two-cars-by-hand,offset=yes
S0-10 two-cars-net,unit=step
S0-13 universal-fit universal-fit,function=sigmoid
S0-17 two-cars-net two-cars two-cars-trained
S0-25 two-layer
S0-28 autoencoders pretraining
S0-45 gate
S0-41 rnn-scalar
S0-42 rnn rnn,function=relu
S0-47 lstm
S0-48 lstm
S0-04 temperature
S0-07 monomials monomials,variables=3,degree=3
S1-03b rnn-modes rnn-modes,mode=1-n rnn-modes,mode=n-1 rnn-modes,mode=n-n-delayed
S1-04 hello
S1-06 rnn-step rnn
S2-05 lstm
S3-01 tagger
S3-03 wall
S3-09 lstm,order=xh
S4-02 hebb
S4-04 perceptron
S4-05 perceptron
S4-03 mcculloch-pitts mcculloch-pitts,threshold=0.5
S4-08 xor xor-skip xor-mlp
S4-09 triangle
S4-20 worked-example
S4-22 worked-example
S4-26 noisy-relu noisy-relu,through=no
S4-28 maxout
S4-38 residual-chain residual-chain,residual=no
S4-39 batch-norm
S4-42 rbm free-energy likelihood
S4-43 cd1
S4-44 deep-autoencoder deep-autoencoder,tied=yes
S4-48 dropout
S4-52 conv-classifier,size=10,maps=3
S4-55 text-classifier
S4-65 rnn-row
S4-67 cbow cbow-lookup cbow-negative
S4-72 bidirectional
S4-73 captioning
"""


def cars_apart() -> Node:
    return safe(1)


def gender_at_the_end() -> Node:
    final: Node = gender_cell().final
    return final


#: Systems of rows that are written where their numbers are.
MADE: dict[str, Callable[[], Any]] = {"S0-08": cars_apart, "S3-11": gender_at_the_end}

TOLERANCE = 1e-12


def roots_of(system: Any) -> list[Node]:
    """The loss of a system and its gradients by all real variables, or its own next values."""
    loss = getattr(system, "loss", system)
    if hasattr(system, "updates"):
        return [loss, *system.updates.values()]
    total = loss if loss.shape == () else sg.sum(loss)
    real = [leaf for leaf in variables([total]) if leaf.kind == "real"]
    return [loss, *sg.grad(total, real)]


def gives_the_numbers_of_the_expression(make: Callable[[], Any]) -> None:
    system = make()
    roots = roots_of(system)
    leaves = variables(roots)
    values = sample(roots, facts=as_facts(getattr(system, "facts", ()))).values
    expected = sg.evaluate(roots, values)
    for target in ("numpy", "cython") if has_a_compiler() else ("numpy",):
        compiled = sg.compile(leaves, roots, target=target)(*(values[leaf] for leaf in leaves))
        for got, want in zip(compiled, expected, strict=True):
            assert np.shape(got) == np.shape(want)
            gap = np.abs(np.asarray(got) - want) / (1 + np.abs(want))
            assert np.max(gap, initial=0.0) <= TOLERANCE, target


@cache
def once(make: Callable[[], Any]) -> None:
    gives_the_numbers_of_the_expression(make)


def _add_all() -> None:
    made: dict[str, Callable[[], None]] = {}
    of_rows = [(row, text) for row, *texts in map(str.split, SYSTEMS.strip().splitlines())
               for text in texts]  # fmt: skip
    wanted = [(row, text, partial(built, text)) for row, text in of_rows]
    for one in DERIVED:
        options = "".join(f",{key}={_short(value)}" for key, value in one.build.items())
        wanted.append(
            (one.identity, one.builder + options, partial(builder(one.builder), **one.build))
        )
    wanted += [(row, make.__name__.replace("_", " "), make) for row, make in MADE.items()]
    seen: set[tuple[str, str]] = set()
    for row, text, make in wanted:
        if "comp" in LECTURES[row].verbs and (row, text) not in seen:
            seen.add((row, text))
            add(row, "comp", text, made.setdefault(text, partial(once, make)))


def _short(value: Any) -> str:
    value = getattr(value, "func", value)
    return str(getattr(value, "__name__", value))


_add_all()
