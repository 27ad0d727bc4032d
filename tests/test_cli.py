"""The command line, as a shell sees it: its output and its exit status.

What depends on the process (streams that are closed or full, signals, terminals, the locale, memory) runs in real ones, and in a thorough
run everything does; else `main` is called here.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import pty
import queue
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import effort
import pytest

from toolparse.cli import main
from toolparse.cli.commands import COMMANDS

FIXTURES = Path(__file__).parent.parent / "fixtures"
COMMAND = [sys.executable, "-m", "toolparse"]
PATIENCE = 20  # seconds until a process that says nothing counts as stuck


Done = subprocess.CompletedProcess[bytes]


def run(*arguments: str | Path, stdin: bytes = b"", cwd: Path = FIXTURES, **environment: str) -> Done:
    """Run the command, beside the fixtures unless told otherwise."""
    if not effort.THOROUGH and environment.keys() <= {"COLUMNS"}:
        return run_here([*map(str, arguments)], stdin, cwd, environment)
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin, capture_output=True, cwd=cwd, timeout=PATIENCE, env={**os.environ, **environment},
    )  # fmt: skip


def run_here(arguments: list[str], stdin: bytes, cwd: Path, environment: dict[str, str]) -> Done:
    """The command in this process, with streams of its own."""
    output, errors, before = io.BytesIO(), io.BytesIO(), os.getcwd()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        for name, value in environment.items():
            patch.setenv(name, value)
        for stream, file in (("stdin", given), ("stdout", output), ("stderr", errors)):
            patch.setattr(sys, stream, io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", write_through=stream == "stderr"))
        os.chdir(cwd)
        try:
            status = main(arguments)
        finally:
            os.chdir(before)
            sys.stdin.detach()  # type: ignore[attr-defined]  # the file is closed here, the buffers below are read
            sys.stdout.flush()
            written = output.getvalue(), errors.getvalue()
    return subprocess.CompletedProcess(arguments, status, *written)


def lines_of(done: Done) -> list[Any]:
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def joined(events: list[Any], kind: str, index: int | None = None) -> str:
    """The text of all events of one kind, of one call."""
    return "".join(event["text"] for event in events if event["type"] == kind and event.get("index") == index)


def complaint(done: Done) -> str:
    """The one line on standard error of a command that was wrong."""
    assert (done.returncode, done.stdout) == (2, b"")
    line, end = done.stderr.decode()[:-1], done.stderr[-1:]
    assert end == b"\n"
    assert "\n" not in line
    assert line.startswith("toolparse: ")
    return line.removeprefix("toolparse: ")


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let all the processes share byte code, also where none is written beside the sources."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("byte_code")))
        yield


@pytest.fixture
def no_rich(tmp_path: Path) -> dict[str, str]:
    """An environment in which `rich` cannot be imported."""
    path = tmp_path / "no_rich"
    path.mkdir()
    (path / "sitecustomize.py").write_text("import sys\nsys.modules['rich'] = None\n")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(path), os.environ.get("PYTHONPATH")]))}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """5 MB of text in front of a call."""
    path = tmp_path_factory.mktemp("large") / "large.txt"
    call = '<tool_call>\n{"name": "f", "arguments": {"a": "ö"}}\n</tool_call>'
    path.write_text("Fünf Zeilen, eine wie die andere.\n" * 145_000 + call, encoding="utf-8")
    return path


CALLS = {  # of each text in fixtures/: the format, by one of its names, the exit status, the names of the calls
    "deepseek_v3": ("deepseekv3", 0, ["search_trains", "get_weather"]),
    "deepseek_v31": ("DeepSeek-V3.1", 0, ["write_file", "list_reminders"]),
    "deepseek_v3_cut": ("deepseek_v3", 1, ["write_file"]),
    "hermes": ("qwen25", 0, ["get_weather", "search_trains"]),
    "hermes_repaired": ("hermes", 0, ["write_file", "list_reminders"]),
    "llama3_json": ("llama3", 0, ["search_trains", "get_weather"]),
    "llama3_json_answer": ("llama3_json", 0, []),
    "mistral": ("mistral", 0, ["get_weather", "search_trains"]),
    "mistral_array": ("mistral", 0, ["get_weather", "list_reminders"]),
    "pythonic": ("pythonic", 0, ["get_weather", "search_trains"]),
    "pythonic_prose": ("pythonic", 0, []),
    "qwen3_coder": ("qwen3_coder", 0, ["write_file", "search_trains"]),
}


class TestFixtures:
    """Every text in `fixtures/` comes out as it was meant."""

    def test_none_is_forgotten(self) -> None:
        assert sorted(CALLS) == sorted(path.stem for path in FIXTURES.glob("*.txt"))

    @pytest.mark.parametrize("name", CALLS)
    def test_calls(self, name: str) -> None:
        format, status, names = CALLS[name]
        done = run(f"{name}.txt", "--format", format, "--tools", "tools.json")
        message = json.loads(done.stdout)
        assert [call["name"] for call in message["tool_calls"]] == names
        assert (done.returncode, bool(done.stderr)) == (status, status == 1)
        assert all(call["complete"] for call in message["tool_calls"]) == (status == 0)

    def test_values(self) -> None:
        message = json.loads(run("qwen3_coder.txt", "--format", "qwen3_coder", "--tools", "tools.json").stdout)
        page, trains = (json.loads(call["arguments"]) for call in message["tool_calls"])
        assert message["content"] == "I'll write the page and check the trains."
        assert page["content"].endswith("<p>A closing </parameter> tag in the text is text.</p>")
        assert trains == {"origin": "Brest", "destination": "Quimper", "max_changes": 0, "bike": True, "classes": [1, 2]}

    def test_repairs_are_reported(self) -> None:
        message = json.loads(run("hermes_repaired.txt", "--format", "hermes").stdout)
        assert message["content"] == "Writing the `<tool_call>` parser's notes first."
        assert message["problems"]
        assert {problem["severity"] for problem in message["problems"]} == {"warning"}

    def test_wire_ids_are_kept(self) -> None:
        message = json.loads(run("mistral.txt", "--format", "mistral").stdout)
        assert [call["id"] for call in message["tool_calls"]] == ["Wx7tQ2mLb", "Tr4kS9vPd"]


class TestMessage:
    def test_shape(self) -> None:
        done = run("deepseek_v3_cut.txt", "--format", "deepseekv3")
        message = json.loads(done.stdout)
        assert list(message) == ["content", "reasoning", "tool_calls", "parts", "finish_reason", "problems"]
        shape = ["index", "id", "name", "arguments", "complete", "start", "end", "name_span", "arguments_span"]
        assert list(message["tool_calls"][0]) == shape
        assert message["finish_reason"] == "length"

    def test_everything_says_where_it_stands(self) -> None:
        text = (FIXTURES / "hermes.txt").read_text(encoding="utf-8")
        for options in ((), ("--chunk", "3"), ("hermes_repaired.txt",)):
            done = run("hermes.txt", "--format", "hermes", *options)
            message = json.loads(done.stdout) if len(options) != 1 else lines_of(done)[0]["message"]
            assert [part["type"] for part in message["parts"]] == ["reasoning", "content", "call", "call"]
            assert text[slice(*message["parts"][0]["span"])].startswith("<think>")
            assert text[slice(*message["parts"][1]["span"])] == message["content"]
            for call in message["tool_calls"]:
                assert text[slice(*call["name_span"])] == call["name"]
                assert text[slice(*call["arguments_span"])] == call["arguments"]

    def test_several_files_are_labelled_lines(self) -> None:
        done = run("hermes.txt", "--format", "hermes", "hermes_repaired.txt")
        labelled = lines_of(done)
        assert [line["file"] for line in labelled] == ["hermes.txt", "hermes_repaired.txt"]
        assert [len(line["message"]["tool_calls"]) for line in labelled] == [2, 2]
        assert done.returncode == 0

    def test_one_fault_among_several_files(self) -> None:
        done = run("deepseek_v3_cut.txt", "deepseek_v3.txt", "--format", "deepseek_v3")
        assert done.returncode == 1
        assert len(lines_of(done)) == 2

    def test_other_files_are_read_when_one_cannot_be(self) -> None:
        done = run("gone.txt", "hermes.txt", "--format", "hermes")
        assert done.returncode == 2
        assert [line["file"] for line in lines_of(done)] == ["hermes.txt"]
        assert done.stderr.startswith(b"toolparse: gone.txt: ")

    def test_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "empty.txt").touch()
        done = run(tmp_path / "empty.txt", "--format", "hermes")
        assert json.loads(done.stdout) == {
            "content": None, "reasoning": None, "tool_calls": [], "parts": [], "finish_reason": "stop", "problems": [],
        }  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")

    def test_error_in_a_complete_call(self) -> None:
        done = run("-", "--format", "hermes", stdin=b'<tool_call>\n{"name": "f", "arguments": [1]}\n</tool_call>')
        message = json.loads(done.stdout)
        assert done.returncode == 1
        assert message["tool_calls"][0]["complete"]
        assert "error" in {problem["severity"] for problem in message["problems"]}

    def test_prompt_decides_where_the_output_starts(self) -> None:
        text = b"Short.</think>Done."
        inside = json.loads(run("-", "--format", "hermes", "--prompt", "<|im_start|>assistant\n<think>\n", stdin=text).stdout)
        outside = json.loads(run("-", "--format", "hermes", "--prompt", "", stdin=text).stdout)
        assert (inside["reasoning"], inside["content"]) == ("Short.", "Done.")
        assert (outside["reasoning"], outside["content"]) == (None, "Short.</think>Done.")

    def test_tools_type_raw_text(self, tmp_path: Path) -> None:
        text = b"<tool_call>\n<function=pay>\n<parameter=sum>\n007\n</parameter>\n</function>\n</tool_call>"
        (tmp_path / "tools.json").write_text(
            '[{"type": "function", "function": {"name": "pay", "parameters": {"properties": {"sum": {"type": "string"}}}}}]'
        )
        typed = json.loads(run("-", "--format", "qwen3_coder", "--tools", tmp_path / "tools.json", stdin=text).stdout)
        assert json.loads(typed["tool_calls"][0]["arguments"]) == {"sum": "007"}

    def test_a_file_that_is_called_like_a_command(self, tmp_path: Path) -> None:
        (tmp_path / "formats").write_text("Hello.")
        done = run("./formats", "--format", "hermes", cwd=tmp_path)
        assert json.loads(done.stdout)["content"] == "Hello."

    def test_output_is_utf8_in_every_locale(self) -> None:
        done = run("hermes.txt", "--format", "hermes", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        assert "Zürich" in done.stdout.decode()
        assert done.returncode == 0

    def test_line_ends_and_byte_order_mark(self) -> None:
        done = run("-", "--format", "hermes", stdin=b"\xef\xbb\xbfone\r\ntwo\r\n")
        assert json.loads(done.stdout)["content"] == "one\r\ntwo\r\n"


class TestStream:
    def test_events_as_bytes_arrive(self) -> None:
        before, after = '<tool_call>\n{"name": "say", "arguments": {"text": "Grüß', ' dich"}}\n</tool_call>'
        sent, rest = before.encode()[:-1], before.encode()[-1:] + after.encode()  # cut in the middle of a character
        command = [*COMMAND, "-", "--format", "hermes", "--stream"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(sent)
            process.stdin.flush()
            lines: queue.Queue[bytes] = queue.Queue()
            threading.Thread(target=lambda output: deque(map(lines.put, output), 0), args=[process.stdout], daemon=True).start()
            start = json.loads(lines.get(timeout=PATIENCE))
            arguments = ""
            while not arguments.endswith("Gr\u00fc"):
                arguments += json.loads(lines.get(timeout=PATIENCE))["text"]
            process.stdin.write(rest)
            process.stdin.close()
            assert process.wait(PATIENCE) == 0
        assert (start["type"], start["name"]) == ("CallStart", "say")
        assert arguments == '{"text": "Grü'

    def test_events_and_message_agree(self) -> None:
        events = lines_of(run("deepseek_v31.txt", "--format", "deepseek_v31", "--stream"))
        message = json.loads(run("deepseek_v31.txt", "--format", "deepseek_v31").stdout)
        assert len(message["tool_calls"]) == 2
        for call in message["tool_calls"]:
            assert joined(events, "CallArguments", call["index"]) == call["arguments"]
        assert joined(events, "Reasoning") == message["reasoning"]
        assert joined(events, "Content") == message["content"]

    def test_chunk(self) -> None:
        whole = lines_of(run("hermes.txt", "--format", "hermes", "--stream"))
        by_three = lines_of(run("hermes.txt", "--format", "hermes", "--stream", "--chunk", "3"))
        assert len(by_three) > 2 * len(whole)
        for kind, index in (("Content", None), ("Reasoning", None), ("CallArguments", 0), ("CallArguments", 1)):
            assert joined(by_three, kind, index) == joined(whole, kind, index) != ""

    def test_several_files(self) -> None:
        done = run("hermes.txt", "hermes_repaired.txt", "--format", "hermes", "--stream")
        labelled = lines_of(done)
        assert {line["file"] for line in labelled} == {"hermes.txt", "hermes_repaired.txt"}
        assert sum(line["event"]["type"] == "CallEnd" for line in labelled) == 4

    def test_cut_call(self) -> None:
        done = run("deepseek_v3_cut.txt", "--format", "deepseek_v3", "--stream")
        assert done.returncode == 1
        assert [e["complete"] for e in lines_of(done) if e["type"] == "CallEnd"] == [False]


class TestOpenAI:
    def test_chunks(self) -> None:
        done = run("hermes.txt", "--format", "hermes", "--openai")
        events = done.stdout.decode().split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""]
        chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
        names = [call["function"]["name"] for delta in deltas for call in delta.get("tool_calls", []) if "id" in call]
        assert names == ["get_weather", "search_trains"]
        assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"

    def test_cut_call(self) -> None:
        done = run("deepseek_v3_cut.txt", "--format", "deepseek_v3", "--openai")
        assert done.returncode == 1
        assert b'"finish_reason": "length"' in done.stdout

    def test_several_files(self) -> None:
        done = run("hermes.txt", "hermes_repaired.txt", "--format", "hermes", "--openai")
        comments = [line for line in done.stdout.decode().splitlines() if line.startswith(":")]
        assert comments == [': "hermes.txt"', ': "hermes_repaired.txt"']
        assert done.stdout.count(b"data: [DONE]\n\n") == 2


class TestFormats:
    def test_plain_table(self) -> None:
        header, *rows = run("formats").stdout.decode().splitlines()
        assert header.split() == ["format", "models", "other", "names"]
        names = [row.split()[0] for row in rows]
        assert len(names) == len(set(names))
        assert {"hermes", "llama3_json", "mistral", "deepseek_v3", "deepseek_v31", "qwen3_coder", "pythonic"} <= set(names)
        hermes = rows[names.index("hermes")]
        assert "Qwen2.5" in hermes
        assert "qwen25" in hermes

    def test_json(self) -> None:
        done = run("formats", "--json")
        listed = {entry["name"]: entry for entry in json.loads(done.stdout)}
        assert list(listed["hermes"]) == ["name", "models", "aliases"]
        assert "qwen25" in listed["hermes"]["aliases"]
        assert done.returncode == 0

    def test_wrong_option(self) -> None:
        assert complaint(run("formats", "--yaml")) == "unrecognized arguments: --yaml; see toolparse formats --help"


class TestWrongCommand:
    """Exit status 2, nothing on standard output, one line on standard error."""

    def test_unknown_format(self) -> None:
        line = complaint(run("hermes.txt", "--format", "deepseek_v33"))
        assert "deepseek_v33" in line
        assert "deepseek_v3" in line.replace("deepseek_v33", "")

    def test_no_format(self) -> None:
        assert complaint(run("hermes.txt")) == "no format given; name it with --format, see toolparse formats"

    def test_nothing_at_all(self) -> None:
        assert complaint(run()) == "no file given; see toolparse --help"
        assert complaint(run("--format", "hermes")) == "no file given; see toolparse --help"

    def test_no_such_file(self) -> None:
        assert complaint(run("hermse.txt", "--format", "hermes")) == "hermse.txt: no such file; did you mean hermes.txt?"

    def test_no_such_file_elsewhere(self) -> None:
        line = complaint(run(FIXTURES / "pithonic.txt", "--format", "hermes"))
        assert line == f"{FIXTURES / 'pithonic.txt'}: no such file; did you mean {FIXTURES / 'pythonic.txt'}?"

    def test_a_name_of_two_lines(self, tmp_path: Path) -> None:
        assert complaint(run("a\nb", "--format", "hermes", cwd=tmp_path)) == "a b: no such file"

    def test_nothing_like_it(self, tmp_path: Path) -> None:
        assert complaint(run("x.txt", "--format", "hermes", cwd=tmp_path)) == "x.txt: no such file"

    def test_misspelled_command(self, tmp_path: Path) -> None:
        assert complaint(run("format", "--format", "hermes", cwd=tmp_path)) == "format: no such file; did you mean the command formats?"

    def test_directory(self, tmp_path: Path) -> None:
        (tmp_path / "outputs").mkdir()
        assert complaint(run("outputs", "--format", "hermes", cwd=tmp_path)) == "outputs: a directory without files"
        (tmp_path / "outputs" / "one.txt").touch()
        line = complaint(run("convert", "outputs", "--from", "hermes", "--to", "hermes", cwd=tmp_path))
        assert line == f"outputs: a directory, not a file; name the files in it, such as {Path('outputs', 'one.txt')}"

    def test_unreadable_file(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to(tmp_path / "loop")  # unreadable for root, too
        assert complaint(run("loop", "--format", "hermes", cwd=tmp_path)).startswith("loop: cannot be read: ")

    @pytest.mark.parametrize(
        ("data", "what"),
        [
            (b"MZ\x90\0", "not text, but binary (a NUL byte at offset 3); give UTF-8 text"),
            ("Zürich".encode("latin-1"), "not UTF-8 text (byte 0xfc at offset 1); convert it to UTF-8"),
            ("Zürich".encode()[:2], "not UTF-8 text (byte 0xc3 at offset 1); convert it to UTF-8"),
            (b"a" * 300_000 + b"\xff", "not UTF-8 text (byte 0xff at offset 300000); convert it to UTF-8"),
        ],
        ids=["nul", "latin-1", "cut in a character", "far behind"],
    )
    def test_binary(self, tmp_path: Path, data: bytes, what: str) -> None:
        (tmp_path / "data.bin").write_bytes(data)
        assert complaint(run("data.bin", "--format", "hermes", cwd=tmp_path)) == f"data.bin: {what}"

    def test_binary_standard_input(self) -> None:
        assert complaint(run("-", "--format", "hermes", stdin=b"\0")).startswith("-: not text")

    def test_broken_tools(self, tmp_path: Path) -> None:
        (tmp_path / "tools.json").write_text('[{"type": "function"\n "function": {}}]')
        line = complaint(run("hermes.txt", "--format", "hermes", "--tools", "tools.json", cwd=tmp_path))
        assert line == "tools.json: not JSON: Expecting ',' delimiter at line 2 column 2"

    @pytest.mark.parametrize("text", ["[" * 100_000, "\udcff", "", "9" * 5000])
    def test_hostile_tools(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "tools.json").write_bytes(text.encode(errors="surrogateescape"))
        line = complaint(run("hermes.txt", "--format", "hermes", "--tools", "tools.json", cwd=tmp_path))
        assert line.startswith("tools.json: not JSON: ")

    @pytest.mark.parametrize("text", ["7", '[{"type": "function", "function": {"description": "nameless"}}]'])
    def test_tools_that_are_none(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "tools.json").write_text(text)
        line = complaint(run("hermes.txt", "--format", "hermes", "--tools", "tools.json", cwd=tmp_path))
        assert line.startswith("tools.json: ")

    def test_no_such_tools(self) -> None:
        line = complaint(run("hermes.txt", "--format", "hermes", "--tools", "tool.json"))
        assert line == "tool.json: no such file; did you mean tools.json?"

    @pytest.mark.parametrize("size", ["0", "ten"])
    def test_chunk(self, size: str) -> None:
        line = complaint(run("hermes.txt", "--format", "hermes", f"--chunk={size}"))
        assert line.startswith(f"argument --chunk: {size!r} is not a whole number above 0")

    def test_two_shapes_at_once(self) -> None:
        assert "not allowed with" in complaint(run("hermes.txt", "--format", "hermes", "--stream", "--openai"))


class TestUnusualStreams:
    def shell(self, line: str) -> Done:
        """Run `$C` with whatever a shell can do to its streams."""
        environment = {**os.environ, "C": shlex.join(COMMAND)}
        return subprocess.run(["sh", "-c", line], cwd=FIXTURES, capture_output=True, timeout=PATIENCE, env=environment)

    def test_closed_input(self) -> None:
        assert complaint(self.shell("$C - --format hermes <&-")) == "-: standard input is closed; name a file"

    def test_closed_output(self) -> None:
        assert complaint(self.shell("$C hermes.txt --format hermes >&-")) == "standard output is closed"

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
    def test_full_disk(self) -> None:
        line = complaint(self.shell("$C hermes.txt --format hermes >/dev/full"))
        assert line == "cannot write to standard output: No space left on device"

    def test_input_that_does_not_block(self) -> None:
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        command = [*COMMAND, "-", "--format", "hermes", "--stream"]
        with subprocess.Popen(command, stdin=ours, stdout=subprocess.PIPE) as process, open(theirs, "wb", buffering=0) as feeding:
            assert process.stdout is not None
            os.close(ours)
            feeding.write(b"One ")
            assert json.loads(process.stdout.readline())["text"] == "One"
            feeding.write(b"two.")
            feeding.close()
            assert joined([json.loads(line) for line in process.stdout], "Content") == " two."
            assert process.wait(PATIENCE) == 0


class TestInterruption:
    def test_closed_pipe(self, tmp_path: Path) -> None:
        (tmp_path / "long.txt").write_text("A line of an answer.\n" * 50_000)
        command = [*COMMAND, "long.txt", "--format", "hermes", "--stream", "--chunk", "20"]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(PATIENCE) == 141

    @pytest.mark.parametrize("line", ["formats", "hermes.txt --format hermes"])
    def test_nobody_reads(self, line: str) -> None:
        ours, theirs = os.pipe()
        os.close(ours)
        with open(theirs, "wb") as closed:
            command = [*COMMAND, *line.split()]
            done = subprocess.run(command, cwd=FIXTURES, stdout=closed, stderr=subprocess.PIPE, timeout=PATIENCE)
        assert (done.returncode, done.stderr) == (141, b"")

    def test_ctrl_c(self) -> None:
        command = [*COMMAND, "-", "--format", "hermes", "--stream"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdin.write(b"Hello there.")
            process.stdin.flush()
            process.stdout.readline()  # it is running, and waits for more
            process.send_signal(signal.SIGINT)
            assert process.stderr.read() == b""
            assert process.wait(PATIENCE) == 130


def peak_memory(*arguments: str | Path) -> int:
    """The most memory, in bytes, that a run has held."""
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=FIXTURES, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class TestLargeFile:
    def test_message(self, large: Path) -> None:
        message = json.loads(run(large, "--format", "hermes").stdout)
        assert message["content"].count("\n") == 144_999
        assert message["tool_calls"][0]["arguments"] == '{"a": "ö"}'

    def test_memory_while_streaming(self, large: Path) -> None:
        small = peak_memory("hermes.txt", "--format", "hermes", "--stream")
        assert peak_memory(large, "--format", "hermes", "--stream") < small + 4_000_000


def on_terminal(stream: str, *arguments: str | Path, **environment: str) -> str:
    """What a person sees whose terminal is the command's `stream`, "stdout" or "stderr"."""
    ours, theirs = pty.openpty()
    streams: dict[str, Any] = {**dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL), stream: theirs}
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}
    env.pop("NO_COLOR", None)
    shown = b""
    with subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=FIXTURES, env=env, **streams) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
            while data := os.read(ours, 65536):
                shown += data
        os.close(ours)
        assert process.wait(PATIENCE) == 0
    return shown.decode()


