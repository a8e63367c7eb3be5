"""What torch's variable-length attention cannot do is refused, not left out."""

from typing import Any

import pytest
import torch

from benchmark.systems import attention


@pytest.mark.parametrize("feature", [{"softcap": 50.0}, {"s_aux": torch.ones(4)}, {"dropout": 0.1}])
def test_what_the_kernel_lacks_is_refused(feature: dict[str, Any]):
    states = torch.ones(1, 4, 3, 8)
    with pytest.raises(NotImplementedError, match="dropout, capped scores and sinks"):
        attention.varlen_attention(
            torch.nn.Identity(),
            states,
            states,
            states,
            None,
            cu_seq_lens_q=torch.tensor([0, 3]),
            max_length_q=3,
            **feature,
        )
