"""The picture of a system as a lecturer would draw it: the command that makes it.

The lectures' own figures are in `symgraph.zoo.figures`; here are the pictures of the others, and of
those whose figures in the lectures show something else than the system as a whole.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from symgraph.zoo.figures import FIGURES

__all__ = ["PICTURES", "commands"]

#: What follows `symgraph`; in it {net} is the system with its options, {} the file, and the name
#: of an option in braces its value.
_TABLE = """
universal universal-fit xor-mlp two-cars two-cars-trained two-cars-by-hand half-squared softmax
linear-layers maxout monomials hypothesis quadratic-unit quadratic-layers perceptron hebb bins
worked-example-update named-units-update
    draw {net} {} --style layers
deep-autoencoder batch-norm batch-norm-net residual-net pretraining linear-autoencoder cd1
rnn-step cbow-lookup cbow-negative layer-norm
    draw {net} {} --style blocks
transformer
    draw {net} {} --style blocks --direction BT
attention
    draw {net} {} --style blocks --output Y
digits-deep lenet sentence-classifier
    draw {net} {} --style maps
rnn rnn-h rnn-stacked rnn-scalar power hello char-rnn tagger
    draw {net} {} --style timeline --steps 3
char-lstm rnn-concatenated rnn-row gender-cell
    draw {net} {} --style cell
rnn-modes
    draw {mode} {} --style modes
centre-surround
    draw {net} {} --style window --values '{"X": [[0,0,0],[0,1,0],[0,0,0]]}'
sigmoid tanh relu softplus leaky-relu elu step
    plot {net} {} --range -4,4
parabola
    plot {net} {} --range -2.5,1
quadratic
    plot {net} {} --range x=-2,2 y=-2,2
"""
#: What belongs to the numbers of one size.
_OF_NUMBERS = r" --(values|path|paths|step|time) .*?(?=$| --)"
#: The formats of plots.
_PLOTTED = (".svg", ".pdf", ".png")


def _read(table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    for line in table.strip().splitlines():
        if line.startswith(" "):
            found |= dict.fromkeys(names, line.strip())
            names = []
        else:
            names += line.split()
    return found


PICTURES = _read(_TABLE)


def commands(text: str, name: str, file: Path, defaults: Mapping[str, str]) -> list[list[str]]:
    """What may follow `symgraph` to draw a system, the best picture first, the plain graph last.

    `text` is the system with its options, `name` the one it is listed under, `defaults` are the
    values of its options where nothing is written.
    """
    net = f"zoo:{text}"
    options = dict(defaults)
    for option in text.split(",")[1:]:
        key, _, value = option.partition("=")
        options[key.strip()] = value.strip()
    found = [PICTURES[name]] if name in PICTURES else []
    if text != name:
        found = [re.sub(_OF_NUMBERS, "", line) for line in found]
    found += _of_lectures(text, name)
    found = [line for line in found if line.startswith("draw") or file.suffix in _PLOTTED]
    # A comma parts the options behind a name, a blank the words of a mode.
    mode = re.sub("^n-n-", "n-n ", options.get("mode", ""))
    filled = {"{net}": net, "{}": str(file), "{mode}": mode}
    words = [[filled.get(word, word) for word in shlex.split(line)] for line in found]
    return [*words, ["draw", net, str(file)]]


def _of_lectures(text: str, name: str) -> list[str]:
    """The figures of the lectures that show a system, those with just these options first.

    What belongs to the sizes of other options is left out.
    """
    exact: list[str] = []
    others: list[str] = []
    for figure in FIGURES:
        target = shlex.split(figure.command)[1]
        line = re.sub(rf"'?{re.escape(target)}'?", "{net}", figure.command, count=1)
        if target == f"zoo:{text}":
            exact.append(line)
        elif target.partition(",")[0] == f"zoo:{name}":
            others.append(re.sub(_OF_NUMBERS, "", line))
    return exact + others
