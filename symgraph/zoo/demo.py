"""The main job on real data: derive, draw, compile and train, with the files left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import symgraph as sg
from symgraph.node import Node
from symgraph.walks import variables
from symgraph.zoo import convolution, digits, losses

__all__ = ["run"]

EPOCHS = 15
WANTED = 0.97


def run(out: Path) -> int:
    """Run the demo; write its files to `out`; 0 when the network reaches 97 % on the test set."""
    written: list[Path] = []
    written += _derive_and_draw(
        "hinge", losses.hinge(), ["W"], {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}, out
    )
    written += _derive_and_draw(
        "two_layer",
        losses.two_layer(),
        ["w1", "v1"],
        {
            "φ(x)": [1.0, 2.0],
            "v1": [0.5, -0.25],
            "v2": [-0.5, 0.75],
            "w1": 1.0,
            "w2": -2.0,
            "y": 1.0,
        },
        out,
    )
    accuracy, files = _train(out)
    written += files
    print("\nFiles written:")
    for path in written:
        print(f"  {path}")
    if accuracy < WANTED:
        print(f"\nThe test accuracy {accuracy:.2%} is below {WANTED:.0%}.")
        return 1
    return 0


def _derive_and_draw(
    name: str, loss: Node, wrt: list[str], values: dict[str, object], out: Path
) -> list[Path]:
    """Print the gradient and its derivation, draw the diagram with green labels."""
    named = {node.params[0]: node for node in variables([loss])}
    text: list[str] = []
    for parameter in wrt:
        derivation = sg.derive(loss, named[parameter])
        print(f"\n{derivation}")
        text.append(derivation.markdown())
    derived, drawn = out / f"{name}.md", out / f"{name}.svg"
    derived.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    sg.draw(loss, values=values).save(drawn)
    return [derived, drawn]


def _train(out: Path) -> tuple[float, list[Path]]:
    """Train the convolutional network on the digits; return its accuracy on the test set."""
    x_train, y_train, x_test, y_test = digits.split(key=0)
    net = convolution.digits_cnn()
    model = sg.Model(
        loss=net.loss,
        inputs=[net.x, net.y],
        outputs={"logits": net.logits},
        target="cython",  # NumPy where there is no C compiler
    )
    print(f"\nHandwritten digits: {len(y_train)} images to train, {len(y_test)} to test")
    history = model.fit(
        {"image": x_train, "label": y_train},
        optimizer=sg.optim.Adam(3e-3),
        epochs=EPOCHS,
        batch_size=32,
        validation={"image": x_test, "label": y_test},
    )
    scores = model.predict({"image": x_test})["logits"]
    accuracy = float(np.mean(np.argmax(scores, axis=1) == y_test))
    print(f"test accuracy {accuracy:.2%} after {EPOCHS} epochs")
    parameters, record, source = (
        out / "digits.safetensors",
        out / "digits_history.csv",
        out / "digits_forward.py",
    )
    model.save(parameters)
    history.save(record)
    weights = [node for node in variables([net.logits]) if node is not net.x]
    sg.compile([net.x, *weights], net.logits, style="read").save(source)
    return accuracy, [parameters, record, source]
