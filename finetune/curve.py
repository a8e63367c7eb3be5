"""The loss curve as a small SVG, readable in a light and a dark page."""

from collections.abc import Sequence

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 16, 36


def loss_curve_svg(points: Sequence[Sequence[float | None]]) -> str:
    """Training loss as a line, validation loss as dots on a line, over steps.

    Args:
        points: [[step, training loss or None, validation loss or None], …].
    """
    train = [(float(step), loss) for step, loss, _ in points if step is not None and loss is not None]
    validation = [(float(step), loss) for step, _, loss in points if step is not None and loss is not None]
    drawn = train + validation
    if not drawn:
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"/>\n'
    last, top = max(step for step, _ in drawn), max(loss for _, loss in drawn)
    x = lambda step: LEFT + (WIDTH - LEFT - RIGHT) * step / max(last, 1)  # noqa: E731
    y = lambda loss: TOP + (HEIGHT - TOP - BOTTOM) * (1 - loss / max(top, 1e-9))  # noqa: E731
    line = lambda pairs: " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in pairs)  # noqa: E731
    ticks = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(top * i / 4):.1f}" y2="{y(top * i / 4):.1f}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{y(top * i / 4) + 4:.1f}" text-anchor="end">{top * i / 4:.2f}</text>'
        for i in range(5)
    )
    dots = "".join(f'<circle cx="{x(step):.1f}" cy="{y(loss):.1f}" r="3.5"/>' for step, loss in validation)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        "<title>Loss over training steps</title>\n"
        "<style>svg{background:#fff;color:#222}text{font:12px sans-serif;fill:currentColor}"
        ".grid{stroke:#8884}polyline{fill:none;stroke-width:1.5}.train{stroke:#00558a}.validation{stroke:#a84300}"
        "circle{fill:#a84300}@media(prefers-color-scheme:dark){svg{background:#161a1d;color:#ddd}"
        ".train{stroke:#56b4e9}.validation{stroke:#ff9e4a}circle{fill:#ff9e4a}}</style>\n"
        f'{ticks}\n<polyline class="train" points="{line(train)}"/>\n'
        f'<polyline class="validation" points="{line(validation)}"/>{dots}\n'
        f'<text x="{LEFT}" y="{HEIGHT - 12}">0</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" text-anchor="end">step {last:.0f}</text>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">— training   ● validation</text>\n</svg>\n'
    )
