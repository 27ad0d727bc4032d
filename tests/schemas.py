"""Hypothesis strategies: random schemas beside a value that each allows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
VALUES: dict[str, Any] = {
    "null": st.none(),
    "integer": st.integers() | st.integers(-(10**60), 10**60),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "object": st.dictionaries(TEXT, JSON, max_size=3),
    "array": st.lists(JSON, max_size=3),
    "string": TEXT,
}


@st.composite
def typed(draw: st.DrawFn, value_kinds: list[str]) -> tuple[dict[str, Any], Any]:
    """A root schema whose property `v` allows the value beside it: a union, intersection or reference in any spelling."""
    kind = draw(st.sampled_from(value_kinds))
    value = draw(VALUES[kind])
    # Beside a string other kinds would claim what looks like them: that is the table, tested above.
    others = [] if kind == "string" else draw(st.lists(st.sampled_from(list(VALUES)), max_size=3, unique=True))
    kinds = draw(st.permutations(list(dict.fromkeys([kind, *others]))))
    schema: dict[str, Any]
    if len(kinds) == 1 and kind != "number" and draw(st.booleans()):
        schema = draw(st.sampled_from([{"enum": [value]}, {"const": value}]))
    else:
        plain = [{"type": name} for name in kinds]
        schema = draw(st.sampled_from([{"type": kinds}, {"anyOf": plain}, {"oneOf": plain}, {"allOf": [{"anyOf": plain}, {}]}]))
    defs: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(["A", "b c", "d/e", "f~g", "%"]), max_size=3, unique=True)):
        defs[name] = schema
        pointer = name.replace("~", "~0").replace("/", "~1").replace("%", "%25").replace(" ", "%20")
        schema = {"$ref": f"#/$defs/{pointer}"}
    if draw(st.booleans()):
        schema = {"allOf": [schema], "description": "wrapped"}
    return {"type": "object", "properties": {"v": schema}, "$defs": defs}, value
