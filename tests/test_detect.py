"""Detection, over the registered formats: what a template, a config, a name and an output say, and what they leave undecided.

The excerpts carry the marks of real templates in words of our own.
"""

import json
import subprocess
import sys

import pytest

from toolparse.detect import Guess, detect
from toolparse.formats import formats

# (model, format, what its chat template says of calls)
FAMILIES = [
    (
        "swiss-ai/Apertus-8B-Instruct-2509",
        "apertus",
        "{%- set opener = '<|tools_prefix|>' -%}{%- set closer = '<|tools_suffix|>' -%}",
    ),
    (
        "CohereLabs/c4ai-command-a-03-2025",
        "cohere_command",
        "{% if calls %}<|START_ACTION|>[{{ calls }}]<|END_ACTION|>{% endif %}",
    ),
    (
        "deepseek-ai/DeepSeek-R1-0528",
        "deepseek_v3",
        "{{ '<｜tool▁call▁begin｜>function<｜tool▁sep｜>' + fn.name + '\\n```json\\n' + args + '\\n```<｜tool▁call▁end｜>' }}",
    ),
    (
        "deepseek-ai/DeepSeek-V3.1-Terminus",
        "deepseek_v31",
        "{{ '<｜tool▁call▁begin｜>' + fn.name + '<｜tool▁sep｜>' + fn.arguments + '<｜tool▁call▁end｜>' }}",
    ),
    (
        "deepseek-ai/DeepSeek-V3.2",
        "deepseek_v32",
        "{%- set dsml = '｜DSML｜' -%}{{ '<' + dsml + 'function_calls>' }}{% for call in message.tool_calls %}",
    ),
    (
        "deepseek-ai/DeepSeek-V4-Flash",
        "deepseek_v4",
        "{%- set dsml = '｜DSML｜' -%}{{ '<' + dsml + 'tool_calls>' }}{% for call in message.tool_calls %}",
    ),
    ("deepseek-ai/DeepSeek-V4.1-Flash", "deepseek_v41", "{%- set dsml = '｜DSML｜' -%}{{ '<' + dsml + ' calls>' }}"),
    (
        "google/functiongemma-270m-it",
        "functiongemma",
        "<start_function_call>call:{{ fn.name }}{ {{ pairs }} }<end_function_call>",
    ),
    (
        "ServiceNow-AI/Apriel-1.6-15b-Thinker",
        "apriel",
        "{%- set after = '[BEGIN FINAL RESPONSE]' -%}{{ '<tool_calls>[' + calls + ']</tool_calls>' }}{{ '<|begin_assistant|>\\n' }}",
    ),
    (
        "CohereForAI/c4ai-command-r-plus-08-2024",
        "command_r",
        "{{ '\\nAction:\\n```json\\n' }}Write \\'Action:\\' followed by a json-formatted list of actions, as told",
    ),
    (
        "fireworks-ai/llama-3-firefunction-v2",
        "firefunction",
        "One list, functools[{...}]: {{ '<|start_header_id|>' + role }}",
    ),
    (
        "meetkai/functionary-medium-v3.1",
        "functionary_v31",
        "Here: <function=example_function_name>{\"example_name\": 1}</function>{{ '<|python_tag|>' }}",
    ),
    (
        "CohereLabs/command-5",
        "cohere_cofl",
        "{{ '<cofl:tool_calls>' }}{% for call in calls %}<cofl:tool_call id=\"{{ loop.index0 }}\">{% endfor %}",
    ),
    (
        "meetkai/functionary-small-v3.2",
        "functionary_v32",
        "{{ 'Write it so:\\n>>>${recipient}\\n${content}' }}{{ '>>>all\\n' + message['content'] }}",
    ),
    (
        "zai-org/GLM-4-32B-0414",
        "glm4",
        "[gMASK]<sop># 可用工具{% for tool in tools %}## {{ tool.name }}{% endfor %}<|observation|>",
    ),
    ("google/gemma-4-31B-it", "gemma4", "{{ '<|tool_call>call:' + fn.name + '{' + pairs + '}<tool_call|>' }}"),
    (
        "ai-sage/GigaChat3-10B-A1.8B",
        "gigachat3",
        "{{ say({'role': 'function call', 'content': call}) }}{% set role_end = '<|role_sep|>\\n' %}",
    ),
    (
        "ai-sage/GigaChat3.1-10B-A1.8B",
        "gigachat3",
        "{% set role_end = '<|role_sep|>\\n' %}{{ '<|function_call|>' + call | tojson }}",
    ),
    (
        "ai-sage/GigaChat3.5-Ultra",
        "gigachat35",
        "{% if role == 'function call' %}{% endif %}{{ '<｜GCML｜tool_calls>' }}{% set role_end = '<|role_sep|>' %}",
    ),
    (
        "zai-org/GLM-4.6",
        "glm45",
        "[gMASK]<sop>{{ '<tool_call>' + fn.name }}\n<arg_key>{{ k }}</arg_key>\n<arg_value>{{ v }}</arg_value>\n</tool_call>",
    ),
    (
        "zai-org/GLM-4.7-Flash",
        "glm45",
        "Write <tool_call>{name}<arg_key>{key}</arg_key><arg_value>{value}</arg_value></tool_call> {%- for m in messages -%}",
    ),
    (
        "ibm-granite/granite-3.3-8b-instruct",
        "granite",
        "<|start_of_role|>system<|end_of_role|>Answer with <|tool_call|> followed by a JSON list of the tools you use.",
    ),
    (
        "ibm-granite/granite-4.0-h-small",
        "granite4",
        "{{ '<|start_of_role|>assistant<|end_of_role|>' }}{{ '<tool_call>\\n{\"name\": \"' + fn.name + '\", \"arguments\": ' }}",
    ),
    (
        "ibm-granite/granite-20b-functioncalling",
        "granite_20b_fc",
        "{{ '<function_call> {\"name\": \"' + fn.name + '\", \"arguments\": ' + fn.arguments + '}' }}",
    ),
    (
        "openai/gpt-oss-120b",
        "harmony",
        "{{ '<|start|>assistant to=functions.' + fn.name + '<|channel|>commentary json<|message|>' + args + '<|call|>' }}",
    ),
    (
        "NousResearch/Hermes-3-Llama-3.1-8B",
        "hermes",
        "{{ '<tool_call>\n{\"name\": \"' + fn.name + '\", \"arguments\": ' + fn.arguments + '}\n</tool_call>' }}",
    ),
    (
        "Qwen/Qwen3-8B",
        "hermes",
        '{{- "<tool_call>\\n{\\"name\\": <the-name>, \\"arguments\\": <the-arguments>}\\n</tool_call><|im_end|>\\n" }}',
    ),
    ("tencent/Hunyuan-A13B-Instruct", "hunyuan_a13b", "{{ '<tool_calls>' + array + '</tool_calls>' }}{{ '<|extra_0|>' }}"),
    (
        "tencent/Hy3-preview",
        "hy_v3",
        "{% set user = '<｜hy_User｜>' %}{% set sep = '<tool_sep>' %}{% set key = '<arg_key>' %}{% set call = '<tool_call>' %}",
    ),
    (
        "tencent/Hy3",
        "hy_v3",
        "{% set user = '<｜hy_User｜>' %}{% set sep = '<tool_sep{}>'.format(S) %}{% set key = '<arg_key{}>'.format(S) %}",
    ),
    ("tencent/Hy4-preview", "hy_v4", "{% set user = '<｜hy_User｜>' %}{% set key = '<arg_key{}>'.format(S) %}"),
    ("internlm/internlm2_5-7b-chat", "internlm", "{{ '<|action_start|><|plugin|>\n' + call | tojson + '<|action_end|>' }}"),
    (
        "moonshotai/Kimi-K2-Instruct-0905",
        "kimi_k2",
        "<|tool_call_begin|>{{ call.id }}<|tool_call_argument_begin|>{{ call.function.arguments }}<|tool_call_end|>",
    ),
    ("moonshotai/Kimi-K3", "kimi_k3", "{{ '<|open|>' + tag + '<|sep|>' }}{{ text }}{{ '<|close|>' + tag + '<|sep|>' }}"),
    ("LiquidAI/LFM2-8B-A1B", "lfm2", "Tools: <|tool_list_start|>[{{ tools }}]<|tool_list_end|>"),
    ("LiquidAI/LFM2.5-1.2B-Instruct", "lfm2", '{{ "<|tool_call_start|>[" + calls | join(", ") + "]<|tool_call_end|>" }}'),
    (
        "inclusionAI/Ling-3.0-flash",
        "ling3",
        "<role>ASSISTANT</role><tool_call>{{ f }}<arg_key>{{ k }}</arg_key><arg_value>{{ v }}</arg_value><|role_end|>",
    ),
    (
        "meta-llama/Llama-3.3-70B-Instruct",
        "llama3_json",
        """{{- 'Reply as {"name": the function, "parameters": dictionary of argument name and its value}.' }}<|python_tag|>""",
    ),
    (
        "meta-llama/Llama-4-Scout-17B-16E-Instruct",
        "llama4_pythonic",
        "<|header_start|>system<|header_end|>Use [func_name1(param1=value1), func_name2(param2=value2)] and nothing else.",
    ),
    ("meituan-longcat/LongCat-Flash-Chat", "longcat", "{{ '<longcat_tool_call>' + name + '\\n' }}{{ '</longcat_tool_call>' }}"),
    (
        "XiaomiMiMo/MiMo-V2-Flash",
        "mimo",
        "<tool_call>\\n<function=example>\\n<parameter=example_parameter_1>value_1</parameter>\\n</function>\\n</tool_call>",
    ),
    ("openbmb/MiniCPM5-1B", "minicpm5", """{{ '<function name="' + fn.name + '">' }}{{ '<param name="' + key + '">' }}"""),
    (
        "MiniMaxAI/MiniMax-M1-80k",
        "minimax_m1",
        "<beginning_of_sentence>ai name=assistant\n<tool_calls>\n{{ calls }}</tool_calls>",
    ),
    (
        "MiniMaxAI/MiniMax-M2.1",
        "minimax_m2",
        "{%- set opener = '<minimax:tool_call>' -%}{{ '<invoke name=\"' + name + '\">' }}",
    ),
    ("MiniMaxAI/MiniMax-M3", "minimax_m3", "{%- set ns = ']<]minimax[>[' -%}{%- set opener = ns ~ '<tool_call>' -%}"),
    ("mistralai/Mistral-Nemo-Instruct-2407", "mistral", '{{ "[TOOL_CALLS] [" }}{{ call | tojson }}{{ "]" + eos_token }}'),
    ("mistralai/Devstral-Small-2507", "mistral", '{{ "[TOOL_CALLS]" + fn.name + "[ARGS]" + fn.arguments | tojson }}'),
    ("meta-models/Muse-Glimmer-30B", "muse_glimmer", "{{ ' to=' + name + '<|message|><atem:function_calls>\n' }}"),
    ("nvidia/NVIDIA-Nemotron-Nano-9B-v2", "nemotron_json", "{{ '<TOOLCALL>[' + calls + ']</TOOLCALL>' }}<SPECIAL_12>"),
    (
        "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
        "nemotron_v3",
        "{% set truncate_history_thinking = true %}{{ '<tool_call>\n<function=' ~ fn.name ~ '>\n' }}",
    ),
    ("allenai/Olmo-3-7B-Instruct", "olmo3", "{{ '<function_calls>' + calls }}{% elif message['role'] == 'environment' %}"),
    ("microsoft/Phi-4-mini-instruct", "phi4_mini_json", '{{ "Calls are one list: functools[{...}, ...]" }}'),
    ("microsoft/Phi-4-multimodal-instruct", "phi4_mini_json", "{{ '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}"),
    (
        "poolside/Laguna-S-2.1",
        "poolside_v1",
        '{{- "〈|EOS|〉" -}}{{ "<tool_call>" + name + "<arg_key>" + k + "</arg_key><arg_value>" + v }}',
    ),
    (
        "Team-ACE/ToolACE-2-Llama-3.1-8B",
        "pythonic",
        "You must write it as [func_name1(params_name1=params_value1), func_name2(params)] and nothing more.",
    ),
    (
        "Qwen/Qwen3-Coder-480B-A35B-Instruct",
        "qwen3_coder",
        "{{ '<tool_call>\n<function=' + fn.name + '>\n' }}{{ '<parameter=' + key + '>\n' + value + '\n</parameter>\n' }}",
    ),
    (
        "Qwen/Qwen3.5-397B-A17B",
        "qwen3_coder",
        "<tool_call>\\n<function=example>\\n<parameter=example_1>\\nvalue_1\\n</parameter>\\n",
    ),
    (
        "ByteDance-Seed/Seed-OSS-36B-Instruct",
        "seed_oss",
        "{%- set opener = '<seed:tool_call>' -%}<function=example><parameter=one>",
    ),
    (
        "XHToken/Spark-X2.5-4B",
        "spark25",
        "{{ '<|Bot|>' }}<tool_call>{{ name }}<arg_key>{{ k }}</arg_key><arg_value>{{ v }}</arg_value></tool_call>",
    ),
    (
        "stepfun-ai/step3",
        "step3",
        '<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="{{ name }}"></steptml:invoke><｜tool_call_end｜>',
    ),
    (
        "stepfun-ai/Step-3.5-Flash",
        "step3p5",
        "You have these functions in JSONSchema format: {{ tools }}{{ '<tool_call>\n<function=' + fn.name + '>\n' }}",
    ),
    (
        "Salesforce/Llama-xLAM-2-8b-fc-r",
        "xlam",
        'You may make calls in a single JSON array: [{"name": "one", "arguments": {}}]',
    ),
]

