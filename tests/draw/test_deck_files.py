"""The files of a deck, each read by a library that knows its format."""

import html.parser
import io
import re
import sys
import xml.etree.ElementTree as ET

import pytest
from draw.hostile import HOSTILE, HOSTILE_TITLES
from draw.tex_scan import check_balanced, commands

import symgraph as sg
from symgraph.draw.scene import Glyphs
from symgraph.draw.slides.deck import deck
from symgraph.draw.writers.reveal import reveal
from symgraph.draw.writers.tikz import tikz
from symgraph.zoo import losses

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}


@pytest.fixture(scope="module")
def scene():
    return deck(losses.hinge(), HINGE, title="Hinge").scene


class Fragments(html.parser.HTMLParser):
    """Which ids of groups are seen after how many fragments, by the rules of reveal.js."""

    def __init__(self):
        super().__init__()
        self.stack, self.spans, self.tags = [], {}, []

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.tags.append(tag)
        if tag != "g":
            return
        self.stack.append(known)
        first = max((int(g["data-fragment-index"]) + 1 for g in self.stack
                     if g.get("class") == "fragment"), default=0)  # fmt: skip
        last = min((int(g["data-fragment-index"]) for g in self.stack
                    if g.get("class") == "fragment fade-out"), default=None)  # fmt: skip
        if "id" in known:
            self.spans[known["id"]] = (first, last)

    def handle_endtag(self, tag):
        if tag == "g":
            self.stack.pop()


def test_fragments_of_reveal_show_what_the_steps_of_the_scene_show(scene):
    text = reveal(scene).decode()
    found = Fragments()
    found.feed(re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL))
    end = scene.steps - 1

    for item in scene.items:
        if isinstance(item.drawn, Glyphs) and item.drawn.box.pieces:
            last = None if item.last in (None, end) else item.last
            assert found.spans[item.id] == (item.first, last), item.id
    indices = {int(k) for k in re.findall(r'data-fragment-index="(\d+)"', text)}
    assert indices == set(range(end))


def test_reveal_is_one_file_that_asks_for_nothing(scene):
    text = reveal(scene).decode()
    own = text.partition("<script>")[0]

    assert '<div class="reveal"><div class="slides">' in text
    assert text.count("<section") == text.count("</section>") == 1
    assert "Reveal.initialize" in text
    assert "default-src 'none'" in own
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert not re.search(r"url\((?!data:)|@import", own)
    assert "MIT licensed" in text
    svg = own[own.index("<svg ") : own.index("</svg>") + 6]
    ET.fromstring(svg)


@pytest.fixture(scope="module")
def plain_tags():
    found = Fragments()
    found.feed(reveal(deck(sg.sin(sg.input("x")), title="x", most=10).scene).decode())
    return found.tags


@pytest.mark.parametrize("name", HOSTILE_TITLES[::2])
def test_a_hostile_name_changes_no_structure(name, plain_tags):
    x = sg.input(name if name in HOSTILE else "x")
    made = deck(sg.sin(x), title=name, most=10, direction="BT").scene
    evil = Fragments()
    evil.feed(reveal(made).decode())

    assert set(plain_tags) >= set(evil.tags) - {"text"}
    assert plain_tags.count("script") == evil.tags.count("script") == 2
    tex = tikz(made).decode()
    check_balanced(tex)
    assert not commands(tex) & {"write", "input", "catcode", "csname"}


def test_beamer_has_an_overlay_for_every_step(scene):
    tex = tikz(scene).decode()
    check_balanced(tex)
    spans = {(int(a), int(b)) for a, b in re.findall(r"\\only<(\d+)-(\d+)\|", tex)}

    assert r"\documentclass[aspectratio=169]{beamer}" in tex
    assert spans == {
        (item.first + 1, scene.steps if item.last is None else item.last + 1)
        for item in scene.items
        if (item.first, item.last) != (0, None) and item.layer != "title"
        and not (isinstance(item.drawn, Glyphs) and not item.drawn.box.pieces)
        and item.paint.fill + item.paint.stroke != "nonenone"
    }  # fmt: skip
    assert tex.count(r"\note<") == scene.steps


HEADINGS = [
    "What goes in", "Build the expression", "Local derivatives", "Forward", "Backward",
    "One path", "Sum over the paths", "One step downhill", "Forward again",
]  # fmt: skip


def test_beamer_says_the_heading_of_every_step_as_its_frametitle(scene):
    tex = tikz(scene).decode()
    found = re.findall(r"\\frametitle<(\d+)-(\d+)\| handout:(\d+)-(\d+)>\{(.*)\}", tex)

    assert [text for *_, text in found] == [f"Hinge: {one}" for one in HEADINGS]
    # One after the other, without a gap, and a page of a handout each.
    ends = [0, *(int(last) for _, last, *_ in found)]
    assert [int(first) for first, *_ in found] == [end + 1 for end in ends[:-1]]
    assert ends[-1] == scene.steps
    assert [(a, b) for _, _, a, b, _ in found] == [(f"{k}", f"{k}") for k in range(1, 10)]


