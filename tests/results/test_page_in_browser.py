"""The page in a real browser: it renders in both themes and widths, nothing is logged, and no request leaves it."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.results.export.test_report import EVIL, Page, check_tables
from tests.toolkit.campaign_folders import write_campaign
from textattack_xmtc.results.export.report import write_report
from textattack_xmtc.results.folder import read_campaign

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the browser `chromium` (Debian: apt install chromium)"),
]
LIGHT, DARK = "1", "0"
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
    "--host-resolver-rules=MAP * ~NOTFOUND",  # whatever the browser itself asks for gets nowhere either
)


def browse(
    page: Path, profile: Path, *options: str, size: str = "1280,800", theme: str = LIGHT
) -> tuple[str, list[str], list[str]]:
    """Open a page; its document after rendering, what it logged, and the addresses that it asked for."""
    log = profile / "net.json"
    options = (
        *(f"--user-data-dir={profile}", f"--log-net-log={log}", "--enable-logging=stderr", "--v=0"),
        *(f"--window-size={size}", f"--blink-settings=preferredColorScheme={theme}", "--virtual-time-budget=2000"),
        *(options or ("--dump-dom",)),
    )
    ran = subprocess.run(
        [CHROMIUM or "", *QUIET, *options, page.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(profile)},
    )
    logged = re.findall(r"CONSOLE[^\]]*\] (.*)", ran.stderr.decode(errors="replace"))
    events = json.loads(log.read_text(encoding="utf-8"))
    kinds = {number: name for name, number in events["constants"]["logEventTypes"].items()}
    started = [event["params"] for event in events["events"] if kinds[event["type"]] == "URL_REQUEST_START_JOB"]
    # The browser's own requests (for updates, say) have no page that began them.
    asked = [facts["url"] for facts in started if "url" in facts and facts.get("initiator") != "not an origin"]
    return ran.stdout.decode(), logged, [url for url in asked if not url.startswith(("file:", "data:"))]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_campaign(tmp_path_factory.mktemp("browser") / "small", samples_per_bin=30)
    labels = json.loads((folder / "labels.json").read_text())
    labels["names"][:4] = [EVIL, f"{EVIL}2", "\u202eright to left", "x" * 300]
    (folder / "labels.json").write_text(json.dumps(labels))
    return write_report([read_campaign(folder)], folder / "report")


def measured(
    page: Path, tmp_path: Path, script: str, width: int = 1280, height: int = 800, theme: str = LIGHT
) -> dict[str, Any]:
    """What a script says about the page as it was laid out; the page's own rules would not let it run.

    The page stands in a frame, as a window of the browser cannot be as narrow as a phone.
    """
    text = re.sub(r'<meta http-equiv="Content-Security-Policy".*?>', "", page.read_text(encoding="utf-8"), flags=re.S)
    run = f"<script>parent.postMessage(JSON.stringify((() => {{ {script} }})()), '*')</script></body>"
    (tmp_path / "measured.html").write_text(text.replace("</body>", run), encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        "<!DOCTYPE html><body><script>addEventListener('message', e => { document.body.dataset.found = e.data; })"
        f'</script><iframe src="measured.html" width="{width}" height="{height}" style="border: 0"></iframe></body>'
    )
    document, logged, _ = browse(tmp_path / "frame.html", tmp_path / "profile", size="1400,1000", theme=theme)
    assert not logged
    return json.loads(html.unescape(re.search(r'data-found="([^"]*)"', document)[1]))


def test_nothing_is_logged_and_no_request_leaves_the_page(page: Path, tmp_path: Path) -> None:
    document, logged, asked = browse(page, tmp_path / "profile")
    assert logged == []
    assert asked == []
    assert check_tables(Page(page.read_text(encoding="utf-8")).tables, page.parent / "tables") > 400
    rendered = re.findall(r"<table data-csv=.*?</table>", document, re.S)
    original = Page(page.read_text(encoding="utf-8")).tables
    assert len(rendered) == len(original)
    for table in rendered:
        assert Page(table).tables.items() <= original.items(), "the browser understood each table as it was meant"


def test_a_page_that_does_ask_or_log_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text('<!DOCTYPE html><img src="http://leak.example/x.png"><script>nope()</script>')
    _, logged, asked = browse(tmp_path / "bad.html", tmp_path / "profile")
    assert asked == ["http://leak.example/x.png"]
    assert any("nope is not defined" in line for line in logged)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_page_fits_its_window_and_wide_tables_scroll_in_their_boxes(
    page: Path, tmp_path: Path, width: int, height: int
) -> None:
    sizes = measured(
        page,
        tmp_path,
        "const tops = [...document.querySelectorAll('figure svg, .lead')].map(e => e.getBoundingClientRect());"
        "const boxes = [...document.querySelectorAll('.scroll')];"
        "return {window: innerWidth, page: document.documentElement.scrollWidth,"
        " lead: tops[0].bottom, figure: [tops[1].top, tops[1].bottom, tops[1].width],"
        " scrolled: boxes.filter(e => e.scrollWidth > e.clientWidth + 1).length,"
        " widest: Math.max(...boxes.map(e => e.getBoundingClientRect().right))}",
        width,
        height,
    )
    assert sizes["window"] == width and sizes["page"] <= width and sizes["widest"] <= width
    top, bottom, figure_width = sizes["figure"]
    assert sizes["lead"] < top < bottom < height, "the finding and its curve are on the first screen"
    assert figure_width > 300
    assert sizes["scrolled"] > 0 or width > 1000


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_all_that_is_read_has_contrast_in_both_themes(page: Path, tmp_path: Path, theme: str) -> None:
    sizes = measured(
        page,
        tmp_path,
        "const rgb = c => c.match(/[\\d.]+/g).slice(0, 3).map(Number);"
        "const light = c => { const [r, g, b] = rgb(c).map(v => v / 255)"
        ".map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);"
        " return 0.2126 * r + 0.7152 * g + 0.0722 * b; };"
        "const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p);"
        " return (x + 0.05) / (y + 0.05); };"
        "const style = s => getComputedStyle(document.querySelector(s));"
        "const paper = style('body').backgroundColor;"
        "return {paper: light(paper), body: ratio(style('body').color, paper),"
        " note: ratio(style('.note').color, paper),"
        " removed: ratio(style('del').color, style('del').backgroundColor),"
        " added: ratio(style('ins').color, style('ins').backgroundColor),"
        " ink: ratio(style('figure svg text').fill, paper),"
        " line: ratio(style('figure svg [id*=line2d] path').stroke, paper)}",
        theme=theme,
    )
    assert (sizes["paper"] > 0.9) if theme == LIGHT else (sizes["paper"] < 0.05)
    for name in ("body", "note", "removed", "added", "ink"):
        assert sizes[name] >= 4.5, name
    assert sizes["line"] >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_something_is_drawn(page: Path, tmp_path: Path, theme: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow comes with matplotlib")
    browse(page, tmp_path / "profile", f"--screenshot={tmp_path / 'shot.png'}", theme=theme)
    colours = {colour: count for count, colour in image.open(tmp_path / "shot.png").convert("RGB").getcolors(2**24)}
    series = {LIGHT: (0, 114, 178), DARK: (86, 180, 233)}[theme]
    assert max(colours, key=colours.get) == {LIGHT: (255, 255, 255), DARK: (20, 23, 27)}[theme]
    assert colours.get(series, 0) > 200, "the curve, in the theme's colour"