BY_NAME_ALONE = [
    ("IQuestLab/IQuest-Q1", "iquest_q1"),
    ("ai21labs/AI21-Jamba-Large-1.7", "jamba"),
    ("arcee-ai/Trinity-Mini", "trinity"),
    ("baidu/ERNIE-4.5-21B-A3B-Thinking", "ernie45"),
    ("pfnet/plamo-3-nict-8b-base", "plamo3"),
    ("LLM360/K2-Horizon-7B", "k2_horizon"),
    ("llm-jp/llm-jp-4.1-8b-thinking", "llm_jp"),
    ("zai-org/GLM-Z1-9B-0414", "glm4"),
    ("sbintuitions/sarashina2.2-3b-instruct-v0.1", "sarashina"),
]


@pytest.mark.parametrize(("model", "name", "template"), FAMILIES)
def test_template_of_each_family(model: str, name: str, template: str) -> None:
    guess = detect(chat_template=template)
    assert guess is not None
    assert (guess.format, guess.confidence) == (name, "certain"), guess.reason


@pytest.mark.parametrize(("model", "name"), [(model, name) for model, name, _ in FAMILIES] + BY_NAME_ALONE)
def test_model_name_of_each_family(model: str, name: str) -> None:
    guess = detect(model=model)
    assert guess is not None
    assert (guess.format, guess.confidence) == (name, "likely"), guess.reason


