"""Programs that leave: one .pyx, a folder for pip, and what both contain."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.codegen.native.export.routines import FILES
from symgraph.codegen.native.runtime import sources, table_text

HOSTILE = [
    'a""" + import os',
    "*/ int main(",
    "b\\",
    "`|</td>`",
    "{0}${x}",
    "c'''",
    "@NAME@",
    "d{e}",
]


def training(names: tuple[str, ...] = ("x", "i", "W", "b"), **options: Any) -> Any:
    """One step downhill of a layer of rows that are looked up."""
    rows, index = sg.input(names[0], ("N", 4)), sg.input(names[1], ("B",), kind="integer")
    W, b = sg.parameter(names[2], (4, 3)), sg.parameter(names[3], 3)
    h = sg.tanh(rows[index] @ W + b)
    loss = sg.mean(h**2)
    updates = {p: p - 0.1 * g for p, g in zip([W, b], sg.grad(loss, [W, b]), strict=True)}
    return sg.compile([rows, index, W, b], {"loss": loss, "h": h}, updates=updates, **options)


def run(folder: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=os.environ | environment,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


# --- folders -------------------------------------------------------------------------------------

USED = """
import json, resource, sys
import numpy as np
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("symgraph", "sympy", "Cython"):
            raise ImportError(name)

sys.meta_path.insert(0, Blocked())
import small_net
from small_net import Bound, args, step, weights

rng = np.random.default_rng(3)
x, i = rng.normal(size=(6, 4)), np.array([5, 0, 5])
own = weights()
W, b = own["W"], own["b"]
first = step(x, i, W, b)
news = [W.tolist(), b.tolist()]
bound = Bound(x, i, b=b, W=W)
last = bound.steps(20)
again = bound()["loss"]
smaller = step(x[:1], np.array([0]), W, b)["h"].shape

def refused(*given):
    kept = W.copy(), b.copy()
    try:
        step(*given)
    except (ValueError, IndexError) as error:
        assert np.array_equal(kept[0], W) and np.array_equal(kept[1], b)
        return f"{type(error).__name__}: {error}"

fixed = W.copy()
fixed.flags.writeable = False
bad = {
    "shape": refused(x[:, :3].copy(), i, W, b), "rank": refused(x[0], i, W, b),
    "dtype": refused(x.astype("f"), i, W, b), "order": refused(np.asfortranarray(x), i, W, b),
    "stride": refused(x[::2], i, W, b), "overlap": refused(x, i, W, W[0]),
    "read-only": refused(x, i, fixed, b), "list": refused(x, i, W.tolist(), b),
    "above": refused(x, [0, 6], W, b), "below": refused(x, [-7], W, b),
    "missing": refused(x, i, W), "many": refused(x, i, W, b, b), "none": refused(None, i, W, b),
    "masked": refused(np.ma.masked_array(x), i, W, b), "swapped": refused(x.astype(">f8"), i, W, b),
}
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print(json.dumps({
    "first": [float(first["loss"]), first["h"].tolist()], "news": news, "args": args,
    "kind": type(first["loss"]).__name__, "last": [float(last["loss"]), float(again)],
    "smaller": smaller, "bad": bad, "grown": grown,
}))
"""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a process says that has an exported folder installed, and not this package."""
    root = tmp_path_factory.mktemp("export")
    f = training()
    f.export(root / "small-net", {"W": np.full((4, 3), 0.5), "b": [0.1, 0.2, 0.3]})
    pip = ["-m", "pip", "install", "-q", ".", "--no-build-isolation", "--no-deps", "--no-index"]
    run(root / "small-net", *pip, "--target", str(root / "site"), CFLAGS="-O0")
    (root / "used.py").write_text(USED, encoding="utf-8")
    return json.loads(run(root, "used.py", PYTHONPATH=str(root / "site")))


@needs_c_compiler
def test_an_exported_folder_computes_what_numpy_does_without_this_package(used: Any) -> None:
    rng = np.random.default_rng(3)
    x, W, b = rng.normal(size=(6, 4))[[5, 0, 5]], np.full((4, 3), 0.5), np.array([0.1, 0.2, 0.3])
    h = np.tanh(x @ W + b)
    slope = 2 * h * (1 - h**2) / h.size

    assert used["args"] == ["x", "i", "W", "b"]
    assert used["kind"] == "float64"
    assert used["first"][0] == pytest.approx((h**2).mean(), rel=1e-12)
    assert np.allclose(used["first"][1], h, rtol=1e-12)
    assert np.allclose(used["news"][0], W - 0.1 * x.T @ slope, rtol=1e-12)
    assert np.allclose(used["news"][1], b - 0.1 * slope.sum(0), rtol=1e-12)
    assert used["smaller"] == [1, 3]
    assert used["first"][0] > used["last"][0] > used["last"][1] > 0
    assert used["grown"] < 50


@needs_c_compiler
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("shape", "ValueError: argument 'x' has shape (6, 3), .* declared (N, 4)"),
        ("rank", "ValueError: argument 'x' has shape (4,), .* declared (N, 4)"),
        ("dtype", "ValueError: argument 'x' has dtype float32, it is declared float64"),
        ("swapped", "ValueError: argument 'x' has dtype >f8, it is declared float64"),
        ("order", "ValueError: argument 'x' is not C-contiguous"),
        ("stride", "ValueError: argument 'x' is not C-contiguous"),
        ("overlap", "ValueError: argument 'W' is updated in place and shares memory with 'b'"),
        ("read-only", "ValueError: argument 'W' is updated in place and read-only"),
        ("list", "ValueError: argument 'W' is list"),
        ("none", "ValueError: argument 'x' has dtype object"),
        ("masked", "ValueError: argument 'x' is MaskedArray"),
        ("above", "IndexError: i: index 6 at position (1,) is outside"),
        ("below", "IndexError: i: index -7 at position (0,) is outside"),
        ("missing", "ValueError: arguments ['b'] are missing"),
        ("many", "ValueError: 5 arguments were given, there are 4"),
    ],
)
def test_an_exported_module_refuses(used: Any, what: str, said: str) -> None:
    pattern = re.escape(said).replace(r"\.\*", ".*")

    assert re.match(pattern, used["bad"][what] or "nothing")


def test_a_folder_has_its_formulas_and_all_that_it_includes(tmp_path: Path) -> None:
    training(name="train").export(tmp_path / "out", package="net")
    there = {path.name for path in (tmp_path / "out" / "net").iterdir()}
    included = {
        name
        for path in (tmp_path / "out" / "net").glob("*.[ch]")
        for name in re.findall(r'#include "(.*)"', path.read_text())
    }
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")

    assert included <= there
    assert {"__init__.py", "program.pyx", "kernel.c", "kernel.h", "routines.c"} <= there
    assert "δ = 2 u₂ ⊙ (1 − u₂ ⊙ u₂)/(3 B)" in text
    assert "dL/db = 𝟏ᵀ δ" in text
    assert "train(x1, x2, p1, p2)" in text
    assert "symgraph" not in text + (tmp_path / "out" / "net" / "__init__.py").read_text()


def test_a_folder_is_written_with_the_weights_of_a_model(tmp_path: Path) -> None:
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2, init="normal", seed=4)
    model = sg.Model(loss=sg.mean((x @ w) ** 2), inputs=[x], dtype="float32")
    sg.compile([x, w], x @ w, dtype="float32").export(tmp_path / "lin", model)

    with np.load(tmp_path / "lin" / "lin" / "weights.npz") as file:
        (array,) = file.values()
    assert array.dtype == np.float32
    assert np.array_equal(array, model.parameters["w"])


def test_weights_and_packages_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    f = training()
    with pytest.raises(sg.ShapeError, match=r"weight 'W' has shape \(3,\).*\(4, 3\)"):
        f.export(tmp_path, {"W": [1.0, 2.0, 3.0]})
    with pytest.raises(sg.UnknownNameError, match=r"weights \['V'\].*'x', 'i', 'W', 'b'"):
        f.export(tmp_path, {"V": 1.0})
    with pytest.raises(sg.KindError, match="weights is int"):
        f.export(tmp_path, 3)
    with pytest.raises(sg.NameClashError, match="package 'json'"):
        f.export(tmp_path, package="json")
    with pytest.raises(sg.NameClashError, match="'Bound'"):
        training(name="Bound").export(tmp_path)
    assert not list(tmp_path.iterdir())


def test_every_routine_of_the_table_has_a_file() -> None:
    fields = re.findall(r"\(\*(\w+)\)", table_text())
    bases = {re.sub("_f(32|64)$", "", name) for name in fields} - {"wait"}

    assert bases == set(FILES)
    assert all(FILES[base].format("f32") in sources() for base in bases)


# --- one file ------------------------------------------------------------------------------------

ALONE = """
import sys
sys.modules["symgraph"] = sys.modules["sympy"] = None
import json, numpy as np, one
A = np.array([[2.0, 1.0], [0.0, 4.0]], "f")
y = one.step(A, 5)
try:
    one.step(np.zeros((2, 2), "f"), 5)
except ArithmeticError as error:
    said = str(error)
print(json.dumps({"y": [np.asarray(part).tolist() for part in y], "args": one.args, "said": said}))
"""


@needs_c_compiler
def test_one_file_with_hostile_names_builds_alone(tmp_path: Path) -> None:
    A, key = sg.input(HOSTILE[0], ("n", "n")), sg.input(HOSTILE[1], (), kind="integer")
    log = sg.let(HOSTILE[2], sg.log(A + 1.0))
    f = sg.compile([A, key], [sg.inv(A), log, sg.uniform(key, (3,))], dtype="float32")
    f.save(tmp_path / "one.pyx")
    run(tmp_path, "-m", "Cython.Build.Cythonize", "-i", "-q", "one.pyx", CFLAGS="-O0")
    (tmp_path / "alone.py").write_text(ALONE, encoding="utf-8")
    told = json.loads(run(tmp_path, "alone.py"))
    inverse, logarithm, drawn = map(np.array, told["y"])

    assert told["args"] == HOSTILE[:2]
    assert np.allclose(inverse, [[0.5, -0.125], [0.0, 0.25]])
    assert np.allclose(logarithm, np.log([[3.0, 2.0], [1.0, 5.0]]), rtol=1e-6)
    assert np.array_equal(drawn, sg.compile([key], sg.uniform(key, (3,)), dtype="float32")(5))
    assert "singular" in told["said"]


def test_the_same_program_is_written_with_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path[:0] = ['tests', 'tests/codegen/native']\n"
        "import symgraph as sg; sg.input('first') * 2\n"
        "from test_export import training\n"
        "training().save(sys.argv[1])\n"
    )
    for seed in ("0", "1"):
        run(Path(__file__).parents[3], "-c", script, f"{tmp_path}/{seed}.pyx", PYTHONHASHSEED=seed)
    training().save(tmp_path / "here.pyx")

    texts = {path.read_bytes() for path in tmp_path.glob("*.pyx")}
    assert len(texts) == 1


def test_names_of_the_user_stay_inside_comments_and_literals(tmp_path: Path) -> None:
    codes = []
    for names in (("x", "i", "W", "b"), tuple(HOSTILE[:4]), tuple(HOSTILE[4:])):
        path = training(names).save(tmp_path / "net.pyx")
        head, rest = path.read_text(encoding="utf-8").split('cdef extern from *:\n    r"""\n')
        c, python = rest.split('    """\n', 1)
        assert '"""' not in c
        assert all(line.startswith("#") for line in head.splitlines() if line)
        tree = ast.parse(python[python.index("args = ") : python.index("cdef class")])
        literals = ast.literal_eval(tree.body[0].value)  # type: ignore[attr-defined]
        assert literals == names
        codes.append((tokens(c), tokens(_LITERAL.sub("''", python))))

    assert codes[0] == codes[1] == codes[2]


_LITERAL = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\#.*""")


def tokens(text: str) -> list[str]:
    """The words and signs of C without its comments."""
    return re.findall(r"\w+|\S", re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL))


