"""The test kit: promises that a parser keeps, and what a parser should make of texts.

`check_format` holds a format (of ours or of your own) to every promise of the documentation; each promise is a function of its own
(`promises`). `vectors` gives the test vectors, public reports and damaged turns as data (`cases`), and `conform` runs them against any
parser that a few lines adapt (`conformance`; `engines` adapts vLLM, SGLang, transformers and openai-harmony). Nothing here needs a
test framework.

>>> report = conform(engines.ours(), vectors("hermes", kinds=["canonical"]))
>>> report.count("right"), report.count("fault")
(16, 0)
"""

from toolparse.testing import engines
from toolparse.testing.cases import KINDS, schema, vectors
from toolparse.testing.conformance import Answer, NotRun, Outcome, Reader, Report, conform, judge
from toolparse.testing.promises import (
    JsonPrefix,
    MakeParser,
    StreamParser,
    Vector,
    check_arguments,
    check_call,
    check_chunkings,
    check_format,
    check_held,
    check_linear,
    check_result,
    check_spans,
    check_streams,
    check_text,
    check_vector,
    check_well_formed,
    chunkings,
    cut,
    damaged,
    equal,
    floods,
    joined,
    markers,
    mutate,
    read,
    read_vectors,
    strict_json,
)

__all__ = [
    "KINDS",
    "Answer",
    "JsonPrefix",
    "MakeParser",
    "NotRun",
    "Outcome",
    "Reader",
    "Report",
    "StreamParser",
    "Vector",
    "check_arguments",
    "check_call",
    "check_chunkings",
    "check_format",
    "check_held",
    "check_linear",
    "check_result",
    "check_spans",
    "check_streams",
    "check_text",
    "check_vector",
    "check_well_formed",
    "chunkings",
    "conform",
    "cut",
    "damaged",
    "engines",
    "equal",
    "floods",
    "joined",
    "judge",
    "markers",
    "mutate",
    "read",
    "read_vectors",
    "schema",
    "strict_json",
    "vectors",
]
