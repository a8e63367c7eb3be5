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
    """Say in one line that the engine ended; seed every sampled request from torch's generator in this process; say in
    its text that a thought was cut off, which lm-eval's backend would give for the answer.

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
        for output in outputs if lm.think_end_token else ():
            for completion in output.outputs:
                if completion.finish_reason == "length" and lm.think_end_token not in completion.text:
                    completion.text = after_thinking(completion.text, (), marker=lm.think_end_token, cut_off=True)
        return outputs

    lm.model.generate = watched