def test_the_suffix_chooses_the_language(tmp_path: Path) -> None:
    x = sg.input("x", "N")
    f = sg.compile(x, sg.sum(sg.exp(x)), target="cython")

    assert "import numpy as np" in f.save(tmp_path / "f.py").read_text()
    assert "i64 step_run(const sg_frame *f)" in f.save(tmp_path / "f.c").read_text()
    assert "cdef class Bound" in f.save(tmp_path / "f.pyx").read_text()


def test_hostile_names_are_inert_in_every_file_of_a_folder(tmp_path: Path) -> None:
    weights = {HOSTILE[2]: np.ones((4, 3)), HOSTILE[3]: np.ones(3)}
    training(tuple(HOSTILE[:4])).export(tmp_path / "a", weights, package="net")
    training().export(tmp_path / "b", {"W": np.ones((4, 3)), "b": np.ones(3)}, package="net")
    same = ["pyproject.toml", "setup.py", "net/kernel.h", "net/routines.c", "net/tiles.h"]
    page = (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    first, second = (
        ast.parse((tmp_path / folder / "net" / "__init__.py").read_text(encoding="utf-8"))
        for folder in "ab"
    )

    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in same)
    assert ast.literal_eval(first.body[-1].value) == tuple(  # type: ignore[attr-defined]
        zip(weights, ("a3", "a4"), strict=True)
    )
    assert list(map(ast.dump, first.body[:-1])) == list(map(ast.dump, second.body[:-1]))
    for line in page.splitlines():
        if "</td>" in line and not line.startswith("    "):
            assert line.count("`") % 2 == 0
            assert "</td>" not in re.sub("`[^`]*`", "", line)
    assert len({line.count("|") for line in page.splitlines() if line.startswith("|")}) == 1


