"""The HTML report in a browser: slider, keys, links, themes, paper, narrow screens; and that nothing else happens.

Needs the extra ``browser`` and an installed Chromium (CHROMIUM names another than the usual ones).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import pytest
import report_samples as samples
from test_html import long_path

from checker.verdict import Diagnosis, Result
from reports.html import Entry, index, page

playwright = pytest.importorskip(
    "playwright.sync_api", reason="drives a browser: pip install '.[browser]', and a Chromium of the system"
)
CHROMIUM = os.environ.get("CHROMIUM") or next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (CHROMIUM can name one)")

PAGES: dict[str, Callable[[], Result]] = {
    "violated": samples.violated,
    "told": samples.told,
    "holds": samples.holds,
    "inconclusive": samples.inconclusive,
    "vacuous": samples.vacuous,
    "problem": samples.problem,
    "hostile": samples.hostile,
    "hostile_told": samples.hostile_told,
    "connected": samples.connected,
    "remarked": samples.remarked,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        # As root (containers, CI) Chromium has no sandbox of its own; the pages here are our own.
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def show(browser: Any, tmp_path: FilePath) -> Iterator[Callable[..., Any]]:
    """Opens a page from disk. At the end: no error, no message on the console, no request but for the file itself."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def opened(written: str, place: str = "", width: int = 1280, height: int = 900, **options: Any) -> Any:
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(written, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        shown = context.new_page()

        def requested(request: Any) -> None:
            if request.url.split("#")[0] != file.as_uri():
                complaints.append(f"request: {request.url}")

        shown.on("request", requested)
        shown.on("console", lambda message: complaints.append(f"console: {message.text}"))
        shown.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        shown.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        shown.goto(file.as_uri() + place)
        return shown

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def where(shown: Any) -> str:
    """What the slider of the path in sight says."""
    text: str = shown.locator("section.path:visible .where").inner_text()
    return text


def place(shown: Any) -> str:
    found: str = shown.evaluate("location.hash")
    return found


# --- Every page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_or_complains(show: Callable[..., Any], name: str) -> None:
    shown = show(page(PAGES[name]()), color_scheme="dark" if name == "told" else "light")

    assert shown.locator("h1").is_visible()
    for width in (390, 700, 1000, 1280):
        shown.set_viewport_size({"width": width, "height": 900})
        for number in range(1, max(1, shown.locator(".path-link").count()) + 1):
            shown.keyboard.press(str(number))
            assert shown.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_of_the_page_is_cut(show: Callable[..., Any], width: int) -> None:
    """Every text ends inside the window, or inside a box that scrolls."""
    shown = show(page(samples.told()), width=width)

    cut = shown.evaluate(
        """() => [...document.querySelectorAll("h1, h2, h3, p, li, dt, dd, th, td, button, code, summary, .badge")]
        .filter((one) => one.offsetParent && !one.closest(".sequence, .cells, .wide"))
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 || one.scrollWidth > one.clientWidth + 1
          && getComputedStyle(one).display !== "inline" && getComputedStyle(one).overflowX === "hidden")
        .map((one) => one.outerHTML.slice(0, 80))"""
    )

    assert cut == []


@pytest.mark.parametrize("name", ["hostile", "hostile_told"])
def test_a_hostile_page_runs_nothing(show: Callable[..., Any], name: str) -> None:
    """Not even after every step of it was shown; an alert would be a dialog, an element of theirs a new kind."""
    shown = show(page(PAGES[name]()), "#step=0")
    kinds = "() => [...new Set([...document.querySelectorAll('*')].map((one) => one.localName))].sort()"
    before = shown.evaluate(kinds)

    for _ in range(31):
        shown.keyboard.press("j")

    new = set(shown.evaluate(kinds)) - set(before)
    assert new <= {"table", "caption", "tbody", "tr", "th", "td", "code", "bdi", "b", "s", "h4", "ol"}
    assert shown.locator("script").count() == 2
    assert shown.evaluate("[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())"
                          ".filter((name) => name.startsWith('on'))") == []  # fmt: skip


def test_scripts_of_others_are_refused_by_the_policy(browser: Any, tmp_path: FilePath) -> None:
    """Were an escape ever forgotten, the policy would still keep the script from running."""
    file = tmp_path / "p.html"
    file.write_text(page(samples.told()).replace("</main>", "<script>document.title='run'</script></main>"))
    shown = browser.new_page()

    shown.goto(file.as_uri())

    assert shown.title() != "run"
    shown.close()


def test_without_the_script_everything_can_be_read(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), java_script_enabled=False)

    assert shown.locator("section.path:visible").count() == 3
    assert shown.locator(".controls:visible, .panel:visible, button:visible").count() == 0
    assert shown.locator("#path-1 .picture.whole").is_visible()
    shown.locator("#path-1 .in-words summary").click()
    assert shown.locator("#path-1 .story > li").nth(15).is_visible()


