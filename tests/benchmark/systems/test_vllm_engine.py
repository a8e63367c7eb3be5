"""What is asked of lm-eval's vLLM backend without an engine."""

import pytest

from benchmark.errors import UserError
from benchmark.system import SystemSpec
from benchmark.systems.backends import load_backend


@pytest.mark.parametrize("copies", [2, "8"])
def test_copies_that_every_call_would_load_anew_are_refused_with_the_server_that_keeps_them(copies: int | str):
    spec = SystemSpec("base", backend="vllm", backend_args={"data_parallel_size": copies})
    with pytest.raises(UserError, match=f"vllm serve MODEL --data-parallel-size {copies}"):
        load_backend(spec, "auto")
