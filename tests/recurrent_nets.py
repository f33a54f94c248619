"""The recurrent nets of the lectures by short names, each made when it is wanted."""

from collections.abc import Callable
from typing import Any

from symgraph.zoo import gates, recurrent

NETS: dict[str, Callable[[], Any]] = {
    "rnn": recurrent.rnn,
    "row": recurrent.rnn_row,
    "classifier": recurrent.sequence_classifier,
    "from_zero": lambda: recurrent.rnn_h(from_zero=True),
    "joined": recurrent.concatenated_rnn,
    "stacked": recurrent.stacked_rnn,
    "elman": recurrent.elman_language_model,
    "encoder": recurrent.encoder_decoder,
    "scalar": recurrent.scalar_rnn,
    "power": recurrent.power_of_weight,
    "lstm": gates.lstm,
    "lstm_row": gates.lstm_row,
    "peephole": lambda: gates.lstm(peepholes="fio"),
    "one_peephole": lambda: gates.lstm(peepholes="o"),
    "coupled": lambda: gates.lstm(coupled=True),
    "gru": gates.gru,
    "gru_z": lambda: gates.gru(keeps="z"),
}
