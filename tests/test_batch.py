"""`toolparse batch`: what comes out, what is told, and what an interruption leaves."""

from __future__ import annotations

import errno
import io
import json
import operator
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import effort
import pyarrow.parquet
import pytest

import toolparse
from toolparse.cli import batch as batch_command
from toolparse.cli import main
from toolparse.data import InvalidRow, jobs, messages, read, runs, workers
from toolparse.data.files import Block
from toolparse.data.workers import WorkerEnded, in_order

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "fixtures" / "rows"
TEXTS = ROWS / "outputs.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def functions(path: Path) -> list[list[Any]]:
    return [[call["function"] for call in row["parsed_tool_calls"]] for row in lines(path)]


def batch(*arguments: object) -> int:
    return main(["batch", *map(str, arguments)])


# -- what comes out -----------------------------------------------------------------------------------------------------------------------


def test_rows_keep_their_columns_and_get_new_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl"
    assert batch(TEXTS, "--format", "hermes", "-o", out, "--report", tmp_path / "r.json") == 1
    made = lines(out)
    assert [row["parsed_status"] for row in made] == ["ok", "repaired", "no_call", "cut", "unreadable"]
    assert [{key: row[key] for key in ("prompt", "output")} for row in made] == lines(TEXTS)
    assert made[1]["parsed_reasoning"] == "Rome now."
    assert made[1]["parsed_tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city": "Rome"}'}
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["rows"] == report["written"] == 5
    assert report["statuses"] == {"ok": 1, "repaired": 1, "no_call": 1, "cut": 1, "unreadable": 1}
    told = capsys.readouterr().err
    assert "the text is taken from the column 'output'" in told
    assert "5 rows (text 5), 4 calls" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "r.json"]


