"""Variants of the LSTM: peepholes, coupled gates, GRU; which is simpler, and what tells them apart.

Lectures 000 and 002. Run: python examples/topics/gru_and_variants.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import gates, recurrent

# Peepholes let the gates see the cell, each where it is wanted: o sees the new cell C_t.
for name, net in (
    ("peepholes on f and o", gates.lstm(peepholes="fo")),
    ("coupled gates", gates.lstm(coupled=True)),
    ("GRU", gates.gru()),
):
    print(f"{name}:")
    for line in sg.derive(net.loss, net.loss).given:
        print("   ", line.unicode())

# Coupled gates write what they forget: f acts along two ways, and its label is C_{t-1} - C̃_t.
# Forgetting goes with the input gate; the slide that says "forget and output" is wrong.

# Sizes: the GRU has three quarters of the weights of an LSTM of the same width.
nets = {
    "RNN": recurrent.rnn(128, 64), "LSTM": gates.lstm(128, 64),
    "coupled": gates.lstm(128, 64, coupled=True), "GRU": gates.gru(128, 64),
    "peephole": gates.lstm(128, 64, peepholes="fio"),
}  # fmt: skip
counts = sg.phenomena.count_parameters(nets)
print(counts)

# Two conventions for the GRU swap z and 1 - z: the same weights then mean another network.
rng = np.random.default_rng(0)
values = {"x": rng.normal(size=(3, 2)), "h0": np.zeros(3)}
values |= {name: rng.normal(size=(3, 5)) for name in ("W_z", "W_r", "W")}
for keeps in ("1-z", "z"):
    states = gates.gru(keeps=keeps).run.states
    print(f"h₃ where h_{{t-1}} is kept by {keeps}:", sg.evaluate(states, values)[-1].round(6))

# Every gradient against finite differences.
assert sg.check(gates.gru().loss, values={**values, "d": np.zeros(3)}).ok

if folder:
    sg.draw(gates.gru(), style="cell").save(folder / "gru_cell.svg")
    sg.draw(gates.lstm(peepholes="fio"), style="cell").save(folder / "peephole_cell.svg")
    counts.plot(folder / "sizes_of_cells.png")

lstm, gru = counts["numbers"][1], counts["numbers"][3]
print(f"Found: LSTM {lstm}, GRU {gru} parameters for 128 units and 64 inputs.")
