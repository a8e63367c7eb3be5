"""The progress bar: what it counts, and that it keeps quiet where there is no terminal."""

import io

from benchmark.runs.progress import LINE_EVERY, Progress


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_rates_and_time_left_leave_out_what_was_there_before():
    clock = Clock()
    progress = Progress(stream=io.StringIO(), clock=clock)
    progress.start(total=300, already=120)
    clock.now += 20
    for _ in range(60):
        progress.advance(tokens=10)
    assert str(progress) == "180/300 answers (120 from before) · 3 answers/s · 30 tokens/s · 0:00:40 left"


def test_a_second_kind_of_request_adds_to_the_total():
    progress = Progress(stream=io.StringIO())
    progress.start(10)
    progress.start(5, already=2)
    assert (progress.total, progress.already) == (15, 2)


def test_one_process_of_several_counts_for_all_and_never_beyond_the_total():
    progress = Progress(processes=2, stream=io.StringIO())
    progress.start(5)
    progress.advance(2)
    assert progress.fresh == 4
    progress.advance()
    assert progress.fresh == 5


def test_without_a_terminal_it_is_a_line_now_and_then():
    clock, stream = Clock(), io.StringIO()
    progress = Progress(stream=stream, clock=clock)
    progress.start(100)
    for _ in range(100):
        clock.now += LINE_EVERY / 10
        progress.advance()
    progress.stop()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("10/100 answers · ")
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_before_start_nothing_is_shown_and_stop_is_harmless():
    stream = io.StringIO()
    progress = Progress(stream=stream)
    progress.stop()
    progress.stop()
    assert stream.getvalue() == ""
