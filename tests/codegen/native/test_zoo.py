"""Every system of the zoo in native code: value and gradients as those of NumPy programs."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph import zoo
from symgraph.errors import SymgraphError
from symgraph.network import load_network
from symgraph.sample import draw

pytestmark = needs_c_compiler


@pytest.mark.parametrize("name", zoo.names())
def test_a_system_has_the_value_and_the_gradients_of_its_numpy_program(name: str) -> None:
    node = load_network(f"zoo:{name}")
    sample = draw([node])
    real = [v for v in sample.values if v.kind == "real"]
    total = sg.sum(sg.tanh(node))
    try:
        outputs = [node, *sg.grad(total, real)]
    except SymgraphError:
        outputs = [node]
    values = list(sample.values.values())
    got = sg.compile(list(sample.values), outputs, target="cython")(*values)
    want = sg.compile(list(sample.values), outputs)(*values)

    for one, other in zip(got, want, strict=True):
        assert one.dtype == other.dtype
        assert np.allclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True)
