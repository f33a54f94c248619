"""Textbook notation: a small typed tree of formulas, read off nodes, written in three styles."""
