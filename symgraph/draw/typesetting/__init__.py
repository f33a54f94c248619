"""Typesetting: LaTeX to outlines of glyphs, in boxes whose size is known."""
