"""The pages in a real browser: by keyboard, without scripts, on paper."""

from __future__ import annotations

import base64
import re
import zlib

from pages_sample import ELOISE, HOSTILE, NAM
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from dsn_schemas.keys import person_id, record_key


def press(browser: Chrome, *keys: str) -> None:
    """Press keys wherever the focus is."""
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def focused(browser: Chrome) -> str:
    """The id, or else the address, of what has the focus."""
    element = browser.switch_to.active_element
    return element.get_attribute("id") or element.get_attribute("href") or element.tag_name


def tab_to(browser: Chrome, wanted: str) -> None:
    """Press Tab until the focus is on something."""
    for _ in range(30):
        press(browser, Keys.TAB)
        if wanted in focused(browser):
            return
    raise AssertionError(f"Tab never reached {wanted}")


def test_a_chart_is_reached_by_keyboard_alone(browser: Chrome, site: str) -> None:
    """Skip link, form, list, chart, a section: no mouse, and no number in any address."""
    browser.get(f"{site}/")
    press(browser, Keys.TAB)
    assert focused(browser).endswith("#contenu")
    press(browser, Keys.ENTER)
    tab_to(browser, "nam")
    press(browser, *NAM, Keys.ENTER)
    assert NAM not in browser.current_url
    tab_to(browser, f"/personne/{ELOISE}")
    press(browser, Keys.ENTER)
    assert browser.current_url == f"{site}/personne/{ELOISE}"
    tab_to(browser, "#results")
    press(browser, Keys.ENTER)

    assert browser.current_url.endswith("#results")
    assert browser.find_element(By.ID, "results").location["y"] > 0


def test_the_banner_never_leaves(browser: Chrome, site: str) -> None:
    """Scrolled to the end, the person's name and number are still in sight."""
    browser.get(f"{site}/personne/{ELOISE}")
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    banner = browser.find_element(By.CSS_SELECTOR, ".banner")
    top = browser.execute_script("return arguments[0].getBoundingClientRect().top", banner)

    assert top == 0
    assert NAM[:4] in banner.text


def test_provenance_opens_without_a_script(plain_browser: Chrome, site: str) -> None:
    """Search, chart and details work where scripts are forbidden."""
    plain_browser.get("data:text/html,<title>off</title><script>document.title='on'</script>")
    assert plain_browser.title == "off"
    plain_browser.get(f"{site}/")
    plain_browser.find_element(By.ID, "name").send_keys("eloise tremblay", Keys.ENTER)
    plain_browser.find_element(By.PARTIAL_LINK_TEXT, "TREMBLAY").click()
    details = plain_browser.find_element(By.CSS_SELECTOR, "details.more")
    details.find_element(By.TAG_NAME, "summary").click()

    assert "CHUL 0044871" in details.text
    plain_browser.find_element(By.CSS_SELECTOR, ".language").click()
    assert plain_browser.current_url.endswith(f"{ELOISE}?lang=en")


def test_no_page_complains(browser: Chrome, site: str) -> None:
    """Nothing is blocked, missing or wrong in the browser's console; no markup from data runs."""
    browser.get_log("browser")
    hostile = person_id(record_key(*HOSTILE))
    for path in ("/", f"/personne/{ELOISE}", f"/personne/{hostile}", "/etat", "/quarantaine"):
        browser.get(site + path)

        assert browser.get_log("browser") == [], path
    browser.get(f"{site}/personne/{hostile}")
    assert browser.title.startswith("<SCRIPT>")
    assert browser.find_elements(By.CSS_SELECTOR, "main script, main img") == []


def test_a_narrow_screen_needs_no_sideways_scroll(browser: Chrome, site: str) -> None:
    """WCAG 1.4.10: at 320 px the page itself does not scroll sideways; wide tables do."""
    size = {"width": 320, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for path in ("/", f"/personne/{ELOISE}", "/etat", "/quarantaine"):
            browser.get(site + path)
            width = browser.execute_script("return document.documentElement.scrollWidth")

            assert width <= 320, path
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_printed_chart_is_text(browser: Chrome, site: str) -> None:
    """A4 and Letter give several sheets of real text, the name among it."""
    browser.get(f"{site}/personne/{ELOISE}")
    for width, height in ((8.27, 11.69), (8.5, 11)):
        size = {"paperWidth": width, "paperHeight": height}
        pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", size)["data"])

        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 2
        assert set("TREMBLAYÉloïsePénicilline·/") <= _characters(pdf)


def test_every_sheet_says_whose_chart_it_is(browser: Chrome, site: str) -> None:
    """The page boxes hold name, birth date, number and as-of, which the browser accepted."""
    browser.get(f"{site}/personne/{ELOISE}")
    rules = browser.execute_script(
        "return [...document.styleSheets].flatMap(s => [...s.cssRules])"
        ".filter(r => r instanceof CSSPageRule).map(r => r.cssText).join('')"
    )

    for words in ("TREMBLAY-GAGNON, Éloïse Marie · 1982-04-04", NAM[4:8], "2026-11-23 08"):
        assert words in rules, words


def _characters(pdf: bytes) -> set[str]:
    """Characters the fonts of a PDF can be read back as (their ToUnicode maps)."""
    found: set[str] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        for block in re.findall(rb"beginbfchar(.*?)endbfchar", text, re.DOTALL):
            for _, code in re.findall(rb"<(\w+)> <(\w+)>", block):
                found |= set(bytes.fromhex(code.decode()).decode("utf-16-be"))
        for block in re.findall(rb"beginbfrange(.*?)endbfrange", text, re.DOTALL):
            for low, high, code in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", block):
                first = int(code, 16)
                found |= {chr(first + n) for n in range(int(high, 16) - int(low, 16) + 1)}
    return found
