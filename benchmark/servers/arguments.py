"""What the backends of servers take with `--backend-arg`: names, types and ranges."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

_Positive = Annotated[int, Field(gt=0)]


class Server(TypedDict, total=False):
    """What every kind takes: how the server is reached, and what all its requests have in common."""

    base_url: str
    api_key_env: str
    num_concurrent: _Positive
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    max_retries: _Positive
    verify_certificate: bool
    ca_cert_path: str
    max_gen_toks: _Positive
    """For tasks that set no limit."""
    seed: int
    extra_body: dict[str, Any]
    think_end_token: str


class Chats(Server, total=False):
    """Chat backends."""

    enable_thinking: bool


class Completions(Server, total=False):
    """Backends of plain completions: with a tokenizer of their own, should a task need one."""

    tokenizer: str
    tokenizer_backend: Literal["huggingface", "tiktoken", "remote", "none"]
    use_fast_tokenizer: bool
    add_bos_token: bool
    custom_prefix_token_id: int
