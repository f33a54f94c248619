"""What lectures observe about networks, measured: each function gives a table that has a plot.

>>> import symgraph as sg
>>> print(sg.phenomena.gradients_by_depth({"σ": sg.sigmoid}, depths=[1, 5, 10], start=0.0))
‖∂v_L/∂v_0‖ after L layers
 L            σ    σ at most
 1         0.25         0.25
 5  0.000676339  0.000976562
10  3.87522e-07  9.53674e-07
σ: the gradient vanishes, by a factor of 0.2247 a layer at the end.
"""

from symgraph.phenomena.counting import count_parameters
from symgraph.phenomena.depth import gradients_by_depth
from symgraph.phenomena.descent import compare_optimizers, error_surface
from symgraph.phenomena.piecewise import approximation_error, linear_pieces
from symgraph.phenomena.table import Table
from symgraph.phenomena.time import belt, gradients_over_time, step_norms
from symgraph.phenomena.units import active_fractions, decision_lines, truth_table

__all__ = [
    "Table", "active_fractions", "approximation_error", "belt", "compare_optimizers",
    "count_parameters", "decision_lines", "error_surface", "gradients_by_depth",
    "gradients_over_time", "linear_pieces", "step_norms", "truth_table",
]  # fmt: skip