def test_messages_lack_no_call_that_a_row_had(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert batch(TEXTS, "--format", "hermes", "--to", "messages", "-o", out) == 1
    assert [row["prompt"] for row in lines(out)] == ["How warm is it in Oslo?", "And in Rome?", "Thanks"]
    rejected = lines(tmp_path / "out.rejected.jsonl")
    assert [(row["line"], row["row"]["prompt"]) for row in rejected] == [(4, "Long"), (5, "Odd")]
    assert rejected[0]["reason"] == "the call of 'get_weather' is cut off"
    assert all(row["file"] == str(TEXTS) for row in rejected)


def test_a_text_is_the_answer_to_the_messages_of_its_row(tmp_path: Path) -> None:
    path, out = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    call = {"id": "call00000", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call00000", "content": "a", "name": "f"},
    ]
    text = '<tool_call>\n{"name": "g", "arguments": {}}\n</tool_call>'
    path.write_text("".join(json.dumps({"messages": given, "output": text}) + "\n" for given in (asked, None, [], "words")))
    assert batch(path, "--column", "output", "--format", "hermes", "--to", "messages", "-o", out) == 1
    first, *others = (row["messages"] for row in lines(out))
    assert first[:3] == asked
    assert [(call["id"], call["function"]["name"]) for call in first[3]["tool_calls"]] == [("call00001", "g")]
    assert [len(said) for said in others] == [1, 1]
    assert "column 'messages' of its own" in lines(tmp_path / "out.rejected.jsonl")[0]["reason"]
    system = {"role": "system", "content": 'You help. <tools>[{"name": "g", "parameters": {}}]</tools>'}
    path.write_text(json.dumps({"messages": [system, asked[0]], "output": text}))
    assert batch(path, "--column", "output", "--format", "hermes", "--to", "openai", "-o", out) == 0
    assert [tool["function"]["name"] for tool in lines(out)[0]["tools"]] == ["g"]


@pytest.mark.parametrize("name", ["hermes", "hermes_thinking", "openai", "sharegpt", "xlam"])
def test_another_models_format_is_what_that_model_would_be_shown(tmp_path: Path, name: str) -> None:
    out, plain = tmp_path / "out.jsonl", tmp_path / "plain.jsonl"
    assert batch(ROWS / f"{name}.jsonl", "--to", "deepseek_v31", "-o", out) == 0
    assert batch(ROWS / f"{name}.jsonl", "--to", "messages", "-o", plain) == 0
    for row, wanted in zip(lines(out), lines(plain), strict=True):
        assert row.keys() == wanted.keys()
        for message, want in zip(row["messages"], wanted["messages"], strict=True):
            if message["role"] == "assistant":
                got = toolparse.parse(message["content"] or "", "deepseek_v31", tools=wanted.get("tools"))
                assert [call.name for call in got.tool_calls] == [call["function"]["name"] for call in want.get("tool_calls", ())]
                assert (got.content or "", got.reasoning) == (want["content"] or "", want.get("reasoning_content"))
            else:
                assert message == want


CONVERSATIONS = [row for path in sorted(ROWS.glob("*.jsonl")) if path != TEXTS for row in read(path)]


@pytest.mark.parametrize("fmt", effort.some([fmt.name for fmt in toolparse.formats()], 12))
def test_every_format_reads_what_was_made_for_it(fmt: str) -> None:
    for row in CONVERSATIONS:
        plain = messages(row)
        try:
            made = jobs.made_of(jobs.Job(to=fmt), row)[0]["messages"]
        except InvalidRow:  # which is another test's
            continue
        for message, wanted in zip(made, plain["messages"], strict=True):
            if message["role"] != "assistant":
                assert message == wanted
                continue
            got = toolparse.parse(message["content"], fmt, tools=plain.get("tools"), prompt="")
            calls = [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in wanted.get("tool_calls", ())]
            assert [(call.name, call.value()) for call in got.tool_calls] == calls
            assert (got.content or "", got.reasoning) == (wanted["content"] or "", wanted.get("reasoning_content"))


def test_what_a_format_cannot_say_is_rejected(tmp_path: Path) -> None:
    assert batch(ROWS / "hermes_thinking.jsonl", "--to", "llama3_json", "-o", tmp_path / "out.jsonl") == 1
    assert {row["reason"] for row in lines(tmp_path / "out.rejected.jsonl")} == {"llama3_json has no reasoning"}


def test_openai_is_messages_and_tools_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(ROWS / "hermes.jsonl", "--to", "openai") == 0
    assert [sorted(json.loads(line)) for line in capsys.readouterr().out.splitlines()] == [["messages", "tools"]] * 2


def test_a_folder_of_all_shapes_goes_to_parquet_and_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    for path in ROWS.glob("*.jsonl"):
        if path != TEXTS:
            (folder / path.name).write_bytes(path.read_bytes())
    assert batch(folder, "--to", "openai", "-o", tmp_path / "one.parquet") == 0
    assert "hermes 4, glaive 3, openai 3, react 3, sharegpt 2, toolace 2, xlam 2" in capsys.readouterr().err
    assert batch(tmp_path / "one.parquet", "--to", "openai", "-o", tmp_path / "two.jsonl") == 0
    assert batch(folder, "--to", "openai", "-o", tmp_path / "three.jsonl", "--workers", 2) == 0
    two, three = lines(tmp_path / "two.jsonl"), lines(tmp_path / "three.jsonl")
    assert [row.get("tools") for row in two] == [row.get("tools") for row in three]

    def told(row: dict[str, Any]) -> list[Any]:
        return [{key: value for key, value in message.items() if value is not None} for message in row["messages"]]

    assert list(map(told, two)) == list(map(told, three))
    assert pyarrow.parquet.read_schema(tmp_path / "one.parquet").names == ["messages", "tools"]


def test_parquet_with_turns_of_a_narrow_type_loses_neither_calls_nor_tools(tmp_path: Path) -> None:
    """What is made has more keys than the file's own types name; and Arrow fills keys that only another tool has with nulls."""
    narrow, out = tmp_path / "narrow.parquet", tmp_path / "out.parquet"
    schemas: list[dict[str, Any]] = [{"n": {"type": "integer", "enum": [1, 2]}}, {"city": {"type": "string", "default": "Oslo"}}]
    tools = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}
        for name, properties in zip("fg", schemas, strict=True)
    ]
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": '<tool_call>\n{"name": "f", "arguments": {"n": 1}}\n</tool_call>'},
    ]
    rows = [{"messages": turns, "tools": tools}, {"messages": turns[:1], "tools": tools}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), narrow)
    assert batch(narrow, "--to", "messages", "-o", out) == 0
    first, second = read(out)
    assert [call["function"] for call in first["messages"][1]["tool_calls"]] == [{"name": "f", "arguments": '{"n": 1}'}]
    assert json.loads(first["tools"]) == json.loads(second["tools"]) == tools
    assert batch(out, "--to", "messages", "-o", tmp_path / "out.jsonl") == 0
    assert lines(tmp_path / "out.jsonl")[0]["tools"] == tools


