"""What lm-eval's vLLM backend needs besides its arguments."""

from collections.abc import Sequence
from typing import Any

NAME = "vllm"

SLICE = 128
"""Prompts that the engine is given at once, which batches them itself; answers are kept slice by slice. Told "auto",
lm-eval would give as many and draw a second progress bar over ours."""


def seed_each_sample(lm: Any) -> None:
    """Let torch's generator in this process seed every sampled request of an engine that runs in another.

    The engine starts from one and the same seed each time, so that a run that goes on would draw the samples again
    that it has; and what it draws depends on which requests share a batch. `StoredLM` seeds torch for both.
    """
    generate = lm.model.generate

    def seeded(prompts: Any, *, sampling_params: Sequence[Any], **further: Any) -> Any:
        import torch

        for parameters in sampling_params:
            if parameters.temperature > 0 and parameters.seed is None:
                parameters.seed = int(torch.randint(2**31, ()))
        return generate(prompts, sampling_params=sampling_params, **further)

    lm.model.generate = seeded
