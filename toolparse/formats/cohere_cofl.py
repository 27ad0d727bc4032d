"""Cohere's Command 5 markup: calls in tags of the namespace cofl, each parameter with its kind, in the frame of Command's turns."""

from toolparse.formats.cohere_command import COHERE_COMMAND
from toolparse.grammar import Ahead, Calls, OneOf, Parameters, Wrapper

BODY = Ahead(("<cofl:tool_param", "</cofl:tool_call>"))

COHERE_COFL = COHERE_COMMAND.variant(
    name="cohere_cofl",
    aliases=("cohere_command5", "cmd5"),
    models=("Command 5",),
    calls=(
        Calls(
            wrapper=Wrapper("<cofl:tool_calls>", "</cofl:tool_calls>", shared=True),
            needs="nothing",
            open=('<cofl:tool_call id="{id}" name="{name}">', BODY),
            also=((OneOf(('<cofl:tool_call id="" name="{name}">', '<cofl:tool_call name="{name}">')), BODY),),
            body=Parameters(
                open=('<cofl:tool_param name="{key}" string="{kind}">',),
                close="</cofl:tool_param>",
                kinds=(("true", "string"), ("false", "json")),
            ),
            close=("</cofl:tool_call>",),
            name=r'[^<>"\n]',
            escaped="xml",
        ),
    ),
    special_tokens=(*COHERE_COMMAND.special_tokens[:6], "<cofl:tool_calls>", "</cofl:tool_calls>"),
    source="cohere-ai/melody src/parsing/cofl_filter.rs and options.rs (cmd5), gen/templates/jinja/cmd5.jinja",
    quirks=(
        "`string` says whether a value is text or JSON, whatever the schema says; entities are decoded, in names and keys too.",
        "`render` writes values with markup in CDATA, where the template writes entities; both are read.",
        "Nested values in <cofl:value>, which later templates write, are not read: such a call is content.",
        "The id is handed out as it was written.",
        "Citation tags are left as they are.",
    ),
    marks=("<cofl:tool_call",),
)