def test_bytes_are_text_where_they_can_be(tmp_path: Path) -> None:
    path, out = tmp_path / "x.parquet", tmp_path / "out.jsonl"
    text = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
    rows = [{"output": text.encode(), "image": b"\x89PNG"}, {"output": b"\xff", "image": "é".encode()}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    assert batch(path, "--column", "output", "--format", "hermes", "-o", out) == 1
    assert [(row["output"], row["image"], row["parsed_status"]) for row in lines(out)] == [(text, "iVBORw==", "ok")]
    (rejected,) = lines(tmp_path / "out.rejected.jsonl")
    assert (rejected["reason"], rejected["row"]) == ("column 'output' holds no text, but bytes", {"output": "/w==", "image": "é"})


def test_the_format_may_be_a_column_or_auto(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {"content": None, "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}
    made = [{"text": toolparse.render(said, fmt), "fmt": fmt} for fmt in ("hermes", "deepseek_v31", "mistral", "hermes")]
    path, out = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*made, {"text": "plain", "fmt": "hermes"}]))
    assert batch(path, "--column", "text", "--format", "fmt", "-o", out) == 0
    by_column = functions(out)
    assert [len(calls) for calls in by_column] == [1, 1, 1, 1, 0]
    assert batch(path, "--column", "text", "--format", "auto", "-o", out) == 0
    assert functions(out) == by_column
    assert "it is read as hermes" in capsys.readouterr().err


def test_tools_may_be_a_file_or_a_column(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}}}]
    text = "<tool_call>\n<function=f>\n<parameter=n>\n7\n</parameter>\n</function>\n</tool_call>"
    path, out, told = tmp_path / "x.jsonl", tmp_path / "out.jsonl", tmp_path / "tools.json"
    path.write_text(json.dumps({"text": text, "defs": json.dumps(tools)}) + "\n" + json.dumps({"text": text, "defs": "[{}]"}) + "\n")
    told.write_text(json.dumps(tools))
    for given in ("defs", told):
        status = batch(path, "--column", "text", "--format", "qwen3_coder", "--tools", given, "-o", out)
        calls = [row["parsed_tool_calls"][0]["function"]["arguments"] for row in lines(out)]
        assert calls == ['{"n": 7}'] * (1 if given == "defs" else 2)
        assert status == (1 if given == "defs" else 0)


def test_rows_that_are_none_are_rejected_with_file_line_and_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(b'{"t": "fine"}\n{"t": 5}\n\nnot json\n{"u": "x"}\n{"t": "\\ud800"}\n{"t": "\xff"}\n')
    assert batch(path, "--column", "t", "--format", "hermes", "-o", out, "--rejected", tmp_path / "bad.jsonl") == 1
    assert [row["t"] for row in lines(out)] == ["fine", "\ud800"]
    assert [row["line"] for row in lines(tmp_path / "bad.jsonl")] == [2, 4, 5, 7]
    assert "4 of 6 rows were rejected" in capsys.readouterr().err
    assert batch(path, "--column", "t", "--format", "hermes") == 1
    assert f"{path}, line 4: not JSON: Expecting value at column 1" in capsys.readouterr().err


