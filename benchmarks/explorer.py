"""The page of a graph of 2000 nodes in a browser, in CPU seconds of its main thread."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import symgraph as sg
from benchmarks.graphs import random_dag
from benchmarks.measure import Row, once

__all__ = ["page_of_2000_nodes"]

NODES = 1_970
ROUNDS = 100


def page_of_2000_nodes() -> list[Row]:
    """Writing the page, opening it, one new value, one click on a leaf; none without a browser."""
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        print("no browser: the page of the explorer is not measured", file=sys.stderr)
        return []
    root, _ = random_dag(NODES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        written = once(lambda: sg.explore(root, path))
        megabytes = path.stat().st_size / 1e6
        with _started(binary, driver) as browser:
            figures = _measured(browser, path)
    edges = len(sg.graph(root).edges)
    return [
        Row("write a page of 2000 nodes", written, "s", None, f"{edges} edges, {megabytes:.1f} MB"),
        Row("open it in Chromium", figures["load"], "s", 2.0),
        Row("recompute all values and gradients", figures["recompute"] * 1e3, "ms", 5.0),
        Row("the same with the numbers in sight written", figures["refresh"] * 1e3, "ms"),
        Row("click a leaf: its paths in front and listed", figures["highlight"], "s", 0.3),
    ]


def _started(binary: str, driver: str) -> Any:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


def _measured(browser: Any, path: Path) -> dict[str, float]:
    """CPU seconds of the main thread for each thing that a student waits for."""
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")

    def cost(script: str, rounds: int = 1) -> float:
        before = spent()
        browser.execute_async_script(
            "const done = arguments[0]; const E = document.explorer;"
            f"for (let k = 0; k < {rounds}; k += 1) {{ {script} }}"
            "requestAnimationFrame(() => requestAnimationFrame(done));"
        )
        return (spent() - before) / rounds

    before = spent()
    browser.get(path.as_uri())
    cost("")
    found = {"load": spent() - before}
    name = "E.model.program.inputs[0].name"
    found["recompute"] = cost(f"E.model.set({name}, k / 100);", ROUNDS)
    found["refresh"] = cost(f"E.model.set({name}, k / 90); E.refresh();", ROUNDS)
    found["highlight"] = cost("E.pick(E.model.inputVertex.get(E.model.program.inputs[3].name));")
    return found
