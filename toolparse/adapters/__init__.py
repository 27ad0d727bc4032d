"""The events as the streams of the public APIs: OpenAI chat completions, OpenAI Responses, Anthropic Messages.

An adapter is made for one answer. It turns events into the plain dicts that the API's clients expect and does no I/O, so
synchronous and asynchronous servers use the same object. It knows nothing of formats or of parsing, and imports no client
package.
"""

from toolparse.adapters.anthropic_messages import MessageEvents
from toolparse.adapters.openai_chat import ChatChunks
from toolparse.adapters.openai_responses import ResponseEvents
from toolparse.adapters.sse import encode
from toolparse.adapters.stream import astream, stream

__all__ = ["ChatChunks", "MessageEvents", "ResponseEvents", "astream", "encode", "stream"]
