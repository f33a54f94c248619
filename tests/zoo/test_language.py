"""Character models: their steps against NumPy, their training against the text."""

from __future__ import annotations

import numpy as np

import symgraph as sg
from symgraph.zoo import corpora, language


def logistic(z):
    return 1 / (1 + np.exp(-z))


def test_the_lstm_computes_the_formulas_of_its_description():
    rng = np.random.default_rng(0)
    E, U = rng.normal(size=(4, 12)), rng.normal(size=(3, 12))
    V, b = rng.normal(size=(3, 4)), rng.normal(size=4)
    h, c = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    ids, following = rng.integers(0, 4, (5, 2)), rng.integers(0, 4, (5, 2))
    given = {"ids": ids, "next": following, "E": E, "U": U, "V": V, "b_V": b, "h0": h, "c0": c}
    net = language.char_lstm(4, 3, 2)

    losses = []
    for now, then in zip(ids, following, strict=True):
        i, f, g, o = np.split(10 * E[now] + h @ U, 4, axis=1)
        c = logistic(f + 1) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        z = h @ V + b
        losses += [np.log(np.exp(z[n]).sum()) - z[n, then[n]] for n in range(2)]
    assert np.isclose(sg.evaluate(net.loss, given), np.mean(losses), rtol=1e-12)
    told = {k: v for k, v in given.items() if k != "next"}
    states = {k: v for k, v in told.items() if k not in ("V", "b_V")}
    assert np.allclose(sg.evaluate(net.scores, told)[-1], z, rtol=1e-12)
    for state, wanted in zip(net.updates.values(), (h, c), strict=True):
        assert np.allclose(sg.evaluate(state, states), wanted, rtol=1e-12)


def test_the_states_go_on_from_one_stretch_of_the_text_to_the_next():
    letters = corpora.Numbers("to be or not to be")
    ids = letters.of("to be or not to be")[:, None]
    data = {"ids": ids[:-1], "next": ids[1:]}
    net = language.char_rnn(len(letters), 8, 1)
    model = sg.Model(
        net.loss, [net.ids, net.following], {"h": net.updates[next(iter(net.updates))]},
        updates=net.updates, batch="T",
    )  # fmt: skip
    whole = model.predict({"ids": data["ids"]})["h"]

    model.fit(data, epochs=1, batch_size=5, shuffle=False, optimizer=sg.optim.SGD(0.0))
    assert np.allclose(model.states["h0"], whole, atol=1e-12)


def test_a_few_epochs_on_real_text_bring_the_loss_down():
    text = corpora.reference_text().characters[:8_000]
    letters = corpora.Numbers(text)
    ids = letters.of(text)
    columns = [ids[i : i + 7_984].reshape(16, 499).T for i in (0, 1)]
    for builder in (language.char_rnn, language.char_lstm):
        net = builder(len(letters), 24, 16)
        model = sg.Model(net.loss, [net.ids, net.following], updates=net.updates, batch="T")
        losses = model.fit(
            {"ids": columns[0], "next": columns[1]}, epochs=3, batch_size=50, shuffle=False,
            optimizer=sg.optim.Adam(0.01),
        )["loss"]  # fmt: skip
        assert losses[2] < losses[1] < losses[0] < np.log(len(letters)) + 0.1


def test_the_gates_of_the_character_model_are_printed_by_their_letters():
    lines = sg.derive(language.char_lstm(4, 3, 2).loss, "U").unicode().splitlines()

    for gate, first in zip("ifgo", ("j", "j+3", "j+6", "j+9"), strict=True):
        assert f"  {gate}_t[k,j] = a_t[k,{first}]" in lines
