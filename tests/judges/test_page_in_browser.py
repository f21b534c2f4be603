"""The raters' page as a person uses it: keys and clicks, a reload, a phone, and the file that is saved."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.judges.test_person import NAMES, some_items
from textattack_xmtc.judges.person import CANNOT_TELL, NO, YES, read_answers, write_page

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        None in (CHROMIUM, DRIVER),
        reason="needs chromium and its driver (Debian: apt install chromium chromium-driver)",
    ),
]
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def begin(browser: webdriver.Chrome, rater: str) -> None:
    browser.find_element("id", "rater").send_keys(rater)
    browser.find_element("css selector", "#start button").click()


def press(browser: webdriver.Chrome, keys: str) -> None:
    for key in keys:
        browser.find_element("tag name", "body").send_keys(key)


def saved(browser: webdriver.Chrome, folder: Path, rater: str) -> Path:
    browser.find_element("id", "save").click()
    file = folder / f"answers-{rater}.json"
    for _ in range(100):
        if file.is_file():
            return file
        time.sleep(0.1)
    raise AssertionError(f"{file} was not saved")


def texts_in_order(browser: webdriver.Chrome, count: int) -> list[str]:
    texts = []
    for _ in range(count):
        texts.append(browser.find_element("id", "text").text)
        browser.find_element("id", "forward").click()
    return texts


def test_a_rater_answers_reloads_and_saves(browser: webdriver.Chrome, tmp_path: Path) -> None:
    items = some_items()
    page = tmp_path / "page.html"
    write_page(items, NAMES, page)
    browser.get(page.as_uri())
    begin(browser, "ann")
    press(browser, "ync")
    assert browser.find_element("id", "place").text == f"4 of {len(items)}"
    browser.refresh()
    begin(browser, "ann")
    assert browser.find_element("id", "place").text == f"4 of {len(items)}", "goes on where it was left"
    browser.find_element("css selector", '[data-answer="no"]').click()
    press(browser, "\ue012")  # arrow left: the answer can be changed
    assert browser.find_element("css selector", '[data-answer="no"]').get_attribute("aria-pressed") == "true"
    press(browser, "y" * (len(items) - 3))
    assert browser.find_element("id", "done").is_displayed()
    read = read_answers(saved(browser, tmp_path / "downloads", "ann"), items)
    given = list(read.answers.values())
    assert read.rater == "ann" and given[:4] == [YES, NO, CANNOT_TELL, YES] and len(given) == len(items)
    assert all(second >= 0 for second in read.seconds.values())
    assert not [entry for entry in browser.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]


def test_every_rater_has_an_order_of_his_own_and_the_same_items(browser: webdriver.Chrome, tmp_path: Path) -> None:
    items = some_items()
    write_page(items, NAMES, tmp_path / "page.html")
    orders = []
    for rater in ("ann", "ben", "ann"):
        browser.get((tmp_path / "page.html").as_uri())
        begin(browser, rater)
        orders.append(texts_in_order(browser, len(items)))
    assert orders[0] == orders[2] != orders[1] and sorted(orders[0]) == sorted(orders[1])
    assert sorted(orders[0]) == sorted(item.case.text for item in items)


def test_it_fits_a_phone(browser: webdriver.Chrome, tmp_path: Path) -> None:
    items = some_items()
    write_page(items, NAMES, tmp_path / "page.html")
    metrics = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get((tmp_path / "page.html").as_uri())
    begin(browser, "ann")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
    assert browser.find_element("css selector", '[data-answer="yes"]').size["height"] >= 40
    browser.find_element("css selector", '[data-answer="yes"]').click()
    assert browser.find_element("id", "place").text == f"2 of {len(items)}"
