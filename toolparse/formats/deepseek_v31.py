"""DeepSeek-V3.1 and V3.2-Exp: the markers of V3 around a name and bare JSON."""

from toolparse.formats.deepseek_v3 import DEEPSEEK_V3, FENCED, SEPARATED
from toolparse.grammar import Reasoning

DEEPSEEK_V31 = DEEPSEEK_V3.variant(
    name="deepseek_v31",
    aliases=("deepseekv31", "deepseek3", "deepseek3.1"),
    reasoning_aliases=("deepseek_v3",),
    models=("DeepSeek-V3.1", "DeepSeek-V3.1-Terminus", "DeepSeek-V3.2-Exp"),
    reasoning=(Reasoning("<think>", "</think>", stray="again"),),
    calls=(SEPARATED, FENCED),
    turn=("<｜Assistant｜>", "<｜tool▁output▁end｜>"),
    source="deepseek-ai/DeepSeek-V3.1 model page and assets/chat_template.jinja",
    quirks=(
        "A call without its section counts, and blanks between the markers are framing.",
        "`function`, a name and fenced JSON, as V3 writes a call, are read, too.",
        "Markers that no call follows are text, in content and in reasoning alike.",
        "An end marker outside a string closes what is open; a repeated `</think>` at the start is framing.",
    ),
    marks=("<｜tool▁call▁begin｜>",),
)
