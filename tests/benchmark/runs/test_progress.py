"""The progress bar: what it counts, what it tells, and that it keeps quiet where there is no terminal."""

import io
from typing import Any

from benchmark.runs.progress import LINE_EVERY, MEASURE_EVERY, Progress


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def progress(stream: io.StringIO | None = None, clock: Clock | None = None, **options: Any) -> Progress:
    return Progress(stream=stream or io.StringIO(), clock=clock or Clock(), **options)


def test_rates_and_time_left_leave_out_what_was_there_before():
    clock = Clock()
    shown = progress(clock=clock, memory=lambda: {"host": 3 << 29})
    shown.start({"sums": 300}, already={"sums": 120})
    clock.now += 20
    for _ in range(60):
        shown.advance(["sums"], tokens=10)
    expected = "180/300 answers (120 from before) · 3 answers/s · 30 tokens/s · 0:00:40 left · 1.5 GiB"
    assert str(shown) == expected


def test_a_second_kind_of_request_adds_to_the_total():
    shown = progress()
    shown.start({"sums": 10})
    shown.start({"words": 5}, already={"words": 2})
    assert (shown.total, shown.already) == (15, 2)


def test_an_answer_to_several_positions_counts_for_all_of_them():
    shown = progress()
    shown.start({"sums": 6})
    shown.advance(["sums"] * 3, tokens=7)
    assert (shown.fresh, shown.tokens) == (3, 7)


def test_one_process_of_several_counts_for_all_until_the_others_answers_are_there():
    shown = progress(processes=2)
    shown.start({"sums": 7})
    shown.advance(["sums"] * 2)
    assert shown.fresh == 4
    shown.advance(["sums"] * 2)
    assert shown.fresh == 7, "never beyond the total"
    shown = progress(processes=3)
    shown.start({"sums": 7})
    shown.advance(["sums"])
    shown.advance(["sums"] * 6, own=False)
    assert shown.fresh == 7, "however unequal the shares were"


def test_the_memory_is_the_gpus_where_there_is_one_and_looked_at_now_and_then():
    clock, looks = Clock(), iter([1, 2])
    shown = progress(clock=clock, memory=lambda: {"host": 9 << 30, "gpu": next(looks) << 30})
    shown.start({"sums": 100})
    for _ in range(10):
        shown.advance(["sums"])
    assert str(shown).endswith(" 1.0 GiB")
    clock.now += MEASURE_EVERY
    shown.advance(["sums"])
    assert str(shown).endswith(" 2.0 GiB")


def test_a_task_that_is_finished_has_a_line_of_its_own():
    clock, stream = Clock(), Terminal()
    with progress(stream, clock) as shown:
        shown.start({"sums": 3, "\x1b[31mwords [b]": 2, "kept": 4}, already={"sums": 1, "kept": 4})
        clock.now += 65
        shown.advance(["sums", "\x1b[31mwords [b]"])
        shown.advance(["\x1b[31mwords [b]"])
        clock.now += 5
        shown.advance(["sums"])
    text = stream.getvalue()
    told = [text.index(line) for line in (
        "kept: 4 answers after 0:00:00\n",
        "�[31mwords [b]: 2 answers after 0:01:05\n",
        "sums: 3 answers after 0:01:10\n",
    )]  # fmt: skip
    assert told == sorted(told)
    assert text.count(" answers after ") == 3


def test_without_a_terminal_it_is_a_line_now_and_then():
    clock, stream = Clock(), io.StringIO()
    shown = progress(stream, clock)
    shown.start({"sums": 100})
    for _ in range(100):
        clock.now += LINE_EVERY / 10
        shown.advance(["sums"])
    shown.stop()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("10/100 answers · ")
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_before_start_nothing_is_shown_and_stop_is_harmless():
    stream = io.StringIO()
    shown = progress(stream)
    shown.stop()
    shown.stop()
    assert stream.getvalue() == ""