# --- Steps ----------------------------------------------------------------------------------------------------------


def test_a_page_opens_at_the_step_where_a_fix_acts_where_nothing_is_remarked(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()))

    assert where(shown) == "step 9 of 16"
    assert place(shown) == ""
    assert shown.evaluate("scrollY") == 0


def test_the_slider_moves_everything(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=0")
    slider = shown.locator("section.path:visible .slider")

    slider.fill("13")

    assert where(shown) == "step 13 of 16"
    assert slider.get_attribute("aria-valuetext") == "step 13 of 16"
    assert place(shown) == "#path=1&step=13"
    now = shown.locator("section.path:visible .now")
    assert now.get_attribute("aria-live") == "polite"
    assert "append" in now.inner_text()
    assert shown.locator("section.path:visible .picture:visible .selected").get_attribute("data-step") == "13"
    assert shown.locator("section.path:visible .picture:visible .lane-now").get_attribute("data-actor") == "partition-1"
    changed = shown.locator("section.path:visible .state .changed")
    assert changed.count() == 2
    assert "Entry(producer_id=2" in changed.first.inner_text()


def test_keys_move_as_the_help_says(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=0")

    for key, expected in [
        ("j", "step 1 of 16"),
        ("ArrowRight", "step 2 of 16"),
        ("k", "step 1 of 16"),
        ("ArrowLeft", "start of 16"),
        ("ArrowLeft", "start of 16"),
        ("f", "step 5 of 16"),
        ("f", "step 7 of 16"),
        ("f", "step 8 of 16"),
        ("f", "step 14 of 16"),
        ("f", "step 5 of 16"),
        ("End", "step 16 of 16"),
        ("ArrowRight", "step 16 of 16"),
        ("p", "step 8 of 16"),
        ("Home", "start of 16"),
    ]:
        shown.keyboard.press(key)
        assert where(shown) == expected, key


def test_keys_on_the_focused_slider_move_one_step(show: Callable[..., Any]) -> None:
    """The slider's own keys and ours are the same: one press is one step, not two."""
    shown = show(page(samples.told()), "#step=4")
    shown.locator("section.path:visible .slider").focus()

    shown.keyboard.press("ArrowRight")
    assert where(shown) == "step 5 of 16"
    shown.keyboard.press("ArrowDown")
    assert where(shown) == "step 4 of 16" or where(shown) == "step 6 of 16"


def test_keys_with_a_modifier_are_the_browsers(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=4")

    shown.keyboard.press("Control+k")

    assert where(shown) == "step 4 of 16"


def test_help_opens_and_closes(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()))
    dialog = shown.locator("#help")

    shown.keyboard.press("?")
    assert dialog.is_visible()
    shown.keyboard.press("j")
    assert where(shown) == "step 9 of 16"  # Keys rest while it is open.
    dialog.get_by_role("button").click()
    assert not dialog.is_visible()


@pytest.mark.parametrize(
    ("link", "path", "said"),
    [
        ("#step=7", 1, "step 7 of 16"),
        ("#path=2&step=7", 2, "step 7 of 13"),
        ("#step=9&path=2", 2, "step 9 of 13"),
        ("#step=999", 1, "step 16 of 16"),
        ("#path=77&step=3", 1, "step 3 of 16"),
        ("#step=-1", 1, "step 9 of 16"),
        ("#step=<b>", 1, "step 9 of 16"),
    ],
)
def test_a_link_leads_to_its_step(show: Callable[..., Any], link: str, path: int, said: str) -> None:
    shown = show(page(samples.told()), link)

    assert where(shown) == said
    assert shown.locator("section.path:visible").get_attribute("data-path") == str(path)


def test_a_link_that_changes_is_followed(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=7")

    shown.evaluate("location.hash = '#path=2&step=3'")
    shown.wait_for_function("document.querySelector('#path-1').hidden")

    assert where(shown) == "step 3 of 13"


def test_a_click_on_a_row_selects_its_step(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=16")

    shown.locator("#path-1 .picture:visible .row[data-step='8'] text").first.click()

    assert where(shown) == "step 8 of 16"
    assert place(shown) == "#path=1&step=8"


def test_folds_open_at_a_click_and_by_the_switch(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=16")
    assert shown.locator("#path-1 .row:visible").count() < 16

    shown.locator("#path-1 .picture:visible .fold text").first.click()

    assert where(shown) == "step 1 of 16"
    assert shown.locator("#path-1 .row:visible").count() == 16
    shown.locator("#path-1 .all-steps").uncheck()
    assert shown.locator("#path-1 .row:visible").count() < 16
    assert shown.locator("#path-1 .picture:visible .selected").get_attribute("data-first") == "1"
    shown.keyboard.press("a")
    assert shown.locator("#path-1 .row:visible").count() == 16


def test_the_selected_row_is_in_sight(show: Callable[..., Any]) -> None:
    result = samples.told()
    result.properties = [replace(result.properties[1], path=long_path(67), diagnosis=Diagnosis(8, 60))]
    shown = show(page(result), "#step=1")

    for _ in range(66):
        shown.keyboard.press("j")
        inside = shown.evaluate(
            """() => { const box = document.querySelector(".diagram > .sequence").getBoundingClientRect();
            const row = document.querySelector(".picture:not([hidden]) .selected").getBoundingClientRect();
            return row.top >= box.top && row.top < box.bottom && box.top < innerHeight; }"""
        )
        assert inside, where(shown)


IN_SIGHT = """() => {
  const part = document.querySelector("section.path:not([hidden])");
  const find = (selector) => part.querySelector(selector);
  const place = (one) => one.getBoundingClientRect();
  const row = find(".picture:not([hidden]) .row.selected");
  if (!row) return ["no row of its own"];
  const controls = place(find(".controls")).bottom;
  const [now, picture] = [place(find(".now")), place(find(".diagram > .sequence:not(.paper)"))];
  const box = place(row.querySelector(":scope > g > rect"));
  const names = place(find(".picture:not([hidden]) > svg"));
  const missing = [];
  const high = Math.max(picture.top, controls) + names.height;
  const low = Math.min(picture.bottom, innerHeight);
  if (box.top < high - 2 || box.top > low - 20) missing.push(`top of the box: ${box.top} in ${high} to ${low}`);
  if (box.bottom > low + 1 && box.height < low - high) missing.push(`end of the box: ${box.bottom} over ${low}`);
  if (box.left < picture.left - 1 || box.right > picture.right + 1) missing.push("box, sideways");
  if (now.top < controls - 1 || now.top > innerHeight - 60) missing.push(`words: ${now.top} under ${controls}`);
  if (now.bottom > innerHeight + 1 && now.height < innerHeight / 2) missing.push(`end of the words: ${now.bottom}`);
  return missing;
}"""


@pytest.mark.parametrize(("width", "height"), [(390, 667), (390, 844), (800, 900), (1280, 800)])
def test_a_link_brings_its_step_into_sight(show: Callable[..., Any], width: int, height: int) -> None:
    """In the picture and in words, also if it is folded; when the page is opened and when the link changes."""
    result = samples.told()
    diagnosis = replace(result.properties[1].diagnosis, pivot=8, no_return=60, matters=tuple(range(1, 68, 7)))
    result.properties[1] = replace(result.properties[1], path=long_path(67), diagnosis=diagnosis)
    written = page(result)

    for path, step in [(1, 1), (1, 21), (1, 50), (1, 67), (2, 1), (2, 7), (2, 13)]:
        opened = show(written, f"#path={path}&step={step}", width=width, height=height)
        assert opened.evaluate(IN_SIGHT) == [], (path, step)
        opened.evaluate("scrollTo(0, document.body.scrollHeight)")
        opened.evaluate(f"location.hash = '#path={3 - path}&step={14 - step % 13}'")
        opened.wait_for_function(f"document.querySelector('#path-{path}').hidden")
        assert opened.evaluate(IN_SIGHT) == [], (path, step)


def test_a_link_inside_the_page_unfolds_what_it_leads_to(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), width=390)
    row = shown.locator("#path-1 .picture:visible .row[data-step='2']")
    assert row.count() == 0

    shown.locator("#path-1 .map").click(position={"x": 24, "y": 5})

    assert where(shown) == "step 2 of 16"
    assert row.count() == 1
    assert shown.evaluate(IN_SIGHT) == []


@pytest.mark.parametrize("name", ["told", "remarked", "connected"])
def test_on_a_narrow_screen_the_path_is_in_the_first_screen(show: Callable[..., Any], name: str) -> None:
    shown = show(page(PAGES[name]()), width=390, height=844)

    box = shown.locator("section.path:visible .map").bounding_box()
    assert box["y"] + box["height"] < 844
    assert shown.evaluate("scrollY") == 0


def test_the_path_at_a_glance_follows_the_step(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=4")

    now = shown.locator("#path-1 .map-now")
    assert (now.get_attribute("x"), now.get_attribute("width")) == ("18.75%", "6.25%")
    dot = shown.locator("#path-1 .map circle").nth(3).bounding_box()
    place = now.bounding_box()
    assert place["x"] <= dot["x"] + dot["width"] / 2 <= place["x"] + place["width"]


def test_a_field_that_keeps_the_models_books_is_told_on_request(show: Callable[..., Any]) -> None:
    shown = show(page(samples.remarked()), "#step=13")
    state = shown.locator("#path-1 .state-now")

    assert "last" not in state.locator("th").all_inner_texts()
    assert "1 that only keep the model's books" in state.inner_text()
    shown.locator("#path-1 .all-fields").check()
    assert "last" in state.locator("th").all_inner_texts()


IN_PLACE = """(picture) => {
  const svg = picture.querySelectorAll("svg")[1];
  const place = (one) => one.getBBox();
  const texts = [...svg.querySelectorAll("text")].map((one) => [one.textContent, place(one)]);
  const wrong = [];
  for (const [said, box] of texts) {
    if (box.x < 0 || box.x + box.width > svg.width.baseVal.value) wrong.push(`outside: ${said}`);
  }
  texts.forEach(([said, one], at) => {
    for (const [other, box] of texts.slice(at + 1)) {
      const across = Math.min(one.x + one.width, box.x + box.width) - Math.max(one.x, box.x);
      const down = Math.min(one.y + one.height, box.y + box.height) - Math.max(one.y, box.y);
      if (across > 1 && down > 2.5) wrong.push(`${said} lies on ${other}`);
    }
  });
  const holds = (box, text) => text.x >= box.x - 1 && text.x + text.width <= box.x + box.width + 1 &&
    text.y >= box.y - 2 && text.y + text.height <= box.y + box.height + 3;
  for (const row of svg.querySelectorAll(".row")) {
    const box = place(row.querySelector(":scope > g > rect"));
    const notes = [...row.querySelectorAll(".note")].map(place);
    for (const text of row.querySelectorAll(":scope > g > text")) {
      if (!holds(box, place(text))) wrong.push(`sticks out: ${text.textContent}`);
    }
    for (const text of row.querySelectorAll(".said")) {
      if (!notes.some((note) => holds(note, place(text)))) wrong.push(`sticks out: ${text.textContent}`);
    }
  }
  return wrong;
}"""


@pytest.mark.parametrize("name", ["told", "remarked", "connected", "hostile_told"])
def test_texts_of_a_picture_stay_in_their_boxes(show: Callable[..., Any], name: str) -> None:
    """As the browser measures them, in whatever font it has."""
    shown = show(page(PAGES[name]()))
    shown.evaluate("for (const part of document.querySelectorAll('section.path, .picture')) part.hidden = false")

    pictures = shown.locator(".picture")
    assert pictures.count() >= 1
    for number in range(pictures.count()):
        assert pictures.nth(number).evaluate(IN_PLACE) == []


def test_five_lanes_are_in_sight_beside_the_panel(show: Callable[..., Any]) -> None:
    shown = show(page(samples.connected()), width=1280)
    box = shown.locator(".diagram > .sequence:not(.paper)")

    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert shown.locator(".sideways").inner_text() == ""


def test_on_a_narrow_screen_the_page_says_which_lanes_are_in_sight(show: Callable[..., Any]) -> None:
    shown = show(page(samples.connected()), "#step=1", width=390)
    box = shown.locator(".diagram > .sequence:not(.paper)")

    said = shown.locator(".sideways")
    assert said.inner_text().startswith("Columns 1 to ")
    box.evaluate("box => box.scrollTo({left: box.scrollWidth})")
    shown.wait_for_function("document.querySelector('.sideways').textContent.includes(' to 5 of 5')")
    names = box.locator(".picture:not([hidden]) > svg").first
    top = names.bounding_box()["y"]
    box.evaluate("box => box.scrollTo({top: 120})")
    assert abs(names.bounding_box()["y"] - top) < 2, "the names stay in sight"


def test_a_picture_that_is_hardly_too_wide_is_shown_smaller(show: Callable[..., Any]) -> None:
    shown = show(page(samples.connected()), width=1150)
    box = shown.locator(".diagram > .sequence:not(.paper)")

    assert shown.locator(".fit-width").is_checked()
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_what_would_have_helped_is_one_click_away(show: Callable[..., Any]) -> None:
    shown = show(page(samples.connected()), width=390)

    shown.get_by_role("link", name="What would have helped: 2 changes").click()
    assert shown.locator("#remedies-title").is_visible()
    assert "topics.orders.min.insync.replicas" in shown.locator("#remedies").inner_text()
    shown.wait_for_function("document.getElementById('remedies').getBoundingClientRect().top < innerHeight")


def test_a_wiped_field_is_struck_out(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=8")

    wiped = shown.locator("#path-1 .state .wiped .was")
    assert wiped.all_inner_texts() == ["1", "1", "{0}"]
    assert "line-through" in wiped.first.evaluate("(one) => getComputedStyle(one).textDecorationLine")
    assert shown.locator("#path-1 .now s").count() == 3


def test_the_ledger_leads_to_its_step_and_follows_it(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=4")
    assert shown.locator("#path-1 .ledger .at-step").count() == 1
    assert shown.locator("#path-1 .ledger .later").count() == 2

    shown.locator("#path-1 .ledger a", has_text="step 16").click()

    assert where(shown) == "step 16 of 16"
    assert shown.locator("#path-1 .ledger .later").count() == 0
    assert shown.locator("#path-1 .slider").evaluate("(one) => one.getBoundingClientRect().top >= 0")


def test_logs_are_drawn_as_they_are_at_the_step(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=0")
    logs = shown.locator("#path-1 .logs-now")
    assert "empty" in logs.inner_text()

    shown.keyboard.press("End")

    first = logs.locator(".log").first
    assert first.locator(".offset").all_inner_texts() == ["0", "1", "2", "4", "5"]
    assert first.locator(".entry.gone .said").inner_text() == "record 7"
    assert first.locator(".entry.marker .said").inner_text() == "COMMIT"
    assert first.locator(".entry .letter").all_inner_texts() == ["A", "A", "B"]
    assert first.locator(".entry.aborted").count() == 1
    assert first.locator(".carets li").all_inner_texts() == ["▲ committed offset: 3", "▲ high watermark: 5"]
    assert logs.locator(".key li").all_inner_texts() == ["Aproducer 2, epoch 0", "Bproducer 1, epoch 0"]
    assert first.locator(".entry.new").count() == 3  # One changed from open to committed.


def test_fields_that_never_change_are_told_on_request(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=3")
    rows = shown.locator("#path-1 .state tr")
    few = rows.count()

    shown.locator("#path-1 .all-fields").check()

    assert rows.count() > few


def test_another_path_is_one_click_or_key_away(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), "#step=3")

    shown.locator(".path-link").nth(1).click()
    assert where(shown).endswith("of 13")
    assert shown.locator(".path-link[aria-current]").count() == 1
    shown.keyboard.press("1")
    assert where(shown) == "step 3 of 16"  # Where it was left.


# --- Looks ----------------------------------------------------------------------------------------------------------

CONTRAST = """() => {
  const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return parts(getComputedStyle(document.documentElement).backgroundColor);
  };
  const poor = [];
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !one.offsetParent || one.closest("svg, script")) continue;
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${one.localName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["told", "holds", "vacuous", "remarked"])
def test_every_text_has_enough_contrast(show: Callable[..., Any], name: str, scheme: str) -> None:
    """WCAG AA, 4.5 to 1, wherever a text stands on one colour."""
    shown = show(page(PAGES[name]()), "#step=9", color_scheme=scheme)
    shown.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    assert shown.evaluate(CONTRAST) == []


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_page_follows_the_system_until_told_otherwise(show: Callable[..., Any], scheme: str, is_dark: bool) -> None:
    shown = show(page(samples.told()), color_scheme=scheme)

    def dark() -> bool:
        red = shown.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
        return bool(red < 128)

    button = shown.locator("#theme")
    assert dark() == is_dark
    button.click()
    assert (dark(), button.inner_text()) == (True, "Theme: dark")
    button.click()
    assert (dark(), button.inner_text()) == (False, "Theme: light")
    button.click()
    assert (dark(), button.inner_text()) == (is_dark, "Theme: system")


def test_on_paper_everything_is_unfolded_and_nothing_to_press_is_left(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), color_scheme="dark")

    shown.emulate_media(media="print")
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert shown.locator("section.path:visible").count() == 3
    assert shown.locator("button:visible, .controls:visible, .switch:visible, input:visible").count() == 0
    assert shown.locator("#path-1 .story > li:visible").count() == 16
    assert shown.locator("#path-1 .piece:visible").count() >= 1
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    shown.emulate_media(media="screen")
    assert not shown.locator("#path-1 .story").is_visible()


def test_the_replay_command_can_be_copied(show: Callable[..., Any]) -> None:
    shown = show(page(samples.told()), permissions=["clipboard-read", "clipboard-write"])

    shown.locator("#path-1 .copy").click()
    shown.wait_for_function("document.querySelector('#path-1 .copy').textContent !== 'Copy'")

    copied = shown.evaluate("navigator.clipboard.readText()")
    assert copied == "python -m checker specs/broken/idempotent_producer_restart.yaml --replay 0/1/0/2"


@pytest.mark.parametrize("width", [390, 1280])
def test_an_index_fits(show: Callable[..., Any], width: int) -> None:
    entries = [Entry("specs/" + "x" * 200 + ".yaml", "A title", "violated", "no_loss in 3 steps", "a.html")] * 3

    shown = show(index(entries), width=width)

    assert shown.evaluate("document.documentElement.scrollWidth") <= width
