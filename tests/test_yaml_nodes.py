from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runeflash.yaml_nodes import MAXIMUM_BYTES, Mapping, Node, Scalar, Sequence, Walker, YamlError, read_nodes


def plain(node: Node | None) -> object:
    """A tree of nodes as Python's own values."""
    walker = Walker()

    def convert(node: Node) -> object:
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, Sequence):
            return [convert(item) for item in walker.items(node)]
        return {convert(key): convert(value) for key, value in walker.entries(node)}

    return None if node is None else convert(node)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("360.0", 360.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2021-01-01", "2021-01-01"),
        ("hotg-ai/rune#proc_blocks/fft", "hotg-ai/rune#proc_blocks/fft"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = plain(read_nodes(f"a: {text}"))
    assert isinstance(found, dict)
    assert found["a"] == value
    assert type(found["a"]) is type(value)


def test_not_a_number() -> None:
    found = plain(read_nodes(".nan"))
    assert isinstance(found, float)
    assert math.isnan(found)


def test_spans_are_in_characters() -> None:
    text = "größe: 'ü'\nb:\n  - 左: value\n"
    root = read_nodes(text)
    assert isinstance(root, Mapping)
    (key, value), (_, second) = root.entries
    assert text[key.span.start : key.span.end] == "größe"
    assert text[value.span.start : value.span.end] == "'ü'"
    assert isinstance(second, Sequence)
    inner = second.items[0]
    assert isinstance(inner, Mapping)
    assert text[inner.entries[0][1].span.start : inner.entries[0][1].span.end] == "value"


def test_anchors_and_merge_keys() -> None:
    text = """
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
one: {<<: *base, b: 9}
two: {<<: [*base, *more], d: 5}
again: *base
"""
    assert plain(read_nodes(text)) == {
        "base": {"a": 1, "b": 2},
        "more": {"b": 3, "c": 4},
        "one": {"a": 1, "b": 9},
        "two": {"a": 1, "b": 2, "c": 4, "d": 5},
        "again": {"a": 1, "b": 2},
    }


def test_a_quoted_merge_key_is_a_key() -> None:
    assert plain(read_nodes("'<<': 1")) == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "expected ',' or ']'"),
        ("a: @x", "cannot start any token"),
        ("a: *b", "undefined alias"),
        ("a\n---\nb", "more than one YAML document"),
        ("!!python/object/apply:os.system [x]", "isn't supported"),
        ("!!binary aGk=", "isn't supported"),
        ("a: \x01", "does not allow"),
        ("\ud800", "not Unicode"),
        ("<<: 1", "expected a map to merge"),
        ("&a {<<: *a}", "nested more than"),
        ("[" * 100, "nested more than"),
        ("- " * 100_000, "nested more than"),
        ("x" * (MAXIMUM_BYTES + 1), "larger than"),
        ("é" * (MAXIMUM_BYTES // 2 + 1), "larger than"),
        ("[" + "1," * 100_001 + "]", "more than 100,000 nodes"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(YamlError, match=message):
        plain(read_nodes(text))


def test_errors_have_their_place() -> None:
    with pytest.raises(YamlError) as error:
        read_nodes("é: 1\nb: @x\n")
    assert error.value.span is not None
    assert error.value.span.start == 8


@pytest.mark.parametrize("with_c", [True, False])
def test_a_character_that_is_not_allowed_has_its_place(monkeypatch: pytest.MonkeyPatch, with_c: bool) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", with_c and yaml.__with_libyaml__)
    with pytest.raises(YamlError) as error:
        read_nodes("öö: \x01")
    assert error.value.span is not None
    assert error.value.span.start == 4


def test_what_never_ends_is_shown_where_it_begins() -> None:
    with pytest.raises(YamlError) as error:
        read_nodes("a: 1\nb: 'text\nc: 2\n")
    assert error.value.span is not None
    assert error.value.span.start == 8


def test_aliases_of_aliases_are_counted_as_they_are_followed() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))
    root = read_nodes(text)
    with pytest.raises(YamlError, match="once the aliases are followed"):
        plain(root)


def test_a_list_that_contains_itself_is_no_endless_loop() -> None:
    root = read_nodes("&a [*a]")
    assert isinstance(root, Sequence)
    assert root.items[0] is root


def test_the_pure_python_parser_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x [1, 'é', ! 2]\nb:\n  c: *x\n  d: |\n    text\n      more\n"
    with_c = read_nodes(text)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    without = read_nodes(text)
    assert plain(with_c) == plain(without)


@given(st.text(max_size=200))
def test_any_text_gives_nodes_or_an_error(text: str) -> None:
    try:
        plain(read_nodes(text))
    except YamlError:
        pass
    except TypeError as error:  # a map or list as a key is no key of a Python dict: only this test makes one
        assert "unhashable" in str(error)


# Without what YAML takes for the end of a line or does not allow, and JSON does.
texts = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e300, 1e300) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_json_is_yaml(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert plain(read_nodes(text)) == json.loads(text)
