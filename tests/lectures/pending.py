"""What no check is there for yet, or fails. It only ever grows shorter."""

from __future__ import annotations

__all__ = ["FAILING", "WITHOUT_CHECK"]

FAILING = tuple(
    one.strip()
    for one in """
    S0-03 def numbers S0-03
    S0-04 def numbers S0-04
    S0-06 def numbers S0-06
    S0-07 def numbers S0-07
    S0-11 def numbers S0-11
    S0-17 def numbers S0-17a
    S0-18 def numbers S0-18
    S0-19 def numbers S0-19
    S0-20 def numbers S0-20
    S0-21 def numbers S0-21
    S0-22 def numbers S0-22
    S0-23 def numbers S0-23
    S0-24 def numbers S0-23
    S0-26 def numbers S0-26
    S0-28 def numbers S0-28
    S0-31 def numbers S0-28
    S0-36 def numbers S0-36
    S0-38 def numbers S0-38
    S0-39 def numbers S0-39
    S0-41 def numbers S0-41
    S0-42 def numbers S0-42
    S0-47 def numbers S0-47
    S0-50 def numbers S0-50
    S0-51 def numbers S0-51
    S0-52 def numbers S0-52
    S1-05 def numbers S1-11
    S1-11 def numbers S1-11
    S1-12 def numbers S1-12
    S2-06 def numbers S0-51
    S2-07 def numbers S0-52
    S3-02 def numbers S3-02
    S3-04 def numbers S4-24b
    S3-05 def numbers S3-05
    S3-08 def numbers S0-47
    S3-10 def numbers S0-41
    S4-01 def numbers S4-01
    S4-03 def numbers S4-03
    S4-08 def numbers S4-08
    S4-12 def numbers S4-12
    S4-13 def numbers S4-13
    S4-17 def numbers S4-17
    S4-18 def numbers S4-18
    S4-21 def numbers S4-21
    S4-22 def numbers S4-22
    S4-24 def numbers S4-24b
    S4-25 def numbers S4-24b
    S4-27 def numbers S4-24b
    S4-28 def numbers S4-28
    S4-32 def numbers S4-32
    S4-33 def numbers S4-33
    S4-35 def numbers S4-35
    S4-39 def numbers S4-39
    S4-40 def numbers S4-40
    S4-42 def numbers S4-42
    S4-48 def numbers S4-48
    S4-50 def numbers S4-50
    S4-51 def numbers S4-51
    S4-53 def numbers S4-53
    S4-54 def numbers S0-39
    S4-55 def numbers S4-55
    S4-57 def numbers S4-57
    S4-61 def numbers S0-41
    S4-67 def numbers S4-67
    S4-68 def numbers S4-68
""".strip().splitlines()
)

WITHOUT_CHECK = tuple(
    one.strip()
    for one in """
    S0-02 def
    S0-02 comp
    S0-02 train
    S0-04 der
    S0-07 der
    S0-08 def
    S0-08 comp
    S0-09 def
    S0-09 comp
    S0-10 def
    S0-12 draw
    S0-13 def
    S0-13 comp
    S0-17 der
    S0-17 train
    S0-25 train
    S0-27 def
    S0-27 train
    S0-28 train
    S0-29 def
    S0-32 def
    S0-33 def
    S0-34 def
    S0-37 def
    S0-45 def
    S1-02 def
    S1-03 def
    S1-03b def
    S1-03b comp
    S1-04 def
    S1-04 comp
    S1-04 train
    S1-06 def
    S1-06 comp
    S1-07 def
    S1-08 def
    S1-09 def
    S1-10 def
    S1-13 def
    S1-15 def
    S1-16 def
    S2-05 def
    S2-05 der
    S2-08 def
    S3-01 def
    S3-01 comp
    S3-03 def
    S3-03 draw
    S3-03 train
    S3-04 draw
    S3-06 def
    S3-11 def
    S3-11 comp
    S3-12 def
    S4-02 comp
    S4-02 train
    S4-04 def
    S4-04 comp
    S4-05 comp
    S4-05 train
    S4-06 train
    S4-07 def
    S4-08 train
    S4-10 def
    S4-21 train
    S4-22 train
    S4-23 train
    S4-24 draw
    S4-26 def
    S4-26 der
    S4-26 comp
    S4-28 der
    S4-29 draw
    S4-31 train
    S4-32 train
    S4-36 def
    S4-41 train
    S4-42 der
    S4-43 comp
    S4-43 train
    S4-44 def
    S4-45 def
    S4-46 comp
    S4-46 train
    S4-47 train
    S4-48 der
    S4-49 def
    S4-52 def
    S4-55 der
    S4-59 def
    S4-59 comp
    S4-59 train
    S4-68 train
    S4-69 def
    S4-70 def
    S4-72 def
    S4-73 def
""".strip().splitlines()
)