class TestRich:
    """Colours, drawn tables and the bar: on a terminal, with `rich`."""

    def test_message_in_colours(self) -> None:
        assert "\x1b[" in on_terminal("stdout", "hermes.txt", "--format", "hermes")

    def test_drawn_table(self) -> None:
        shown = on_terminal("stdout", "formats")
        assert "\x1b[" in shown
        assert "│ hermes " in re.sub(r"\x1b\[[0-9;]*m", "", shown)

    def test_a_pipe_gets_neither(self) -> None:
        for arguments in (["formats"], ["hermes.txt", "--format", "hermes"]):
            assert b"\x1b" not in run(*arguments, FORCE_COLOR="1").stdout

    def test_bar_for_a_large_input(self, large: Path) -> None:
        assert "large.txt" in on_terminal("stderr", large, "--format", "hermes")
        assert on_terminal("stderr", "hermes.txt", "--format", "hermes") == ""

    def test_plain_without_rich(self, no_rich: dict[str, str], large: Path) -> None:
        shown = on_terminal("stdout", "hermes.txt", "--format", "hermes", **no_rich)
        assert [call["name"] for call in json.loads(shown)["tool_calls"]] == ["get_weather", "search_trains"]
        assert on_terminal("stdout", "formats", **no_rich).replace("\r\n", "\n").encode() == run("formats").stdout
        assert on_terminal("stderr", large, "--format", "hermes", **no_rich) == ""


