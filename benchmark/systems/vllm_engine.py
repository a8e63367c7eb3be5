"""What lm-eval's vLLM backend needs besides its arguments."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.errors import UserError
from benchmark.storage.portions import SLICE
from benchmark.systems.thinking import after_thinking

NAME = "vllm"


def refuse_copies(arguments: Mapping[str, Any]) -> None:
    """Refuse several copies of a model: lm-eval starts them in Ray and ends them again within each call.

    Given all prompts in one call they would be loaded once, and an interruption would cost every answer.

    Raises:
        UserError: names the server that keeps its copies.
    """
    copies = arguments.get("data_parallel_size")
    if copies is not None and str(copies) != "1":
        raise UserError(
            f"--backend-arg data_parallel_size={copies}: the copies would be loaded anew for every {SLICE} prompts; "
            f"start `vllm serve MODEL --data-parallel-size {copies}` and add --backend local-chat-completions "
            "(or local-completions)"
        )


def watch(lm: Any) -> None:
    """Say in one line that the engine ended; seed every sampled request from torch's generator in this process; mark
    thoughts that were cut off.

    The engine runs in a process of its own and starts from one and the same seed each time: a run that goes on would
    draw the samples again that it has. What it draws would depend, too, on which requests share a batch. `StoredLM`
    seeds torch so that neither is so.
    """
    from vllm.v1.engine.exceptions import EngineDeadError

    generate = lm.model.generate

    def watched(prompts: Any, *, sampling_params: Sequence[Any], **further: Any) -> Any:
        import torch

        for parameters in sampling_params:
            if parameters.temperature > 0 and parameters.seed is None:
                parameters.seed = int(torch.randint(2**31, ()))
        try:
            outputs = generate(prompts, sampling_params=sampling_params, **further)
        except EngineDeadError as error:
            raise UserError(
                "--backend vllm: the engine ended, and says why above; mend that and give the same command again: "
                "every answer is kept"
            ) from error
        if lm.think_end_token:
            _mark_cut_thoughts(outputs, lm.think_end_token)
        return outputs

    lm.model.generate = watched


def _mark_cut_thoughts(outputs: Sequence[Any], mark: str) -> None:
    """Have the texts of thoughts that the token limit cut off say so: lm-eval would give them for answers."""
    for completion in (completion for output in outputs for completion in output.outputs):
        if completion.finish_reason == "length" and mark not in completion.text:
            completion.text = after_thinking(completion.text, (), marker=mark, cut_off=True)
