"""gpt-oss: messages on channels, each behind a header; a header with a recipient makes the message a call, whose body is JSON."""

from toolparse.grammar import Calls, Channels, Format, JsonText, OneOf, Reasoning

ENDS = ("<|end|>", "<|call|>", "<|return|>")
CHANNELS = Channels(
    start=OneOf(("<|start|>assistant", "<|start|>")),
    channel="<|channel|>",
    to=" to={name}",
    close=("<|message|>",),
    ends=ENDS,
    kinds=(("analysis", "reasoning"), ("final", "content"), ("commentary", "content"), ("assistant", "nobody"), ("user", "nobody")),
)

HARMONY = Format(
    name="harmony",
    aliases=("openai", "openai_gptoss", "gpt-oss"),
    models=("gpt-oss", "gpt-oss-safeguard"),
    reasoning=(Reasoning("<|channel|>analysis<|message|>", "<|end|>"),),
    channels=CHANNELS,
    calls=(
        Calls(
            open=("<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>",),
            body=JsonText(code=(("python", "input"),)),
            close=(OneOf(("<|call|>", "<|end|>", "<|return|>")),),
            between="<|start|>assistant",
            prefix="functions.",
        ),
    ),
    stop=("<|return|>", "<|call|>", "<|endoftext|>"),
    turn=("<|start|>assistant",),
    special_tokens=("<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|return|>", "<|call|>"),
    source="openai/harmony docs/format.md; openai/gpt-oss-20b and openai/gpt-oss-120b model pages",
    quirks=(
        "A recipient makes a call on any channel, in front of the channel's name or behind it; its name ends at a blank or a token.",
        "The prefix `functions.` is no part of a name, and neither is a content type glued to a declared one.",
        "A missing <|start|>, a doubled <|channel|> and words that are no channel are forgiven; an unknown channel is content.",
        "A header that never reaches <|message|> has no content.",
        "Text between two messages is content unless it is the rest of a header.",
        "Any end token closes any message; the output without any markup is content.",
        "The body of `python` is code unless it begins with a brace.",
    ),
    marks=("<|channel|> & <|message|> & <|call|>",),
)