def test_help() -> None:
    done = run("--help")
    shown = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    for word in ("--stream", "--openai", "--tools", "--chunk", "--prompt", "toolparse formats", "exit status"):
        assert word in shown


# -- what else there is to name: files, encodings, checks, versions --------------------------------------------------------------------

TWO = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'
TOOL = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}]


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, b"toolparse 0.1.0\n")


def test_a_near_miss_is_answered_with_the_near_one(tmp_path: Path) -> None:
    assert complaint(run("covnert", "x")) == "covnert: no such file; did you mean the command convert?"
    said = complaint(run("hermes.txt", "-f", "hermes", "--vlaidate", cwd=tmp_path))
    assert said == "there is no option --vlaidate; did you mean --validate? see toolparse --help"


def test_folders_patterns_and_packed_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.txt").write_text(TWO)
    (tmp_path / "a" / "2.txt.gz").write_bytes(gzip.compress(b"Hi"))
    (tmp_path / "a" / ".hidden").write_text("no")
    for names in (["a"], ["a/*"], ["a/1.txt", "a/2.txt.gz"]):
        done = run(*names, "-f", "hermes", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert [(line["file"], line["message"]["content"]) for line in lines_of(done)] == [("a/1.txt", None), ("a/2.txt.gz", "Hi")]
    assert complaint(run("b*", "-f", "hermes", cwd=tmp_path)) == "b*: no file matches"
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"Hi")[:-9])
    done = run("broken.gz", "-f", "hermes", cwd=tmp_path)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)


