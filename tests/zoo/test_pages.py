"""What `symgraph zoo` prints: the list and the pages, in English and Chinese."""

import json
import re

import pytest

import symgraph as sg
from symgraph import cli, zoo
from symgraph.text_tree import text_tree
from symgraph.zoo import pages

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


def test_no_text_is_left_over_and_no_title_is_used_twice():
    assert set(zoo.chinese.TEXTS) == set(zoo.names())
    assert len({zoo.title(name, "zh") for name in zoo.names()}) == len(zoo.names())
    assert set(zoo.chinese.TOPICS) == set(zoo.topics())


def notation(text):
    """The words of a text with signs that no sentence has: names with indices, shapes, formulas."""
    plain = re.sub("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", " ", text)
    words = {word.strip(".,;:`") for word in re.sub('"[a-z]+"|\'s\\b', " ", plain).split()}
    words = {word.removesuffix("(what").strip("()") for word in words}
    return {word for word in words if re.search(r"[^\w\s(),.\-]|[α-ωΑ-Ω₀-₉²_0-9]", word)}


@pytest.mark.parametrize("name", zoo.names())
def test_what_a_builder_says_is_chinese_with_the_same_notation(name):
    english, chinese = (pages.doc(name, zoo.builder(name), lang) for lang in ("en", "zh"))

    assert notation(chinese) == notation(english)
    title, gap, *rest = chinese.splitlines()
    assert (title, gap) == (zoo.title(name, "zh"), "")
    assert len(rest) >= 1
    prose = re.sub(
        r"`\w+`|\(.*?\)|\b(START|END|softmax|ReLU|sign|tanh|mean|score|log)\b", "", chinese
    )
    assert not re.search(r"\b(the|of|and|with|is|which|where|what)\b", prose)
    assert ("变量：" in chinese) == ("Variables: " in english)


@pytest.mark.parametrize("name", zoo.names())
def test_every_option_says_what_it_means_in_both_languages(name):
    both = (pages.options(name, zoo.builder(name), lang) for lang in ("en", "zh"))

    for english, chinese in zip(*both, strict=True):
        assert english["name"] == chinese["name"]
        for part in ("meaning", "allowed"):
            assert english[part]
            assert not CHINESE.search(english[part])
        assert CHINESE.search(chinese["meaning"])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("lstn", "没有名为 'lstn' 的系统。您是指 'lstm' 吗？"),
        ("lstm,hidden=0", "不能取 hidden=0；可写：不小于 1 的整数。"),
        ("lstm,order=no", "不能取 order=no；可写：hx 或 xh。"),
        ("lstm,hiden=4", "没有名为 'hiden' 的选项；可用的选项：hidden、inputs"),
        ("xor,hidden=4", "没有名为 'hidden' 的选项；它没有选项。"),
        ("transformer,heads=9", "features=4 时不能取 heads=9；可写：1 到 4 的整数。"),
    ],
)
def test_a_refusal_on_a_chinese_page_is_in_chinese(given, problem, capsys):
    assert cli.main(["zoo", given, "--lang", "zh"]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "lang", "wanted"),
    [
        ("autoencoder", "en", ["autoencoders", "deep-autoencoder"]),
        ("自编码器", "zh", ["autoencoders", "deep-autoencoder"]),
        ("PEEPHOLE", "en", ["lstm"]),
    ],
)
def test_a_word_lists_the_systems_that_have_it_in_their_text(word, lang, wanted, capsys):
    listed = json.loads(printed(capsys, word, "--lang", lang, "--json"))

    assert set(wanted) <= set(listed) < set(zoo.names())
    assert listed == {name: zoo.title(name, lang) for name in listed}
    assert wanted[0] in printed(capsys, word, "--lang", lang)


@pytest.mark.parametrize(
    ("called", "name"),
    [("resnet", "residual-net"), ("seq2seq", "encoder-decoder"), ("two_layer", "two-layer"),
     ("LSTM", "lstm"), ("image captioning", "captioning")],
)  # fmt: skip
def test_a_system_is_found_by_the_name_that_it_has_elsewhere(called, name):
    assert zoo.builder(called) is zoo.builder(name)
    assert zoo.page(called, "zh")["name"] == name


def test_other_names_lead_to_systems_and_are_none_themselves():
    other = zoo.other_names.OTHER_NAMES

    assert set(other.values()) <= set(zoo.names())
    assert not set(other) & set(zoo.names())


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
    wanted = zoo.topics()["gates"]
    assert [line.split()[0] for line in lines[gates + 1 : gates + 1 + len(wanted)]] == wanted
    assert sum(line.startswith("  ") for line in lines) == len(zoo.names())
    assert json.loads(printed(capsys, "--lang", "zh", "--json"))["lstm"].startswith("长短期记忆")


def test_a_page_shows_options_definition_diagram_and_derivation(capsys):
    page = printed(capsys, "lstm")

    assert "Options, behind the name as zoo:lstm,hidden=3" in page
    assert "\n  hidden=3    units of the hidden layer: a whole number, 1 or more\n" in page
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
    assert "features=2  特征的个数：不小于 1 的整数" in page


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