# --- the text ------------------------------------------------------------------------------------

GOLDEN = {1: Path(__file__).parent / "golden_step.c", 2: Path(__file__).parent / "golden_threads.c"}


@pytest.mark.parametrize("threads", GOLDEN)
def test_the_c_of_a_small_program_reads_as_it_always_did(threads: int) -> None:
    """`python tests/codegen/native/test_export.py` writes the golden texts anew: look at them."""
    assert golden(threads) == GOLDEN[threads].read_text(encoding="utf-8")


def golden(threads: int = 1) -> str:
    """The functions of one step of a linear layer, without the declarations before them."""
    x, y = sg.input("x", ("N", 4)), sg.input("y", ("N",))
    w, b = sg.parameter("w", 4), sg.parameter("b")
    out = sg.let("out", x @ w + b)
    loss = sg.let("loss", sg.mean((out - y) ** 2))
    updates = {p: p - 0.5 * g for p, g in zip([w, b], sg.grad(loss, [w, b]), strict=True)}
    program = sg.compile([x, y, w, b], loss, updates=updates, threads=threads)
    text: str = program._recipe.native.text
    title, rest = text.split("\n", 1)
    return f"{title}\n\n{rest[rest.index('static i64 step_1') : rest.index('/* Offsets')]}"


def test_parts_and_formulas_stand_in_the_c() -> None:
    text = golden()
    parts = [text.index(f"    /* --- {part} */\n") for part in ("forward", "backward", "update")]

    assert parts == sorted(parts)
    assert text.startswith("/* step: x1: x(N, 4), x2: y(N,), p1: w(4,), p2: b() */\n")
    assert all(note in text for note in ("out = h1 + b, (N,) */", "loss = ", "w - "))


def test_programs_of_numbers_have_parts_too() -> None:
    a, b = sympy.symbols("a b")
    value = sympy.sin(a) * b + sympy.exp(a * b)
    text = sg.compile([a, b], [value, *sg.grad(value, [a, b])])._recipe.native.text
    first, forward, backward = re.split(r"    /\* --- (?:forward|backward) \*/\n", text)

    assert "y1[0]" in forward
    assert "y2[0]" in backward
    assert "y3[0]" in backward
    assert "y1[0]" not in first + backward


if __name__ == "__main__":
    for threads, path in GOLDEN.items():
        path.write_text(golden(threads), encoding="utf-8", newline="\n")
