"""For `vllm serve --tool-parser-plugin FILE`, where the entry points of installed packages are switched off (`VLLM_PLUGINS`)."""

from toolparse.plugins.vllm import register

register()
