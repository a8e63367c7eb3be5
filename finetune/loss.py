"""Cross-entropy where it is supervised, in chunks: over a 262k vocabulary the logits are the largest tensor there is."""

from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from torch.nn import functional

CHUNK = 256
"""Positions whose logits exist at one time."""

DECODER_INPUTS = ("input_ids", "position_ids", "cu_seq_lens_q", "cu_seq_lens_k", "max_length_q", "max_length_k")

Projection = Callable[[torch.Tensor], torch.Tensor]


class ChunkedCrossEntropy(torch.autograd.Function):
    """Weighted sum of cross-entropies of projected states, the states' gradient taken chunk by chunk in the forward pass.

    The head is frozen, so the gradient with respect to the states is all that the backward pass will ask for. Taking
    it while a chunk's logits exist costs two matrix products; checkpointing costs three, plain autograd all the memory.
    """

    @staticmethod
    def forward(
        ctx: Any, states: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, project: Projection
    ) -> torch.Tensor:
        """Sum over n positions of weight times loss of project(states), (n, width) -> (n, vocabulary)."""
        total = states.new_zeros((), dtype=torch.float32)
        gradients = torch.empty_like(states)
        for start in range(0, len(targets), CHUNK):
            part = slice(start, start + CHUNK)
            with torch.enable_grad():
                chunk = states[part].detach().requires_grad_()
                loss = _weighted(project(chunk), targets[part], weights[part])
            gradients[part] = torch.autograd.grad(loss, chunk)[0]
            total += loss.detach()
        ctx.save_for_backward(gradients)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        """The gradients taken in the forward pass, times the upstream one."""
        (gradients,) = ctx.saved_tensors
        return gradients * upstream[0].to(gradients.dtype), None, None, None


def supervised_loss(
    states: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, project: Projection
) -> torch.Tensor:
    """Weighted sum of cross-entropies.

    Args:
        states: (n, width) final hidden states of the supervised positions.
        targets: (n,) the tokens to predict there.
        weights: (n,) what each position counts.
        project: hidden states (n, width) -> logits (n, vocabulary).
    """
    if torch.is_grad_enabled():
        return ChunkedCrossEntropy.apply(states, targets, weights, project)
    chunks = zip(states.split(CHUNK), targets.split(CHUNK), weights.split(CHUNK), strict=True)
    losses = [_weighted(project(part), target, weight) for part, target, weight in chunks]
    return torch.stack(losses).sum() if losses else states.new_zeros(())


def _weighted(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (functional.cross_entropy(logits.float(), targets, reduction="none") * weights).sum()


def install(model: Any) -> None:
    """Replace a causal language model's `forward` by one that returns the summed loss of a packed row.

    The model is called through PEFT and DDP wrappers as before; their hooks (adapters, gradient synchronization) work.

    Raises:
        ValueError: the output embeddings are trainable; their gradient is not computed here.
    """
    head = model.get_output_embeddings()
    if any(parameter.requires_grad for parameter in head.parameters()):
        raise ValueError("the output embeddings must be frozen; leave lm_head out of lora.target_modules")
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)

    def project(states: torch.Tensor) -> torch.Tensor:
        logits = head(states)
        return torch.tanh(logits / softcap) * softcap if softcap else logits

    def forward(
        self: Any, supervised: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, **row: Any
    ) -> dict[str, torch.Tensor]:
        states = final_states(self, row)[0].index_select(0, supervised)
        return {"loss": supervised_loss(states, targets, weights, project)}

    model.forward = MethodType(forward, model)


def final_states(model: Any, row: dict[str, Any]) -> torch.Tensor:
    """(1, tokens, width) states that the head sees for a packed row; whatever else is in it is left out."""
    inputs = {name: row[name] for name in DECODER_INPUTS}
    return model.get_decoder()(**inputs, attention_mask=None, use_cache=False)[0]
