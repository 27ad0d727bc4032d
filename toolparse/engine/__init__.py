"""The state machine of a turn, and what it asks: running text, tool choice, missed calls. Knows no way of writing arguments."""
