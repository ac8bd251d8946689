"""What people fill in: projects, members, keys, their own account."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from django import forms
from django.contrib.auth.password_validation import validate_password

from ecoa_web.accounts.models import Membership, Project, Role, Scope, User

GOOD_ONES = "At least 12 characters, and not one that many people use. A sentence is good."


class Looks(forms.Form):
    """A form whose controls carry our class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxSelectMultiple):
                field.widget.attrs.setdefault("class", "input")


def _new_password() -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label="Password", strip=False, widget=widget, help_text=GOOD_ONES)


class InvitedForm(Looks):
    """An invited person's name and password."""

    name = forms.CharField(max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = _new_password()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password


class SetupForm(Looks):
    """The first administrator's address, name and password."""

    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    name = forms.CharField(max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = _new_password()

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("Somebody with this address has an account already.")
        return email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "password" in cleaned:
            try:
                validate_password(cleaned["password"], User(email=cleaned.get("email", ""), name=cleaned["name"]))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class ProjectForm(Looks):
    """A project's name."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class DeleteProjectForm(Looks):
    """Deleting is confirmed by typing the project's name."""

    typed = forms.CharField(label="Type the project's name to confirm", widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        self.project = project

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self.project.name:
            raise forms.ValidationError("This is not the project's name.")
        return typed


class RoleForm(Looks):
    """A member's role."""

    role = forms.TypedChoiceField(choices=Role.choices, coerce=lambda value: Role(int(value)), initial=Role.VIEWER)


class MemberForm(RoleForm):
    """A new member's address and role."""

    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    field_order = ("email", "role")


class KeyForm(Looks):
    """A new key's name and scopes."""

    name = forms.CharField(
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="What will use it, and where: orders-worker, production.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.INGEST.value],
        error_messages={"required": "Choose at least one."},
    )

    def clean_scopes(self) -> list[Scope]:
        return [Scope(value) for value in self.cleaned_data["scopes"]]


class ProfileForm(Looks):
    """How a person is called."""

    name = forms.CharField(max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"}))


class ChangePasswordForm(AllauthChangePasswordForm):  # type: ignore[misc]  # allauth has no types
    """allauth's, with our hint."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # allauth's own
        super().__init__(*args, **kwargs)
        _plain(self.fields)


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):  # type: ignore[misc]  # allauth has no types
    """allauth's, with our hint."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # allauth's own
        super().__init__(*args, **kwargs)
        _plain(self.fields)


def _plain(fields: dict[str, forms.Field]) -> None:
    labels = {"oldpassword": "Password now", "password1": "New password", "password2": "New password again"}
    for name, label in labels.items():
        if name in fields:
            fields[name].label = label
            fields[name].help_text = GOOD_ONES if name == "password1" else ""


def role_form(membership: Membership) -> RoleForm:
    """The form that shows a member's role."""
    return RoleForm(initial={"role": membership.role}, auto_id=f"role-{membership.pk}-%s")
