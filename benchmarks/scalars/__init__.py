"""W7: formulas of many scalars and their derivatives."""
