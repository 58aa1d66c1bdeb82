"""The tag of base.html that draws a whole page."""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString

from accounts.frame import document, document_with_slots

register = template.Library()


class DocumentNode(template.Node):
    """The blocks of a page, which become slots of its frame."""

    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist
        self.blocks = [node for node in nodelist if isinstance(node, BlockNode)]

    def render(self, context: Context) -> SafeString:
        blocks = {str(block.name): str(block.render_annotated(context)) for block in self.blocks}
        if "slots" in context:
            return document_with_slots(context, blocks)
        return document(context["request"], context, blocks)


@register.tag("document")
def document_tag(parser: Parser, token: Token) -> DocumentNode:
    """Draw the page of this request. Between the tags are the blocks of the page; see `accounts.frame`."""
    nodelist = parser.parse(("enddocument",))
    parser.delete_first_token()
    return DocumentNode(nodelist)
