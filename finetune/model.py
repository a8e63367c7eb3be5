"""The base model with a trainable adapter: quantized, frozen by hand, and proved not to leak between packed examples."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from benchmark.errors import UserError
from benchmark.system import SystemSpec, load_model
from finetune import loss
from finetune.config import FinetuneConfig
from finetune.examples import Example
from finetune.packing import as_row

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LEAK_TOLERANCE = 0.1
"""Relative difference of an example's states, alone and packed, that rounding explains; a leak gives far more."""


def base_spec(config: FinetuneConfig) -> SystemSpec:
    """The base model of a configuration as the benchmark would load it."""
    model = config.model
    return SystemSpec(
        model.pretrained,
        revision=model.revision,
        quantization=model.quantization,
        dtype=model.dtype,
        trust_remote_code=model.trust_remote_code,
    )


def prepare(config: FinetuneConfig, device: str = "auto") -> tuple[Any, "PreTrainedTokenizerBase"]:
    """The base with a new adapter on it, and the tokenizer."""
    base, tokenizer = load_model(base_spec(config), device)
    return add_adapter(base, config), tokenizer


def add_adapter(base: Any, config: FinetuneConfig) -> Any:
    """A loaded base with LoRA on it and the packed loss in it; only the adapter's weights train, and those in float32.

    `peft.prepare_model_for_kbit_training` is not used: it casts embeddings and head to float32, half a gigabyte for
    Mistral and more for a Gemma vocabulary, for no gain.
    """
    from peft import LoraConfig, get_peft_model

    # The adapter's first weights are random: the same configuration must start from the same ones.
    torch.manual_seed(config.training.seed)
    lora = config.lora
    model = get_peft_model(
        base,
        LoraConfig(
            r=lora.r,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=lora.target_modules,
            use_rslora=lora.rslora,
            task_type="CAUSAL_LM",
        ),
    )
    loss.install(base)
    base.config.use_cache = False
    if config.training.gradient_checkpointing:
        base.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


@contextlib.contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Evaluation mode for a model that will train on, without gradients.

    On a CPU with AVX512-BF16, bitsandbytes repacks a 4-bit layer's weights on its first forward in evaluation mode, for
    a kernel that has no backward pass: from then on gradients would silently stop at every base layer. Layers that
    still say `training` are left alone.
    """
    model.eval()
    for module in model.modules():
        if type(module).__name__ == "Linear4bit":
            module.training = True
    try:
        with torch.no_grad():
            yield
    finally:
        model.train()


def check_packing(model: Any, first: Example, second: Example) -> None:
    """Refuse to train where packed examples see each other; nothing else would tell.

    The second example's final states are taken alone and behind the first; both must agree.

    Raises:
        UserError: they differ by more than rounding.
    """
    alone, packed = (_final_states(model, row)[-len(second) :] for row in ([second], [first, second]))
    difference = float((alone - packed).norm() / alone.norm())
    if difference > LEAK_TOLERANCE:
        raise UserError(
            f"training.token_budget: packed examples see each other in this model (final states differ by "
            f"{difference:.0%}); set training.token_budget=null"
        )


def _final_states(model: Any, row: list[Example]) -> torch.Tensor:
    """(tokens, width) states that the head would see for a packed row."""
    inputs = as_row(row, next(model.parameters()).device)
    decoder = model.get_base_model().get_decoder()
    with evaluating(model):
        states = decoder(
            input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], attention_mask=None, use_cache=False
        )[0]
    return states[0].float()


def compute_dtype_of(config: FinetuneConfig, model: Any) -> torch.dtype:
    """The type that the training computes in, on the device where the model is."""
    from benchmark.system import compute_dtype

    return compute_dtype(config.model.dtype, next(model.parameters()).device.type)
