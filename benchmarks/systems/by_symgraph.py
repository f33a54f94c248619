"""symgraph: loss, gradients and optimizer as one program with updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

import symgraph as sg
from benchmarks.systems.trainer import Evaluator, Trainer, repeated, tables
from benchmarks.workload import Arrays, Rule, Scalars, TrainStep
from symgraph.walks import variables

__all__ = ["bound", "evaluate", "filled", "program", "train"]


def _optimizer(rule: Rule) -> Any:
    """The optimizer of symgraph that a rule names."""
    kinds = {"sgd": sg.optim.SGD, "momentum": sg.optim.Momentum}
    kinds |= {"adam": sg.optim.Adam, "adagrad": sg.optim.Adagrad}
    return kinds[rule.kind](rule.rate)


def program(work: TrainStep, dtype: Any, target: Any) -> Any:
    """The compiled step."""
    loss = work.symgraph()
    parameters = [v for v in variables([loss]) if v.role == "parameter"]
    gradients = dict(zip(parameters, sg.grad(loss, parameters), strict=True))
    if work.rule.clip is not None:
        gradients = sg.optim.clip_by_value(gradients, work.rule.clip)
    updates = _optimizer(work.rule).updates(gradients)
    everything = variables([loss, *updates, *updates.values()])
    return sg.compile(everything, loss, updates=updates, dtype=dtype, target=target)


def filled(work: TrainStep, dtype: str, target: str, values: Arrays) -> Any:
    """The step on arrays that symgraph lays out, with these values in them."""
    step = program(work, dtype, target).bind(dims={"N": work.batch})
    for name, value in values.items():
        step.arrays[name][...] = value
    return step


def bound(work: TrainStep, dtype: str, target: str) -> Any:
    """The same with the data and the start values."""
    start, data = tables(work, dtype)
    return filled(work, dtype, target, start | data)


def train(work: TrainStep, dtype: str, target: str) -> Trainer:
    start, data = tables(work, dtype)
    step = filled(work, dtype, target, start | data)

    def restart(values: Arrays, rate: float) -> None:
        for name, array in step.arrays.items():
            if name not in data:
                array[...] = values.get(name, rate if name == "η" else 0)

    modes = {"call": repeated(step.step), "loop": step.steps}
    return Trainer(modes, restart, lambda: {name: step.arrays[name] for name in start})


def evaluate(work: Scalars, dtype: Any, target: Any) -> Evaluator:
    """Plain SymPy expressions and their gradients, written into arrays that stay."""
    point = work.point(np.random.default_rng(0))
    symbols = sympy.symbols(f"x0:{len(point)}")
    formulas = work.formulas(symbols, sympy)
    rows = [_row(formula, symbols[: work.wanted]) for formula in formulas]
    values, jacobian = np.zeros((len(rows), 1)), np.zeros((len(rows), work.wanted))
    places = sg.state("values", values.shape), sg.state("jacobian", jacobian.shape)
    updates = dict(zip(places, (sympy.Matrix(formulas), sympy.Matrix(rows)), strict=True))
    program = sg.compile([*symbols, *places], [], updates=updates, dtype=dtype, target=target)
    bound = program.bind(*point, values, jacobian)

    def results() -> Any:
        bound.step()
        return np.concatenate([values.ravel(), jacobian.ravel()])

    return Evaluator({"call": repeated(bound.step), "loop": bound.steps}, results)


def _row(formula: Any, symbols: Any) -> list[Any]:
    """The derivatives by all symbols; a formula without a symbol does not change with it."""
    known = formula.free_symbols
    there = [one for one in symbols if one in known]
    found = dict(zip(there, sg.grad(formula, there), strict=True))
    return [found.get(one, 0) for one in symbols]
