"""lm-eval's own command line with this backend in it: `python -m benchmark.engine run --model rufin-hf …`."""

from lm_eval.__main__ import cli_evaluate

import benchmark.engine  # noqa: F401  (importing registers the backend)

if __name__ == "__main__":
    cli_evaluate()
