"""What lm-eval's vLLM backend needs besides its arguments."""

from collections.abc import Sequence
from typing import Any

from benchmark.errors import UserError

NAME = "vllm"

SLICE = 128
"""Prompts that the engine is given at once, which batches them itself; answers are kept slice by slice. Told "auto",
lm-eval would give as many and draw a second progress bar over ours."""


def watch(lm: Any) -> None:
    """Say in one line that the engine ended; seed every sampled request from torch's generator in this process.

    The engine runs in a process of its own and starts from one and the same seed each time: a run that goes on would
    draw the samples again that it has. What it draws would depend, too, on which requests share a batch. `StoredLM`
    seeds torch so that neither is so.
    """
    from vllm.v1.engine.exceptions import EngineDeadError

    if lm.data_parallel_size > 1:
        return  # lm-eval starts such engines in Ray, anew for every batch
    generate = lm.model.generate

    def seeded(prompts: Any, *, sampling_params: Sequence[Any], **further: Any) -> Any:
        import torch

        for parameters in sampling_params:
            if parameters.temperature > 0 and parameters.seed is None:
                parameters.seed = int(torch.randint(2**31, ()))
        try:
            return generate(prompts, sampling_params=sampling_params, **further)
        except EngineDeadError as error:
            raise UserError(
                "--backend vllm: the engine ended, and says why above; mend that and give the same command again: "
                "every answer is kept"
            ) from error

    lm.model.generate = seeded
