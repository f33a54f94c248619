"""The worked example of the lecture, to ten digits, and what its order of updating changes.

Lecture 004. Run: python examples/topics/worked_example.py [--draw FOLDER]
"""

from pictures import folder

import symgraph as sg
from symgraph.zoo import networks, rules

values = {"A": 0.35, "B": 0.9, "t": 0.5, "w1": 0.3, "w2": 0.9}
values |= {"w3": 0.1, "w4": 0.8, "w5": 0.4, "w6": 0.6}

# Forward: two hidden units and the output.
E = networks.worked_example()
print(sg.graph(E).table(values, digits=6))

# The update by the true gradient: every δ is computed with the old weights.
true, lecture = rules.worked_example_update(), rules.worked_example_update(sequential=True)
names = [f"w{k}" for k in range(1, 7)]
after = {}
for title, rule in (("gradient", true), ("lecture", lecture)):
    new = sg.evaluate([rule.updates[sg.parameter(name)] for name in names], values)
    after[title] = {name: float(w) for name, w in zip(names, new, strict=True)}
    print(f"{title:>9}:", ", ".join(f"{name} {w:.8f}" for name, w in after[title].items()))

# The lecture uses w₁⁺ and w₂⁺, already new, for the hidden δ: that is no gradient any more.
slopes = sg.evaluate(sg.grad(E, [sg.parameter(name) for name in names]), values)
for name, slope in zip(names, slopes, strict=True):
    step = values[name] - after["gradient"][name]
    assert abs(step - float(slope)) < 1e-15, "the first update is a step against the gradient"

# The error t - o before and after: the slide prints -0.19 and -0.18205.
o = sg.graph(E).vertex("o").node
before = 0.5 - float(sg.evaluate(o, {k: v for k, v in values.items() if k != "t"}))
print(f"error before: {before:.10f}")
for title, weights in after.items():
    changed = {k: v for k, v in (values | weights).items() if k != "t"}
    print(f"error after, {title}: {0.5 - float(sg.evaluate(o, changed)):.10f}")

if folder:
    sg.draw(E, values, digits=4).save(folder / "worked_example.svg")

print("Found: both orders take the error from -0.1903 to -0.1820; only one is the gradient.")
