"""What `symgraph zoo` prints: the list and the pages, in English and Chinese."""

import json
import re

import pytest

import symgraph as sg
from symgraph import cli, zoo
from symgraph.text_tree import text_tree

CHINESE = re.compile("[\u4e00-\u9fff]")


def printed(capsys, *arguments):
    assert cli.main(["zoo", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", zoo.names())
def test_every_system_has_a_title_in_both_languages(name):
    english, chinese = zoo.title(name), zoo.title(name, "zh")

    assert english.endswith(".")
    assert not CHINESE.search(english)
    assert chinese.endswith("。")
    assert CHINESE.search(chinese)


def test_no_title_is_left_over_and_none_is_used_twice():
    assert set(zoo.chinese.TITLES) == set(zoo.names())
    assert len(set(zoo.chinese.TITLES.values())) == len(zoo.names())
    assert set(zoo.chinese.TOPICS) == set(zoo.topics())


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("perceptron", "感知机"), ("worked-example", "反向传播"), ("lstm", "长短期记忆网络"),
        ("gru", "门控循环单元"), ("rbm", "受限玻尔兹曼机"), ("batch-norm", "批归一化"),
        ("dbn", "深度信念网络"), ("dropout", "随机失活"), ("max-pool", "最大池化"),
        ("autoencoders", "自编码器"), ("residual-block", "残差"), ("attention", "注意力"),
        ("layer-norm", "层归一化"), ("cbow", "连续词袋"), ("cbow-negative", "负采样"),
        ("tagger", "命名实体识别"), ("cd1", "对比散度"), ("hebb", "赫布"), ("hinge", "合页损失"),
        ("encoder-decoder", "教师强制"), ("universal", "通用近似"), ("free-energy", "自由能"),
    ],
)  # fmt: skip
def test_chinese_titles_use_the_terms_of_textbooks(name, term):
    assert term in zoo.title(name, "zh")


def test_the_list_is_grouped_by_topic_in_chinese_too(capsys):
    lines = printed(capsys, "--lang", "zh").splitlines()

    gates = lines.index("门控循环网络：")
    assert [line.split()[0] for line in lines[gates + 1 : gates + 5]] == zoo.topics()["gates"]
    assert sum(line.startswith("  ") for line in lines) == len(zoo.names())
    assert json.loads(printed(capsys, "--lang", "zh", "--json"))["lstm"].startswith("长短期记忆")


def test_a_page_shows_options_definition_diagram_and_derivation(capsys):
    page = printed(capsys, "lstm")

    assert "Options, behind the name as zoo:lstm,hidden=3" in page
    assert "\n  hidden=3    a whole number, 1 or more\n" in page
    assert "\n  C_t = f_t ⊙ C_{t−1} + i_t ⊙ C̃_t\n" in page
    assert '\n        C = sg.let("C", f * C + i * candidate)\n' in page
    assert "@system" not in page
    assert "├─[•]─ h_T" in page
    assert page.rstrip().endswith("dL/db_C = Σ_t δC̃_t")


def test_a_page_in_chinese_has_chinese_headings_and_reasons(capsys):
    page = printed(capsys, "hinge", "--lang", "zh")

    assert page.startswith("合页损失 max{1 - W·φ(x) y, 0}")
    for heading in ("选项，", "公式\n", "定义\n", "计算图，", "推导\n", "结果\n"):
        assert heading in page
    assert "features=2  不小于 1 的整数" in page


def test_a_page_is_of_the_options_behind_the_name(capsys):
    page = json.loads(printed(capsys, "lstm,coupled=yes", "--json"))

    assert "C_t = f_t ⊙ C_{t−1} + (1 − f_t) ⊙ C̃_t" in page["formulas"]
    assert "W_i" not in page["derivation"]


@pytest.mark.parametrize("flag", ["-o", "--svg"])
def test_the_picture_of_a_system_is_that_of_the_lecture(flag, tmp_path, capsys):
    file = tmp_path / "cell.svg"
    page = json.loads(printed(capsys, "gru", flag, str(file), "--json"))

    assert page["file"] == str(file)
    assert "<svg" in file.read_text(encoding="utf-8")
    drawn = zoo_of_draw(tmp_path)
    assert file.read_bytes() == drawn


def zoo_of_draw(folder):
    file = folder / "drawn.svg"
    assert cli.main(["draw", "zoo:gru", str(file), "--style", "cell", "--language", "en"]) == 0
    return file.read_bytes()


def test_a_picture_without_a_name_and_an_unknown_language_are_refused(tmp_path, capsys):
    assert cli.main(["zoo", "-o", str(tmp_path / "net.svg")]) == 2
    assert "name the system that is drawn" in capsys.readouterr().err
    with pytest.raises(sg.UnknownNameError, match="lang='de' is not offered; write en or zh"):
        zoo.title("lstm", "de")


def test_a_value_that_is_used_twice_stands_once_in_a_diagram():
    lines = text_tree(sg.graph(zoo.built("x-sigma-x"))).splitlines()

    assert lines == ["out", "├─[h]─ x", "└─[x]─ h", "   └─[h (1 − h)]─ x"]
    deep = zoo.built("chain,depth=300")
    assert len(text_tree(sg.graph(deep)).splitlines()) == 201
