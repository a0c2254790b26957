"""Uploading files to import; filters of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from careteam.people.models import Team
from patients.fhir.policies import why_not_namespace
from patients.fhir.rules.report import Severity


class FilesInput(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """The chosen files as a list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        given = data if isinstance(data, list | tuple) and data else [data or None]
        return [super(FilesField, self).clean(item, initial) for item in given]


class ImportForm(forms.Form):
    """Files, the team they go to, whose ids they hold, and whether to try it out first."""

    uploads = FilesField(
        label="Files",
        help_text="FHIR R4 as .json or .ndjson: bundles or single resources, several at once.",
        widget=FilesInput(attrs={"accept": ".json,.ndjson,.jsonl,application/json", "multiple": True}),
    )
    team = forms.ModelChoiceField(queryset=Team.objects.none(), label="Into", empty_label=None)
    namespace = forms.CharField(
        label="Source",
        max_length=120,
        initial="default",
        help_text="One name per hospital or system, the same every time: ids count within it.",
    )
    dry_run = forms.BooleanField(label="Try out only: show the report, change nothing", required=False)

    def __init__(self, *args: Any, teams: Sequence[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["team"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 — for the type checker
        field.queryset = Team.objects.filter(pk__in=[team.pk for team in teams]).order_by("name")
        if len(teams) == 1:
            field.initial = teams[0].pk
            field.widget = forms.HiddenInput()

    def clean_uploads(self) -> list[UploadedFile[Any]]:
        files: list[UploadedFile[Any]] = self.cleaned_data["uploads"]
        size = sum(file.size or 0 for file in files)
        if size > settings.IMPORT_MAX_BYTES:
            limit = settings.IMPORT_MAX_BYTES // 1024 // 1024
            raise forms.ValidationError(
                f"Together more than {limit} MB: upload fewer at once, or use the command line."
            )
        return files

    def clean_namespace(self) -> str:
        namespace: str = self.cleaned_data["namespace"].strip()
        reasons = why_not_namespace(namespace)
        if reasons:
            raise forms.ValidationError(reasons)
        return namespace


class LineFilter(forms.Form):
    """Which lines of a report are shown."""

    severity = forms.ChoiceField(choices=[("", "All"), *Severity.choices], required=False, label="Lines")
    kind = forms.ChoiceField(required=False, label="Resource")

    def __init__(self, data: Any, *, kinds: Sequence[str]) -> None:
        super().__init__(data)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101 — for the type checker
        kind.choices = [("", "All"), *((name, name) for name in kinds)]

    @classmethod
    def of_kinds(cls, data: Any, kinds: Sequence[str]) -> LineFilter:
        """The filter by resource alone."""
        made = cls(data, kinds=kinds)
        del made.fields["severity"]
        return made

    def chosen(self, name: str) -> str:
        """The value, empty when it is none of the choices."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")
