"""The page needs nothing else, and nothing that a user writes becomes a part of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.explorer.page import json_in_script

HOSTILE = [
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=document.title='taken'>",
    "\"'`${document.title='taken'}",
    "a\u2028b\u2029c",
    "__proto__",
    "constructor",
    "-->",
    "\\input{/etc/passwd}",
]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def tags_of(text: str) -> list[str]:
    found = Tags()
    found.feed(text)
    return found.tags


def hostile_loss() -> sg.Node:
    total = None
    for k, name in enumerate(HOSTILE):
        term = sg.let(f"{name}!", sg.parameter(name) * (k + 1))
        total = term if total is None else total + term
    return sg.let(HOSTILE[0], total**2)


def plain_loss() -> sg.Node:
    total = None
    for k in range(len(HOSTILE)):
        term = sg.let(f"t{k}", sg.parameter(f"p{k}") * (k + 1))
        total = term if total is None else total + term
    return sg.let("loss", total**2)


def test_hostile_names_leave_the_structure_of_the_page_as_it_is():
    hostile = sg.explore(hostile_loss(), title=HOSTILE[0], values=dict.fromkeys(HOSTILE, 1.0))
    plain = sg.explore(plain_loss(), title="plain")

    assert tags_of(hostile.html) == tags_of(plain.html)


def test_hostile_names_run_nothing_and_show_as_they_are(open_page):
    page = open_page(hostile_loss(), title=HOSTILE[0], values=dict.fromkeys(HOSTILE, 0.5))

    assert page.driver.title == HOSTILE[0]
    assert page.find("#title").text == HOSTILE[0]
    assert page.all("main img, #panel img, #panel script") == []
    # (Σ k / 2)² over 1, ..., 8
    assert page.run("return E.model.loss()") == 324.0
    for k in range(len(HOSTILE)):
        page.run("E.pick(E.model.inputVertex.get(arguments[0]))", HOSTILE[k])
        assert page.value("#paths-sum") == 2 * 18.0 * (k + 1)


def test_no_request_leaves_the_page_and_none_would_be_let(open_page):
    page = open_page(zoo.built("two-layer"))
    page.run("E.pick(1); E.training.once(); E.setLanguage(); E.setTheme();")

    addresses = page.requests()
    assert len(addresses) == 1
    assert addresses[0].startswith("file:")

    refused = page.driver.execute_async_script(
        "const done = arguments[0];"
        "document.addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective));"
        "fetch('http://127.0.0.1:9/').catch(() => {});"
    )
    assert refused == "connect-src"
    assert any("Content Security Policy" in one for one in page.complaints())


def test_a_handler_written_into_the_page_does_not_run(open_page):
    page = open_page(sg.input("x") ** 2)
    page.run("document.getElementById('tip').innerHTML = '<p onclick=\"document.title = 1\">x</p>'")
    page.run("document.querySelector('#tip p').click()")

    assert page.driver.title != "1"
    assert any("Content Security Policy" in one for one in page.complaints())


def test_the_page_names_no_address_and_compiles_no_text():
    text = sg.explore(zoo.built("lstm").loss).html

    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text))
    assert addresses <= {"http://www.w3.org"}
    for banned in ("eval(", "new Function", "innerHTML", "insertAdjacentHTML", "document.write"):
        assert banned not in text


@pytest.mark.parametrize("text", ["</script>", "<!--", "a\u2028b", "&amp;"])
def test_json_in_a_script_block_ends_nothing(text):
    written = json_in_script({"name": text})

    assert not set("<>&\u2028\u2029") & set(written)


def test_the_words_of_the_page_change_and_the_numbers_stay(open_page):
    page = open_page(zoo.built("hinge"), language="zh")
    assert page.find("#inputs h2").text == "输入"
    numbers = page.texts("loss")

    page.find("#language").click()

    assert page.find("#inputs h2").text == "Inputs"
    assert page.texts("loss") == numbers
    assert page.run("return document.documentElement.lang") == "en"


def test_both_languages_have_the_same_words(open_page):
    page = open_page(sg.input("x") ** 2)
    source = page.driver.page_source
    english, chinese = (
        set(re.findall(r"(?m)[\s{](\w+): \"", part))
        for part in re.split(r"\n  zh: \{", source.split("const WORDS")[1].split("const KEYS")[0])
    )

    assert english - {"en"} == chinese
