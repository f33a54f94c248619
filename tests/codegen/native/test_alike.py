"""Units of a kernel that are alike become one function, and kernels become several files."""

import itertools
import re

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.native import toolchain, translation
from symgraph.codegen.native.alike import share
from symgraph.codegen.native.runtime import load
from symgraph.codegen.native.translation import divided
from symgraph.codegen.native.writer import Line
from symgraph.walks import variables

RATE = 0.1


def chain(widths, **options):
    """A step of descent with momentum for h -> tanh(h W), whose loss is the sum of the last h."""
    h = sg.input("x", ("N", widths[0]))
    weights = [sg.parameter(f"W{k}", pair) for k, pair in enumerate(itertools.pairwise(widths))]
    for weight in weights:
        h = sg.tanh(h @ weight)
    loss = sg.sum(h)
    gradients = dict(zip(weights, sg.grad(loss, weights), strict=True))
    updates = sg.optim.Momentum(RATE).updates(gradients)
    rest = [v for v in variables([loss, *updates.values()]) if v not in weights]
    return sg.compile([*weights, *rest], loss, updates=updates, target="cython", **options)


def stepped(tables, x):
    """The loss and the weights after the first step, by hand."""
    hidden = [x]
    for table in tables:
        hidden.append(np.tanh(hidden[-1] @ table))
    loss, slope, news = hidden[-1].sum(), np.ones_like(hidden[-1]), []
    for table, before, after in zip(tables[::-1], hidden[-2::-1], hidden[:0:-1], strict=True):
        slope = slope * (1 - after**2)
        news.append(table - RATE * before.T @ slope)
        slope = slope @ table.T
    return loss, news[::-1]


def agrees(program, widths, rows, seed=0):
    draw = np.random.default_rng(seed)
    tables = [draw.normal(size=pair) / 3 for pair in itertools.pairwise(widths)]
    x = draw.normal(size=(rows, widths[0]))
    loss, news = stepped(tables, x)
    step = program.bind(dims={"N": rows})
    for name, array in step.arrays.items():
        array[...] = 0
        if name == "η":
            array[...] = RATE
        elif name == "x":
            array[...] = x
        elif name[0] == "W":
            array[...] = tables[int(name[1:])]
    np.testing.assert_allclose(step.step(), loss, rtol=1e-12, atol=1e-12)
    for k, new in enumerate(news):
        np.testing.assert_allclose(step.arrays[f"W{k}"], new, rtol=1e-12, atol=1e-12)


def text_of(program):
    text: str = program._recipe.native.text
    return text


def lines(*texts):
    """Lines of units, each a text of its own."""
    found = []
    for unit, text in enumerate(texts):
        depth = 1
        for line in text.split("\n"):
            depth -= line.startswith("}")
            found.append(Line(line, depth, unit))
            depth += line.endswith("{")
    return found


def loop(size, body, index="i0"):
    return f"for (i64 {index} = 0; {index} < {size}; {index}++) {{\n{body}\n}}"


def test_an_optimizer_and_repeated_layers_are_written_once_however_many_there_are():
    counts = []
    for depth in (8, 16):
        text = text_of(chain([5] * (depth + 1)))
        counts.append((text.count("for (i64 i"), text.count("f->lib->gemm_")))
        assert re.search(rf"_shared_\d+\(f, .*\bp{depth}\b", text)
    assert counts[0] == counts[1]


def test_stacked_recurrent_layers_share_their_loops_over_entries():
    counts = []
    for depth in (6, 12):
        states, weights = sg.input("x", (4, "N", 3)), []
        for k in range(depth):
            weights.append(sg.parameter(f"U{k}", (3, 3)))
            states = sg.scan(
                lambda s, e, U=weights[-1]: sg.tanh(e + s @ U), sg.zeros(("N", 3)), states
            ).states
        loss = sg.sum(states)
        updates = sg.optim.Adam(RATE).updates(
            dict(zip(weights, sg.grad(loss, weights), strict=True))
        )
        rest = [v for v in variables([loss, *updates.values()]) if v not in weights]
        f = sg.compile([*weights, *rest], loss, updates=updates, target="cython")
        text = text_of(f)
        counts.append((text.count("for (i64 i"), text.count("f->lib->gemm_")))
        assert text.count("for (i64 t") == 2 * depth
    assert counts[0] == counts[1]


