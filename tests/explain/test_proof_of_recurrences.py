"""The proof of recurrences: each line is read back at every time for which it is printed."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.explain import derivation as printing
from symgraph.notation.write import write
from symgraph.notation.write_time import span_text

STYLES = ("text", "unicode", "latex")


def own_rnn() -> tuple[sg.Node, str]:
    """A recurrence with a loss at every time, in letters of its own."""
    q, a0 = sg.input("q", (4, 2)), sg.input("a0", 3)
    R, P, b = sg.parameter("R", (3, 3)), sg.parameter("P", (3, 2)), sg.parameter("b", 3)

    def step(a: sg.Node, q: sg.Node) -> Any:
        a = sg.let("a", sg.sigmoid(sg.let("z", R @ a + P @ q + b)))
        return a, a

    run = sg.scan(step, a0, q)
    return sg.let("J", sg.sum(run.outputs**2) / 2), "R"


def of_zoo(name: str, wrt: str) -> Callable[[], tuple[sg.Node, str]]:
    def made() -> tuple[sg.Node, str]:
        found = zoo.builder(name)()
        return getattr(found, "loss", found), wrt

    return made


SYSTEMS = {
    "rnn": of_zoo("rnn", "W"),
    "lstm": of_zoo("lstm", "W_f"),
    "gru": of_zoo("gru", "W_r"),
    "encoder and decoder": of_zoo("encoder-decoder", "U"),
}


@functools.cache
def derived(name: str) -> sg.Derivation:
    return sg.derive(*SYSTEMS[name]())


EARLIER = re.compile(r"(\w)_\{[tk][-−]1\}")
FAULTS: dict[str, Callable[[str], str]] = {
    "a lost time step": lambda text: EARLIER.sub(r"\1_{t}", text, count=1),
    "a lost transpose": lambda text: re.sub(r"\^T|ᵀ|\^\{\\mathsf\{T\}\}", "", text, count=1),
    "a range that is too long": lambda text: re.sub(r"(t|k) = [TK][-−]1", r"\1 = T", text),
    "a range that begins late": lambda text: re.sub(r"(t|k) = 1,", r"\1 = 2,", text),
    "a minus for a plus": lambda text: text.replace(" + ", " - ", 1),
    "another number": lambda text: re.sub(r"\b1 ([-−]) ", r"2 \1 ", text, count=1),
    "a factor": lambda text: re.sub(r"^(?=[WVU])", "2 ", text),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_line_of_a_recurrence_is_read_back(name):
    derivation = derived(name)

    assert derivation.unverified == ()
    assert not any("left out" in note.sentence() for note in derivation.notes)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_fault_of_the_printer_in_a_recurrence_raises(name, fault, style, monkeypatch):
    derivation = derived(name)
    spoiled = []

    def faulty(printer: Callable[..., str]) -> Callable[..., str]:
        def printed(one: Any, chosen: Any = "text", *args: Any, **options: Any) -> str:
            text = printer(one, chosen, *args, **options)
            changed = FAULTS[fault](text) if chosen == style else text
            spoiled.append(changed != text)
            return changed

        return printed

    monkeypatch.setattr(printing, "write", faulty(write))
    monkeypatch.setattr(printing, "span_text", faulty(span_text))
    with pytest.raises(sg.ProofError, match="is not true"):
        derivation.with_style()
    assert any(spoiled)


def test_times_that_are_not_printed_raise(monkeypatch):
    derivation = derived("rnn")
    monkeypatch.setattr(printing, "span_text", lambda span, style: "")

    with pytest.raises(sg.ProofError, match="the times for which it holds are missing"):
        derivation.with_style()


def test_what_reaches_a_state_at_an_earlier_time_is_only_a_share_of_its_derivative():
    # h_{t-1} and C_{t-1} also act at their own time, so dL/dC_{t-1} is more than f_t dC_t.
    derivation = derived("lstm")
    lines = [step.line("unicode") for step in derivation.steps]

    assert not any(line.startswith("dL/dC_{t−1} =") for line in lines)
    assert any(line.startswith("dL/dC_{t−1} through") and "f_t" in line for line in lines)


def test_an_own_recurrence_is_proven_in_each_layout_and_sign():
    loss, wrt = own_rnn()

    assert sg.derive(loss, [wrt, "P", "b", "a0", "q"]).verified
    assert sg.derive(loss, wrt, layout="numerator", delta_sign=-1).verified
    assert sg.derive(loss, wrt, abstract={"f": "sigmoid"}, through_time=True).verified


def test_with_only_two_times_no_step_is_lost():
    # There is no time that is neither the first nor the last.
    W, x, s0 = sg.parameter("W", (3, 3)), sg.input("x", (2, 3)), sg.input("s0", 3)
    run = sg.scan(lambda s, x: (sg.let("s", sg.tanh(W @ s + x)),) * 2, s0, x)
    derivation = sg.derive(sg.let("L", sg.sum(run.outputs**2)), W)

    assert derivation.unverified == ()
    assert not any("left out" in note.sentence() for note in derivation.notes)


@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize("at", [0, -1])
def test_a_state_that_is_read_off_beside_another_use_receives_a_share(at, length):
    W, x, v = sg.parameter("W", (3, 3)), sg.input("x", (length, 3)), sg.input("v", 3)
    run = sg.scan(lambda s, x: (sg.let("s", sg.tanh(W @ s + x)),) * 2, sg.input("s0", 3), x)
    end = run.outputs[0] if at == 0 else run.final
    derivation = sg.derive(sg.let("L", sg.sum(run.outputs**2) + v @ end), W)
    name = "s_1" if at == 0 and length > 1 else "s_T"
    lines = [step.line("unicode") for step in derivation.steps]

    assert derivation.verified
    assert f"dL/d{name} through v·{name} = v" in lines
    assert f"dL/d{name} = v" not in lines


def test_a_first_state_that_is_read_off_makes_what_comes_from_the_next_a_share():
    # s_1 also acts by itself, so that dL/ds_{t-1} is more than what s_t hands on at t = 2.
    x = sg.input("x", 4)
    run = sg.scan(lambda s, x: (sg.let("s", s + x),) * 2, sg.input("s0"), x)
    derivation = sg.derive(sg.let("L", sg.tanh(run.outputs[0]) + run.final**2), x)

    assert derivation.verified
    assert not any(step.line("text").startswith("dL/ds_{t-1} =") for step in derivation.steps)
