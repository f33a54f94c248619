"""Every system of the lectures, ready to derive, draw, compile and train."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from symgraph.errors import UnknownNameError
from symgraph.zoo import chinese, pages
from symgraph.zoo.options import made_from_text
from symgraph.zoo.other_names import OTHER_NAMES
from symgraph.zoo.pages import Language

__all__ = ["builder", "built", "description", "found", "names", "page", "title", "topics"]

#: The systems by topic and name: module and function below `symgraph.zoo`.
_TOPICS: dict[str, dict[str, str]] = {
    "what a derivative is": {
        "sensitivity": "scalars:sensitivity",
        "building-block": "scalars:building_block",
        "composition": "scalars:chain_of_two",
        "x-sigma-x": "scalars:product_with_itself",
        "parabola": "scalars:parabola",
        "quadratic": "scalars:quadratic",
    },
    "features": {
        "bias": "features:bias_absorbed",
        "log-count": "features:log_count",
        "bins": "features:bins",
        "temperature": "features:temperature",
        "robinson": "features:robinson",
        "monomials": "features:monomials",
        "two-cars": "features:two_cars",
        "hypothesis": "hypotheses:hypothesis_class",
        "ridge": "hypotheses:ridge",
    },
    "losses": {
        "hinge": "losses:hinge",
        "squared": "losses:squared",
        "regularised": "losses:regularised",
        "two-layer": "losses:two_layer",
        "half-squared": "losses:half_squared",
        "softmax": "losses:softmax_loss",
    },
    "activation functions": {
        "sigmoid": "activations:sigmoid",
        "tanh": "activations:tanh",
        "relu": "activations:relu",
        "softplus": "activations:softplus",
        "leaky-relu": "activations:leaky_relu",
        "elu": "activations:elu",
        "step": "activations:step",
        "maxout": "activations:maxout",
        "noisy-relu": "activations:noisy_relu",
    },
    "feedforward networks": {
        "dense": "networks:dense",
        "feedforward": "networks:feedforward",
        "quadratic-unit": "networks:quadratic_unit",
        "quadratic-layers": "networks:quadratic_layers",
        "two-three-one": "networks:two_three_one",
        "named-units": "networks:named_units",
        "worked-example": "networks:worked_example",
        "six-relus": "networks:six_relus",
        "linear-layers": "networks:linear_layers",
        "universal": "networks:universal",
        "universal-fit": "trained:universal_fit",
        "xor-mlp": "trained:xor_mlp",
        "two-cars-by-hand": "trained:two_cars_by_hand",
        "two-cars-trained": "trained:two_cars_trained",
    },
    "unit by unit": {
        "score": "units:score_of_features",
        "activated-score": "units:activated_score",
        "two-cars-net": "units:two_cars_net",
        "mcculloch-pitts": "units:mcculloch_pitts",
        "xor": "units:xor",
        "xor-skip": "units:xor_skip",
        "triangle": "units:triangle",
        "dropout": "units:dropout_net",
        "rbm": "units:boltzmann_machine",
        "dbn": "units:deep_belief",
        "autoencoders": "units:stacked_autoencoders",
    },
    "update rules": {
        "perceptron": "rules:perceptron",
        "hebb": "rules:hebb",
        "cd1": "rules:contrastive_divergence",
        "worked-example-update": "rules:worked_example_update",
        "named-units-update": "rules:named_units_update",
    },
    "deep networks": {
        "chain": "deep:chain",
        "residual-chain": "deep:residual_chain",
        "residual-block": "deep:residual_block",
        "deep-autoencoder": "deep:deep_autoencoder",
        "batch-norm": "deep:batch_normalised",
        "batch-norm-net": "deep:batch_norm_net",
        "residual-net": "deep:residual_net",
        "pretraining": "pretraining:pretraining",
        "linear-autoencoder": "pretraining:linear_autoencoder",
    },
    "convolution": {
        "kernel": "convolution:kernel_response",
        "conv-layer": "convolution:conv_layer",
        "centre-surround": "convolution:centre_surround",
        "shared-weights": "convolution:shared_weights",
        "max-pool": "convolution:max_pooled",
        "mean-pool": "convolution:mean_pooled",
        "conv-classifier": "convolution:conv_classifier",
        "text-classifier": "convolution:text_classifier",
        "digits": "convolution:digits_cnn",
        "lenet": "convolution:lenet",
        "digits-deep": "convolution:deep_digits_cnn",
    },
    "recurrent networks": {
        "rnn": "recurrent:rnn",
        "rnn-step": "recurrent:rnn_step",
        "rnn-row": "recurrent:rnn_row",
        "rnn-h": "recurrent:rnn_h",
        "rnn-concatenated": "recurrent:concatenated_rnn",
        "rnn-stacked": "recurrent:stacked_rnn",
        "rnn-scalar": "recurrent:scalar_rnn",
        "sequence-classifier": "recurrent:sequence_classifier",
        "elman": "recurrent:elman_language_model",
        "encoder-decoder": "recurrent:encoder_decoder",
        "bidirectional": "recurrent:bidirectional",
        "captioning": "recurrent:captioning",
        "power": "recurrent:power_of_weight",
        "wall": "recurrent:wall",
        "rnn-modes": "modes:rnn_modes",
    },
    "gates": {
        "gate": "gates:gate",
        "gender-cell": "gates:gender_cell",
        "lstm": "gates:lstm",
        "lstm-row": "gates:lstm_row",
        "gru": "gates:gru",
    },
    "Boltzmann machines": {
        "free-energy": "machines:free_energy",
        "likelihood": "machines:likelihood",
    },
    "letters and sentences": {
        "hello": "words:hello",
        "char-rnn": "language:char_rnn",
        "char-lstm": "language:char_lstm",
        "tagger": "words:tagger",
        "sentence-classifier": "words:sentence_classifier",
    },
    "attention": {
        "attention": "attention:attention",
        "layer-norm": "attention:layer_normalised",
        "transformer": "attention:transformer",
    },
    "word vectors": {
        "cbow": "embedding:cbow",
        "cbow-vectors": "embedding:cbow_vectors",
        "cbow-lookup": "embedding:cbow_lookup",
        "cbow-negative": "embedding:cbow_negative",
    },
}
_SYSTEMS = {name: where for topic in _TOPICS.values() for name, where in topic.items()}


def names() -> list[str]:
    """The names of all systems.

    >>> "hinge" in names()
    True
    """
    return list(_SYSTEMS)


def topics(lang: Language = "en") -> dict[str, list[str]]:
    """The names of the systems by topic, in English or Chinese.

    >>> topics()["gates"]
    ['gate', 'gender-cell', 'lstm', 'lstm-row', 'gru']
    """
    called = chinese.TOPICS if _language(lang) == "zh" else {}
    return {called.get(topic, topic): list(systems) for topic, systems in _TOPICS.items()}


def builder(name: str, lang: Language = "en") -> Callable[..., Any]:
    """The function that builds a system.

    It may be written as in Python, two_layer for two-layer, or called as elsewhere, resnet.
    Raises UnknownNameError for a name that is none, with the nearest one, in a language.
    """
    module, _, function = _SYSTEMS[_known(name, lang)].partition(":")
    made: Callable[..., Any] = getattr(importlib.import_module(f"symgraph.zoo.{module}"), function)
    return made


def _known(name: str, lang: Language) -> str:
    """The name of a system as it is listed."""
    written = name.lower().replace("_", "-").replace(" ", "-")
    for one in (name, written, OTHER_NAMES.get(written, "")):
        if one in _SYSTEMS:
            return one
    near = get_close_matches(written, [*_SYSTEMS, *OTHER_NAMES], 1)
    if _language(lang) == "zh":
        hint = f"您是指 {near[0]!r} 吗？" if near else ""
        said = f"zoo：没有名为 {name!r} 的系统。{hint}`symgraph zoo --lang zh` 列出全部"
        raise UnknownNameError(f"{said} {len(_SYSTEMS)} 个。")
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownNameError(
        f"zoo: there is no system {name!r}.{hint} `symgraph zoo` lists all {len(_SYSTEMS)}."
    )


def built(text: str, lang: Language = "en") -> Any:
    """The system of a name with options behind it: lstm, or lstm,hidden=5,peepholes=fio.

    Options are numbers, words, yes or no, functions (sigmoid, or a name of your own for one that
    stays abstract, φ), and several of these joined by -, as sizes=8-4-2.
    Raises UnknownNameError for a name that is none and for an option or a word that the system has
    not, KindError for a value of another kind, RangeError for one out of its range, in a language.

    >>> built("hinge,features=3").shape
    ()
    """
    name, *options = text.split(",")
    made = builder(name, lang)
    return made_from_text(made, options, f"zoo:{name}", chinese=_language(lang) == "zh")


def found(word: str, lang: Language = "en") -> list[str]:
    """The systems with a word in their name, their title or what is said of them.

    >>> found("momentum"), found("peephole")
    ([], ['lstm'])
    """
    wanted = word.casefold()
    return [
        name
        for name in _SYSTEMS
        if wanted in f"{name}\n{pages.doc(name, builder(name), _language(lang))}".casefold()
    ]


def title(name: str, lang: Language = "en") -> str:
    """What a system is, in one line, in English or Chinese.

    >>> print(title("perceptron", "zh").partition(" ")[0])
    感知机学习规则
    """
    known = _known(name, _language(lang))
    return pages.title(known, builder(known), lang)


def description(name: str, lang: Language = "en") -> dict[str, Any]:
    """A system as data: its title, what its builder says, its options, formulas and source."""
    name = _known(name, lang)
    made = builder(name)
    return {
        "name": name,
        "title": title(name, lang),
        "doc": pages.doc(name, made, lang),
        "options": pages.options(name, made, lang),
        "formulas": pages.formulas(made()),
        "source": pages.source(made),
    }


def page(name: str, lang: Language = "en") -> dict[str, Any]:
    """The description of a system with its derivation and its diagram, both as text.

    `name` may have options behind it, as for `built`.
    """
    system, bare = built(name, lang), name.partition(",")[0]
    return {
        **description(bare, lang),
        "formulas": pages.formulas(system),
        "derivation": pages.derivation(system, lang),
        "diagram": pages.diagram(system),
    }


def _language(lang: str) -> Language:
    if lang not in ("en", "zh"):
        raise UnknownNameError(f"zoo: lang={lang!r} is not offered; write en or zh.")
    return "zh" if lang == "zh" else "en"
