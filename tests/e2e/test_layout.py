"""Layout: nothing shifts, overlaps, leaves the window or is wider than the window."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import PHOTO, wait_until_published

LOW = {"width": 1280, "height": 500}
LONG = "W" * 64

BOX = "element => { const {x, y, width, height} = element.getBoundingClientRect(); return {x, y, width, height}; }"

BACKGROUND = "element => getComputedStyle(element).backgroundColor"


def box(page, selector):
    return page.locator(f"{selector} >> visible=true").first.evaluate(BOX)


def publish(page, caption, location):
    """Share a photo with a location in the composer, wait until it is published; return the shortcode."""
    page.goto("/create/")
    page.set_input_files("#id_files", PHOTO)
    page.fill("[name=caption]", caption)
    page.fill("[name=location]", location)
    page.click("[data-act=share]")
    page.get_by_role("button", name="Share anyway").click()
    page.wait_for_url("**/p/*/", timeout=60_000)
    shortcode = re.search(r"/p/([^/]+)/", page.url)[1]
    wait_until_published(page, shortcode)
    return shortcode


def post(page, url, **fields):
    """Send a form with the CSRF token of the page."""
    token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
    form = {name: str(value) for name, value in fields.items()} | {"csrfmiddlewaretoken": token}
    answer = page.request.post(url, form=form, headers={"Referer": page.url})
    assert answer.ok, answer.text()


OUTSIDE = """popover => {
  const box = popover.getBoundingClientRect(), [width, height] = [document.documentElement.clientWidth, innerHeight];
  const inside = box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height;
  const scrolls = popover.scrollHeight <= popover.clientHeight + 1 || getComputedStyle(popover).overflowY === 'auto';
  return box.height > 0 && inside && scrolls ? '' : JSON.stringify(box);
}"""


def popovers_outside(page, place):
    """Open every menu of the page, and the embed code in it; describe each that is not fully inside the window."""
    found = []
    for menu in page.locator("details[data-menu]:is(:has(> .menu-list), [data-filled-from]) >> visible=true").all():
        menu.locator("> summary").scroll_into_view_if_needed()
        menu.evaluate("menu => { menu.open = true; }")
        lists = menu.locator("> .menu-list")
        lists.wait_for(state="attached")
        for part in ["", *(["details"] if lists.locator("details").count() else [])]:
            if part:
                lists.locator(part).first.evaluate("details => { details.open = true; }")
            page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50)))")
            if outside := lists.evaluate(OUTSIDE):
                found.append(f"{place}: {menu.get_attribute('class')} {part}: {outside}")
        menu.evaluate("menu => { menu.open = false; }")
    return found


def overflows(page, place):
    """Describe each width at which the page scrolls horizontally."""
    found = []
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        more = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{place} at {width} px: {more} px wider"] if more > 0 else []
    return found


def test_long_words_do_not_widen_pages_and_popovers_stay_inside_the_window(sign_up):
    anna = sign_up("anna")
    anna.goto("/accounts/edit/")
    link = f"https://example.org/{'w' * 170}"
    post(anna, "/accounts/edit/", name=LONG, bio="W" * 150, link=link)
    shortcode = publish(anna, f"{LONG * 3} {link}", LONG)
    anna.goto(f"/p/{shortcode}/")
    post(anna, f"/p/{shortcode}/comment/", text=f"{LONG * 3} @{anna.username} {link}")
    anna.goto("/saved/new/")
    post(anna, "/saved/new/", name="W" * 40)

    pages = {"post": f"/p/{shortcode}/", "profile": f"/{anna.username}/", "home": "/", "saved": "/saved/"}
    pages |= {"place": f"/search/places/of/{shortcode}/", "edit": f"/p/{shortcode}/edit/"}
    pages |= {"notifications": "/notifications/", "search": f"/search/?q={LONG}"}
    wide, outside = [], []
    for place, url in pages.items():
        anna.goto(url)
        wide += overflows(anna, place)
        if place in {"post", "profile", "home"}:
            for size in (PHONE, DESKTOP, LOW):
                anna.set_viewport_size(size)
                outside += popovers_outside(anna, f"{place} at {size['width']}×{size['height']}")
    assert wide == []
    assert outside == []


def test_navigation_panels_and_settings_are_aligned(sign_up, open_browser):
    anna = sign_up("anna", forgive=("404 (Not Found)",))
    shortcode = publish(anna, "One", "Graz")
    anna.goto("/")

    # Space is reserved for the right panel before it is loaded, and it stays in view when scrolling.
    before = box(anna, "main")["x"]
    anna.evaluate("scrollTo(0, 400)")
    top = box(anna, ".right-panel")["y"]
    assert 0 <= top <= 40
    anna.evaluate("document.querySelector('.right-panel').remove()")
    assert box(anna, "main")["x"] == before

    # The count is fully visible beside the bell, on the phone, the folded rail and the wide one.
    anna.evaluate(
        "() => document.querySelectorAll('[data-badge]').forEach((badge) => "
        "{ badge.hidden = false; badge.firstElementChild.textContent = '11'; })"
    )
    for size in (PHONE, {"width": 320, "height": 640}, {"width": 900, "height": 700}, DESKTOP):
        anna.set_viewport_size(size)
        anna.mouse.move(size["width"] - 5, size["height"] / 2)
        anna.wait_for_timeout(400)
        bell, badge = box(anna, "a[href='/notifications/'] > .icon"), box(anna, ".bell-count")
        assert badge["x"] >= bell["x"] + bell["width"], size
        holder = box(anna, ".rail" if size["width"] >= 768 else ".top-bar")
        assert badge["x"] + badge["width"] <= holder["x"] + holder["width"], size
        assert badge["height"] >= 16
        if size["width"] == 1280:
            label = box(anna, "a[href='/notifications/'] .rail-label")
            assert badge["x"] >= label["x"] + label["width"]

    # The rail folds when the panel opens beside it.
    anna.set_viewport_size(DESKTOP)
    anna.locator(".rail a[data-panel]").click()
    expect(anna.locator("dialog.panel")).to_be_visible()
    anna.wait_for_timeout(400)
    assert box(anna, ".rail")["width"] <= box(anna, "dialog.panel")["x"] == 72
    assert anna.locator(".rail .rail-label").first.evaluate("label => getComputedStyle(label).opacity") == "0"
    anna.keyboard.press("Escape")

    # Settings have a label and a select side by side; on a phone, a list of links leads to the pages and back.
    for width in (320, 390, 1280):
        anna.set_viewport_size({"width": width, "height": 844})
        anna.goto("/accounts/notifications/")
        label, select = box(anna, ".preference label"), box(anna, ".preference select")
        assert label["x"] + label["width"] + 8 <= select["x"], width
        assert label["y"] < select["y"] + select["height"] <= label["y"] + label["height"] + 44
    anna.set_viewport_size(PHONE)
    anna.get_by_role("link", name="Settings", exact=True).click()
    expect(anna.get_by_role("heading", name="Settings")).to_be_visible()
    anna.locator(".settings-nav").get_by_role("link", name="Username").click()
    expect(anna.locator(".settings-nav")).to_be_hidden()

    # Icons in page headers are aligned with the bar above.
    for url in ("/notifications/", "/saved/"):
        anna.goto(url)
        tool, menu = box(anna, ".list-header h1 ~ a .icon"), box(anna, ".more-menu summary .icon")
        assert abs(tool["x"] - menu["x"]) <= 1, url

    # Printed pages have no controls.
    anna.set_viewport_size(DESKTOP)
    anna.goto(f"/p/{shortcode}/")
    anna.emulate_media(media="print")
    for part in (".rail", ".post-buttons", ".comment-form", ".post-menu"):
        expect(anna.locator(part).first).to_be_hidden()
    anna.goto("/")
    expect(anna.locator(".comment-opener")).to_be_hidden()
    anna.emulate_media(media="screen", color_scheme="dark")

    # The button to follow a tag is a primary button.
    anna.goto("/explore/tags/nothing/")
    primary = anna.get_by_role("link", name="Share a photo").evaluate(BACKGROUND)
    assert anna.get_by_role("button", name="Mute #nothing").evaluate(BACKGROUND) != primary
    assert anna.get_by_role("button", name="Follow #nothing").evaluate(BACKGROUND) == primary

    # An unchecked radio button is empty in dark colours. An embedded post is not wider than a post.
    anna.goto(f"/p/{shortcode}/edit/")
    fill = "radio => getComputedStyle(radio).backgroundColor"
    ground = anna.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert anna.locator("input[type=radio]:not(:checked)").first.evaluate(fill) == ground
    assert "gradient" in anna.locator("input[type=radio]:checked").evaluate(
        "it => getComputedStyle(it).backgroundImage"
    )
    anna.goto(f"/p/{shortcode}/embed/")
    assert box(anna, ".embed")["width"] <= 660

    # The landing page is aligned with its bar and has a single primary button.
    visitor = open_browser()
    visitor.goto("/")
    assert abs(box(visitor, ".visitor-bar .wordmark")["x"] - box(visitor, ".landing")["x"]) <= 1
    expect(visitor.locator(".button-primary")).to_have_count(1)


def test_a_profile_has_its_menu_beside_the_name_bold_counts_and_buttons_of_equal_width(sign_up):
    ben, anna = sign_up("ben"), sign_up("anna", size=PHONE)
    for username in (anna.username, ben.username):
        anna.goto(f"/{username}/")
        for size in (PHONE, DESKTOP):
            anna.set_viewport_size(size)
            name, menu = box(anna, ".profile-username"), box(anna, ".profile-title details > summary")
            assert name["x"] + name["width"] <= menu["x"] <= size["width"] - menu["width"]
            assert name["y"] - 12 <= menu["y"] <= name["y"] + name["height"]
            buttons = anna.locator(".profile-buttons > * >> visible=true").evaluate_all(f"all => all.map({BOX})")
            assert len(buttons) == 2
            assert len({round(one["y"]) for one in buttons}) == 1
            assert abs(buttons[0]["width"] - buttons[1]["width"]) <= 1
            weights = anna.locator(".profile-username, .profile-counts strong").evaluate_all(
                "all => all.map((one) => getComputedStyle(one).fontWeight)"
            )
            assert weights == ["700"] * 4
    anna.goto(f"/{anna.username}/")
    expect(anna.get_by_role("navigation", name="Profile").get_by_role("link")).to_have_text(
        ["Posts", "Saved", "Tagged"]
    )


def test_suggestions_have_two_lines_and_whole_usernames(sign_up):
    ben, eva, tom = sign_up("benjamin_of_the_river"), sign_up("eva"), sign_up("tom_with_a_long_name")
    ada = sign_up("ada", size=PHONE)
    for one in (ben, eva):
        post(one, f"/{tom.username}/follow/")
    for one in (ben, eva):
        post(ada, f"/{one.username}/follow/")

    for width in (320, 390, 1280):
        ada.set_viewport_size({"width": width, "height": 844})
        ada.goto("/explore/people/")
        row = ada.locator(".person", has=ada.get_by_text(tom.username, exact=True))
        expect(row).to_contain_text(re.compile("Followed by .+ and "))
        name = row.locator(".person-username")
        assert name.evaluate("name => name.scrollWidth <= name.clientWidth")
        reason = row.locator(".person-name")
        assert reason.evaluate("one => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight)") < 1.5
        expect(reason).to_have_css("text-overflow", "ellipsis")


def test_a_post_on_a_phone_reads_from_top_to_bottom_and_replying_keeps_the_comment_in_view(sign_up):
    ben = sign_up("ben", size=PHONE)
    shortcode = publish(ben, "By the pond", "Graz")
    ben.goto(f"/p/{shortcode}/")
    for number in range(12):
        post(ben, f"/p/{shortcode}/comment/", text=f"Number {number}")
    ben.goto(f"/p/{shortcode}/")

    order = [".post-page-media", ".post-buttons", ".caption", ".comment"]
    tops = [box(ben, f".post-page {part}")["y"] for part in order]
    assert tops == sorted(tops)
    form, bar = box(ben, ".comment-form"), box(ben, ".bottom-bar")
    assert abs(form["y"] + form["height"] - bar["y"]) <= 2

    comment = ben.locator(".comment", has_text="Number 3").first
    comment.get_by_role("link", name=re.compile("^Reply")).click()
    expect(ben.locator(f"#comment-text-{shortcode}")).to_have_value(f"@{ben.username} ")
    expect(ben.locator(f"#comment-text-{shortcode}")).to_be_focused()
    line, form = comment.locator(".comment-line").evaluate(BOX), box(ben, ".comment-form")
    assert line["y"] >= 0
    assert line["y"] + line["height"] <= form["y"]

    # On a desktop the photo uses the height of the window, as far as its aspect ratio allows.
    ben.set_viewport_size(DESKTOP)
    ben.goto(f"/p/{shortcode}/")
    whole, photo = box(ben, ".post-page"), box(ben, ".post-page .post-media")
    assert photo["height"] >= min(420, whole["height"]) - 2
    assert whole["height"] - photo["height"] <= 4


def test_usernames_and_tags_are_completed_by_keyboard(sign_up):
    ben, anna = sign_up("ben"), sign_up("annika")
    shortcode = publish(anna, "By the pond #dragonflies", "Graz")
    ben.goto(f"/p/{shortcode}/")
    text = ben.locator(f"#comment-text-{shortcode}")
    options = ben.get_by_role("option")

    # Each keystroke may fetch suggestions, and a later response replaces the options: wait for the last one.
    with ben.expect_response(lambda response: response.url.endswith(anna.username[:6])):
        text.press_sequentially(f"Hi @{anna.username[:6]}")
    expect(options.first).to_contain_text(anna.username)
    expect(text).to_have_attribute("aria-activedescendant", options.first.get_attribute("id"))
    expect(options.first).to_have_attribute("aria-selected", "true")
    ben.set_viewport_size(PHONE)
    assert ben.get_by_role("listbox").evaluate(OUTSIDE) == ""
    text.press("Enter")
    expect(text).to_have_value(f"Hi @{anna.username} ")
    expect(ben.get_by_role("listbox")).to_have_count(0)
    assert ben.locator(".comment").count() == 0, "Enter must accept the name without sending the comment"

    with ben.expect_response(lambda response: response.url.endswith("dragonflie")):
        text.press_sequentially("#dragonflie")
    expect(options.first).to_contain_text("#dragonflies")
    text.press("ArrowDown")
    text.press("Tab")
    expect(text).to_have_value(f"Hi @{anna.username} #dragonflies ")

    text.press_sequentially(f"@{anna.username[:6]}")
    expect(options.first).to_be_visible()
    text.press("Escape")
    expect(ben.get_by_role("listbox")).to_have_count(0)
    expect(text).to_be_focused()
    expect(text).to_have_value(f"Hi @{anna.username} #dragonflies @{anna.username[:6]}")
    assert not text.get_attribute("aria-activedescendant")
