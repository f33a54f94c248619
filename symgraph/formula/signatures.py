"""What the functions of the language are called and what they are given.

The table stands here in words, so that a text is read, and refused, before the modules that hold
the functions are imported. A test holds it against the signatures of these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

__all__ = ["SPELLINGS", "Signature", "signatures"]

#: Other spellings of public names.
SPELLINGS: dict[str, str] = {
    "σ": "sigmoid", "logistic": "sigmoid", "ln": "log", "tr": "trace", "Tr": "trace",
    "Σ": "sum", "Π": "prod", "√": "sqrt", "sgn": "sign", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "ReLU": "relu",
    "log_det": "logdet", "lse": "logsumexp", "pow": "power", "inverse": "inv", "ceiling": "ceil",
    "detach": "stop_gradient",
}  # fmt: skip

# One line for each list of parameters. x is an operand, x? one that may be missing, *x any number
# of them; :x is an option that must be given, x= one that may be.
_TABLE = """
x: abs arccos arccosh arcsin arcsinh arctan arctanh ceil cos cosh exp expm1 floor log log1p
    logical_not negative relu sigmoid sin sinh softplus sqrt square tan tanh diag diagonal
    squared_norm trace det inv logdet erf erfc gelu log_sigmoid normal_cdf normal_pdf selu silu
    loggamma digamma
    softsign flatten ones_like zeros_like global_max_pool global_mean_pool
x y: add arctan2 divide equal floor_divide greater greater_equal less less_equal logical_and
    logical_or maximum minimum multiply not_equal remainder subtract dot matmul outer logaddexp
    xlogy
x low high: clip
x alpha=: elu
condition: indicator
value: stop_gradient
x slope=: leaky_relu
x exponent: power
x at_zero=: sign step
condition x y: where
x :shape: broadcast_to reshape
x axis= keepdims=: mean sum all any argmax argmin count_nonzero logsumexp max min prod
x :first :second: swapaxes
x y axes=: tensordot
x axes=: transpose
x axis= keepdims= ddof=: var std
a b: kron solve
x axis=: log_softmax softmax flip squeeze
x :pieces axis=: maxout
x ord= axis= keepdims=: norm
prediction target: absolute_error squared_error
prediction target weight?: mean_absolute_error mean_squared_error
logits target weight?: binary_cross_entropy_with_logits
logits target axis= weight?: cross_entropy
margin: hinge
scores target weight?: hinge_loss
prediction target delta=: huber
prediction target delta= weight?: huber_loss
p q axis= weight?: kl_divergence
:start stop= step=: arange
*parts axis=: concat stack
x axis= reverse=: cumsum
x n= axis=: diff
x :axis: expand_dims
:n m= k=: eye
:shape fill_value: full
x :fill_value: full_like
x :source :destination: moveaxis
:shape: ones zeros
x :width: pad
x :repeats axis=: repeat
x :shift axis=: roll
x :reps: tile
x k=: tril triu
labels :n: one_hot
x labels axis=: pick
x indices axis=: take
x gamma? beta? axis= epsilon=: layer_norm
x w stride= padding= dilation= groups=: conv1d conv2d
x :window stride= padding=: max_pool1d max_pool2d mean_pool1d mean_pool2d
"""


class Signature(NamedTuple):
    """The parameters of a function in order: "operand", "operands" or "option" by name."""

    name: str
    roles: Mapping[str, str]
    required: int

    @property
    def usage(self) -> str:
        """How it is called, for hints: `softmax(x, axis=...)`."""
        shown = [
            name if number < self.required else f"{name}=..."
            for number, name in enumerate(self.roles)
        ]
        return f"{self.name}({', '.join(shown)})"


@cache
def signatures() -> dict[str, Signature]:
    """All functions by name.

    >>> signatures()["softmax"].usage, "einsum" in signatures()
    ('softmax(x, axis=...)', False)
    """
    found: dict[str, Signature] = {}
    for line in _TABLE.strip().replace("\n    ", " ").split("\n"):
        words, _, names = line.partition(": ")
        roles = dict(map(_role, words.split()))
        required = sum(word[-1] not in "?=" for word in words.split())
        for name in names.split():
            found[name] = Signature(name, roles, required)
    return found


def _role(word: str) -> tuple[str, str]:
    if word[0] == "*":
        return word[1:], "operands"
    return word.strip(":=?"), "option" if word[0] == ":" or word[-1] == "=" else "operand"
