from __future__ import annotations

from django import forms

from common.forms import GraphemeField
from common.limits import MAX_COLLECTION_NAME_CHARS


class CollectionForm(forms.Form):
    name = GraphemeField(
        max_graphemes=MAX_COLLECTION_NAME_CHARS,
        label="Name of the collection",
        error_messages={"required": "A collection needs a name."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
