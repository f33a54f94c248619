"""Every topic of the lectures has a short script that runs, draws and says what it found."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "examples" / "topics"
#: What each script prints, among other things: numbers of the lectures, or what must be learnt.
SHOWN = {
    "activations": "0.6802671967, slope 0.2175037378",
    "attention": r"Found: (9[5-9]\.\d|100\.0)% of the letters",
    "autoencoders": r"2316752 numbers.*\n(.*\n)*Found: 16 .* read 9\d\.\d%",
    "backpropagation": "Found: one step takes the loss from 3.849904 to 1.469057.",
    "bidirectional_and_captions": "both ways: 100.0% right",
    "boltzmann_machines": "dE/dW = −v hᵀ",
    "cbow": r"Found: the loss falls from 5\.\d\d to [34]\.\d\d nats",
    "char_rnn": r"after    1 steps the loss is 4\.9460939050\n(.*\n)*.*writes 'hello'",
    "convolution": r"fully connected +1 +1000000000000\n(.*\n)*.*reads 9[5-9]\.\d%",
    "dense_backprop": r"w_Aλ⁺ = .*δ_A",
    "encoder_decoder": r"Found: (9[5-9]\.\d|100\.0)% of new sequences",
    "error_wall": r"b = b\* \+0\.0: E = 0\.006013, dE/dw = -16004\d\d",
    "features": r"of H₁ leaves 76\.631579",
    "five_modes": r"1-1, a plain network: 1 in, 1 out.* 0\.0000,",
    "gru_and_variants": "LSTM 98816, GRU 73728",
    "language_models": r"Found: 3\.\d+ bits a letter by counting pairs, [23]\.\d+ by Elman's",
    "losses": r"−1\[margin < 1\] φ\(x\) y",
    "lstm_gates": r"\.: 0\.99990920\n",
    "normalisation_dropout_residual": r"and read 9\d\.\d% with skips",
    "optimizers": r"ε inside: step 9\.950371902e-05",
    "perceptron_and_xor": r"AND: w = \[4\. 2\.\], b = -6, first epoch without errors: 6",
    "rnn_through_time": r"dE/dW = Σ_t δ_t s_{t−1}ᵀ",
    "sensitivity": "1.088104106, the sum over both paths",
    "softmax": r"dL/dnet = ŷ − d\n(.*\n)*.*loss 1000, gradient \[ 1\. -1\.  0\.\]",
    "tagging": r"paris: other, reaches: other, rome: place",
    "text_cnn": r"Found: (9[5-9]\.\d|100\.0)% of new texts",
    "threshold_units": r"1\.5: \[0, 0, 0, 1\]\n(.*\n)*.*w = \[1\. 1\.\], b = -1, errors 0",
    "two_cars": r"soft sum 0\.5599661926\ntrained: loss 0\.018058, 100% right",
    "universal_approximation": r"fitted 0\.1\d\d\d\.",
    "vanishing_gradients": r"1\.01: w\^999 = 20751\.63925, derivative 999 w\^998 = 20525631\.29",
    "why_activation": "Jacobian: dy/dx = B A",
    "worked_example": "error after, gradient: -0.1820185833",
}  # fmt: skip
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem != "pictures")


def test_every_script_is_known_here():
    assert [path.stem for path in SCRIPTS] == sorted(SHOWN)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_and_says_how_it_is_run(path):
    text = path.read_text("utf-8")
    title, _, rest = ast.get_docstring(ast.parse(text)).partition("\n\n")
    lines = text.splitlines()

    assert len(lines) < 60
    assert title.endswith((".", "?"))
    assert f"Run: python examples/topics/{path.name} [--draw FOLDER]" in rest
    assert re.match(r"Lectures? 00[0-4]((, | and )00[0-4])*\. Run", rest)
    assert 'print(f"Found: ' in text or 'print("Found: ' in text
    told = [line for line in lines if line.startswith("# ")]
    assert len(told) >= 3, "a lecture is told in words, too"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs_draws_and_ends_with_what_it_found(path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(path), "--draw", str(tmp_path / "out")])
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "pictures", raising=False)

    runpy.run_path(str(path), run_name="__main__")
    monkeypatch.delitem(sys.modules, "pictures")

    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith("Found: ")
    assert re.search(SHOWN[path.stem], printed), printed
    drawn = set(re.findall(r'folder / "([^"]+)"', path.read_text("utf-8")))
    assert {file.name for file in (tmp_path / "out").iterdir()} == drawn != set()