@pytest.mark.parametrize(("model", "name", "template"), FAMILIES)
def test_template_and_name_of_one_family_agree(model: str, name: str, template: str) -> None:
    guess = detect(chat_template=template, model=model)
    assert guess is not None
    assert (guess.format, guess.confidence) == (name, "certain")
    assert guess.reason.endswith("agrees")


def test_every_listed_model_is_found_under_its_own_format() -> None:
    wrong = {}
    for fmt in formats():
        for model in fmt.models:
            guess = detect(model=model)
            if guess is None or guess.format != fmt.name:
                wrong[model] = (fmt.name, guess)
    assert wrong == {}


def test_every_mark_shows_its_own_format() -> None:
    wrong = {}
    for fmt in formats():
        for mark in fmt.marks:
            guess = detect(chat_template="\n".join(mark.split(" & ")))
            if guess is None or guess.format != fmt.name:
                wrong[mark] = (fmt.name, guess)
    assert wrong == {}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("Qwen3-8B", "hermes"),
        ("qwen3:30b-a3b-instruct-2507-q4_K_M", "hermes"),
        ("hf.co/unsloth/GLM-4.7-Flash-GGUF:Q4_K_XL", "glm45"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "llama3_json"),
        ("accounts/fireworks/models/qwen2p5-72b-instruct", "hermes"),
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1_5", "nemotron_json"),
        ("/models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "llama3_json"),
        ("openai_gpt-oss-20b-MXFP4.gguf", "harmony"),
        ("Qwen_Qwen3-Coder-30B-A3B-Instruct-Q4_0.gguf", "qwen3_coder"),
        ("~/.cache/huggingface/hub/models--Qwen--Qwen3-8B/snapshots/" + "9c925d64d72725edaf899c6cb9c377fd0709d9c8", "hermes"),
        ("./out/GLM-4.5-Air/checkpoint-500", "glm45"),
        ("./GLM-4.5-Air/model-00001-of-00047.safetensors", "glm45"),
        ("C:\\models\\Kimi-K2-Thinking\\", "kimi_k2"),
        ("MISTRALAI/MISTRAL-7B-INSTRUCT-V0.3", "mistral"),
        ("deepseek-ai/DeepSeek-V3.2-Exp", "deepseek_v31"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "deepseek_v3"),
        ("XiaomiMiMo/MiMo-7B-RL", "hermes"),
        ("google/gemma-4-e4b-it-4bit", "gemma4"),
    ],
)
def test_model_name_in_other_spellings(model: str, name: str) -> None:
    guess = detect(model=model)
    assert guess is not None
    assert guess.format == name


