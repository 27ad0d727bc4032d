"""One function run to its end, its failure or its time limit, whatever it does in between.

Knows nothing of tools or calls. A synchronous function gets a daemon thread of its own and not a place in the loop's executor: nothing can
stop it, and one that hangs must neither keep others waiting nor the program from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class Expired(Exception):
    """The time limit was over. What ran asynchronously has been cancelled; a thread goes on, and its result is dropped."""


class Exited(Exception):
    """The function ended otherwise than with an exception that programs handle."""


async def run(function: Callable[[], Any], timeout: float | None) -> Any:
    """What `function` returns, awaited if it must be. Raises what it raises, and `Expired` after `timeout` seconds.

    A function that swallows its cancellation is left behind. `SystemExit` in it, the panic of a library in Rust, or a cancellation of its
    own making is an `Exited`, so that none reaches the caller's loop; Ctrl-C does.
    """
    task = asyncio.ensure_future(_contained(function))
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout)
    except asyncio.CancelledError:
        task.cancel()
        task.add_done_callback(forget)
        raise
    if not done:
        task.cancel()
        task.add_done_callback(forget)
        raise Expired
    if task.cancelled():
        raise Exited("it was cancelled")
    return task.result()


def wait_for(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of `work`, for a caller that is not asynchronous. Where a loop runs in this thread already, another thread gets one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    done: list[Any] = []
    failed: list[BaseException] = []

    def in_thread() -> None:
        try:
            done.append(asyncio.run(work))
        except BaseException as error:
            failed.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(in_thread,), name="toolparse-toolbox")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


async def _contained(function: Callable[[], Any]) -> Any:
    try:
        result = function() if inspect.iscoroutinefunction(function) else await _in_thread(function)
        return await result if inspect.isawaitable(result) else result
    except (Exception, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit):
        raise
    except BaseException as error:
        raise _exited(error) from error


def _exited(error: BaseException) -> Exited:
    if isinstance(error, SystemExit):
        return Exited(f"it wanted to end the program ({error.code})")
    return Exited(f"{type(error).__name__}: {error}")


async def _in_thread(function: Callable[[], Any]) -> Any:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return  # the caller has gone
        if error is None:
            future.set_result(result)
        elif isinstance(error, StopIteration):  # which a future refuses
            future.set_exception(RuntimeError("StopIteration"))
        else:
            future.set_exception(error)

    def work() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = function()
        except (Exception, KeyboardInterrupt, asyncio.CancelledError) as raised:
            error = raised
        except BaseException as ended:
            error = _exited(ended)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="toolparse-tool", daemon=True).start()
    return await future


def forget(task: asyncio.Task[Any]) -> None:
    """Take note of how a task ended that nobody waits for, as the loop would complain otherwise."""
    if not task.cancelled():
        task.exception()
