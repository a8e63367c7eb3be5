"""The fast way to ask a Hugging Face model: lm-eval's `hf` backend with the same answers and far fewer wasted steps."""

from benchmark.engine.hf import RowwiseHFLM

__all__ = ["RowwiseHFLM"]
