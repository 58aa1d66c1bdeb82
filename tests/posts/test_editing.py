"""Authors edit the texts, order and audience of posts. No typed text and no concurrent edit is lost."""

from functools import partial

import pytest

from accounts.actions.moderation import suspend_person
from accounts.models import User
from common.limits import MAX_ALT_CHARS, MAX_CAPTION_CHARS, MAX_LOCATION_CHARS
from posts.actions.editing import EditConflictError, delete_post, edit_post
from posts.actions.media import Upload
from posts.actions.moderation import remove_post
from posts.actions.requests import EditRequest
from posts.actions.sharing import create_post
from posts.models import Post
from social.models import CloseFriend
from tests.concurrency import run_concurrently
from tests.markup import one_line


@pytest.fixture
def friend(person, author):
    """A close friend of the author."""
    somebody = person("friend")
    CloseFriend.objects.create(owner=author, friend=somebody)
    return somebody


def typed(post, **changes):
    """Return the form data that a browser sends for `post`, updated with `changes`."""
    slides = sorted(post.media.all(), key=lambda medium: medium.position)
    post = Post.objects.get(pk=post.pk)
    fields = {"version": post.version, "caption": post.caption, "location": post.location, "audience": post.audience}
    return fields | {"slide": [slide.pk for slide in slides], "alt": [slide.alt for slide in slides]} | changes


def save(browser, post, **changes):
    return browser.post(f"{post.get_absolute_url()}edit/", typed(post, **changes))


def edit(post, **changes):
    fields = typed(post, **changes)
    slides = list(zip(fields.pop("slide"), fields.pop("alt"), strict=True))
    return edit_post(post, EditRequest(slides=slides, **fields))


def posts_count(person):
    return User.objects.with_counts().get(pk=person.pk).posts_count


def test_an_edit_changes_the_post_and_marks_it_as_edited(signed_in, client, author, post):
    before = client.get(post.get_absolute_url()).text
    assert "edited</time>" not in before

    answer = save(signed_in(author), post, caption="Evening light", location="Oviedo", alt=["a cup at dusk"])

    assert answer.status_code == 302
    assert answer["Location"] == post.get_absolute_url()
    page = client.get(post.get_absolute_url()).text
    assert "Evening light" in page
    assert "Morning light" not in page
    assert "<bdi>Oviedo</bdi></a>" in page
    assert 'alt="a cup at dusk"' in page
    edited_at = Post.objects.get().edited_at
    assert f'title="{edited_at:%-d %B %Y at %H:%M UTC}">edited</time>' in page
    assert Post.objects.get().version == post.version + 1, "a cached card is not shown any more"


def test_the_form_shows_what_is_saved(signed_in, author, share):
    post = share(author, photos=2, caption="A <b>cup</b>", location="Oviedo")

    page = signed_in(author).get(f"{post.get_absolute_url()}edit/").text

    for shown in ("A &lt;b&gt;cup&lt;/b&gt;", 'value="Oviedo"', "alt text 0</textarea>", "alt text 1</textarea>"):
        assert shown in page
    assert 'value="everyone" id="id_audience_0" required checked' in page


def test_saving_unchanged_content_is_not_an_edit(signed_in, author, post):
    save(signed_in(author), post)

    after = Post.objects.get()
    assert (after.edited_at, after.version) == (None, post.version)


def test_editing_a_caption_updates_its_hashtags(signed_in, client, author, share):
    post = share(author, caption="#sun #sea")

    save(signed_in(author), post, caption="#sea #sand")

    assert sorted(tag.name for tag in post.hashtags.all()) == ["sand", "sea"]
    shown = {tag: post.shortcode in client.get(f"/explore/tags/{tag}/").text for tag in ("sun", "sea", "sand")}
    assert shown == {"sun": False, "sea": True, "sand": True}


