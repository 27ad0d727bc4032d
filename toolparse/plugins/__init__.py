"""toolparse inside inference engines: one module per engine, each a thin layer over `toolparse.Parser`.

A plug-in translates between an engine's contract and the events; it has no parsing of its own. The engines are never imported by
the rest of the library, and none of these modules is imported before an engine, or its user, asks for it.
"""
