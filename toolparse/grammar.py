"""The words that a format is written in.

A `Format` describes how a model family writes an assistant turn. It is data: nothing here scans text or runs. The engine
compiles a description into patterns once (`wire/markers.py`) and reads streams with it; `rendering/` writes with the same description.

Spelling. A marker is a string. White space at its ends is what the model's template writes there (the canonical text); on input
any white space, or none, is taken between two parts. `{name}` and `{id}` in a marker stand for the call's name and id, `{key}` (or
`{word}`, a key without blanks) and `{kind}` for a parameter's, `{other}` for what a tag may hold besides and nobody reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Union

Where = Literal["anywhere", "line", "start"]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A marker with several spellings; the first is the canonical one. An empty spelling says that the marker may be missing."""

    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What must follow, without being part of the opening: one of `starts`, each a marker or several in a row.

    Behind a wrapper's opener the end of the output will do, too (the call is then cut).
    """

    starts: tuple[str | tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A marker that ends the opening and the call at once: there are no arguments."""

    marker: str


Part = Union[str, OneOf, Ahead, Closed]
Marker = Union[str, OneOf]


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How reasoning is marked.

    `open` and `close` may have several spellings. `assumed` is whether output starts inside reasoning when nothing is known of the
    prompt. The opener counts at the start of the output, behind reasoning and behind a call; `where` says that it counts "again" behind
    a block that the prompt has closed, too, or "anywhere" in content (families that interleave). `calls` is what a confirmed call in
    open reasoning does: it ends the reasoning, the reasoning goes on behind it, or it is no call. `stray` is what a closer is that
    closes nothing: text, framing at the start of the output and directly behind reasoning ("again"), or framing anywhere.
    """

    open: Marker
    close: Marker
    assumed: bool = False
    where: Literal["start", "again", "anywhere"] = "start"
    calls: Literal["end", "inside", "ignored"] = "end"
    stray: Literal["text", "again", "anywhere"] = "text"
    label: str = ""
    """What the template writes behind the opener, as part of it. Output that begins with it, the opener missing, is reasoning."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Tags around the answer that are framing: neither content nor part of a call.

    `open` counts at the start of the output, directly behind reasoning, or behind the opener of a frame that the format names
    earlier; the first `close` behind it counts, too. Either may be missing, and a label has no `close`; one that ends with a letter
    counts only with the white space that is written behind it. White space beside the tags is framing. `anywhere` is for special
    tokens around each piece of text: `open` counts in all content and ends open reasoning, and the tags are transparent to the rules
    of white space.
    """

    open: Marker
    close: Marker | None = None
    anywhere: bool = False


Kind = Literal["reasoning", "content", "call", "nobody"]


@dataclass(frozen=True, slots=True)
class Channels:
    """An output of messages, each behind a header that says what kind of message it is.

    A header begins with `start`, which may be missing, and ends with one of `close`; `ends` are the markers that end a message. It may
    hold a recipient (`to`, with the slot `{name}`) and, behind the marker `channel`, a word and whatever else. `kinds` routes: by the
    recipient, by that word, or by the closing marker itself; another recipient makes the message a call to it, but those that are
    "nobody" do not count. A header that names no kind is content. Headers are framing, complete or cut by the end of the output.
    """

    start: Marker
    close: tuple[str, ...]
    to: str
    ends: tuple[str, ...]
    kinds: tuple[tuple[str, Kind], ...]
    channel: str = ""
    inside: Literal["opener", "header", "reasoning"] = "header"
    """What ends an open message whose own end is missing: what begins a header, a complete header, or the latter in reasoning only,
    where it may also be a bare recipient, if it is declared."""


LISTED = ("[", ", ", "]")
"""A list of calls as JSON is usually written."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Arguments inside a JSON object that also holds the name: alone, or a list of such objects.

    `name`, `arguments` and `id` are the keys of the object, the canonical one first. Other keys are skipped. Without any key for the name
    each key of the object is a name, and its value the arguments.
    """

    name: tuple[str, ...] = ("name",)
    arguments: tuple[str, ...] = ("arguments", "parameters")
    id: tuple[str, ...] = ("id",)
    listed: tuple[str, str, str] | None = None
    """What the template writes before, between and behind the calls of a turn, if it writes them as one list."""
    start: tuple[Literal["{", "[{", "["], ...] = ("{", "[{")
    """What may follow the opening: an object, a list that begins with one, or (`[`) a list with anything before its first call."""
    waits_for_id: bool = False
    """The call waits for an id behind the arguments (families whose id is a counter that the template reads back)."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """Arguments that are one JSON object behind a header which holds the name."""

    code: tuple[tuple[str, str], ...] = ()
    """Built-in tools whose body is code unless it begins with a brace, each with the key that the code becomes the value of."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Arguments as repeated key/value markup whose values are raw text, typed by the tool's schema.

    `open` holds the slot `{key}`, and `{kind}` where the markup itself says what a value is. `close` ends a value, and `ends` says when
    it does: wherever it stands ("closer"), or, as it may be data where values are not escaped, only where structure follows, blanks
    aside ("structure": a parameter's opener, a closer of the call or of its wrapper, the end of the output). Where the closer is
    missing, the opener of a declared parameter that has not been given ends the value, too, at the start of a line ("line") or
    "anywhere".
    """

    open: tuple[Part, ...]
    close: Marker
    ends: Literal["closer", "structure", "line", "anywhere"] = "closer"
    trim: Marker = ""
    """What the template writes on both sides of a value; removed once from each side."""
    between: str = ""
    """What the template writes behind each parameter."""
    none: Literal["", "json", "python"] = ""
    """What the template prints: where null is allowed, `None` is null in Python's values, and in JSON's if a string is not allowed."""
    kinds: tuple[tuple[str, Literal["string", "json", "json_by_schema"]], ...] | Literal["types"] = ()
    """For each `{kind}` whether the text is a "string" or "json" whatever the schema says, or "json_by_schema": JSON that stays text for
    a parameter that is declared a string, with `True`, `False` and `None` where the schema has them. "types": it names a type of JSON
    Schema, or `any` for text, which counts where the schema leaves open which type a value has."""
    object_key: tuple[str, str] | None = None
    """The markers around a key, or in place of the parameters, where all arguments may stand as one JSON object that no value follows."""


@dataclass(frozen=True, slots=True)
class PythonCalls:
    """Arguments as Python writes them, behind `f(`. `listed`: further calls may follow behind commas, up to a `]`."""

    listed: bool = False
    raw_quotes: bool = False
    """The template does not escape quotes inside strings, so what follows a quote decides whether it closes."""


@dataclass(frozen=True, slots=True)
class BareKeys:
    """Arguments as an object in braces with bare keys; a string stands between two of the marker `quote`, without any escapes."""

    quote: str


ITEM = "item"
"""The element that stands for an item of a list."""


@dataclass(frozen=True, slots=True)
class Elements:
    """Arguments as nested elements whose tags stand behind the marker `prefix`; a list's items are elements called `item`."""

    prefix: str


Body = Union[Envelope, JsonText, Parameters, PythonCalls, BareKeys, Elements]


@dataclass(frozen=True, slots=True)
class Wrapper:
    """Markers around calls. `shared`: the template puts all calls of a turn into one wrapper."""

    open: Marker
    close: Marker
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Calls:
    """One way to write calls.

    `open` leads to the arguments (and holds `{name}` unless the body does), `also` are other accepted openings. `lead` are
    markers between the opening and the arguments, `close` those behind the arguments, in their order; each of them may be
    missing. `wrapper` stands around one or all calls. `where` is where an opening
    counts: anywhere, at a line start, or at the start of the output. `needs` is what it needs to count besides: the wrapper, if there
    is one; that and a "tool" that the request declares; one of the two; "nothing"; or the wrapper, and the tool where the opening would
    end open reasoning.
    """

    body: Body
    open: tuple[Part, ...] = ()
    also: tuple[tuple[Part, ...], ...] = ()
    lead: tuple[Marker, ...] = ()
    close: tuple[Marker, ...] = ()
    wrapper: Wrapper | None = None
    where: Where = "anywhere"
    needs: Literal["wrapper", "tool", "wrapper or tool", "nothing", "tool in reasoning"] = "wrapper"
    between: str = ""
    """What the template writes between two calls. A comma or a semicolon in it is framing behind a call."""
    name: str = r"[^\s<>]"
    """The characters of a name, as a character class."""
    prefix: str = ""
    """What stands in front of a name and is no part of it."""
    id_holds_name: bool = False
    """What stands in `{name}` is the call's id, which holds the name, behind the prefix and before a colon and a counter (Kimi alone)."""
    escaped: Literal["", "attributes", "xml"] = ""
    """`&quot;` and `&amp;` are escapes in names and keys; "xml": values are escaped, too, by entities or CDATA, and one that begins with a
    line break is laid out: blanks at its ends are framing."""
    empty: tuple[Part, ...] = ()
    """What stands in a block without calls, from the wrapper's opener or its own: with the block's closers it is framing."""
    echoed: bool = False
    """Models repeat the text between the block's markers, and its closer, behind it: the repetition is dropped (LFM2 alone)."""
    skipped: tuple[Part, ...] = ()
    """The opening of an entry in the wrapper that is no call: it is dropped up to the last of `close`, with a problem (Step3 alone)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a `Region.shape` that takes a value: the first word of `path` names it, the others descend into its keys."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueText:
    """How the text of a region, or of a value inside one, becomes a value.

    `strip`: white space at both ends is dropped. `delimiters` are further ways to quote a string in JSON, whose inside is verbatim;
    `unquoted_keys` and `allow_text` (what is no JSON is text) are for JSON, too. `tag` is a pattern with the groups `key` and `value`;
    where it can be read as it arrives, it is also given as `head` (up to the value) and `tail` (behind it). `value` says how a value is
    read (None: it stays text), `merge` makes a list of a key's values. `line` and `separator` part lines, and keys from values.
    """

    kind: Literal["text", "int", "float", "bool", "json", "xml-inline", "kv-lines", "python-call-list"] = "text"
    strip: bool = True
    delimiters: tuple[tuple[str, str], ...] = ()
    unquoted_keys: bool = False
    allow_text: bool = False
    tag: str = ""
    head: str = ""
    tail: str = ""
    value: ValueText | None = None
    merge: bool = False
    line: str = "\n"
    separator: str = ":"


@dataclass(frozen=True, slots=True)
class Header:
    """A region that is one call: `name` is a group of its opener or, `literal`, the name itself, `id` a group; its text is the
    arguments."""

    name: str
    literal: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A stretch of output that is one kind of thing.

    `open` and `close` are regular expressions of the `regex` package, in which a dot is any character. Without `open` the region is all
    text outside others, without `close` it goes on to the end. `role` says what the text is, `text` how it is read, `calls` how it can
    be read as calls while it arrives. `shape` is the value to make of it, a skeleton with `Slot`s (None: the value as it is), `each` that
    it is made of each member of a list. Pieces are put together with `join` between them; `default` stands if none comes, and
    `required` says that one must.
    """

    name: str
    role: Literal["content", "reasoning", "calls", "other"]
    open: str | None = None
    close: str | None = None
    text: ValueText = ValueText()
    calls: Header | Envelope | None = None
    shape: Any = None
    each: bool = False
    join: str | None = None
    default: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """An assistant's turn as a series of regions that do not nest: what declarative templates describe.

    `anchor` is a pattern; the turn begins behind its last match in the prompt.
    """

    fields: tuple[Region, ...]
    anchor: str


class _Referable:
    """What may be referred to weakly."""

    __slots__ = ("__weakref__",)


@dataclass(frozen=True, slots=True, eq=False)
class Format(_Referable):
    """How a model family writes an assistant turn.

    `aliases` are the names that engines give the format, `models` the families that write it, `turn` the markers that open the
    assistant's turn in the prompt, `stop` the tokens that may trail the output, `special_tokens` the markers that an engine must
    not skip. `source` names the public material that the facts come from, `quirks` says in sentences what the parser does with
    output seen in the wild.
    """

    name: str
    aliases: tuple[str, ...] = ()
    reasoning_aliases: tuple[str, ...] = ()
    """The names that engines' reasoning parsers give the format, where these are not its names already."""
    models: tuple[str, ...] = ()
    reasoning: tuple[Reasoning, ...] = ()
    frames: tuple[Frame, ...] = ()
    channels: Channels | None = None
    calls: tuple[Calls, ...] = ()
    regions: Regions | None = None
    """In place of reasoning, frames, channels and calls (`from_response_template` alone, whose templates are written elsewhere)."""
    stop: tuple[str, ...] = ()
    """White space in front of a stop token, where it is written here, goes with the token."""
    fragments: tuple[str, ...] = ()
    """Where the end of the output cuts a marker of which at least this much is there, what there is of it is dropped: in formats
    whose markers are several tokens each."""
    turn: tuple[str, ...] = ()
    special_tokens: tuple[str, ...] = ()
    id: Literal["call", "alnum9"] = "call"
    """The shape of a made-up call id: `call_` and 24 characters, or 9 letters and digits."""
    source: str = ""
    quirks: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    suffix: str = ""
    """What begins the word that a checkpoint may write behind the name in all markers (`:` for `<think:x>`); the first marker tells it."""

    def marks_in(self, text: str) -> list[str]:
        """The `marks` that a text holds; of one with ` & ` in it, all that stands between."""
        return [mark for mark in self.marks if all(part in text for part in mark.split(" & "))]

    def variant(self, **changes: Any) -> Format:
        """The same format with some fields replaced; `name` must be one of them. The names of reasoning parsers stay behind."""
        return replace(self, **{"reasoning_aliases": (), **changes})