def test_what_a_shared_function_is_called_with_are_the_arrays_and_the_sizes_of_each_place():
    text = text_of(chain([3, 70, 5, 90, 7, 110, 2, 80, 3]))
    calls = re.findall(r"step_shared_\d+\(f, (.*?)\);", text)
    assert {"210", "350", "450", "630"} <= {call.split(", ")[-1] for call in calls}


def test_notes_of_every_place_stay_beside_its_call():
    text = text_of(chain([4] * 9))
    for k in range(8):
        assert re.search(rf"_shared_\d+\(f, .*/\* .*W{k} - \.\.\., \(4, 4\)", text)


@needs_c_compiler
@settings(max_examples=6, deadline=None)
@given(
    widths=st.lists(st.sampled_from([1, 2, 3, 7, 16, 65]), min_size=5, max_size=8),
    rows=st.integers(1, 9),
    threads=st.sampled_from([1, 2]),
)
def test_a_step_of_a_deep_net_is_what_it_is_by_hand(widths, rows, threads):
    agrees(chain(widths, threads=threads), widths, rows)


@needs_c_compiler
def test_lookups_that_refuse_at_alike_places_name_the_place():
    tables = [sg.parameter(f"E{k}", (5, 3)) for k in range(7)]
    words = [sg.input(f"w{k}", ("N",), kind="integer") for k in range(7)]
    loss = sg.sum(
        sum(
            sg.sum(sg.tanh(k * sg.take(table, word)))
            for k, (table, word) in enumerate(zip(tables, words, strict=True), 2)
        )
    )
    f = sg.compile([*tables, *words], loss, target="cython")
    assert "return site;" in text_of(f).split("_run(")[0]
    arrays = [np.ones((5, 3))] * 7
    given = [np.zeros(2, int) for _ in words]
    expected = sum(2 * 3 * np.tanh(k) for k in range(2, 9))
    np.testing.assert_allclose(f(*arrays, *given), expected, rtol=1e-12)
    given[4][1] = 5
    with pytest.raises(sg.errors.RangeError, match=r"w4.*5|5.*w4"):
        f(*arrays, *given)


def test_an_inner_loop_of_few_steps_keeps_their_number():
    def nest(size, array):
        body = "\n".join(f"{array}[i0 + i1] = {k}.5f;" for k in range(20))
        return loop("n1", loop(size, body, "i1"))

    arrays = {"h1": "float", "h2": "float", "h3": "float"}
    padding = [loop(2, f"h3[i0 * {3 + k}] {'+' * k}= 1;") for k in range(12)]
    for sizes, calls in (((10, 10), 2), ((10, 12), 0), ((100, 120), 2), ((10, 100), 0)):
        units = [nest(sizes[0], "h1"), nest(sizes[1], "h2")]
        found, functions = share(lines(*units, *padding), "f", arrays)
        assert sum("f_shared" in line.text for line in found) == calls
        assert len(functions) == calls // 2


