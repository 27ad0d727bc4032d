"""From tool calls to running tools: `Toolbox`, the loop around a client (`Conversation`), and clients of raw text (`wrap`)."""
