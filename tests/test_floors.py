"""The layout of the package: imports go down the floors and never round in a circle."""

import ast
import graphlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = (
    "began errors shapes garbage answers files dtypes",
    (
        "node node_symbol opaque operators walks printing scalar special gammas abstract template "
        "random columns figures catalogue dominators"
    ),
    "ops",
    "build lift sympy_functions formula grad collapse notation readback evaluate facts rounding",
    (
        "graph labels loop_labels flow check paths dual sample fulfil expanded vertices node_signs "
        "proving text_tree"
    ),
    "explain explore explorer draw codegen javascript",
    "nn train sklearn onnx phenomena",
    "__init__",
    "zoo network given_values",
    (
        "__main__ cli doctor "
        "compile_command derive_command draw_command "
        "explore_command gallery_command influence_command plot_command slides_command "
        "train_command zoo_command"
    ),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names.split()}

# A file of this name collects whatever has no home; a helper belongs to the lowest floor that owns
# its subject.
NAMES_WITHOUT_A_SUBJECT = {"base", "common", "helper", "helpers", "misc", "util", "utils"}


class Import(NamedTuple):
    source: str
    target: str
    place: str
    in_function: bool


def check_tree(root: Path) -> list[str]:
    """Every offence against the layout in the package below `root`, one line each."""
    files = module_files(root)
    problems = [
        f"{path.relative_to(root)}: '{path.stem}' names no subject"
        for path in files.values()
        if path.stem in NAMES_WITHOUT_A_SUBJECT
    ]
    homeless = {name for name in files if part_of(name) not in FLOOR_OF}
    problems += [f"{name} has no floor: add it to FLOORS" for name in sorted(homeless)]
    imports = [
        found
        for name in files
        if name not in homeless
        for found in imports_of(name, files, root)
        if part_of(found.target) in FLOOR_OF
    ]
    problems += [line for found in imports for line in upward(found)]
    return problems + cycles(imports)


def module_files(root: Path) -> dict[str, Path]:
    """The file of each module by its dotted name; codegen/ counts as symgraph.codegen."""
    files = {}
    for folder, package in (("symgraph", "symgraph"), ("codegen", "symgraph.codegen")):
        # os.walk does not follow the link symgraph/codegen.
        for directory, _, names in os.walk(root / folder):
            for name in names:
                path = Path(directory, name)
                if path.suffix == ".py":
                    parts = path.relative_to(root / folder).with_suffix("").parts
                    if parts[-1] == "__init__":
                        parts = parts[:-1]
                    files[".".join((package, *parts))] = path
    return files