def test_a_terminal_is_shown_rate_and_time_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    path = tmp_path / "x.jsonl"
    path.write_text("x" * 1000)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    seconds = iter((0.0, 1.0, 2.0))
    monkeypatch.setattr(batch_command, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    with batch_command.progress([str(path)], 1000) as show:
        show(2000, Block(str(path), [], [], 500))
        show(5000, Block(str(path), [], [], 750))
    assert "75%" in terminal.getvalue()
    assert "5,000 rows, 2,000 a second" in terminal.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with batch_command.progress([str(path)], 0) as show:
        show(1, Block(str(path), [], [], 500))
    assert not sys.stderr.getvalue()  # type: ignore[attr-defined]


def test_a_fault_of_ours_costs_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jobs.parse

    def broken(text: str, *rest: Any, **options: Any) -> Any:
        if text == "Thanks" or "Oslo" in text:
            raise ZeroDivisionError("ours")
        return whole(text, *rest, **options)

    monkeypatch.setattr(jobs, "parse", broken)
    assert batch(TEXTS, "--format", "hermes", "-o", tmp_path / "out.jsonl") == 1
    assert "ZeroDivisionError: ours" in lines(tmp_path / "out.rejected.jsonl")[0]["reason"]
    assert len(lines(tmp_path / "out.jsonl")) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl"], "none.jsonl: no such file"),
        ([TEXTS], "no format given"),
        ([TEXTS, "--format", "hermez"], "did you mean hermes"),
        ([TEXTS, "--format", "hermes", "--to", "msgs"], "--to is rows, messages, openai or a format"),
        ([TEXTS, "--format", "hermes", "-o", "x.csv"], "a .jsonl or a .parquet file"),
        ([TEXTS, "--format", "hermes", "-o", TEXTS], "is one of the inputs"),
        ([TEXTS, "--format", "hermes", "-o", "a.jsonl", "--rejected", "./a.jsonl"], "is named for two outputs"),
        ([TEXTS, "--format", "hermes", "-o", "a.jsonl", "--report", "none/r.json"], "none/r.json: there is no folder none"),
        ([TEXTS, "--format", "hermes", "--report", ROWS], "rows: is a folder"),
        ([TEXTS, "--format", "hermes", "--resume"], "name it with -o"),
        ([TEXTS, "--format", "hermes", "--column", "text"], "--column text: the rows have no such column; they have prompt, output"),
        ([TEXTS, "--format", "hermes", "--tools", "nowhere"], "neither a file nor a column"),
        ([TEXTS, "--workers", "0"], "not a whole number"),
        ([ROOT / "fixtures" / "*.nothing"], "no file matches"),
    ],
)
def test_a_wrong_use_is_one_line(arguments: list[object], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(*arguments) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_several_columns_of_text_must_be_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"first": "a", "second": "b"}\n')
    assert batch(path, "--format", "hermes") == 2
    assert "first, second; name one with --column" in capsys.readouterr().err


def test_without_the_word_batch_it_is_said_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(TEXTS), "--format", "hermes"]) == 2
    assert capsys.readouterr().err == f"toolparse: {TEXTS}: a file of JSON lines: read its rows with `toolparse batch {TEXTS}`\n"


# -- interruptions ------------------------------------------------------------------------------------------------------------------------

SLOW = """
import sys
try:
    from toolparse.cli import main
    from toolparse.data import files, runs
    runs.CHECKPOINT, files.ROWS = 0, 25
    if __name__ == "__main__":
        sys.exit(main(sys.argv[1:]))
except KeyboardInterrupt:  # while these lines run
    sys.exit(130)
"""


def made_rows(path: Path, count: int) -> None:
    text = '<tool_call>\n{"name": "f", "arguments": {"n": %d}}\n</tool_call>'
    path.write_text("".join(json.dumps({"n": n, "output": text % n if n % 9 else 5}) + "\n" for n in range(count)))


def started(script: Path, *arguments: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, script, "batch", *map(str, arguments)], stderr=subprocess.PIPE, env=environment)


def saved(out: Path) -> int:
    """When the state of the run was last written."""
    try:
        return os.stat(f"{out}.state").st_mtime_ns
    except FileNotFoundError:
        return 0


STOPS = [(stop, suffix) for stop in ("SIGKILL", "SIGINT") for suffix in (".jsonl", ".parquet")]


@pytest.mark.parametrize(("stop", "suffix"), STOPS if effort.THOROUGH else (STOPS[0], STOPS[3]))
def test_a_run_that_was_stopped_at_any_moment_goes_on_and_has_each_row_once(tmp_path: Path, suffix: str, stop: str) -> None:
    count = 4000 if effort.THOROUGH else 300
    path, out, script = tmp_path / "x.jsonl", tmp_path / f"out{suffix}", tmp_path / "slow.py"
    script.write_text(SLOW)
    made_rows(path, count)
    pick = random.Random(effort.seed())
    workers = 2 if stop == "SIGKILL" and suffix == ".jsonl" else 1
    options = (path, "--column", "output", "--format", "hermes", "-o", out, "--workers", workers, "--resume")
    for _ in range(12 if effort.THOROUGH else 1):
        before = saved(out)
        process = started(script, *options)
        while process.poll() is None and saved(out) == before:
            time.sleep(0.002)
        time.sleep(pick.random() * (0.5 if effort.THOROUGH else 0.03))
        process.send_signal(getattr(signal, stop))
        _, told = process.communicate()
        if b"nothing to do" in told:
            break  # the run before it came to its end
        if process.returncode not in (-9, -2, 130, 1):  # -2: at the very end of the program
            raise AssertionError(told.decode())
    process = started(script, *options)
    _, told = process.communicate()
    assert process.returncode == 1 or b"nothing to do" in told, told.decode()
    rows = list(read(out))
    assert [row["n"] for row in rows] == [n for n in range(count) if n % 9]
    rejected = lines(tmp_path / "out.rejected.jsonl")
    assert [row["row"]["n"] for row in rejected] == [n for n in range(count) if n % 9 == 0]
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob("*.state"))
    if b"nothing to do" not in told:
        assert f"{count:,} rows".encode() in told


