"""Models with random weights: an architecture's training speed and memory do not depend on what its weights say."""

from typing import Any

import torch

MISTRAL_7B = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
}
TINY = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 1000,
}


def random_nf4_mistral(sizes: dict[str, int], device: str, dtype: torch.dtype) -> Any:
    """A Mistral with random weights, its layers' matrices in NF4 with double quantization.

    Matrices are drawn and quantized one by one on the device, so the peak stays near the finished size. Embeddings,
    norms and head are in `dtype`, as transformers leaves them.
    """
    from accelerate import init_empty_weights
    from transformers import MistralConfig, MistralForCausalLM
    from transformers.utils.quantization_config import QuantizationMethod

    config = MistralConfig(
        **sizes, max_position_embeddings=32768, sliding_window=None, rms_norm_eps=1e-5, pad_token_id=0
    )
    config.dtype = dtype
    with init_empty_weights(include_buffers=False):
        model = MistralForCausalLM(config)
    torch.manual_seed(0)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.Linear) and child is not model.lm_head:
                setattr(parent, name, _nf4(child.in_features, child.out_features, device, dtype))
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.is_meta:
                module.register_parameter(name, _frozen(parameter.shape, device, dtype))
        for name, buffer in list(module.named_buffers(recurse=False)):
            module.register_buffer(name, buffer.to(device), persistent=False)
    # What transformers sets on a model that it has quantized; PEFT, TRL and accelerate go by it.
    model.is_loaded_in_4bit = True
    model.quantization_method = QuantizationMethod.BITS_AND_BYTES
    return model


def _nf4(inputs: int, outputs: int, device: str, dtype: torch.dtype) -> torch.nn.Module:
    import bitsandbytes

    layer = bitsandbytes.nn.Linear4bit(
        inputs, outputs, bias=False, compute_dtype=dtype, compress_statistics=True, quant_type="nf4", device="meta"
    )
    weight = torch.randn(outputs, inputs, device=device, dtype=dtype) * 0.02
    layer.weight = bitsandbytes.nn.Params4bit(
        weight, requires_grad=False, compress_statistics=True, quant_type="nf4", module=layer
    ).to(device)
    return layer


def _frozen(shape: torch.Size, device: str, dtype: torch.dtype) -> torch.nn.Parameter:
    """A norm's scale is one, everything else is drawn."""
    value = torch.randn(shape, device=device, dtype=dtype) * 0.02
    return torch.nn.Parameter(torch.ones_like(value) if len(shape) == 1 else value, requires_grad=False)
