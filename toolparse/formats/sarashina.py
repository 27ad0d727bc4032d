"""Sarashina: one special token and a list of calls, printed as Python prints it."""

from toolparse.grammar import LISTED, Calls, Envelope, Format

LIST = Envelope(listed=LISTED)

SARASHINA = Format(
    name="sarashina",
    models=("Sarashina", "Sarashina2", "Sarashina2.2"),
    calls=(
        Calls(open=("<|tool_calls|>",), body=LIST),
        Calls(where="start", needs="tool", body=Envelope(listed=LISTED, start=("[{",))),
    ),
    stop=("</s>",),
    special_tokens=("<|tool_calls|>",),
    source="smg-project/smg#1937 (crates/tool_parser/src/parsers/sarashina.rs)",
    quirks=(
        "Single quotes, True, False and None are read as Python means them; `render` writes JSON, which is read just so.",
        "Engines skip the marker, which is a special token: a bare list counts at the start of the turn, with a declared name.",
        "A single object instead of the list, and a list that is not closed, are repaired.",
        "Other lists, and a marker that no list of objects follows, are content.",
    ),
    marks=(),
)
