"""Hugging Face's `response_template`: a state of the parser whose markers are regular expressions. Loaded only for such a format."""
