"""Slides of a lecture: the hinge loss in numbers, then backpropagation through time in letters.

Run: python examples/slides_for_a_lecture.py [folder]
"""

import sys
from pathlib import Path

import symgraph as sg
from symgraph.zoo import losses, recurrent

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
values = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}

# The suffix chooses the format: .html (reveal.js), .pptx, .tex (Beamer), .pdf or .gif.
for name in ("hinge.html", "hinge.tex"):
    print(sg.slides(losses.hinge(), folder / name, values, title="Hinge loss").name)

# Forward from left to right, backward from right to left, then the sum over the times.
net = recurrent.rnn()
print(sg.slides(net, folder / "through_time.pdf", style="timeline", steps=3).name)
passes = ["forward", "backward"]
print(sg.slides(net, folder / "passes.pdf", style="timeline", steps=3, phases=passes).name)