class FullDisk:
    """A file on a disk that has room for so many bytes more."""

    room = 0

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, data: bytes) -> int:
        taken = data[: max(FullDisk.room, 0)]
        FullDisk.room -= len(data)
        self.file.write(taken)
        if len(taken) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def on_full_disk(whole: Callable[..., Any]) -> Callable[..., Any]:
    def opened(name: str, mode: str = "r", **options: Any) -> Any:
        file = whole(name, mode, **options)
        return FullDisk(file) if str(name).endswith(".part") else file

    return opened


@pytest.mark.parametrize("room", [0, 1, 700, 4000])
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, room: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    made_rows(path, 60)
    monkeypatch.setattr(runs, "CHECKPOINT", 0)
    monkeypatch.setattr("toolparse.data.files.ROWS", 7)
    options = (path, "--column", "output", "--format", "hermes", "-o", out)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "open", on_full_disk(open), raising=False)
        FullDisk.room = room
        assert batch(*options) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"toolparse: {out}: No space left on device; run it again with --resume"
    assert batch(*options) == 2  # forgetting --resume costs nothing
    assert "go on with --resume" in capsys.readouterr().err
    assert batch(*options, "--to", "openai", "--resume") == 2
    assert "had other files or options" in capsys.readouterr().err
    assert batch(*options, "--resume") == 1
    assert [row["n"] for row in lines(out)] == [n for n in range(60) if n % 9]
    assert batch(*options, "--resume") == 0
    assert "nothing to do" in capsys.readouterr().err


@pytest.mark.parametrize("alone", [workers.is_alone(), False])
def test_workers_keep_the_order_and_their_end_is_told(alone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are copies of this process where it has one thread, and started afresh elsewhere."""
    monkeypatch.setattr(workers, "is_alone", lambda: alone)
    large = [b"x" * size for size in (3_000_000, 0, 2_000_000)]
    assert [made for _, made in in_order(operator.add, b"", large, 2)] == large
    assert list(in_order(operator.add, 3, range(20), 2)) == [(n, n + 3) for n in range(20)]
    with pytest.raises(WorkerEnded, match="ended before its time"):
        list(in_order(exec, "import os; os._exit(3)", [{}, {}, {}], 2))
    with pytest.raises(ValueError, match="seven"):
        list(in_order(exec, "raise ValueError('seven')", [{}], 2))


# -- the page for those who fine-tune -----------------------------------------------------------------------------------------------------


def test_the_commands_of_the_sft_page_do_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "sft.md").read_text(encoding="utf-8")
    commands = page.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(commands) == 3
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    for command in commands[1:]:
        word, *arguments = shlex.split(command)
        assert word == "toolparse"
        assert main(arguments) == 0
    shown = json.loads(page.partition("```json\n")[2].partition("```")[0])
    assert shown in lines(tmp_path / "messages.jsonl")[0]["messages"]
    for row, plain in zip(lines(tmp_path / "train.jsonl"), lines(tmp_path / "messages.jsonl"), strict=True):
        for message, wanted in zip(row["messages"], plain["messages"], strict=True):
            if message["role"] == "assistant":
                read = toolparse.parse(message["content"], "qwen3_coder", tools=plain["tools"]).to_openai()
                assert read["content"] == wanted["content"]
                assert read.get("reasoning_content") == wanted.get("reasoning_content")
                for call, want in zip(read.get("tool_calls", ()), wanted.get("tool_calls", ()), strict=True):
                    assert json.loads(call["function"]["arguments"]) == json.loads(want["function"]["arguments"])
    exec(page.partition("```python\n")[2].partition("```")[0], {})