@pytest.mark.parametrize(
    "model",
    [
        "",
        "/",
        "gpt-4o",
        "google/gemma-2-9b-it",
        "google/gemma-7b-4bit-it-v2",
        "deepseek-ai/DeepSeek-V2.5",
        "zai-org/glm-4-9b-chat",
        "mistralai/Mistral-7B-Instruct-v0.1",
        "Qwen/Qwen-7B-Chat",
        "my-qwen3-experiment",
        "cognitivecomputations/Dolphin3.0-Llama3.1-8B",
        "/home/qwen3/unknown-model",
        "tencent/Hunyuan-MT-7B",
        "checkpoint-500",
    ],
)
def test_unknown_model_name_is_no_guess(model: str) -> None:
    assert detect(model=model) is None


@pytest.mark.parametrize(
    "template",
    [
        "",
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endfor %}",
        "{{ '<tool_call>' }}",
        'List your calls within <tool_call></tool_call>: <tool_calls>[{"name": "one", "arguments": {}}]</tool_calls>',
        '<function=example>{"one": 1}</function>',
        "{% if tools %}Tools: {{ tools | tojson }}{% endif %}",
    ],
)
def test_template_that_shows_no_known_calls_is_no_guess(template: str) -> None:
    assert detect(chat_template=template) is None


