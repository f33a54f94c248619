"""What no check is there for yet, or fails. It only ever grows shorter."""

from __future__ import annotations

__all__ = ["FAILING", "WITHOUT_CHECK"]

FAILING = tuple(
    one.strip()
    for one in """

""".strip().splitlines()
)

WITHOUT_CHECK = tuple(
    one.strip()
    for one in """
    S0-02 comp
    S0-02 train
    S0-04 der
    S0-07 der
    S0-08 comp
    S0-09 comp
    S0-12 draw
    S0-13 comp
    S0-17 der
    S0-29 def
    S0-45 def
    S1-03b comp
    S1-04 comp
    S1-06 def
    S1-06 comp
    S2-05 der
    S3-01 comp
    S3-03 draw
    S3-03 train
    S3-04 draw
    S3-11 comp
    S4-02 comp
    S4-04 def
    S4-04 comp
    S4-05 comp
    S4-10 def
    S4-21 train
    S4-22 train
    S4-24 draw
    S4-26 der
    S4-26 comp
    S4-28 der
    S4-29 draw
    S4-32 train
    S4-36 def
    S4-41 train
    S4-42 der
    S4-43 comp
    S4-48 der
    S4-55 der
    S4-59 comp
    S4-68 train
""".strip().splitlines()
)
