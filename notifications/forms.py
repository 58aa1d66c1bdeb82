from __future__ import annotations

from django import forms

from accounts.models import User
from notifications.models import Allowed, Kind, Preferences


class PreferencesForm(forms.Form):
    """A choice for each kind: from everyone, from people I follow, off."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for kind in Kind:
            self.fields[kind.value] = forms.ChoiceField(
                choices=Allowed.choices,
                initial=Allowed.EVERYONE,
                label=kind.label,
                error_messages={"invalid_choice": f"{kind.label}: choose one of the three."},
            )

    @classmethod
    def of(cls, person: User) -> PreferencesForm:
        """The form with what `person` has chosen."""
        preferences = Preferences.objects.filter(person=person).first()
        return cls(initial=preferences.allowed if preferences else {})

    def save(self, person: User) -> None:
        allowed = {kind: choice for kind, choice in self.cleaned_data.items() if choice != Allowed.EVERYONE}
        Preferences.objects.update_or_create(person=person, defaults={"allowed": allowed})
