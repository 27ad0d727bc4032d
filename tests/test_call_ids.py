"""Names in ids: as they are written, as clients rewrite them, and where only the arguments can tell."""

from __future__ import annotations

import subprocess
import sys

import pytest

from toolparse.schemas.tools import Tools
from toolparse.wire.call_ids import name_by_keys, name_in_id
from toolparse.wire.open_call import NEW_ID


def tools(**parameters: tuple[str, ...]) -> Tools:
    return Tools([{"name": name, "parameters": {"properties": {key: {} for key in keys}}} for name, keys in parameters.items()])


WEATHER = tools(get_weather=("city",), get_weather_2=("city", "days"), clock=())


@pytest.mark.parametrize(
    ("call_id", "name"),
    [
        ("functions.get_weather:0", "get_weather"),
        ("get_weather:12", "get_weather"),
        ("functions.get_weather", "get_weather"),
        ("functions.a.b-c:d:3", "a.b-c:d"),
        ("functions_get_weather_0", "functions_get_weather_0"),
        ("7", "7"),
        ("functions.", "functions."),
        (":0", ":0"),
    ],
)
def test_without_tools_the_name_is_what_is_written(call_id: str, name: str) -> None:
    assert name_in_id(call_id, "functions.", None) == name


@pytest.mark.parametrize(
    ("call_id", "name"),
    [
        ("functions_get_weather_0", "get_weather"),
        ("functionsgetweather0", "get_weather"),
        ("get-weather-0", "get_weather"),
        ("functions.get-weather:0", "get_weather"),
        ("functions.GetWeather:0", "get_weather"),
        ("functions.weather:0", "weather"),
        ("functions.clock2:0", "clock2"),
        ("clock_2", "clock"),
        ("functions.get_weather_2:0", "get_weather_2"),
    ],
)
def test_a_rewritten_id_is_matched_with_the_tools(call_id: str, name: str) -> None:
    assert name_in_id(call_id, "functions.", WEATHER) == name


@pytest.mark.parametrize("call_id", ["0", "functions.3", "call_a1B2"])
def test_an_id_without_a_name_means_the_only_tool_or_waits_for_the_arguments(call_id: str) -> None:
    assert name_in_id(call_id, "functions.", tools(clock=())) == "clock"
    assert name_in_id(call_id, "functions.", WEATHER) is None


def test_the_keys_must_fit_one_tool_alone() -> None:
    assert name_by_keys({"days"}, WEATHER) == "get_weather_2"
    assert name_by_keys({"city"}, WEATHER) is None
    assert name_by_keys({"zip"}, WEATHER) is None
    assert name_by_keys({"city"}, None) is None


def test_made_up_ids_are_all_different() -> None:
    """They are drawn several at once."""
    for kind, length in (("call", 29), ("alnum9", 9)):
        ids = [NEW_ID[kind]() for _ in range(500)]
        assert len({*ids}) == 500
        assert {len(made) for made in ids} == {length}
        assert all(made.removeprefix("call_").isalnum() for made in ids)


@pytest.mark.skipif(sys.platform == "win32", reason="no process there is a copy of another")
def test_the_copy_of_a_process_makes_up_other_ids() -> None:
    script = """
import os
from toolparse.wire.open_call import call_id
call_id()
if child := os.fork():
    os.waitpid(child, 0)
print(call_id(), flush=True)
"""
    made = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert len({*made}) == 2
