"""What a model of transformers allows: read off the model, before anything is asked of it."""

import inspect
import json
from typing import Any

import torch
from transformers import GenerationMixin

HARMLESS = {
    "_from_model_config", "bos_token_id", "cache_implementation", "do_sample", "eos_token_id", "max_length",
    "max_new_tokens", "min_p", "output_attentions", "output_hidden_states", "output_logits", "output_scores",
    "pad_token_id", "return_dict_in_generate", "temperature", "top_k", "top_p", "transformers_version", "typical_p",
    "use_cache",
}  # fmt: skip
"""Entries of a model's generation_config that change no greedy answer under lm-eval's limits."""
ATTENTION = {"full_attention", "sliding_attention"}
"""Kinds of attention layers whose masks are known here."""


def bare(model: Any) -> Any:
    """The transformers model itself, its adapter's weights in it; the model as it is where the wrapper does more."""
    config = getattr(model, "active_peft_config", None)  # peft is heavy: not imported to find out
    if config is None:
        return model
    # Prompt learning adds virtual tokens, an activated LoRA depends on the prompt: both live in the wrapper.
    needed = config.is_prompt_learning or getattr(config, "alora_invocation_tokens", None)
    return model if needed else model.get_base_model()


def keep_head_folded(model: Any) -> None:
    """Give the output head contiguous input.

    The last column of a batch's hidden states is not, and torch then multiplies frozen weights row by row, on a copy
    of the whole head for each: 11 GiB for 36 rows of Gemma's vocabulary (measured with an adapter on Gemma 3 270M).
    """
    head = model.get_output_embeddings()
    if isinstance(head, torch.nn.Module) and not hasattr(head, "_rufin_folded"):
        head._rufin_folded = True  # type: ignore[assignment]
        head.register_forward_pre_hook(lambda _, inputs: (inputs[0].contiguous(), *inputs[1:]))


def supports(model: Any) -> bool:
    """Whether rows of this model may come and go: keys and values are all that it remembers, and greedy is greedy."""
    unusual = set(model.generation_config.to_diff_dict()) - HARMLESS
    return not unusual and type(model).generate is GenerationMixin.generate and remembers_keys_only(model)


def remembers_keys_only(model: Any) -> bool:
    """Whether the keys and values of a text's beginning are all that the rest of it needs, whatever the rest is."""
    return (
        not _rope_depends_on_length(model.config)
        and not getattr(model, "_is_stateful", False)
        and takes(model, "position_ids", "past_key_values", "logits_to_keep")
    )


def on_one_gpu(model: Any) -> bool:
    """Whether all of a model is on one GPU."""
    return model.device.type == "cuda" and len({weights.device for weights in model.parameters()}) == 1


def in_16_bits(model: Any) -> bool:
    """Whether a model computes in float16 or bfloat16, whose rounding hides that of another kernel."""
    return model.dtype in (torch.float16, torch.bfloat16)


def attends_by_torch(model: Any) -> bool:
    """Whether attention is torch's, over all of a text or a window of it."""
    config = model.config.get_text_config()
    return (
        config._attn_implementation == "sdpa"
        and set(getattr(config, "layer_types", None) or ()) <= ATTENTION
        and not getattr(config, "attention_chunk_size", None)
    )


def takes(model: Any, *names: str) -> bool:
    """Whether a forward pass knows these arguments."""
    return set(names) <= set(inspect.signature(model.forward).parameters)


def _rope_depends_on_length(config: Any) -> bool:
    """Whether rotary frequencies change with the longest row: cached keys of the others would be of the old ones."""
    text = json.dumps(config.get_text_config().to_dict(), default=str)
    return '"longrope"' in text or '"dynamic"' in text
