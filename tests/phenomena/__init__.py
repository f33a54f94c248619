"""Tests of what lectures observe about networks."""