def test_slides_and_alt_texts_get_the_submitted_order(signed_in, author, share):
    post = share(author, photos=3)
    first, second, third = (slide.pk for slide in post.slides)

    save(signed_in(author), post, slide=[third, first, second], alt=["last", "first", ""])

    after = Post.objects.get()
    assert [(slide.pk, slide.alt) for slide in after.slides] == [(third, "last"), (first, "first"), (second, "")]
    assert after.edited_at is not None


@pytest.mark.promise("U10")
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"caption": "x" * (MAX_CAPTION_CHARS + 1)}, "This is 2,201 characters long. The limit is 2,200."),
        ({"caption": " ".join(f"#tag{n}" for n in range(31))}, "The caption has 31 hashtags. The limit is 30."),
        ({"location": "x" * (MAX_LOCATION_CHARS + 1)}, "This is 101 characters long. The limit is 100."),
        ({"alt": ["x" * (MAX_ALT_CHARS + 1)]}, "The alt text of slide 1 is 1,001 characters long. The limit is 1,000."),
        ({"audience": "enemies"}, "Choose who can see this: everyone or close friends."),
        ({"alt": []}, "Some slides were missing from the form."),
        ({"slide": []}, "Some slides were missing from the form."),
        ({"slide": [1]}, "Some slides were missing from the form."),
    ],
)
def test_an_invalid_edit_is_explained_and_kept(changes, says, signed_in, author, post):
    answer = save(signed_in(author), post, **({"caption": "Kept", "location": "Kept too"} | changes))

    assert answer.status_code == 422
    assert says in answer.text
    # An audience that does not exist has no radio button to select.
    for name, kept in ({"caption": "Kept", "location": "Kept too"} | changes).items():
        assert name == "audience" or isinstance(kept, list) or kept in answer.text
    after = Post.objects.get()
    assert (after.caption, after.version) == (post.caption, post.version)


def test_a_slide_of_another_users_post_is_refused(signed_in, author, stranger, post, share):
    other = share(stranger)

    answer = save(signed_in(author), post, slide=[other.slides[0].pk])

    assert answer.status_code == 422
    assert other.media.get().alt == "alt text 0"


@pytest.mark.promise("A11")
def test_fields_outside_the_form_are_ignored(signed_in, author, stranger, post):
    save(
        signed_in(author),
        post,
        caption="New",
        author=stranger.pk,
        published_at="",
        folded_likes=9,
        archived_at="2020-01-01",
    )

    after = Post.objects.get()
    assert (after.caption, after.author, after.folded_likes, after.archived_at) == ("New", author, 0, None)
    assert after.published_at is not None


@pytest.mark.promise("U9")
def test_typed_text_is_escaped(signed_in, author, post):
    hostile = '"><script>alert(1)</script>'

    save(signed_in(author), post, caption=hostile, location=hostile, alt=[hostile])

    for url in (post.get_absolute_url(), f"{post.get_absolute_url()}edit/"):
        page = signed_in(author).get(url).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


# --- Two edits at once ---


def test_an_edit_of_a_post_that_changed_meanwhile_is_not_saved_and_what_was_typed_is_kept(signed_in, author, post):
    browser = signed_in(author)
    stale = typed(post, caption="From the old tab", location="Kept")
    save(browser, post, caption="From the new tab")

    answer = browser.post(f"{post.get_absolute_url()}edit/", stale)

    assert answer.status_code == 409
    assert "This post was changed in another window" in answer.text
    assert "From the old tab</textarea>" in answer.text
    assert '<dt>Caption now</dt><dd dir="auto">From the new tab</dd>' in answer.text
    assert Post.objects.get().caption == "From the new tab"

    again = stale | {"version": answer.context["form"].version}
    assert browser.post(f"{post.get_absolute_url()}edit/", again).status_code == 302
    assert Post.objects.get().caption == "From the old tab"