BOTH = """{% if json_calls %}<tool_call>\n{"name": "f", "arguments": {}}{% else %}<tool_call>\n<function=f>{% endif %}"""
HERMES = """{{ '<tool_call>\n{"name": "' + fn.name + '", "arguments": ' + fn.arguments + '}\n</tool_call>' }}"""
GLM = "<tool_call>{name}<arg_key>{key}</arg_key><arg_value>{value}</arg_value></tool_call>"


def test_template_of_two_formats_is_no_guess_until_the_name_chooses() -> None:
    assert detect(chat_template=BOTH) is None
    assert detect(chat_template=BOTH, model="GLM-4.6", output=GLM) is None
    guess = detect(chat_template=BOTH, model="Qwen3.6-27B")
    assert guess == Guess(
        "qwen3_coder", "likely", "the chat template fits hermes and qwen3_coder; of these, the model name is that of 'Qwen3.6'"
    )


def test_template_wins_over_the_name_and_the_reason_says_so() -> None:
    guess = detect(chat_template=GLM, model="Qwen3-8B")
    assert guess is not None
    assert (guess.format, guess.confidence) == ("glm45", "certain")
    assert guess.reason == (
        "the chat template holds '<tool_call>' and '<arg_key>'; "
        "the model name, that of 'Qwen3', would be hermes, but a template counts for more"
    )


def test_format_that_no_template_can_show_is_taken_from_the_name() -> None:
    guess = detect(chat_template=HERMES, model="arcee-ai/Trinity-Mini")
    assert guess is not None
    assert (guess.format, guess.confidence) == ("trinity", "likely")
    assert "hermes" in guess.reason


def test_name_counts_where_the_template_is_silent() -> None:
    guess = detect(chat_template="{{ messages }}", model="Kimi-K2-Instruct")
    assert guess is not None
    assert (guess.format, guess.confidence) == ("kimi_k2", "likely")
    assert "shows no calls" in guess.reason


PLAIN = "{{ messages }}"


@pytest.mark.parametrize(
    "chat_template",
    [
        GLM,
        {"default": PLAIN, "tool_use": GLM},
        {"default": HERMES, "tool_use": GLM},
        [{"name": "default", "template": PLAIN}, {"name": "rag", "template": GLM}],
        [{"name": "default", "template": HERMES}, {"name": "tool_use", "template": GLM}],
    ],
)
def test_config_with_one_or_several_templates(chat_template: object) -> None:
    config = {"chat_template": chat_template, "eos_token": "</s>"}
    for given in (config, json.dumps(config)):
        guess = detect(tokenizer_config=given)
        assert guess is not None
        assert (guess.format, guess.confidence) == ("glm45", "certain")


