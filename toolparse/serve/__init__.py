"""`toolparse serve`: a gateway that gives an engine which returns raw text the tool calls of three APIs.

How a request goes through it: `requests` reads any of the three APIs into one `Request`; `prompts` renders the messages with the
model's chat template, unless the upstream takes messages; a module of `upstreams` asks the engine and reads its stream into pieces of
text; a `Parser` makes events of them; `answers` writes the events in the API's shape. `app` holds the loop around this, the routes and
what happens when one side fails; `limits`, `metrics` and `log` are what their names say.

No module here knows a format or parses a call.
"""