@pytest.mark.parametrize(
    "other",
    [
        loop("n1", "h2[i0] = h2[i0] * 2.0f;"),  # an array twice
        loop("n1", "h2[i0] = c1[i0] * 2.0f;"),  # another type
        loop("n1", "h2[i0] = h3[i0] * 2;"),  # a whole number
        loop("n2", "h2[i0] = h3[i0] * 2.0f;"),  # another size
        loop("n1", "h2[i0] = h3[i0] * v7;"),  # a number of another unit
    ],
)
def test_units_that_differ_in_more_than_names_and_numbers_stay_apart(other):
    arrays = {"h1": "float", "h2": "float", "h3": "float", "c1": "i64"}
    one = loop("n1", "h1[i0] = h3[i0] * 2.0f;")
    padding = [loop(2, f"h3[i0 * {3 + k}] {'+' * k}= 1;") for k in range(12)]
    assert (
        share(lines(one, one, one, one, other, *padding), "f", arrays)[0][4:]
        == (lines(*["x;"] * 4, other, *padding)[4:])
    )


def test_small_programs_are_left_as_they_are():
    units = lines(*[loop("n1", "h1[i0] = 2.0f;")] * 10)
    assert share(units, "f", {"h1": "float"}) == (units, [])


def test_the_files_of_a_kernel_hold_every_function_once(monkeypatch):
    monkeypatch.setattr(translation, "_LEAST", 1)
    text = text_of(chain([4, 5, 6, 7, 8, 9, 10, 11, 12]))
    files = divided(text, "step", 3)
    assert len(files) > 1
    defined = r"^\S.*\b(step_\w+)\(.*\)\n\{"
    found = [name for file in files for name in re.findall(defined, file, re.MULTILINE)]
    assert sorted(found) == sorted(re.findall(defined, text, re.MULTILINE))
    assert divided(text, "step", 1) == [text]
    assert divided(text, "another", 3) == [text]


@needs_c_compiler
@pytest.mark.parametrize("processors", [1, 2, 5])
def test_a_kernel_of_several_files_is_the_same_kernel(processors, monkeypatch, tmp_path):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(toolchain, "processors", lambda: processors)
    monkeypatch.setattr(translation, "_LEAST", 1)
    widths = [3, 4, 5, 6, 7, 6, 5, 4, 3, 2]
    agrees(chain(widths), widths, 5)


@needs_c_compiler
def test_an_error_in_one_file_of_several_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(toolchain, "processors", lambda: 2)
    monkeypatch.setattr(translation, "_LEAST", 1)
    text = text_of(chain([3, 4, 5, 6, 7, 6, 5, 4, 3, 2]))
    broken = text.replace("    return 0;\n}", "    return nothing;\n}", 1)
    with pytest.raises(toolchain.ToolchainError, match="nothing"):
        load(broken, "step", 1)


def test_files_share_the_loops_whatever_else_their_functions_say(monkeypatch):
    monkeypatch.setattr(translation, "_LEAST", 1)

    def function(k, loops, statements):
        loop = "    for (i64 i0 = 0; i0 < 9; i0++) {\n        y1[i0] = 0;\n    }\n"
        body = loop * loops + "    y1[0] = 1;\n" * statements
        return f"static i64 step_{k}(const sg_frame *f)\n{{\n{body}    return 0;\n}}\n"

    works = [(10, 0), (10, 0), (0, 90), (0, 90), (0, 90)]
    text = "\n".join(function(k, *work) for k, work in enumerate(works, 1))
    shares = [file.count("for (") for file in divided(text, "step", 2)]
    assert shares == [10, 10]


def test_files_share_the_loops_that_choose(monkeypatch):
    monkeypatch.setattr(translation, "_LEAST", 1)

    def function(k, loops, entry):
        loop = f"    for (i64 i0 = 0; i0 < 9; i0++) {{\n        y1[i0] = {entry};\n    }}\n"
        return f"static i64 step_{k}(const sg_frame *f)\n{{\n{loop * loops}    return 0;\n}}\n"

    works = [(10, "x1[i0] > 0 ? 1 : 2"), (10, "x1[i0] > 0 ? 1 : 2"), (12, "x1[i0]")]
    text = "\n".join(function(k, *work) for k, work in enumerate(works, 1))
    assert [file.count(" ? ") for file in divided(text, "step", 2)] == [10, 10]