def test_templates_by_name_are_taken_as_given_too() -> None:
    guess = detect(chat_template={"default": PLAIN, "tool_use": GLM})
    assert guess is not None
    assert guess.format == "glm45"


def test_given_template_counts_before_the_one_in_the_config() -> None:
    guess = detect(chat_template=HERMES, tokenizer_config={"chat_template": GLM})
    assert guess is not None
    assert guess.format == "hermes"


def test_response_template_is_read_with_its_patterns() -> None:
    config = {
        "chat_template": PLAIN,
        "response_template": {
            "start_anchor": "<|start|>assistant",
            "fields": {
                "tool_calls": {
                    "open_pattern": r" to=\w+<\|channel\|>analysis",
                    "close": "<|call|>",
                    "content_args": {"tag_pattern": r'<rfl:parameter name="(?P<key>[^"]+)">'},
                }
            },
        },
    }
    guess = detect(tokenizer_config=config)
    assert guess is not None
    assert (guess.format, guess.confidence) == ("beam", "likely")


def test_added_tokens_are_weaker_than_the_name() -> None:
    config = {
        "added_tokens_decoder": {"9": {"content": "[TOOL_CALLS]", "special": True}, "10": {"content": "[AVAILABLE_TOOLS]"}},
        "additional_special_tokens": ["[INST]"],
    }
    assert detect(tokenizer_config=config) == Guess("mistral", "possible", "the added vocabulary holds '[TOOL_CALLS]'")
    guess = detect(tokenizer_config=config, model="NousResearch/Hermes-2-Pro-Mistral-7B")
    assert guess is not None
    assert guess.format == "hermes"


@pytest.mark.parametrize("key", ["additional_special_tokens", "extra_special_tokens", "added_tokens"])
def test_added_tokens_under_every_key(key: str) -> None:
    token = "<|tool_call_argument_begin|>"
    for value in ([token], [{"content": token}], {"call": token}):
        guess = detect(tokenizer_config={key: value})
        assert guess is not None
        assert guess.format == "kimi_k2"


def test_added_tokens_that_several_formats_share_are_no_guess() -> None:
    config = {"added_tokens_decoder": {"1": {"content": "<tool_call>"}, "2": {"content": "</tool_call>"}}}
    assert detect(tokenizer_config=config) is None


@pytest.mark.parametrize("config", [{}, "{}", {"chat_template": None}, {"chat_template": [None, {"name": "x"}]}, {"added_tokens": 3}])
def test_config_that_says_nothing(config: object) -> None:
    assert detect(tokenizer_config=config) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_config_that_is_no_json_object_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="tokenizer_config"):
        detect(tokenizer_config=text)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ('Sure.\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>', "hermes"),
        ('<tool_call>{"name": "f", "arguments": {}}</tool_call>', "hermes"),
        ("<tool_call>\n<function=f>\n</function>\n</tool_call>", "qwen3_coder"),
        ("<tool_call>f<arg_key>a</arg_key><arg_value>1</arg_value></tool_call>", "glm45"),
        ('[TOOL_CALLS]f[ARGS]{"a": 1}', "mistral"),
        ("<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{}\n```<｜tool▁call▁end｜>", "deepseek_v3"),
        ("<｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜>", "deepseek_v31"),
        ('<｜DSML｜function_calls>\n<｜DSML｜invoke name="f">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>', "deepseek_v32"),
        ('<minimax:tool_call>\n<invoke name="f">\n</invoke>\n</minimax:tool_call>', "minimax_m2"),
    ],
)
def test_output_is_the_last_resort(output: str, name: str) -> None:
    guess = detect(output=output)
    assert guess is not None
    assert (guess.format, guess.confidence) == (name, "possible")
    assert detect(model="GLM-4.6", output=output) == detect(model="GLM-4.6")


@pytest.mark.parametrize("output", ["", "The answer is 4.", "Use <tool_call> to call a tool.", '{"a": 1}', "[1, 2]"])
def test_output_without_a_call_is_no_guess(output: str) -> None:
    assert detect(output=output) is None


def test_nothing_given_is_no_guess() -> None:
    assert detect() is None


def test_no_template_engine_is_imported() -> None:
    code = "import sys; from toolparse.detect import detect; detect('{{ 1 }}', model='Qwen3'); sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
