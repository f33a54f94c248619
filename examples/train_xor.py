"""XOR by a small network: defined, compiled, trained, drawn.

Run: python examples/train_xor.py [FOLDER]      (the picture goes to FOLDER, default out/)
"""

import sys
from pathlib import Path

import numpy as np

import symgraph as sg

x, y = sg.input("x", ("N", 2)), sg.input("y", ("N",))
W1, b1 = sg.parameter("W1", (2, 8), seed=1), sg.parameter("b1", 8)
w2, b2 = sg.parameter("w2", 8, init="normal", seed=2), sg.parameter("b2")

h = sg.let("h", sg.tanh(x @ W1 + b1))
out = sg.let("out", sg.sigmoid(h @ w2 + b2))
loss = sg.let("loss", sg.mean((out - y) ** 2))

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])

model = sg.Model(loss=loss, inputs=[x, y], outputs={"out": out})
history = model.fit({"x": X, "y": Y}, optimizer=sg.optim.Adam(0.05), epochs=400, batch_size=4)
print(f"loss {history['loss'][0]:.4f} -> {history['loss'][-1]:.4f}")
for row, wanted, got in zip(X, Y, model.predict({"x": X})["out"], strict=True):
    print(row, "wanted", wanted, "got", round(float(got), 3))

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)
print("drawn:", sg.draw(loss).save(folder / "xor.svg"))
