from social.models.block import Block
from social.models.close_friend import CloseFriend
from social.models.follow import Follow, FollowRequest, Volume
from social.models.mute import Mute
from social.models.restrict import Restrict

__all__ = ["Block", "CloseFriend", "Follow", "FollowRequest", "Mute", "Restrict", "Volume"]