def test_a_handout_has_the_last_step_of_each_heading(scene, tmp_path):
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF")
    loss, options = losses.hinge(), {"title": "Hinge", "handout": True}
    tex = sg.slides(loss, tmp_path / "h.tex", HINGE, **options).read_text(encoding="utf-8")
    pages = pypdf.PdfReader(sg.slides(loss, tmp_path / "h.pdf", HINGE, **options)).pages

    assert r"\documentclass[aspectratio=169,handout]{beamer}" in tex
    assert len(pages) == len(HEADINGS)
    with pytest.raises(sg.errors.DrawError, match="handout='yes'; write True or False"):
        sg.slides(loss, tmp_path / "h.tex", handout="yes")


def test_the_pdf_has_a_page_a_step_with_the_formulas_of_that_step(scene):
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF")
    from symgraph.draw.writers.pdf import pdf

    pages = pypdf.PdfReader(io.BytesIO(pdf(scene)), strict=True).pages

    assert len(pages) == scene.steps
    for step, page in enumerate(pages):
        texts = [
            operands[1]["/ActualText"]
            for operands, name in page.get_contents().operations
            if name == b"BDC"
        ]
        shown = [item for item in scene.frame(step).items if isinstance(item.drawn, Glyphs)]
        assert sorted(texts) == sorted(item.source for item in shown if item.source)


def test_the_gif_has_a_frame_a_step(scene):
    image = pytest.importorskip("PIL.Image", reason="Pillow reads the GIF; it is in the extra gif")
    pytest.importorskip("resvg_py", reason="resvg-py paints the frames")
    from symgraph.draw.writers.gif import gif

    read = image.open(io.BytesIO(gif(scene)))

    assert read.n_frames == scene.steps
    assert read.width / read.height == pytest.approx(16 / 9, rel=0.01)


@pytest.mark.parametrize("suffix", [".html", ".pptx", ".tex", ".pdf", ".gif"])
def test_slides_writes_the_format_of_the_suffix(suffix, tmp_path):
    for module in {".pptx": ["pptx"], ".gif": ["PIL", "resvg_py"]}.get(suffix, []):
        pytest.importorskip(module, reason="of an extra")
    path = sg.slides(losses.squared(), tmp_path / f"net{suffix}")
    heads = {".html": b"<!DOCTYPE html>", ".pptx": b"PK", ".tex": b"% symgraph", ".pdf": b"%PDF",
             ".gif": b"GIF89a"}  # fmt: skip

    assert path.read_bytes().startswith(heads[suffix])


def test_an_unknown_suffix_and_a_missing_package_are_told_in_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(sg.DrawError, match=r"slides: .*'net\.ppt' ends in none of \.html, \.pptx"):
        sg.slides(losses.squared(), tmp_path / "net.ppt")
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(sg.UnsupportedError, match=r"pip install 'symgraph\[pptx\]'"):
        sg.slides(losses.squared(), tmp_path / "net.pptx")
    with pytest.raises(sg.DrawError, match=r"slides: .*no such folder"):
        sg.slides(losses.squared(), tmp_path / "missing" / "net.pdf")
    assert not list(tmp_path.iterdir())


def test_connectors_are_for_powerpoint_only(tmp_path):
    with pytest.raises(sg.DrawError, match=r"connectors.*\.pptx"):
        sg.slides(losses.squared(), tmp_path / "net.html", connectors=True)


def test_the_command_line_writes_a_deck(tmp_path, capsys):
    from symgraph.cli import main

    path = tmp_path / "net.tex"
    values = '{"w": [1, 2], "x": [2, -1], "y": 1}'
    options = ["--shape", "w=2", "x=2", "--values", values, "--lang", "zh", "--leaf", "w"]

    assert main(["slides", "(w·x - y)²", str(path), "--wrt", "w", "x", *options]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert "反向传播" in path.read_text(encoding="utf-8")
    assert main(["slides", "(w·x - y)²", str(tmp_path / "net.doc"), *options]) == 2
    assert "ends in none of" in capsys.readouterr().err


def test_letters_too_small_for_the_last_row_are_told(tmp_path, caplog):
    sg.slides(sg.sin(sg.parameter("w" * 200)), tmp_path / "net.tex")
    sg.slides(losses.hinge(), tmp_path / "hinge.tex")

    (told,) = caplog.messages
    assert re.search(r"smallest letters have \d+ points on a slide, fewer than 14", told)
