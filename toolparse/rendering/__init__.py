"""Writing messages in a model's format, with the description that reads it."""
