"""The options of the systems: what is not offered is refused, and the error says what is."""

import math
import re

import pytest

import symgraph as sg
from symgraph import cli, zoo
from symgraph.walks import variables
from symgraph.zoo import options

#: Values that no option of a kind takes, as Python objects and as text.
BAD = {
    options.Whole: ([-1, True, 1.5, "a b", None, [2], sg.input("x")], ["-1", "1.5", "a b", ""]),
    options.Real: ([math.nan, math.inf, True, "big", None], ["nan", "inf", "big", ""]),
    options.Flag: ([1, "maybe", None], ["1", "maybe", ""]),
    options.Word: (["nonsense", 3, None, ""], ["nonsense", ""]),
    options.Letters: (["fC", "ff", 3, None], ["fC", "ff"]),
    options.Pointwise: (["tanh", 3, sg.maximum, math.sin, None], ["maximum", "2 x", ""]),
    options.Several: ([(), 3, "23", (2, 0), (2.5, 2), None], ["0-0", "x y", "2-0.5", ""]),
}
OPTIONS = [
    pytest.param(name, option, kind, id=f"{name},{option}")
    for name in zoo.names()
    for option, kind in options.kinds_of(zoo.builder(name)).items()
]


@pytest.mark.parametrize(("name", "option", "kind"), OPTIONS)
def test_an_option_that_is_not_offered_is_refused_with_what_is(name, option, kind):
    values, texts = BAD[type(kind)]
    allowed = re.escape(kind.allowed()[0])
    for value in values:
        with pytest.raises(sg.SymgraphError, match=rf"(?s){option}=.*; write {allowed}"):
            zoo.builder(name)(**{option: value})
    for text in texts:
        with pytest.raises(sg.SymgraphError, match=f"^zoo:{name}: {option}=.*; write {allowed}"):
            zoo.built(f"{name},{option}={text}")


@pytest.mark.parametrize("name", zoo.names())
def test_the_smallest_sizes_that_are_offered_make_a_system(name):
    small = {}
    for option, kind in options.kinds_of(zoo.builder(name)).items():
        if isinstance(kind, options.Whole):
            small[option] = kind.least
        elif isinstance(kind, options.Several) and isinstance(kind.kind, options.Whole):
            small[option] = (kind.kind.least,) * kind.least
    found = zoo.builder(name)(**small)
    assert variables([getattr(found, "loss", found)])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "lstm,hidden=0",
            sg.RangeError,
            "hidden=0 is not offered; write a whole number, 1 or more",
        ),
        ("lstm,steps=0", sg.RangeError, "steps=0 .* 1 or more, or the name of a size"),
        ("conv-layer,size=4,kernel=5", sg.RangeError, "kernel=5 .* with size=4; .* from 1 to 4"),
        ("conv-classifier,window=5", sg.RangeError, "window=5 .* with size=6, kernel=3; .* 1 to 4"),
        ("conv-classifier,kernel=6,window=2", sg.RangeError, "window=2 .* write 1"),
        ("text-classifier,length=2,widths=2-3", sg.RangeError, "widths=2-3 .* with length=2"),
        ("monomials,variables=10,degree=8", sg.RangeError, "degree=8 .* from 0 to 7"),
        ("perceptron,rate=-1", sg.RangeError, "rate=-1 .* a number above 0"),
        ("lstm,order=hhx", sg.UnknownNameError, "order=hhx is not offered; write hx or xh"),
        ("deep-autoencoder,sizes=8", sg.RangeError, "2 or more values joined by -"),
        ("bins,borders=10:5", sg.RangeError, "LOW:HIGH, two whole numbers in order"),
        ("lstm,hiden=4", sg.UnknownNameError, "there is no option 'hiden', only hidden, inputs"),
    ],
)
def test_a_refused_option_names_the_range_that_its_neighbours_leave(text, error, message):
    with pytest.raises(error, match=f"^zoo:{text.partition(',')[0]}: .*{message}"):
        zoo.built(text)


def test_an_option_that_there_is_not_is_refused_in_python_too():
    with pytest.raises(sg.UnknownNameError, match="'depth', only hidden, inputs, steps"):
        zoo.builder("lstm")(depth=3)


def test_several_values_are_joined_by_dashes():
    found = zoo.built("deep-autoencoder,sizes=2000-500-250-125-2")
    sizes = [math.prod(leaf.shape) for leaf in variables([found]) if leaf.role == "parameter"]
    bins = zoo.built("bins,borders=0:3-2:5")

    assert sum(sizes) == 2316752
    assert sg.evaluate(bins, {"w1": 1.0, "w2": 10.0, "N": 2.5}) == 11.0
    functions = zoo.built("feedforward,functions=relu-tanh")
    assert "relu" in str(sg.derive(functions, "x"))


@pytest.mark.parametrize("command", ["derive", "check", "compile", "influence", "train"])
def test_every_command_refuses_it_in_one_line(command, capsys):
    assert cli.main([command, "zoo:lstm,hidden=0"]) == 2

    refused = "zoo:lstm: hidden=0 is not offered; write a whole number, 1 or more."
    assert capsys.readouterr().err == f"symgraph: RangeError: {refused}\n"
