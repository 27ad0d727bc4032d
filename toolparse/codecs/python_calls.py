"""Calls as Python writes them, behind `f(`: keyword arguments in, one JSON object out; further calls of a list behind commas.

    argument ──name=──> value ──, )──> argument ... ──)──> after ──, name(──> argument

The values are the business of `python_values.py`. An argument without a name takes that of the tool's only parameter; otherwise it is
left out, as is the second value of a name, with a problem that tells it.
"""

from __future__ import annotations

import re

from toolparse.codecs.bare_words import is_scalar
from toolparse.codecs.python_values import PythonValues
from toolparse.codecs.writer import Arguments
from toolparse.grammar import PythonCalls
from toolparse.jsontext.characters import ALL_SPACES, ODD_SPACE, SPACE, SPACES
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall

BLANKS = 256
"""What belongs together stands at most this many blanks apart; it waits until that is known."""
_SOME = f"[ \\t\\r\\n]{{0,{BLANKS}}}"
_KEY = re.compile(rf"([^\W\d]\w{{0,255}}){_SOME}=(?!=)")
_KEY_BEGIN = re.compile(rf"[^\W\d]\w{{0,255}}{_SOME}=?\Z")
_QUOTED = r"""["'“”‘’]([^"'“”‘’\n]{1,256})["'“”‘’]"""
_ODD = r"""[^\s=,:()\[\]{}"'“”‘’<>，：＝（）](?:[^=,:()\[\]{}"'“”‘’<>，：＝（）\n]{0,255})"""
_ODD_KEY = re.compile(rf"(?:{_QUOTED}|({_ODD})){_SOME}(?:([=＝])(?!=)|[:：])")
_ODD_KEY_BEGIN = re.compile(rf"""(?:["'“”‘’]([^"'“”‘’\n]{{0,256}})(?:["'“”‘’]{_SOME}[=＝]?)?|({_ODD})[=＝]?)\Z""")
_UNPACKED = re.compile(rf"\*\*{_SOME}{{")
_UNPACKED_BEGIN = re.compile(rf"\*(?:\*{_SOME})?\Z")
_OBJECT = re.compile(rf"{{{_SOME}{_QUOTED}{_SOME}:")
_OBJECT_BEGIN = re.compile(rf"""{{{_SOME}(?:["'“”‘’]([^"'“”‘’\n]{{0,256}})(?:["'“”‘’]{_SOME})?)?\Z""")
_NAME = re.compile(rf"{_SOME}([^\W\d][\w.\-]{{0,255}}){_SOME}\(")
_NAME_BEGIN = re.compile(rf"{_SOME}(?:[^\W\d][\w.\-]{{0,255}}{_SOME})?\Z")
_ANY_NAME = re.compile(rf"{_SOME}([^\n(){{}}\[\]<>=,（]{{1,256}})[(（]")
_ANY_NAME_BEGIN = re.compile(rf"{_SOME}([^\n(){{}}\[\]<>=,（]{{0,256}})\Z")
_PARENTHESES = re.compile(r"[)）]+")
_CODE = frozenset("\"'\\.+*/-=")
"""What stands directly behind a parenthesis in code, and never behind a call."""
_TWO_WORDS = re.compile(r"[ \t\r\n]*([^ \t\r\n]+)[ \t\r\n]+([^\W\d]\w{0,255})[ \t\r\n]*")
_LATER = re.compile(r"[ \t\r\n]([^\W\d]\w{0,255})[ \t]{0,4}=(?!=)")
"""A further argument, in the text of a value that is no literal."""
_NUMBER = re.compile(r"[-+]?[0-9][0-9_.eE+-]{0,64}|True|False|None|true|false|null")
_NEXT_ARGUMENT = re.compile(rf"[{SPACE}{ODD_SPACE}]*(?:([^\W\d]\w{{0,255}})[ \t\r\n]*[=＝](?!=)|[)）])")
_NEXT_ARGUMENT_BEGIN = re.compile(rf"[{SPACE}{ODD_SPACE}]*(?:[^\W\d]\w{{0,255}}[ \t\r\n]*[=＝]?)?\Z")


