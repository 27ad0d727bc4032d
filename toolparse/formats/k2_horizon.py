"""K2 Horizon: pairs of key and raw value, each in a tag of its own, or a JSON envelope; three pairs of thinking tags."""

from toolparse.grammar import Ahead, Calls, Envelope, Format, OneOf, Parameters, Reasoning, Wrapper

GROUP = Wrapper("<ifm|tool_calls>\n", "\n</ifm|tool_calls>", shared=True)

K2_HORIZON = Format(
    name="k2_horizon",
    aliases=("k2_v3",),
    models=("K2-Horizon", "K2-V3"),
    reasoning=(
        Reasoning("<ifm|think>\n", OneOf(("\n</ifm|think>\n", "</ifm|think_fast>", "</ifm|think_faster>")), assumed=True),
        Reasoning("<ifm|think_fast>\n", OneOf(("\n</ifm|think_fast>\n", "</ifm|think>", "</ifm|think_faster>"))),
        Reasoning("<ifm|think_faster>\n", OneOf(("\n</ifm|think_faster>\n", "</ifm|think>", "</ifm|think_fast>"))),
    ),
    calls=(
        Calls(
            wrapper=GROUP,
            needs="nothing",
            open=("<ifm|tool_call>", "{name}\n", Ahead(("<ifm|arg_key>", "</ifm|tool_call>"))),
            body=Parameters(
                open=(
                    "<ifm|arg_key>", "{key}", "</ifm|arg_key>\n", OneOf(("", "<ifm|arg_type>{kind}</ifm|arg_type>\n")),
                    "<ifm|arg_value>",
                ),
                close="</ifm|arg_value>",
                ends="structure",
                between="\n",
                kinds="types",
            ),
            close=("</ifm|tool_call>",),
            between="\n",
            name=r"[A-Za-z0-9_.:/\-]",
        ),
        Calls(
            wrapper=GROUP,
            needs="nothing",
            open=("<ifm|tool_call>",),
            body=Envelope(start=("{",)),
            close=("</ifm|tool_call>",),
            between="\n",
        ),
    ),
    stop=("<|ifm|im_end|>",),
    turn=("<|ifm|im_start|>assistant\n",),
    special_tokens=(
        "<ifm|tool_calls>", "</ifm|tool_calls>", "<ifm|tool_call>", "</ifm|tool_call>", "<ifm|arg_key>", "</ifm|arg_key>",
        "<ifm|arg_type>", "</ifm|arg_type>", "<ifm|arg_value>", "</ifm|arg_value>", "<ifm|think>", "</ifm|think>", "<ifm|think_fast>",
        "</ifm|think_fast>", "<ifm|think_faster>", "</ifm|think_faster>",
    ),
    source="ggml-org/llama.cpp common/parsers/k2-horizon.cpp; IFM/K2-Horizon model pages",
    quirks=(
        "Any of the three closers ends reasoning, and so does a call.",
        "The type tag is optional; it counts where the schema has no type or several.",
        "A call without the group, and a group without its closer, are read; the two ways to write a call may be mixed.",
        "</ifm|arg_value> and </ifm|tool_call> inside a value are part of it unless what follows shows that they close.",
        "The markers count only in front of a whole call's beginning.",
    ),
    marks=("<ifm|tool_call",),
)  # fmt: skip
