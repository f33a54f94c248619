"""A browser without a window, and pages opened in it."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import symgraph as sg

Open = Callable[..., "Shown"]


class Shown:
    """A page as it stands in the browser."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns; `E` is the application."""
        return self.driver.execute_script(f"const E = document.explorer; {script}", *arguments)

    def find(self, css: str) -> Any:
        return self.driver.find_element("css selector", css)

    def all(self, css: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", css))

    def node(self, name: str) -> Any:
        """The drawn node of a name or formula."""
        return self.run(
            "return E.canvas.parts.find(({item}) => item.kind !== 'constant' "
            "&& E.model.content.nodes[item.vertex].alt === arguments[0]).group",
            name,
        )

    def click(self, name: str) -> None:
        """Click a node in the middle, as with a mouse, brought into sight by its focus."""
        self.run("arguments[0].focus({focusVisible: true})", self.node(name))
        shape = self.node(name).find_element("css selector", ".shape")
        self.chain().move_to_element(shape).click().perform()

    def chain(self) -> Any:
        from selenium.webdriver import ActionChains

        return ActionChains(self.driver, duration=0)

    def press(self, *keys: str) -> None:
        """Press keys one after another, wherever the focus is."""
        chain = self.chain()
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def texts(self, name: str) -> list[str]:
        """Forward and backward value beside a node."""
        node = self.node(name)
        return [node.find_element("css selector", f"text.{one}").text for one in "fg"]

    def value(self, css: str) -> Any:
        return json.loads(self.find(css).get_attribute("data-value"))

    def values(self, css: str) -> list[Any]:
        return [json.loads(one.get_attribute("data-value")) for one in self.all(css)]

    def type(self, label: str, text: str) -> None:
        """Replace the text of a field, found by what a screen reader calls it."""
        field = self.find(f'input[type=text][aria-label="{label}"]')
        self.driver.execute_script("arguments[0].select()", field)
        field.send_keys(text)

    def complaints(self) -> list[str]:
        """What the console holds: errors of scripts, and what the policy has refused."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last time."""
        messages = (
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        )
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


def programs() -> tuple[str | None, str | None]:
    """Where Chromium and its driver are."""
    names = ("chromium", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), None), shutil.which("chromedriver")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser one skipped test speaks for all that need it."""
    there = None not in programs() and importlib.util.find_spec("selenium") is not None
    of_pages = [item for item in items if "open_page" in getattr(item, "fixturenames", ())]
    if there or not of_pages:
        return
    reason = (
        "no browser: install chromium, chromium-driver and selenium; "
        f"{len(of_pages)} tests of pages are not run"
    )
    of_pages[0].add_marker(pytest.mark.skip(reason=reason))
    config.hook.pytest_deselected(items=of_pages[1:])
    left_out = set(of_pages[1:])
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by its own driver."""
    from selenium import webdriver

    binary, driver = programs()
    assert binary is not None
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"),
        *("--force-prefers-reduced-motion", "--disable-dev-shm-usage"),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield started
    started.quit()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of an expression; afterwards the console must be empty."""

    def opened(expr: Any, **options: Any) -> Shown:
        path = tmp_path / "page.html"
        sg.explore(expr, path, **options)
        browser.get("about:blank")
        browser.get_log("performance")
        browser.get(path.as_uri())
        return Shown(browser)

    yield opened
    assert Shown(browser).complaints() == []
