"""Decks: what is told step by step, and what is seen in which step."""