def test_saving_twice_saves_once(signed_in, author, post):
    browser, sent = signed_in(author), typed(post, caption="Once")

    answers = [browser.post(f"{post.get_absolute_url()}edit/", sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Post.objects.get().version == post.version + 1


@pytest.mark.promise("U10")
@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "\u0663"])
def test_an_invalid_version_counts_as_an_old_one(version, signed_in, author, post):
    assert save(signed_in(author), post, caption="New", version=version).status_code == 409
    assert Post.objects.get().caption == post.caption


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_simultaneous_edits_is_saved_and_seven_conflict(author, post):
    def change(number):
        return edit(post, caption=f"Edit {number} #tag{number}", version=post.version)

    results = run_concurrently(*(partial(change, number) for number in range(8)), ignoring=EditConflictError)

    assert sorted(results, key=str) == [None] * 7 + [True]
    after = Post.objects.get()
    assert after.version == post.version + 1
    assert [f"Edit {tag.name.removeprefix('tag')} #{tag.name}" for tag in after.hashtags.all()] == [after.caption]


# --- Who may ---


@pytest.mark.promise("A10")
@pytest.mark.parametrize("action", ["edit", "archive", "unarchive"])
def test_editing_another_users_post_is_not_found(action, signed_in, stranger, post):
    browser = signed_in(stranger)

    for method in (browser.get, browser.post):
        forbidden, missing = method(f"/p/{post.shortcode}/{action}/"), method(f"/p/AAAAAAAAAAB/{action}/")
        expected = 405 if (action, method) == ("unarchive", browser.get) else 404
        assert forbidden.status_code == missing.status_code == expected
    after = Post.objects.get()
    assert (after.version, after.archived_at) == (post.version, None)


def test_suspended_authors_cannot_edit_or_archive(signed_in, author, post):
    browser, sent = signed_in(author), typed(post, caption="Still here")
    suspend_person(author, reason="spam")

    assert browser.post(f"{post.get_absolute_url()}edit/", sent)["Location"].startswith("/accounts/login/")
    assert browser.post(f"{post.get_absolute_url()}archive/")["Location"].startswith("/accounts/login/")
    after = Post.objects.get()
    assert (after.caption, after.archived_at) == (post.caption, None)


def test_a_removed_post_cannot_be_edited(signed_in, author, post):
    browser, sent = signed_in(author), typed(post, caption="Was typed")
    remove_post(post, reason="Not yours.")

    answer = browser.post(f"{post.get_absolute_url()}edit/", sent)

    assert answer.status_code == 409
    assert "A moderator removed this post, so it can no longer be edited." in answer.text
    assert "Was typed" in answer.text
    assert Post.objects.get().caption == post.caption
    page = browser.get(f"{post.get_absolute_url()}edit/").text
    assert "A moderator removed this post" in page
    assert "<textarea" not in page
    assert f"{post.shortcode}/edit/" not in browser.get(post.get_absolute_url()).text, "and nothing leads there"


def test_a_deleted_post_is_not_found(signed_in, author, post):
    sent = typed(post, caption="Late")
    delete_post(post)

    assert signed_in(author).post(f"{post.get_absolute_url()}edit/", sent).status_code == 404
    with pytest.raises(Post.DoesNotExist):
        edit(post, caption="Later")


# --- Who sees it ---


def test_a_post_for_close_friends_is_visible_to_them_only_and_labelled(
    signed_in, client, author, friend, follower, post
):
    assert save(signed_in(author), post, audience="close_friends").status_code == 302

    for browser in (client, signed_in(follower)):
        assert browser.get(post.get_absolute_url()).status_code == 404
        for url in ("/author/", "/explore/tags/sun/", "/explore/"):
            assert post.shortcode not in browser.get(url).text
    assert post.shortcode not in signed_in(follower).get("/").text
    assert post.shortcode not in signed_in(follower).get("/search/?q=morning").text
    for viewer in (author, friend):
        assert "Close friends</span>" in signed_in(viewer).get(post.get_absolute_url()).text
        assert 'aria-label="For close friends"' in signed_in(viewer).get("/author/").text
    assert Post.objects.get().edited_at is None, "what it says is what it said"

    save(signed_in(author), post, audience="everyone")
    assert "Close friends" not in client.get(post.get_absolute_url()).text


