"""What a line of a sample file says in words."""

import json

import pytest

from benchmark.runs.sampletexts import texts_of

ASKED = {"role": "user", "content": "### Задание\nПосчитайте ROE"}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (json.dumps([ASKED], ensure_ascii=False), "### Задание\nПосчитайте ROE"),
        (
            json.dumps([{"role": "system", "content": "Кратко."}, ASKED]),
            "system:\nКратко.\n\nuser:\n" + ASKED["content"],
        ),
        ('[{"role": "user", "content": "broken', '[{"role": "user", "content": "broken'),
        ('[{"role": "user"}]', '[{"role": "user"}]'),
        ("plain", "plain"),
    ],
)
def test_a_chats_messages_are_read_as_text(prompt: str, expected: str):
    assert texts_of({"arguments": {"gen_args_0": {"arg_0": [prompt]}}}).prompt == expected
