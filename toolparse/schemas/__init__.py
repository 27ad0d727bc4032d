"""Tool definitions of every shape, the type of a value, checks, and the way back to the model. Knows no format and no parser."""