@pytest.mark.promise("A9")
def test_the_profile_count_includes_visible_posts_only(signed_in, client, author, friend, follower, share):
    posts = [share(author) for _ in range(3)]
    for post in posts[:2]:
        edit(post, audience="close_friends")

    def counted(browser):
        page = browser.get("/author/")
        assert page.text.count("<article") == page.context["post_count"]
        return page.context["post_count"]

    assert (counted(client), counted(signed_in(follower)), counted(signed_in(friend)), counted(signed_in(author))) == (
        1,
        1,
        3,
        3,
    )
    edit(posts[0], audience="everyone")
    delete_post(posts[1])
    assert (counted(client), counted(signed_in(follower)), counted(signed_in(friend)), counted(signed_in(author))) == (
        2,
        2,
        2,
        2,
    )


def test_a_post_is_edited_while_it_is_processed_and_nobody_saw_it_before(signed_in, author, photo, tasks_run):
    with tasks_run():
        post = create_post(author=author, uploads=[Upload(photo(), "1.jpg"), Upload(photo(), "2.jpg")], caption="Dfrat")
        answer = save(signed_in(author), post, caption="Draft #late", audience="close_friends")
        assert answer.status_code == 302

    after = Post.objects.get()
    assert (after.caption, after.state, after.edited_at) == ("Draft #late", "published", None)
    assert posts_count(author) == 0, "it was never everybody's"


# --- Without JavaScript ---


def test_without_javascript_a_button_moves_a_slide_and_keeps_the_form(signed_in, author, share):
    post = share(author, photos=3, caption="Saved")
    first, second, third = (slide.pk for slide in post.slides)
    sent = {"caption": "Typed", "location": "x" * 200, "alt": ["one", "two", "three"], "move": f"{third}-up"}

    answer = save(signed_in(author), post, **sent)

    assert answer.status_code == 200
    form = answer.context["form"]
    assert [(slide.medium.pk, slide.alt) for slide in form.slides] == [
        (first, "one"),
        (third, "three"),
        (second, "two"),
    ]
    assert "Typed</textarea>" in answer.text
    assert 'value="' + "x" * 200 in answer.text
    assert "errorlist" not in answer.text, "nothing is judged before it is saved"
    assert 'aria-label="Move photo 2 up" autofocus' in one_line(answer.text)
    assert Post.objects.get().caption == "Saved"
    assert form.version == post.version


@pytest.mark.promise("U10")
@pytest.mark.parametrize("move", ["{first}-up", "{last}-down", "{first}-sideways", "7-up", "x", "-up", "\0-down"])
def test_a_move_out_of_range_moves_nothing(move, signed_in, author, share):
    post = share(author, photos=2)
    first, last = (slide.pk for slide in post.slides)

    answer = save(signed_in(author), post, move=move.format(first=first, last=last))

    assert answer.status_code == 200
    assert [slide.medium.pk for slide in answer.context["form"].slides] == [first, last]


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [1, 20])
def test_the_form_costs_the_same_queries_whatever_the_slides(size, signed_in, author, share, django_assert_num_queries):
    post = share(author, photos=size)
    browser = signed_in(author)
    browser.get(f"{post.get_absolute_url()}edit/")
    sent = typed(post, alt=["new"] * size)

    with django_assert_num_queries(3):  # the session, the post, its media
        browser.get(f"{post.get_absolute_url()}edit/")
    # The queries above, except the bell; in a savepoint: lock the post, read its media, save the post, save its media.
    with django_assert_num_queries(9):
        assert browser.post(f"{post.get_absolute_url()}edit/", sent).status_code == 302
