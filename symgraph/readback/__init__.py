"""Reading printed formulas back: text, Unicode and LaTeX as strings, and what they say in numbers.

This package knows nothing of how formulas are printed; it reads what a reader of the page would
read. A derivation holds every line that it prints against the graph in this way.
"""

from symgraph.readback.indices import free_letters, unbound
from symgraph.readback.meaning import meaning, steps_of
from symgraph.readback.names import Given, Names, Sequence, Sort
from symgraph.readback.parser import Statement, read
from symgraph.readback.stream import ReadError
from symgraph.readback.values import MeaningError, Open, Undetermined, Value, laid, sized, tried

__all__ = [
    "Given",
    "MeaningError",
    "Names",
    "Open",
    "ReadError",
    "Sequence",
    "Sort",
    "Statement",
    "Undetermined",
    "Value",
    "free_letters",
    "laid",
    "meaning",
    "read",
    "sized",
    "steps_of",
    "tried",
    "unbound",
]
