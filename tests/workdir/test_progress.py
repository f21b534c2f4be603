"""What a waiting person sees, with a terminal and without."""

from __future__ import annotations

import io

from textattack_xmtc.workdir.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, total: int, outcomes: list[str], before: list[str]) -> str:
    with Progress("plain", total, before, stream) as progress:
        for outcome in outcomes:
            progress.add({"outcome": outcome, "queries": 100})
    return stream.getvalue()


def test_plain_lines_where_there_is_no_terminal() -> None:
    outcomes = ["succeeded", "failed", "skipped", "error"] * 9
    lines = shown(io.StringIO(), 40, outcomes, ["succeeded"] * 4).splitlines()
    assert len(lines) == 9 and all(line.startswith("xmtc: plain: ") for line in lines)
    assert lines[0].startswith("xmtc: plain: 8 of 40 samples, success 83%, ") and lines[0].endswith(" left")
    assert lines[-1].startswith("xmtc: plain: 40 of 40 samples, success 59%, ") and lines[-1].endswith("queries/s")


def test_a_bar_on_a_terminal() -> None:
    bar = shown(Terminal(), 8, ["succeeded"] * 2 + ["failed"] * 2, ["failed"] * 4)
    assert "plain:" in bar and "8/8" in bar and "success 25%" in bar and "queries/s" in bar


def test_no_rate_before_anything_was_attacked() -> None:
    assert "success -, " in shown(io.StringIO(), 2, ["skipped"], [])
