"""The way back to the model: what is wrong with a call, as the tool message that lets the model correct itself.

Knows calls and their violations; finding violations is for `validate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolparse.message import ToolCall
from toolparse.schemas.validate import Violation, shortened

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionToolMessageParam

_MOST = 8  # violations in a message: a model corrects the first ones and sees the rest the next time

_AGAIN = {
    "tool": "Call one of the tools that there are.",
    "incomplete": "Call it again with shorter arguments.",
    "limit": "Call it again with smaller and simpler arguments.",
    "schema": "Do not call it again: this is not for you to correct.",
}


def feedback(call: ToolCall, violations: Sequence[Violation]) -> ChatCompletionToolMessageParam:
    """The chat API's tool message for a call that was not carried out because of `violations`.

    >>> call = ToolCall(id="call_1", name="get_weather", arguments='{"days": "two"}')
    >>> violation = Violation(0, "/days", "type", "two", 'expected an integer, found "two"')
    >>> print(feedback(call, [violation])["content"])
    get_weather was not called:
    - /days: expected an integer, found "two"
    Call it again with corrected arguments.

    Raises ValueError when there are no violations, and TypeError for what is no call.
    """
    if not isinstance(call, ToolCall):
        raise TypeError(f"feedback is about one call, such as message.tool_calls[0], not {type(call).__name__}")
    if not violations:
        raise ValueError("there is nothing to say about a call without violations: send the tool's result instead")
    lines = [f"{shortened(call.name)} was not called:"]
    for violation in violations[:_MOST]:
        lines.append(f"- {shortened(violation.path)}: {violation.message}" if violation.path else f"- {violation.message}")
    if len(violations) > _MOST:
        lines.append(f"- and {len(violations) - _MOST} more")
    lines.append(_AGAIN.get(violations[0].rule, "Call it again with corrected arguments."))
    return {"role": "tool", "tool_call_id": call.id, "content": "\n".join(lines)}
