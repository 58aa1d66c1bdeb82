"""Retrying and deleting the caller's files that are not shared yet, in the JSON API. `sharing` lists them."""

from __future__ import annotations

from typing import Any

from accounts.api.bodies import Acting, check_actor
from accounts.api.people import read_id
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, NotFound
from posts.actions import media as actions
from posts.api.output import MediaOut, media_out
from posts.models import Media

router = ApiRouter(tags=["posts"])


@router.post("/media/{id}/retry", response={200: MediaOut, **PROBLEMS})
def retry_medium(request: MemberRequest, id: str, body: Acting | None = None) -> MediaOut:  # noqa: A002  (the name in the path)
    """Process one of the caller's failed, unshared files again. Changes nothing if it has not failed."""
    medium = _own_unshared(request, id, body)
    actions.retry_medium(medium)
    return media_out(request, _own_unshared(request, id, body))


@router.delete("/media/{id}", response={204: None, **PROBLEMS})
def delete_medium(request: MemberRequest, id: str, body: Acting | None = None) -> Any:  # noqa: A002
    """Delete one of the caller's unshared files."""
    actions.delete_medium(_own_unshared(request, id, body))
    return 204, None


def _own_unshared(request: MemberRequest, ref: str, body: Acting | None) -> Media:
    check_actor(request, body)
    medium = Media.objects.unshared_of(request.user).filter(pk=read_id(ref)).first()
    if medium is None:
        raise NotFound
    return medium