def test_output_to_a_file(tmp_path: Path) -> None:
    done = run("-", "-f", "hermes", "-o", tmp_path / "out.json", stdin=b"Hi")
    assert (done.returncode, done.stdout) == (0, b"")
    assert json.loads((tmp_path / "out.json").read_text())["content"] == "Hi"
    assert "cannot be written" in complaint(run("-", "-f", "hermes", "-o", tmp_path / "no" / "out.json", stdin=b"Hi"))


def test_validate(tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(json.dumps(TOOL))
    done = run("-", "-f", "hermes", "--tools", "tools.json", "--validate", stdin=TWO.encode(), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.decode() == "toolparse: -: call 0, /a: expected a string, found 1\n"
    sound = TWO.replace("1", '"x"').encode()
    assert run("-", "-f", "hermes", "--tools", "tools.json", "--validate", "--stream", stdin=sound, cwd=tmp_path).returncode == 0
    assert "--tools" in complaint(run("-", "-f", "hermes", "--validate", stdin=b""))


def test_encodings_are_read_when_named_and_named_when_met(tmp_path: Path) -> None:
    text = "你好，世界。"
    for encoding, named in (("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("gbk", "gbk")):
        path = tmp_path / encoding
        path.write_bytes((text if encoding != "utf-16-le" else "plain words").encode(encoding))
        done = run(path, "-f", "hermes", "--encoding", encoding)
        assert json.loads(done.stdout)["content"] == (text if encoding != "utf-16-le" else "plain words"), done.stderr
        assert f"--encoding {named}" in complaint(run(path, "-f", "hermes"))
    for name in ("utf-9", "hex", "rot13", "undefined"):
        assert "no encoding is called" in complaint(run("-", "-f", "hermes", "--encoding", name, stdin=b"x"))


def test_files_of_rows_are_for_batch(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "rows.bin").write_bytes(b"PAR1\0\0")
    for name, what in (("rows.jsonl", "JSON lines"), ("rows.bin", "Parquet")):
        said = complaint(run(name, "-f", "hermes", cwd=tmp_path))
        assert what in said
        assert "toolparse batch" in said


def test_what_failed_is_told_on_standard_error() -> None:
    done = run("-", "-f", "llama3_json", stdin=TWO.replace('"name"', "'name'").replace("}}", "").encode())
    assert done.returncode == 1
    assert done.stderr.startswith(b"toolparse: -: ")
    done = run("mistral.txt", "-f", "hermes")  # no tools
    assert done.returncode == 1
    assert b"the format 'mistral' writes" in done.stderr
    done = run("-", "-f", "hermes", stdin=b'<tool_call>{"name": "f", "arguments": {"a": "x')
    assert (done.returncode, done.stderr) == (1, b"toolparse: -: call 0 is not complete: the output ends inside it\n")


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_fits_the_terminal_and_shows_an_example(command: list[str]) -> None:
    done = run(*command, "--help", COLUMNS="80")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stderr
    assert max(map(len, lines)) <= 80
    example = lines[lines.index("example:") + 1]
    assert example.startswith(" ".join(["  toolparse", *command]))


@pytest.mark.parametrize("mode", [(), ("--stream",), ("--openai",)], ids=["whole", "stream", "openai"])
@pytest.mark.parametrize("files", [("-",), ("-", "hermes.txt")], ids=["one", "several"])
def test_a_failed_attempt_in_every_mode(mode: tuple[str, ...], files: tuple[str, ...]) -> None:
    """A problem that holds the attempt that it is about, in the middle of an output."""
    text = b'<tool_call>\n{"nam": 1}\n</tool_call>\nSo.\n[TOOL_CALLS]f[ARGS]{"a": 1}'
    done = run(*files, "--format", "hermes", *mode, stdin=text)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("toolparse: -: ")
    assert "Traceback" not in done.stderr.decode()
    if mode == ("--stream",):
        events = [line.get("event", line) for line in lines_of(done)]
        (attempt, *_) = [event["attempt"] for event in events if event["type"] == "Problem"]
        assert attempt["text"].startswith("<tool_call>")


def test_many_faults_are_a_few_lines() -> None:
    good = b'<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    bad = b"".join(b'<tool_call>{"name": "f", "arguments": {"a": 1}, "k%d": 1}</tool_call>' % n for n in range(31))
    many = good * 4100
    told = run("-", "--format", "hermes", stdin=bad).stderr.decode().splitlines()
    assert len(told) == 21
    assert told[-1] == "toolparse: -: 11 more like these; --stream has each at its place"
    told = run("-", "--format", "hermes", stdin=many).stderr.decode().splitlines()
    assert told[0] == "toolparse: -: more than 4096 calls: further ones are content (4 times)"
    cut = b"".join(b'<tool_call>{"name": "f", "arguments": {"a": ' for _ in range(2))
    assert run("-", "--format", "hermes", stdin=cut).stderr.decode().splitlines()[-1].endswith("is not complete: the output ends inside it")
