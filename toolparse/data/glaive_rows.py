"""glaive function calling v2: a conversation in one string, `USER: ... ASSISTANT: ... FUNCTION RESPONSE: ...`, with `SYSTEM:` in front or
in a column of its own; calls are `<functioncall> {...}`.
"""

from __future__ import annotations

import re

from toolparse.data.conversation import Conversation, InvalidRow, Row, Turns, json_text
from toolparse.data.definitions import decoded_list, definitions
from toolparse.data.turns import text_of
from toolparse.grammar import Format
from toolparse.rendering.render import render
from toolparse.schemas.tools import InvalidTools

COLUMNS = ("system", "chat", "text", "tools")
_ROLE = re.compile(r"^(SYSTEM|USER|ASSISTANT|FUNCTION RESPONSE):[ ]?", re.MULTILINE)
_END = re.compile(r"\s*<\|endoftext\|>\s*\Z")
_LISTED = re.compile(r"\s*[^\n]*?access to the following functions[^\n]*\n\s*(?=\{)|\n\s*(?=\{\s*\"name\")")
_SAYS = "You are a helpful assistant with access to the following functions. Use them if required -\n"


def is_shape(row: Row) -> bool:
    """Whether a column holds a conversation in one string."""
    return _chat(row) is not None


def read(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    chat = _chat(row) or ""
    system = row.get("system")
    if isinstance(system, str) and not chat.startswith("SYSTEM:"):
        chat = ("" if system.startswith("SYSTEM:") else "SYSTEM: ") + system + "\n" + chat
    pieces = _ROLE.split(chat)
    if pieces[0].strip():
        raise InvalidRow(f"text in front of the first role: {pieces[0].strip()[:80]!r}")
    said = [(role, _END.sub("", text.strip()).strip()) for role, text in zip(pieces[1::2], pieces[2::2], strict=True)]
    tools: list[Row] = []
    if said and said[0][0] == "SYSTEM":
        found = _LISTED.search(said[0][1])
        if found is not None:
            try:
                tools = definitions(decoded_list(said[0][1][found.end() :]))
            except InvalidTools as error:
                raise InvalidRow(f"the functions of the system text: {error}") from None
            said[0] = ("SYSTEM", said[0][1][: found.start()].strip())
    turns = Turns("glaive", tools, fmt, prompt)
    for role, text in said:
        if role == "ASSISTANT":
            turns.assistant(text, "glaive")
        elif role == "FUNCTION RESPONSE":
            turns.result(text)
        elif text or role == "USER":
            turns.say(role.lower(), text)
    return turns.conversation


def write(conversation: Conversation) -> Row:
    """The row of a conversation. Raises `CannotRender` for a turn that the markup cannot say."""
    messages = conversation.messages
    system = ""
    if messages and messages[0]["role"] == "system":
        system = text_of(messages[0]["content"], "system")
        messages = messages[1:]
    if conversation.tools:
        system += ("\n" if system else "") + _SAYS + "\n\n".join(json_text(tool["function"]) for tool in conversation.tools)
    chat = ""
    for message in messages:
        role = message["role"]
        if role == "assistant":
            text = render(message, "glaive", tools=conversation.tools or None)
            chat += f"ASSISTANT: {text} <|endoftext|>\n\n\n"
        else:
            word = {"user": "USER", "tool": "FUNCTION RESPONSE"}.get(role, role)
            chat += f"{word}: {text_of(message['content'], role)}\n\n\n"
    return {"system": f"SYSTEM: {system}", "chat": chat}


def _chat(row: Row) -> str | None:
    for column in ("chat", "text", "conversation", "conversations", "messages"):
        text = row.get(column)
        if isinstance(text, str) and text.startswith(("SYSTEM:", "USER:")) and "\nASSISTANT:" in text:
            return text
    return None
