"""Decoding steps as CUDA graphs.

A step of a small model is a thousand kernels that take longer to launch than to run. A graph launches them at once,
and asks that shapes and addresses stay: so a batch's graph covers the room its cache has, with a mask that grows on
the device, and lasts until rows leave or join.
"""

import logging
from collections.abc import Callable
from typing import Any

import torch

from benchmark.engine.agreement import TOLERANCE, apart, said
from benchmark.engine.cache import RowCache
from benchmark.engine.models import attends_by_torch, on_one_gpu


class StepGraph:
    """The next steps of one batch.

    Args:
        model: a causal model of transformers, on one GPU, whose attention is torch's.
        cache: the batch's keys and values; the column of the step below is its last.
        ids: `(rows, 1)` what a plain step has just been given;
        positions: `(rows, 1)` where;
        last: `(rows, 1)` the positions at which each row ends: a finished row stays there.
        mask: `(rows, columns)`, true at real tokens.
    """

    def __init__(
        self,
        model: Any,
        cache: RowCache,
        ids: torch.Tensor,
        positions: torch.Tensor,
        last: torch.Tensor,
        mask: torch.Tensor,
    ) -> None:
        self._model = model
        self._cache = cache
        self._ids, self._positions, self._last = ids.clone(), positions.clone(), last
        later = cache.capacity - mask.shape[1]
        self._real = torch.nn.functional.pad(mask, (0, later), value=True)[:, None, None]
        self._columns = torch.arange(cache.capacity, device=ids.device)
        self._column = torch.tensor([cache.length - 1], device=ids.device)
        self._logits = torch.empty(0)
        cache.fix(self._column)
        try:
            self._replay = self._recorded()
        finally:
            cache.fix(None)

    def repeated(self) -> torch.Tensor:
        """The logits of the plain step, by the graph: `(rows, vocabulary)`."""
        self._replay()
        return self._logits

    def go_on_from(self, newest: torch.Tensor) -> None:
        """Take these tokens, `(rows,)`, for the newest ones: the plain step's, where rounding parts the two."""
        self._ids.copy_(newest[:, None])

    def __call__(self) -> torch.Tensor:
        """One step further: the rows' newest tokens, `(rows,)`; the next step overwrites them."""
        self._cache.advance()
        self._replay()
        return self._ids[:, 0]

    def _recorded(self) -> Callable[[], None]:
        # Each graph has memory of its own: a pool that they share is gone with the last of them, and the next fails.
        graph = torch.cuda.CUDAGraph()
        # Other threads (a progress bar that asks for the memory) may go on meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._step()
        return graph.replay

    def _step(self) -> None:
        self._logits = self._model(
            input_ids=self._ids,
            attention_mask=self._masks(),
            position_ids=self._positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        self._ids.copy_(self._logits.argmax(-1, keepdim=True))
        self._positions.copy_(torch.minimum(self._positions + 1, self._last))
        self._column.add_(1)

    def _masks(self) -> torch.Tensor | dict[str, torch.Tensor]:
        """Which columns each row sees, `(rows, 1, 1, capacity)`; by kind of layer where the model has several."""
        config = self._model.config.get_text_config()
        full = self._real & (self._columns <= self._column)
        window = getattr(config, "sliding_window", None)
        sliding = full & (self._column - self._columns < window) if window else full
        kinds = getattr(config, "layer_types", None)
        if kinds:
            return {kind: sliding if kind == "sliding_attention" else full for kind in set(kinds)}
        return sliding


class StepGraphs:
    """Graphs of one model's batches, for as long as they work and agree with plain steps."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._usable = usable(model)

    def capture(
        self,
        cache: RowCache,
        ids: torch.Tensor,
        positions: torch.Tensor,
        last: torch.Tensor,
        mask: torch.Tensor,
    ) -> StepGraph | None:
        """The graph of a batch after a plain step (arguments as `StepGraph`'s); None where there is none to be had."""
        if not self._usable:
            return None
        try:
            return StepGraph(self._model, cache, ids, positions, last, mask)
        except (RuntimeError, TypeError, ValueError, AttributeError) as error:
            # Whatever an architecture of its own kind does that a graph cannot hold, plain steps can.
            self.give_up(f"{type(error).__name__}: {error}")
            return None

    def agree(self, graph: StepGraph, logits: torch.Tensor) -> bool:
        """Whether a graph repeats the plain step that gave these logits; if not, there will be no more graphs."""
        difference = apart(graph.repeated(), logits)
        if difference <= TOLERANCE:
            return True
        self.give_up(said(difference))
        return False

    def give_up(self, why: str) -> None:
        """Plain steps from now on."""
        self._usable = False
        logging.getLogger("rufinbench").warning(
            "%s is decoded without CUDA graphs (slower, same answers): %s", type(self._model).__name__, why
        )


def usable(model: Any) -> bool:
    """Whether graphs are worth a try: one GPU, torch's attention, masks that are known here, no LLM.int8, no experts."""
    config = model.config.get_text_config()
    return (
        on_one_gpu(model)
        and attends_by_torch(model)
        # Both read numbers back to the host within a step, which a graph cannot.
        and not getattr(model, "is_loaded_in_8bit", False)
        and not any(getattr(config, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts"))
    )