def part_of(module: str) -> str:
    """The entry of FLOORS that `module` belongs to: 'ops' for symgraph.ops.map."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(module: str, files: dict[str, Path], root: Path) -> Iterator[Import]:
    """What `module` imports from symgraph; imports that only a type checker sees do not count."""
    path = files[module]
    stack: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), False)]
    while stack:
        node, in_function = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += [(child, in_function) for child in node.orelse]
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            place = f"{path.relative_to(root)}:{node.lineno}"
            for target in targets_of(node, files):
                yield Import(module, target, place, in_function)
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        stack += [(child, inside) for child in ast.iter_child_nodes(node) if is_block(child)]


def is_block(node: ast.AST) -> bool:
    """Whether a statement may stand in it: no expression has an import inside."""
    return isinstance(node, ast.stmt | ast.excepthandler | ast.match_case)


def targets_of(node: ast.Import | ast.ImportFrom, files: dict[str, Path]) -> list[str]:
    """The symgraph modules that one statement imports (relative imports are banned by ruff)."""
    if isinstance(node, ast.Import):
        targets = [alias.name for alias in node.names]
    else:
        submodules = [f"{node.module}.{alias.name}" for alias in node.names]
        targets = [name if name in files else str(node.module) for name in submodules]
    return [name for name in dict.fromkeys(targets) if name.split(".")[0] == "symgraph"]


def upward(found: Import) -> Iterator[str]:
    source, target = FLOOR_OF[part_of(found.source)], FLOOR_OF[part_of(found.target)]
    if source < target:
        yield (
            f"{found.place}: {found.source} on floor {source} imports {found.target} "
            f"from floor {target}"
        )


def cycles(imports: list[Import]) -> list[str]:
    """One cycle of imports that run with the module and one that an import in a function closes."""
    at_import = find_cycle([found for found in imports if not found.in_function])
    if at_import:
        return [f"import cycle: {at_import}"]
    at_call = find_cycle(imports)
    return [f"import cycle, closed inside a function: {at_call}"] if at_call else []


def find_cycle(imports: list[Import]) -> str | None:
    """A cycle, importer before imported, from the first of its modules in the alphabet."""
    needs: dict[str, list[str]] = {}
    for found in sorted(imports):
        if found.source != found.target:
            needs.setdefault(found.source, []).append(found.target)
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        circle = error.args[1][:0:-1]
        start = circle.index(min(circle))
        return " -> ".join([*circle[start:], *circle[: start + 1]])
    return None


def test_the_package_keeps_to_its_floors():
    assert check_tree(ROOT) == []


def test_the_check_reads_both_folders():
    names = module_files(ROOT)

    assert {"symgraph", "symgraph.errors", "symgraph.cli", "symgraph.codegen"} <= set(names)
    assert names["symgraph.codegen"] == ROOT / "codegen" / "__init__.py"


PLANTED = {
    "an import upward": (
        {"symgraph/node.py": "import symgraph.graph\n"},
        "symgraph/node.py:1: symgraph.node on floor 1 imports symgraph.graph from floor 4",
    ),
    "an import upward out of codegen": (
        {"codegen/plan.py": "x = 1\nfrom symgraph.zoo import lstm\n"},
        "codegen/plan.py:2: symgraph.codegen.plan on floor 5 imports symgraph.zoo from floor 8",
    ),
    "an import upward inside a function": (
        {"symgraph/ops/map.py": "def f():\n    from symgraph.grad import grad\n"},
        "symgraph/ops/map.py:2: symgraph.ops.map on floor 2 imports symgraph.grad from floor 3",
    ),
    "an import of the package itself": (
        {"symgraph/nn/cells.py": "import symgraph as sg\n"},
        "symgraph/nn/cells.py:1: symgraph.nn.cells on floor 6 imports symgraph from floor 7",
    ),
    "a cycle on one floor": (
        {
            "symgraph/ops/map.py": "from symgraph.ops import reduce\n",
            "symgraph/ops/reduce.py": "from symgraph.ops.einsum import Einsum\n",
            "symgraph/ops/einsum.py": "import symgraph.errors, symgraph.ops.map\n",
        },
        (
            "import cycle: symgraph.ops.einsum -> symgraph.ops.map -> symgraph.ops.reduce "
            "-> symgraph.ops.einsum"
        ),
    ),
    "a cycle through a function": (
        {
            "symgraph/grad.py": "def f():\n    import symgraph.collapse\n",
            "symgraph/collapse.py": "import symgraph.grad\n",
        },
        (
            "import cycle, closed inside a function: "
            "symgraph.collapse -> symgraph.grad -> symgraph.collapse"
        ),
    ),
    "a module without a floor": (
        {"symgraph/extra/new.py": ""},
        "symgraph.extra.new has no floor: add it to FLOORS",
    ),
    "a file without a subject": (
        {"symgraph/ops/utils.py": ""},
        "symgraph/ops/utils.py: 'utils' names no subject",
    ),
}


@pytest.mark.parametrize("case", PLANTED)
def test_the_check_finds(case: str, tmp_path: Path):
    files, message = PLANTED[case]
    plant(tmp_path, files)

    assert check_tree(tmp_path) == [message]


def test_an_import_for_the_type_checker_may_go_up(tmp_path: Path):
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import symgraph.graph\n"
    plant(tmp_path, {"symgraph/node.py": text})

    assert check_tree(tmp_path) == []


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
