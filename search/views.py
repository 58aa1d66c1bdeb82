from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import varies_by_htmx
from common.ids import decode_shortcode
from common.pagination import Page, page_by_id
from posts.models import Post
from search import actions, tags_and_places
from search.highlighting import highlight, snippet
from search.models import Place
from search.query import Query, clean_query, read_query
from search.results import page_of_people, page_of_places, page_of_posts, page_of_tags
from social.conditions import with_follow_state
from social.search import find_people, shown_people

TABS = {"top": "Top", "accounts": "Accounts", "posts": "Posts", "tags": "Tags", "places": "Places"}
PEOPLE_PER_PAGE = 30
TOPICS_PER_PAGE = 20
POSTS_PER_PAGE = 24
OF_EACH_ON_TOP = 5
TILES_ON_TOP = 12
SUGGESTED_PEOPLE = 6
SUGGESTED_TOPICS = 3


@require_safe
def search(request: MemberRequest) -> HttpResponse:
    """What `?q=` finds, under one of the tabs; for htmx, as somebody scrolls, the next rows."""
    query = read_query(request.GET.get("q", ""))
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "top"
    context: dict[str, Any] = {"q": query.text, "tab": tab, "tabs": _tabs(query, tab)}
    if not query:
        context["recent"] = actions.recent_searches(request.user)
    elif tab == "top":
        context |= _top(request, query)
    else:
        context |= _of_one_kind(request, query, tab)
    is_further = request.htmx and "cursor" in request.GET and tab != "top"
    return varies_by_htmx(render(request, "search/_rows.html" if is_further else "search/search.html", context))


def _top(request: MemberRequest, query: Query) -> dict[str, Any]:
    """The best of each kind, without cursors: each kind has a tab."""
    people = _suggested_people(request, query, OF_EACH_ON_TOP)
    viewer = request.user
    tags = tags_and_places.shown_tags(tags_and_places.find_tags(query, viewer)[:OF_EACH_ON_TOP], viewer)
    places = tags_and_places.shown_places(tags_and_places.find_places(query, viewer)[:OF_EACH_ON_TOP], viewer)
    rows = Post.objects.for_cards(request.user)
    posts = page_of_posts(request, query, TILES_ON_TOP, rows)
    found: dict[str, Any] = {"people": _highlight_people(people, query), "tags": tags, "places": places, "posts": posts}
    _highlight_topics([*tags, *places], query)
    if not posts.items and len(query.terms) > 1:
        found["near_posts"] = page_of_posts(request, query, TILES_ON_TOP, rows, any_term=True)
    return found


def _of_one_kind(request: MemberRequest, query: Query, tab: str) -> dict[str, Any]:
    if tab == "accounts":
        page: Page[Any] = page_of_people(request, query, PEOPLE_PER_PAGE)
        _highlight_people(page.items, query)
    elif tab == "posts":
        page = page_of_posts(request, query, POSTS_PER_PAGE, Post.objects.for_cards(request.user))
        for post in page:
            post.snippet = snippet(post.caption, query.shown_words)  # type: ignore[attr-defined]
    else:
        page = (page_of_tags if tab == "tags" else page_of_places)(request, query, TOPICS_PER_PAGE)
        _highlight_topics(page.items, query)
    return {"page": page}


@require_safe
def suggest(request: MemberRequest) -> HttpResponse:
    """A fragment: what somebody may mean who has typed `?q=` so far; before that, what they looked for before.

    With `?only=people` or `?only=tags`, for a field that takes a name or a tag.
    """
    only = request.GET.get("only", "")
    query = read_query(request.GET.get("q", ""))
    context: dict[str, Any] = {"q": query.text}
    if not query:
        return render(request, "search/_suggestions.html", context | {"recent": actions.recent_searches(request.user)})
    if only != "tags":
        context["people"] = _highlight_people(_suggested_people(request, query, SUGGESTED_PEOPLE), query)
    if only != "people":
        viewer, counted = request.user, {"count_up_to": tags_and_places.MAX_COUNTED_QUICKLY}
        tags = tags_and_places.shown_tags(
            tags_and_places.find_tags(query, viewer)[:SUGGESTED_TOPICS], viewer, **counted
        )
        found = [] if only == "tags" else tags_and_places.find_places(query, viewer)[:SUGGESTED_TOPICS]
        places = tags_and_places.shown_places(found, viewer, **counted) if found else []
        context |= {"tags": tags, "places": places}
        _highlight_topics([*tags, *places], query)
    return render(request, "search/_suggestions.html", context)


@require_safe
def place(request: MemberRequest, slug: str) -> HttpResponse:
    """Show the posts from a place, newest first. A place of which one may see no post is missing."""
    posts = tags_and_places.posts_of_place(slug, request.user)
    page = page_by_id(request, posts.for_cards(request.user), POSTS_PER_PAGE)
    if request.htmx and "cursor" in request.GET:
        return varies_by_htmx(render(request, "feed/_grid.html", {"page": page}))
    shown = tags_and_places.find_place(slug, request.user)
    if shown is None:
        raise Http404
    return varies_by_htmx(render(request, "search/place.html", {"page": page, "place": shown}))


@require_safe
def place_of(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Redirect from a post to the page of its place.

    Posts do not know their places, which the search keeps: cards link here, and need no query for it.
    """
    post = get_object_or_404(Post.objects.visible_to(request.user), pk=decode_shortcode(shortcode))
    place = get_object_or_404(Place, postdocument__post=post)
    return redirect("search:place", tags_and_places.slug_of(place.words))


@require_POST
def remember(request: MemberRequest) -> HttpResponse:
    """What the search form posts to: the results, and one's recent searches know of it. A script sees nothing."""
    text = clean_query(request.POST.get("q", ""))
    actions.save_search(request.user, text=text)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect(f"{reverse('search:search')}?{urlencode({'q': text})}" if text else reverse("search:search"))


@require_POST
def forget(request: MemberRequest, search_id: int) -> HttpResponse:
    if not actions.delete_search(request.user, pk=search_id):
        raise Http404
    return _recent(request)


@require_POST
def forget_all(request: MemberRequest) -> HttpResponse:
    actions.delete_searches(request.user)
    return _recent(request)


def _recent(request: MemberRequest) -> HttpResponse:
    """The redrawn list for htmx; for a browser without JavaScript, back to the search."""
    if not request.htmx:
        return redirect("search:search")
    return render(request, "search/_recent.html", {"recent": actions.recent_searches(request.user)})


def _suggested_people(request: MemberRequest, query: Query, number: int) -> list[User]:
    people = with_follow_state(User.objects.for_display(), request.user)
    found = find_people(query.words, request.user, wanted=number)
    return shown_people(people, found[:number], request.user)


def _highlight_people(people: list[User], query: Query) -> list[User]:
    words = query.words.replace("@", " ").split()
    for person in people:
        person.highlighted_username = highlight(person.username, words, inside=True)  # type: ignore[attr-defined]
        person.highlighted_name = highlight(person.name, words, inside=True)  # type: ignore[attr-defined]
    return people


def _highlight_topics(found: list[tags_and_places.Topic], query: Query) -> None:
    words = query.words.split()
    for topic in found:
        topic.highlighted = highlight(topic.name, words, inside=True)


def _tabs(query: Query, current: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "is_current": name == current, "url": f"?{urlencode({'q': query.text, 'tab': name})}"}
        for name, label in TABS.items()
    ]
