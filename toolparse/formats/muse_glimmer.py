"""Muse Glimmer and Muse Spark: messages to self, to the user or to a tool; a tool's message holds invokes with raw parameters."""

from toolparse.grammar import Calls, Channels, Format, Parameters, Reasoning, Wrapper

MUSE_GLIMMER = Format(
    name="muse_glimmer",
    aliases=("muse", "musespark1x", "glimmer", "muse_spark"),
    models=("Muse Glimmer", "Muse Spark"),
    reasoning=(Reasoning(" to=self<|message|>", "<|eom|>"),),
    channels=Channels(
        start="<|start|>assistant",
        to=" to={name}",
        close=("<|message|>",),
        ends=("<|eom|>", "<|eot|>"),
        kinds=(("self", "reasoning"), ("user", "content"), ("commentary", "content")),
        inside="reasoning",
    ),
    calls=(
        Calls(
            wrapper=Wrapper("<atem:function_calls>\n", "</atem:function_calls>", shared=True),
            open=('<atem:invoke name="{name}">\n',),
            body=Parameters(
                open=('<atem:parameter name="{key}">',),
                close="</atem:parameter>",
                ends="structure",
                between="\n",
            ),
            close=("</atem:invoke>\n",),
            name=r'[^"\n]',
        ),
    ),
    stop=("<|eot|>", "<|eom|>"),
    turn=("<|start|>assistant",),
    special_tokens=("<|start|>", "<|message|>", "<|eom|>", "<|eot|>"),
    source="meta-models/Muse-Glimmer-30B model page; ollama/ollama model/parsers/glimmer.go",
    quirks=(
        "Inside reasoning a complete header to a declared tool, to self or to the user opens the next message, <|eom|> or not.",
        "The header decides: invokes in a message to the user, to self or to nobody are text.",
        "A name that stands twice with a dot between is one if the request declares it; a token inside a name is dropped.",
        "A closing tag inside a value is part of it unless the next parameter or the end of the invoke follows.",
        "A header that the end of the output cuts is framing where one may stand, and text inside a message.",
    ),
    marks=("<atem:function_calls>",),
)
