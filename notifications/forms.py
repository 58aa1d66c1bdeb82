from __future__ import annotations

from django import forms

from accounts.models import User
from notifications.actions import set_preferences
from notifications.models import Allowed, Kind, Preferences


class PreferencesForm(forms.Form):
    """Notification settings: from everyone, from followed people or off, for each kind."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for kind in Kind:
            self.fields[kind.value] = forms.ChoiceField(
                choices=Allowed.choices,
                initial=Allowed.EVERYONE,
                label=kind.label,
                error_messages={"invalid_choice": f"{kind.label}: choose one of the options."},
            )

    @classmethod
    def for_person(cls, person: User) -> PreferencesForm:
        """Return the form with the current settings of `person`."""
        preferences = Preferences.objects.filter(person=person).first()
        return cls(initial=preferences.allowed if preferences else {})

    def save(self, person: User) -> None:
        set_preferences(person, self.cleaned_data)
