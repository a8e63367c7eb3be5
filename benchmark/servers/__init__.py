"""OpenAI-compatible servers as lm-eval models: lm-eval's own backends, asked in a way that loses no answer."""
