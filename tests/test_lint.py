"""What `Tools.lint` and `toolparse tools check` tell: each rule once, with the place and the cure."""

from __future__ import annotations

import json

import pytest

from toolparse import Tools, get_format
from toolparse.cli import main
from toolparse.schemas.lint import MOST, lint

HERMES = [get_format("hermes")]


def tool(name="f", strict=False, description=None, **parameters):
    return {"name": name, "strict": strict, "description": description, "parameters": {"type": "object", **parameters}}


CASES = {
    "name": (tool("get.weather"), "", "rename"),
    "type": (tool(properties={"a": {"type": "str"}}), "/properties/a/type", "'string'"),
    "enum": (tool(properties={"a": {"type": "integer", "enum": ["x"]}}), "/properties/a/enum", "mend"),
    "$ref": (tool(properties={"a": {"$ref": "#/$defs/b"}}), "/properties/a/$ref", "$defs"),
    "required": (tool(properties={}, required=["a"]), "/required", "declare it"),
    "ignored": (tool(properties={"a": {"type": "string", "pattern": "x"}}), "/properties/a/pattern", "validate"),
    "strict": (tool(strict=True, properties={"a": {}}, additionalProperties=False), "/required", "allow null"),
    "marker": (tool(description="Writes <tool_call>."), "/description", "another way"),
}


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_tells_the_place_and_the_cure(rule):
    given, path, cure = CASES[rule]
    (finding,) = lint([given], HERMES)
    assert (finding.rule, finding.path) == (rule, path)
    assert cure in finding.cure
    assert "\n" not in str(finding)


def test_sound_tools_have_no_findings():
    assert Tools([tool("get_weather", properties={"city": {"type": "string"}}, required=["city"])]).lint() == []


def test_what_tools_refuses_is_told_too():
    found = lint([tool(), tool(), {"nope": 1}], HERMES)
    assert [finding.rule for finding in found] == ["twice", "definition"]
    assert str(found[1]).startswith("tools[2]: name: missing")
    assert [finding.rule for finding in lint({"a": 1})] == ["definition"]


def test_formats_that_cannot_write_a_name_are_told():
    assert {finding.message.split()[0] for finding in Tools([tool("two words")]).lint(get_format("glm4")) if finding.rule == "format"} == {
        "glm4"
    }


def test_markers_are_those_of_the_format_special_tokens_or_not():
    texts = ["Writes <function=f>.", "Takes a <parameter=x>", "<tool_call>", "an x < 3", "the function f"]
    for name, told in (("qwen3_coder", [True, True, True, False, False]), ("hermes", [False, False, True, False, False])):
        assert [any(one.rule == "marker" for one in lint([tool(description=text)], [get_format(name)])) for text in texts] == told


def test_findings_are_bounded_and_a_schema_may_hold_itself():
    assert len(lint([tool(properties={f"a{number}": {"type": "str"} for number in range(1000)})], HERMES)) == MOST + 1
    schema = {"type": "object", "properties": {}}
    schema["properties"]["a"] = schema
    assert lint([{"name": "f", "parameters": schema}], HERMES) == []


def test_the_command_prints_one_line_each(tmp_path, capsys):
    path = tmp_path / "tools.json"
    path.write_text(json.dumps([CASES["type"][0]]))
    assert main(["tools", "check", str(path), "--format", "hermes"]) == 1
    assert capsys.readouterr().out == "f: /properties/a/type: 'str' is Python's name of the type, which providers refuse; write 'string'\n"


def test_the_grammar_command(tmp_path, capsys):
    path = tmp_path / "tools.json"
    path.write_text(json.dumps([tool("ping", properties={"a": {"type": "string", "format": "date"}})]))
    for language, words in (("structural-tag", '"structural_tag"'), ("ebnf", "root ::="), ("gbnf", "root ::="), ("lark", "start: root")):
        assert main(["grammar", "--format", "hermes", "--tools", str(path), "--as", language, "--choice", "ping"]) == 0
        out, err = capsys.readouterr()
        assert words in out
        assert "toolparse: not in the grammar: ping: /properties/a: format\n" in err
    assert main(["grammar", "--format", "hermes", "--tools", str(path), "--choice", "nope"]) == 2
    assert "none of the tools" in capsys.readouterr().err
