"""Cross-entropy where it is supervised, in chunks: over a 262k vocabulary the logits are the largest tensor there is."""

from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from torch.nn import functional

from finetune.packing import IGNORED

CHUNK = 256
"""Positions whose logits exist at one time."""

Projection = Callable[[torch.Tensor], torch.Tensor]


class ChunkedCrossEntropy(torch.autograd.Function):
    """Summed cross-entropy of projected states, with the states' gradient taken chunk by chunk in the forward pass.

    The head is frozen, so the gradient with respect to the states is all that the backward pass will ask for. Taking
    it while a chunk's logits exist costs two matrix products; checkpointing costs three, plain autograd all the memory.
    """

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, targets: torch.Tensor, project: Projection) -> torch.Tensor:
        """Sum over n positions of the loss of project(states), (n, width) -> (n, vocabulary)."""
        total = states.new_zeros((), dtype=torch.float32)
        gradients = torch.empty_like(states)
        for start in range(0, len(targets), CHUNK):
            part = slice(start, start + CHUNK)
            with torch.enable_grad():
                chunk = states[part].detach().requires_grad_()
                loss = functional.cross_entropy(project(chunk).float(), targets[part], reduction="sum")
            gradients[part] = torch.autograd.grad(loss, chunk)[0]
            total += loss.detach()
        ctx.save_for_backward(gradients)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """The gradients taken in the forward pass, times the upstream one."""
        (gradients,) = ctx.saved_tensors
        return gradients * upstream[0].to(gradients.dtype), None, None


def supervised_loss(hidden: torch.Tensor, labels: torch.Tensor, project: Projection) -> torch.Tensor:
    """Sum of cross-entropies over supervised positions.

    Args:
        hidden: (1, tokens, width) final hidden states.
        labels: (1, tokens), already shifted; -100 is not supervised.
        project: hidden states (n, width) -> logits (n, vocabulary).
    """
    chosen = labels[0] != IGNORED
    states, targets = hidden[0, chosen], labels[0, chosen]
    if torch.is_grad_enabled():
        return ChunkedCrossEntropy.apply(states, targets, project)
    chunks = zip(states.split(CHUNK), targets.split(CHUNK), strict=True)
    losses = [functional.cross_entropy(project(part).float(), target, reduction="sum") for part, target in chunks]
    return torch.stack(losses).sum() if losses else states.new_zeros(())


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
        self: Any, input_ids: torch.Tensor, position_ids: torch.Tensor, labels: torch.Tensor, **_: Any
    ) -> dict[str, torch.Tensor]:
        decoder = self.get_decoder()
        states = decoder(input_ids=input_ids, position_ids=position_ids, attention_mask=None, use_cache=False)[0]
        return {"loss": supervised_loss(states, labels, project)}

    model.forward = MethodType(forward, model)