class PythonReader(PythonValues):
    """The calls of a list, the first of which has begun with its header; or that one call."""

    rewrites = None

    __slots__ = ("given", "left", "listed", "unpacking")

    def __init__(self, call: OpenCall, body: PythonCalls, ends: EndMarks) -> None:
        super().__init__(call, ends, body.raw_quotes)
        self.listed = body.listed
        self.given = Arguments()
        self.left: tuple[str, str] | None = None
        self.unpacking = False
        self.state = self.argument

    def finish(self, at: int) -> None:
        """The output ended; outside the parentheses of a call that leaves nothing open."""
        self.done = True
        if self.call.open:
            self.leave_out(at)
            self.call.end(False, at)

    # -- arguments --------------------------------------------------------------------------------------------------------------------

    def argument(self, at: int) -> int:
        """Where an argument or the closing parenthesis may stand."""
        text = self.text
        at = self.token(at)
        if at < 0:
            return at
        character = self.mark(at)
        if character == ")":
            if self.unpacking:
                self.call.problem("missing_closer", "a missing } was added", at)
            self.call.arguments_until(at)
            self.end_call(at + 1)
            return at + 1
        if character == ",":
            return at + 1
        if character == "}" and self.unpacking:
            self.unpacking = False
            return at + 1
        if character == "]" and self.listed:
            moved = self.without_closer(at)
            if moved is not None:
                return moved
        found = _KEY.match(text, at)
        if found is not None:
            if found.end() == len(text) and not self.last:
                return ~at
            if text[found.end() : found.end() + 1] != "=":
                self.begin_value(found[1], at)
                return found.end()
        if not self.last and _KEY_BEGIN.match(text, at):
            return ~at
        moved = self.odd_key(at)
        if moved is None:
            moved = self.object_ahead(at)
        if moved is not None:
            return moved
        self.positional(at)
        return at

    def odd_key(self, at: int) -> int | None:
        """A key that is no identifier, is quoted, or has a colon behind it; None where there is none."""
        found = _ODD_KEY.match(self.text, at)
        if found is None or (found[3] and found.end() == len(self.text) and not self.last):
            begun = None if self.last else _ODD_KEY_BEGIN.match(self.text, at)
            if found is None and begun is None:
                return None
            return ~at if found is not None or begun[2] or self.may_be_key(begun[1] or "") else None  # type: ignore[index]
        key = (found[1] or found[2]).strip(SPACE)
        plain = found[2] and found[3] and not any(blank in key for blank in SPACE) and key[0] not in "*-+.0123456789"
        if not (plain or self.declares(key) or (found[1] and self.unpacking)):
            return None
        if not self.unpacking:
            self.call.problem("repaired_markup", f"{found[0]} was read as the argument {key!r}", at)
        self.begin_value(key, at)
        return found.end()

    def declares(self, key: str) -> bool:
        """Whether the tool has this parameter; when nothing is known of the tool, every quoted key will do."""
        tool = self.call.tool
        return tool is None or tool.arguments.lists(key)

    def may_be_key(self, text: str) -> bool:
        """Whether a longer text in quotes may be a key."""
        tool = self.call.tool
        return self.unpacking or tool is None or any(key.startswith(text) for key in tool.keys)

    def object_ahead(self, at: int) -> int | None:
        """A dict that holds arguments, behind two asterisks or in the place of the first argument; None where there is none."""
        text = self.text
        found = _UNPACKED.match(text, at)
        if found is None:
            if not self.last and _UNPACKED_BEGIN.match(text, at):
                return ~at
            if text[at] != "{" or self.given.seen or self.unpacking:
                return None
            inner = _OBJECT.match(text, at)
            if inner is None:
                begun = None if self.last else _OBJECT_BEGIN.match(text, at)
                return ~at if begun is not None and self.may_be_key(begun[1] or "") else None
            if not self.declares(inner[1].strip(SPACE)):
                return None
        self.call.problem("repaired_markup", "a dict of arguments was unpacked", at)
        self.unpacking = True
        return at + 1 if found is None else found.end()

    def without_closer(self, at: int) -> int | None:
        """The `]` of the list, where the parenthesis of a call is still open; None when it is no end of the list."""
        ends = self.list_ends(at)
        if ends is None:
            return ~at
        if not ends:
            return None
        self.call.problem("repaired_markup", "a missing ) was added", at)
        self.end_value(at)
        self.end_call(at)
        return at

    def list_ends(self, at: int) -> bool | None:
        """Whether the `]` at `at` ends the list: a marker, the end of the line or of the output follows it."""
        text = self.text
        behind = SPACES.match(text, at + 1, at + 1 + BLANKS).end()
        if "\n" in text[at + 1 : behind]:
            return True
        if behind == len(text):
            return True if self.last else None
        ends = self.ends(text, behind, self.last)
        return None if ends is None else bool(ends)

    def closes_argument(self, character: str, at: int) -> bool | None:
        if character == ")":
            return self.ends_the_call(at)
        if character == "}" and self.unpacking:
            return True
        if character != ",":
            ends = self.closes_call(at)
            return self.lacks_comma(at) if ends is False and not self.quotes and self.text[at - 1] in SPACE else ends
        odd = self.next_key(at + 1)
        return odd if odd is not False else self.next_argument(at + 1)

    def closes_call(self, at: int) -> bool | None:
        """Whether a bracket behind a quote, in place of the parenthesis, ends the list and with it the call."""
        return self.list_ends(at) if self.listed and self.text[at : at + 1] == "]" else False

    def ends_the_call(self, at: int) -> bool | None:
        """Whether the parenthesis at `at` can be the call's: not where code goes on behind it."""
        found = _PARENTHESES.match(self.text, at, at + 129)
        assert found is not None
        if found.end() == len(self.text):
            return True if self.last else None
        return self.text[found.end()] not in _CODE

    def wide_ends(self, at: int) -> bool | None:
        """Behind a literal, or where an argument follows."""
        if self.spilling:
            return False
        if self.word.length < BLANKS and _NUMBER.fullmatch(self.word.text.strip(SPACE)):
            return True
        if self.text[at] != "，" or self.stack:
            return self.text[at] == "）" and not self.stack and self.closes_call(at + 1)
        return self.next_argument(at + 1)

    def next_argument(self, at: int) -> bool | None:
        """Whether a further argument, or the end of the call, stands behind the comma in front of `at`; None when more text must tell.

        Behind a string that holds its own quotes, as code does, only the tool's parameters are arguments.
        """
        text = self.text
        found = _NEXT_ARGUMENT.match(text, at, at + 299)
        if found is not None and (found.end() < len(text) or found[0].endswith((")", "）")) or self.last):
            return not (self.quotes and found[1]) or self.declares(found[1])
        return None if not self.last and len(text) - at < 299 and _NEXT_ARGUMENT_BEGIN.match(text, at) else False

    def next_key(self, at: int) -> bool | None:
        """Whether a key that is no identifier begins the next argument behind the comma in front of `at`; None when more must tell."""
        text = self.text
        at = ALL_SPACES.match(text, at, at + BLANKS).end()
        found = _ODD_KEY.match(text, at)
        if found is not None and (not found[3] or found.end() < len(text) or self.last):
            key = (found[1] or found[2]).strip(SPACE)
            return self.unpacking or (self.call.tool is not None and self.declares(key))
        if self.last:
            return False
        begun = _ODD_KEY_BEGIN.match(text, at)
        if begun is None or self.call.tool is None:
            return None if found is not None and self.unpacking else False
        return None if found is not None or self.may_be_key((begun[1] or begun[2] or "").rstrip("=＝ \t\r\n")) else False

    def begin_value(self, key: str, at: int) -> None:
        self.state = self.value
        self.wants = True
        self.call.check_key(key, at)
        if key in self.given.seen:
            self.left = ("repeated_key", f"the argument {key!r} is given twice; the first one stands, and this one was left out")
            self.keep("left")
            return
        self.emit(self.given.member(key))

    def positional(self, at: int) -> None:
        key = "" if self.given.seen else self.only_key(at)
        if key:
            self.begin_value(key, at)
        else:
            self.left = ("positional_argument", "an argument without a name was left out")
            self.keep("left")
            self.state = self.value

    def only_key(self, at: int) -> str:
        """The parameter that a single positional argument is plainly meant for: the only one, or the only required one."""
        tool = self.call.tool
        if tool is None:
            return ""
        keys = tool.keys
        if len(keys) == 1:
            return keys[0]
        required = tool.parameters.get("required")
        if not isinstance(required, list) or len(required) != 1 or required[0] not in keys:
            return ""
        self.call.problem("repaired_markup", f"an argument without a name was read as {required[0]!r}", at)
        return str(required[0])

    def ended_at_top(self, character: str, at: int) -> int | None:
        if character in ",)":
            self.end_value(at)
            self.state = self.argument
            return at + (character == ",")
        if character == "}" and self.unpacking:
            self.end_value(at)
            self.state = self.argument
            return at
        if character == "]" and self.listed:
            return self.without_closer(at)
        lacks = self.lacks_comma(at)
        if lacks:
            self.call.problem("repaired_markup", "a missing comma between two arguments was added", at)
            self.end_value(at)
            self.state = self.argument
        return at if lacks else ~at if lacks is None else None

    def lacks_comma(self, at: int) -> bool | None:
        """Whether a further parameter of the tool stands at `at`, with the sign behind it; None when more text must tell."""
        text = self.text
        found = _KEY.match(text, at)
        if found is not None and (found.end() < len(text) or self.last):
            return self.lacks(found[1])
        tool = self.call.tool
        begun = None if self.last or tool is None else _KEY_BEGIN.match(text, at)
        if begun is None:
            return False
        word = begun[0].rstrip("= \t\r\n")
        return None if any(key.startswith(word) for key in tool.keys if key not in self.given.seen) else False  # type: ignore[union-attr]

    def lacks(self, key: str) -> bool:
        """Whether the tool has this parameter, and it has not been given."""
        tool = self.call.tool
        return tool is not None and tool.arguments.lists(key) and key not in self.given.seen

    def another(self, at: int) -> int | None:
        if self.stack or self.kept or self.dropping or self.word.length > 2 * BLANKS:
            return None
        found = _TWO_WORDS.fullmatch(self.word.text)
        if found is None or not self.lacks(found[2]) or self.text.startswith("=", at + 1):
            return None
        if at + 1 == len(self.text) and not self.last:
            return ~at
        self.word.clear()
        self.emit(self.literal(found[1], self.start - self.call.base))
        self.call.problem("repaired_markup", "a missing comma between two arguments was added", at)
        self.begin_value(found[2], at)
        return at + 1

    def literal(self, word: str, at: int) -> str:
        key = next((found[1] for found in _LATER.finditer(word) if self.lacks(found[1])), "")
        if key and not self.stack:
            self.call.problem("doubtful_value", f"the value may hold the argument {key!r}", at, error=True)
        return super().literal(word, at)

    def end_value(self, at: int) -> None:
        """An argument is complete."""
        if self.wants:
            self.wants = False
            self.emit("null")
            self.call.problem("missing_value", "a missing value was written as null", at)
        self.leave_out(at)

    def leave_out(self, at: int) -> None:
        """Report the argument that went nowhere."""
        if self.left is not None:
            kind, what = self.left
            self.left = None
            text = "".join(part for kept in self.kept for part in kept.parts) + self.word.text
            self.kept.clear()
            self.kept_length = 0
            self.call.problem(kind, f"{what}: {text}", at, error=True)

    def end_call(self, at: int) -> None:
        self.call.write(self.given.end())
        self.call.unargued = not self.given.seen
        self.call.end(True, at)
        self.given = Arguments()
        self.unpacking = self.wide = False
        self.state = self.after if self.listed else self.surplus

    def cut(self, at: int, how: str) -> int:
        """A marker outside any string ends the text: the call's own closer closes what is open, anything else cuts the call."""
        if how == "close":
            cut = self.state == self.expression and not self.dropping and not is_scalar(self.word.text.strip(SPACE))
            self.close_word()
            while self.stack:
                self.close_container(at)
            if self.state != self.argument:
                self.end_value(at)
            self.call.problem("missing_closer", "missing closers were added", at, error=cut)
            self.end_call(at)
        else:
            self.leave_out(at)
            self.call.end(False, at)
        self.done = True
        return ~at

    def after(self, at: int) -> int:
        """Behind a call of a list: a comma and the next call, the end of the list, or no more of it."""
        text = self.text
        here = SPACES.match(text, at, at + BLANKS).end()
        if here == len(text):
            return ~at
        if text[here] in "]］":
            self.state = self.surplus
            return here + 1
        if text[here] in ",，":
            closing = SPACES.match(text, here + 1, here + 1 + BLANKS).end()
            if text[closing : closing + 1] == "]":
                self.state = self.surplus
                return closing + 1
            found = _NAME.match(text, here + 1)
            if found is not None:
                return self.next_call(found, found[1])
            if not self.last and _NAME_BEGIN.match(text, here + 1):
                return ~at
            found = _ANY_NAME.match(text, here + 1)
            name = self.call.declared_name(found[1].strip(SPACE + ODD_SPACE)) if found is not None else ""
            if found is not None and name:
                return self.next_call(found, name)
            begun = None if self.last else _ANY_NAME_BEGIN.match(text, here + 1)
            if begun is not None and self.call.may_be_declared(begun[1].strip(SPACE + ODD_SPACE)):
                return ~at
        if text[at] in ")}":
            return self.before_end(at)
        start = here + 1 if text[here] == ";" else at
        found = _NAME.match(text, start)
        if found is not None and self.call.declares(found[1]):
            if start == at:
                self.call.problem("repaired_markup", "a missing comma between two calls was added", found.start(1))
                return self.next_call(found, found[1])
            said = f"a semicolon ends the list of calls, so what looks like a call of {found[1]!r} behind it is content"
            self.call.problem("not_a_call", said, found.start(1), error=True)
            self.done = True
            return at
        if not self.last and (begun := _NAME_BEGIN.match(text, start)) is not None and self.call.may_be_declared(begun[0].strip(SPACE)):
            return ~at
        self.done = True
        return at

    def next_call(self, found: re.Match[str], name: str) -> int:
        """A further call of the list begins."""
        self.call.starts_at(found.start(1))
        self.call.begin(name, None, found.start(1))
        self.call.name_at(found.start(1), found.end(1))
        self.call.arguments_at(found.end())
        self.state = self.argument
        return found.end()

    def before_end(self, at: int) -> int:
        """A bracket too many behind a call of a list, which is framing if the list goes on or ends behind it."""
        text = self.text
        end = at + 1
        while end < len(text) and end - at < 64 and text[end] in ")}":
            end += 1
        behind = SPACES.match(text, end, end + BLANKS).end()
        if behind == len(text) and not self.last:
            return ~at
        if text[behind : behind + 1] in (",", "]"):
            self.call.problem("repaired_markup", f"brackets too many were dropped: {text[at:end]}", at)
            return end
        self.state = self.surplus
        return at
