"""One way back through time, marked on a timeline, and its product below."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.errors import DrawError
from symgraph.zoo import gates, recurrent


def over_time(net, values=None, **options):
    return draw(net, values, style="timeline", detail="ops", **options)


def test_from_a_use_of_w_to_the_loss_the_product_is_that_of_backpropagation_through_time():
    picture = over_time(recurrent.rnn(), steps=4, path=("W", 2))
    (note,) = picture.view.notes

    # δ_2ᵀ = ∂E/∂s_4 · D_4 W D_3 W D_2 with D_t = diag(1 - s_t²), and the term is δ_2 s_1ᵀ.
    D = [rf"\mathrm{{diag}}(1 - s_{{{t}}}^{{2}})" for t in (4, 3, 2)]
    row = r"\,".join([r"\frac{\partial E}{\partial s_{4}}", D[0], "W", D[1], "W", D[2]])
    term = r"\delta_{2}\,{s_{1}}^{\mathsf{T}}"
    assert note == rf"W\;(t = 2) \to E:\quad {term},\quad \delta_{{2}}^{{\mathsf{{T}}}} = {row}"
    assert sum(edge.highlight for edge in picture.view.edges) == 7
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_numbers_along_a_way_multiply_to_the_term_of_that_time():
    values = {"x": [0.3, -0.8, 0.5], "h0": 0.4, "w": 1.3}
    net = recurrent.scalar_rnn(3).loss
    picture = over_time(net, values, path=("w", 1), digits=12)

    h, w = [0.4], 1.3
    for x in values["x"]:
        h.append(np.tanh(w * h[-1] + x))
    slopes = [float(edge.value) for edge in picture.view.edges if edge.value]
    assert slopes == pytest.approx([1 - one**2 for one in h[1:]])
    (note,) = picture.view.notes
    factors = [rf"\left(1 - h_{{{t}}}^{{2}}\right)" for t in (3, 2, 1)]
    assert note.endswith(r"\,w\,".join(factors) + r"\,h_{0}")


def test_a_loss_of_every_time_is_reached_at_the_time_that_is_asked_for():
    net = recurrent.sequence_classifier()
    last, second = (over_time(net, steps=3, path=path) for path in (("W", 1), ("W", 1, 2)))

    assert r"\to E_{3}:" in last.view.notes[0]
    start = r"\delta_{1}^{\mathsf{T}} = \frac{\partial E_{2}}{\partial O_{2}}"
    softmax = r"\,\left(\operatorname{diag}(O_{2}) - O_{2}\, {O_{2}}^{\mathsf{T}}\right)\,V"
    assert start + softmax in second.view.notes[0]
    assert r"S_{3}" not in second.view.notes[0]


def test_of_an_unknown_length_dots_stand_for_the_times_between():
    (note,) = over_time(recurrent.rnn(), path=("U", 2)).view.notes

    assert r"W\,\cdots\,\mathrm{diag}(1 - s_{2}^{2})" in note
    assert r"\delta_{2}\,{x_{2}}^{\mathsf{T}}" in note


def test_a_unit_that_is_off_lets_nothing_through_at_its_time():
    net = recurrent.rnn(1, 1, function=sg.relu)
    x = [[0.5], [-2.0], [3.0]]
    values = {"x": x, "s0": [0.0], "d": [1.0], "U": [[1.0]], "W": [[0.5]]}
    picture = over_time(net, values)

    # net = 0.5, -1.75, 3: the second one is negative.
    slopes = [(edge.value, edge.dead) for edge in picture.view.edges if edge.value]
    assert slopes == [("1", False), ("0", True), ("1", False)]
    assert any("ReLU" in node.label for node in picture.view.nodes)


def test_what_is_not_in_the_picture_is_refused_by_name():
    with pytest.raises(DrawError, match="no 'V' at time 2; there are the parameters U, W"):
        over_time(recurrent.rnn(), steps=3, path=("V", 2))
    with pytest.raises(DrawError, match="to a loss at time 1"):
        over_time(recurrent.sequence_classifier(), steps=3, path=("W", 2, 1))
    with pytest.raises(DrawError, match=r"as \('W', 2\)"):
        over_time(recurrent.rnn(), steps=3, path="W")
    with pytest.raises(DrawError, match="detail='ops'"):
        draw(recurrent.rnn(), style="timeline", path=("W", 2))
    with pytest.raises(DrawError, match="states are layers"):
        over_time(gates.lstm(), steps=2, path=("W_f", 1))
