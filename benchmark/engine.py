"""lm-eval's Hugging Face backend with one change that alters no answer: a row stops on its own stop string.

The stock backend ends a batch only when one and the same stop string has appeared in every row, so rows that ended
on different strings, or on the end-of-sequence token, keep all others running. Here a row is finished at its first stop string;
texts are cut at that string as before.
"""

from typing import Any

import torch
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM
from transformers import StoppingCriteria, StoppingCriteriaList


class RowStop(StoppingCriteria):
    """True for each row whose newly generated text contains a stop string.

    Args:
        tokenizer: decodes the generated ids.
        stop: the strings.
        prompt_tokens: columns of the input, padding included; what follows them is generated.
    """

    def __init__(self, tokenizer: Any, stop: list[str], prompt_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._stop = stop
        self._prompt_tokens = prompt_tokens
        # A token decodes to at least one byte, a character is at most four: this tail always holds a whole stop string.
        self._tail = 4 * max((len(string) for string in stop), default=0) + 1

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor, **_: Any) -> Any:
        tail = input_ids[:, max(self._prompt_tokens, input_ids.shape[1] - self._tail) :]
        texts = self._tokenizer.batch_decode(tail)
        found = [any(string in text for string in self._stop) for text in texts]
        return torch.tensor(found, device=input_ids.device, dtype=torch.bool)


@register_model("rufin-hf")
class RowwiseHFLM(HFLM):
    """`HFLM` with per-row stopping; every option is `HFLM`'s own."""

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **generation_kwargs: Any
    ) -> torch.Tensor:
        if not generation_kwargs.get("do_sample"):
            generation_kwargs.pop("temperature", None)
            generation_kwargs["do_sample"] = False
        criteria = StoppingCriteriaList([RowStop(self.tokenizer, stop, context.shape[1])])
        with torch.autocast(
            device_type=self.device.type,
            dtype=self.mixed_precision_dtype,
            enabled=self.mixed_precision_dtype is not None,
        ):
            return self.model.generate(
                input_ids=context,
                max_length=max_length,
                stopping_criteria=criteria,
                pad_token_id=self.tokenizer.pad_token_id,
                use_cache=True,
                **generation_kwargs,
            )
