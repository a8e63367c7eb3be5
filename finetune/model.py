"""The base model with a trainable adapter: quantized, frozen by hand, and proved not to leak between packed examples."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from benchmark.errors import UserError
from benchmark.system import SystemSpec, load_model
from benchmark.systems import attention, norms
from benchmark.systems.dtype import compute_dtype
from finetune import estimate, lora, loss
from finetune.config import FinetuneConfig, TrainingConfig
from finetune.examples import Example
from finetune.packing import as_row, longest_row

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LEAK_TOLERANCE = 0.1
"""Relative difference of an example's states, alone and packed, that rounding explains; a leak gives far more."""

FREE_SHARE = 0.8
"""Of a GPU's free memory, what a training plans to fill; the rest is for fragments and an estimate's error."""


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
    """The base with a new adapter on it, and the tokenizer.

    Raises:
        UserError: a base that cannot be loaded or does not fit the GPU, or no module that the adapter could stand on.
    """
    try:
        base, tokenizer = load_model(base_spec(config), device)
        return add_adapter(base, config), tokenizer
    except torch.cuda.OutOfMemoryError as error:
        raise UserError(
            "out of GPU memory while loading: --dry-run says what is needed; take model.quantization=nf4, "
            "a smaller lora.r or a smaller base"
        ) from error


def add_adapter(base: Any, config: FinetuneConfig) -> Any:
    """A loaded base with LoRA on it and the packed loss in it; only the adapter's weights train, and those in float32.

    `peft.prepare_model_for_kbit_training` is not used: it casts embeddings and head to float32, half a gigabyte for
    Mistral and more for a Gemma vocabulary, for no gain.
    """
    from peft import LoraConfig, get_peft_model

    # The adapter's first weights are random: the same configuration must start from the same ones.
    torch.manual_seed(config.training.seed)
    chosen = config.lora
    settings = LoraConfig(
        r=chosen.r,
        lora_alpha=chosen.alpha,
        lora_dropout=chosen.dropout,
        target_modules=chosen.target_modules,
        use_rslora=chosen.rslora,
        task_type="CAUSAL_LM",
    )
    try:
        model = get_peft_model(base, settings)
        loss.install(base)
    except ValueError as error:
        raise UserError(f"lora.target_modules: {' '.join(str(error).split())}") from error
    lora.install(model)
    base.config.use_cache = False
    if config.training.gradient_checkpointing is True:
        checkpoint(model)
    return model.train()


def ready(model: Any, config: FinetuneConfig, examples: Sequence[Example]) -> TrainingConfig:
    """Settle what depends on the loaded model and the data: attention, packing's proof, checkpointing.

    Returns:
        The training's settings, with checkpointing on where it is needed.

    Raises:
        UserError: packed examples see each other in this model.
    """
    training = config.training
    on_gpu = next(model.parameters()).device.type == "cuda"
    if on_gpu:
        norms.fuse(model)
    if training.token_budget and len(examples) > 1:
        shortest = sorted(examples, key=len)[:2]
        choose_attention(model, *shortest)
        check_packing(model, *shortest)
    row_tokens = longest_row(examples, training.token_budget, training.examples_per_update)
    if training.gradient_checkpointing == "auto" and needs_checkpointing(model, config, row_tokens):
        checkpoint(model)
        return training.model_copy(update={"gradient_checkpointing": True})
    if on_gpu and training.gradient_checkpointing is not True:  # a card that has room
        lora.unpack_scales(model)
    return training


def checkpoint(model: Any) -> None:
    """Keep only each layer's input from now on, and compute the rest again in the backward pass."""
    model.get_base_model().gradient_checkpointing_enable({"use_reentrant": False})


def needs_checkpointing(model: Any, config: FinetuneConfig, row_tokens: int) -> bool:
    """Whether a GPU's free memory is too small to keep the activations of a row of so many tokens."""
    device = next(model.parameters()).device
    if device.type != "cuda":
        return False
    base = model.get_base_model()
    sizes = estimate.architecture(base.config, config.lora)
    needed = estimate.memory(sizes, config, row_tokens, checkpointing=False, element=base.dtype.itemsize)
    free = torch.cuda.mem_get_info(device)[0] / estimate.GIB
    return needed["gradients"] + needed["optimizer"] + needed["activations"] > FREE_SHARE * free


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
    difference = _relative(packed, alone)
    if difference > LEAK_TOLERANCE:
        raise UserError(
            f"training.token_budget: packed examples see each other in this model (final states differ by "
            f"{difference:.0%}); set training.token_budget=null"
        )


def choose_attention(model: Any, first: Example, second: Example) -> str:
    """Use torch's variable-length kernel where it runs and agrees with the mask; the name of what is used.

    It is tried forward and backward on two packed examples.
    """
    base = model.get_base_model()
    masked, row = base.config._attn_implementation, [first, second]
    expected = _final_states(model, row)
    try:
        base.set_attn_implementation(attention.NAME)
        difference = _relative(_final_states(model, row), expected)
        model(**as_row(row, expected.device))["loss"].backward()
    except (ImportError, TypeError, ValueError, RuntimeError):
        # No such kernel in this torch, on this device, for this type or width; or the model asks for more.
        difference = float("inf")
    model.zero_grad()
    if not difference < LEAK_TOLERANCE:
        base.set_attn_implementation(masked)
    return str(base.config._attn_implementation)


def _relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def _final_states(model: Any, row: list[Example]) -> torch.Tensor:
    """(tokens, width) states that the head would see for a packed row."""
    with evaluating(model):
        states = loss.final_states(model.get_base_model(), as_row(row, next(model.parameters()).device))
    return states[0].float()


def compute_dtype_of(config: FinetuneConfig, model: Any) -> torch.dtype:
    """The type that the training computes in, on the device where the model is."""
    return compute_dtype(config.model.dtype, next(model.parameters()).device.type, model.config.model_type)
