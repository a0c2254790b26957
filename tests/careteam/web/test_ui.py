"""Template tags: exact markup, as the mock-ups have it."""

import datetime as dt
from dataclasses import dataclass

import pytest
from django import forms
from django.contrib.messages.storage.base import Message
from django.http import QueryDict
from django.template import Context, Template

from careteam.web import marks
from careteam.web.paging import Page, Sort
from careteam.web.parts import Difference, Tab
from careteam.web.svg import sparkline

TODAY = dt.date(2026, 11, 23)
RED = '<svg class="mk" viewBox="0 0 12 12" aria-hidden="true"><path d="M6 .5l6 11H0z"/></svg>'


def html(source: str, **context: object) -> str:
    return Template(source).render(Context(context)).strip()


class Weight(forms.Form):
    kg = forms.DecimalField(label="Weight", help_text="In the morning.", min_value=20)
    taken_on = forms.DateField(label="Date taken", required=False)
    study = forms.ChoiceField(choices=[("ct", "CT"), ("mri", "MRI")], widget=forms.RadioSelect)
    fasting = forms.BooleanField(required=False)
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_icon_points_into_the_sprite() -> None:
    assert html('{% icon "phone" %}') == (
        '<svg class="i" aria-hidden="true"><use href="/static/img/icons.svg#phone"/></svg>'
    )


def test_tag_is_shape_and_word() -> None:
    assert html('{% tag "red" "Overdue" %}') == f'<span class="tag red">{RED}Overdue</span>'


@pytest.mark.parametrize(
    ("kind", "css"),
    [("pd", "tag red"), ("pr", "tag grn"), ("sd", "tag"), ("bar", "tag"), ("acc", "tag acc"), ("amb", "tag amb")],
)
def test_tag_colors_by_kind(kind: str, css: str) -> None:
    assert marks.tag(kind, "x") == f'<span class="{css}">{marks.mark(kind)}x</span>'


def test_tag_plain_has_no_shape() -> None:
    assert html('{% tag "plain" "G2" %}') == '<span class="tag plain">G2</span>'


def test_tag_escapes_its_word() -> None:
    assert html('{% tag "plain" word %}', word="<b>") == '<span class="tag plain">&lt;b&gt;</span>'


def test_tag_of_an_unknown_kind_is_a_bug() -> None:
    with pytest.raises(KeyError):
        html('{% tag "green" "Done" %}')


def test_every_colored_kind_has_a_shape() -> None:
    assert set(marks.COLORS) - set(marks.SHAPES) == set()


# --- words ----------------------------------------------------------------------------------------------------------


@dataclass
class Person:
    birth_date: dt.date | None
    deceased_on: dt.date | None = None


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ d|day }}", "3 Oct 2026"),
        ("{{ d|day:today }}", "3 Oct"),
        ('{{ d|day:"short" }}', "3 Oct ’26"),
        ('{{ d|day:"weekday" }}', "Sat 3 Oct 2026"),
        ("{{ d|day_of_week:today }}", "Sat 3 Oct"),
        ("{{ d|ago:today }}", "51 days over"),
        ("{{ d|since:today }}", "7 weeks ago"),
        ("{{ none|day|default:'Not done' }}", "Not done"),
        ('{{ 3|plural:"day,days" }}', "3 days"),
        ("{{ 2|in_words }}", "Two"),
        ("{{ 14|pct }}", "14\N{NO-BREAK SPACE}%"),
    ],
)
def test_filters_write_dates_and_counts(source: str, text: str) -> None:
    assert html(source, d=dt.date(2026, 10, 3), today=TODAY) == text


@pytest.mark.parametrize(
    ("person", "text"),
    [
        (Person(dt.date(1959, 2, 14)), "67"),
        (Person(dt.date(1959, 2, 14), deceased_on=dt.date(2020, 1, 1)), "60"),
        (Person(None), ""),
        (dt.date(1959, 2, 14), "67"),
    ],
)
def test_age_of_a_person(person: object, text: str) -> None:
    assert html("{{ person|age:today }}", person=person, today=TODAY) == text


def test_inline_svg_drops_the_prolog_and_refuses_the_rest() -> None:
    assert html("{{ doc|inline_svg }}", doc="<?xml version='1.0'?>\n<svg><path/></svg>") == "<svg><path/></svg>"
    with pytest.raises(ValueError, match="not an SVG"):
        html("{{ doc|inline_svg }}", doc="<script></script>")


# --- small parts ----------------------------------------------------------------------------------------------------


def test_progress_says_itself() -> None:
    assert html('{% progress 6 9 "Meeting PDF" %}') == (
        '<progress value="6" max="9" aria-label="Meeting PDF">6 of 9</progress>'
    )


def test_kv_writes_a_dash_for_nothing() -> None:
    assert html("{% kv pairs %}", pairs=[("Owner", "Dr <O>"), ("Due", None), ("Count", 0)]) == (
        '<dl class="kv"><dt>Owner</dt><dd>Dr &lt;O&gt;</dd><dt>Due</dt><dd>–</dd><dt>Count</dt><dd>0</dd></dl>'
    )


def test_tabs_mark_the_current_one() -> None:
    items = (Tab("Open", "?s=open", current=True, count=0), Tab("Closed", "?s=closed"))
    assert html('{% tabs items "Actions" %}', items=items) == (
        '<nav class="tabs" aria-label="Actions"><a href="?s=open" aria-current="true">Open 0</a>'
        '<a href="?s=closed">Closed</a></nav>'
    )


def test_empty_offers_the_first_action_only_with_an_address() -> None:
    assert '<a class="btn p" href="/plan/">' in html('{% empty "calendar" "No plan" "Body" "/plan/" "Start" %}')
    assert "<a " not in html('{% empty "calendar" "No plan" "Body" %}')


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("nights > 1 no", "nights > 2 no", "nights &gt; <del>1</del> <ins>2</ins> no"),
        ("555 0142", "", "<del>555 0142</del> <ins>empty</ins>"),
        ("", "<b>", "<ins>&lt;b&gt;</ins>"),
        ("same", "same", "same"),
    ],
)
def test_changes_are_marked_word_by_word(before: str, after: str, text: str) -> None:
    assert html("{% changes before after %}", before=before, after=after) == text


def test_spark_speaks_its_course() -> None:
    assert html("{% spark line %}", line=sparkline([1, 2], label="rising")) == (
        '<svg class="spark" viewBox="0 0 88 22" role="img" aria-label="rising"><path d="M2 20L86 2"/>'
        '<circle cx="86" cy="2" r="2"/></svg>'
    )


def test_dialog_has_a_name() -> None:
    assert html('{% dialog "sign" "Sign this?" "For good." %}<p>x</p>{% enddialog %}') == (
        '<dialog class="dlg" id="sign" aria-labelledby="sign-h"><h2 id="sign-h">Sign this?</h2>'
        '<p class="s m">For good.</p><hr><p>x</p></dialog>'
    )


# --- forms ----------------------------------------------------------------------------------------------------------


def test_field_glues_the_unit_and_describes_the_control() -> None:
    assert html('{% field form.kg unit="kg" %}', form=Weight()) == (
        '<div class="fld"><label for="id_kg">Weight</label><p class="hint" id="id_kg-h">In the morning.</p>'
        '<div class="unit"><input type="text" name="kg" inputmode="decimal" aria-describedby="id_kg-h id_kg-u" '
        'required id="id_kg"><span id="id_kg-u">kg</span></div></div>'
    )


def test_field_with_an_error_keeps_what_was_typed() -> None:
    form = Weight({"kg": "58,4 or so", "study": "ct"})
    text = html('{% field form.kg hint="" %}', form=form)
    assert text == (
        '<div class="fld err"><label for="id_kg">Weight</label><p class="msg" id="id_kg-e">Enter a number.</p>'
        '<input type="text" name="kg" value="58,4 or so" inputmode="decimal" aria-describedby="id_kg-e" '
        'required aria-invalid="true" id="id_kg"></div>'
    )


def test_field_without_hint_points_to_nothing() -> None:
    assert "aria-describedby" not in html('{% field form.kg hint="" %}', form=Weight())


def test_date_field_is_a_picker_until_it_cannot_show_what_was_typed() -> None:
    good, bad = Weight({"taken_on": "2026-10-03"}), Weight({"taken_on": "third of Oct"})
    assert 'type="date" name="taken_on" value="2026-10-03"' in html("{% field form.taken_on %}", form=good)
    assert 'type="text" name="taken_on" value="third of Oct"' in html("{% field form.taken_on %}", form=bad)


def test_initial_date_is_written_as_the_picker_wants_it() -> None:
    form = Weight(initial={"taken_on": dt.date(2026, 10, 3)})
    assert 'type="date" name="taken_on" value="2026-10-03"' in html("{% field form.taken_on %}", form=form)


def test_optional_is_said_only_beside_required_ones() -> None:
    class AllOptional(forms.Form):
        note = forms.CharField(required=False)

    assert '<span class="opt">optional</span>' in html("{% field form.taken_on %}", form=Weight())
    assert "optional" not in html("{% field form.note %}", form=AllOptional())


def test_radio_field_is_pills_in_a_fieldset() -> None:
    assert html("{% field form.study %}", form=Weight({"study": "mri"})) == (
        '<fieldset class="fld"><legend>Study</legend><div class="opts">'
        '<label for="id_study_0"><input type="radio" name="study" value="ct" id="id_study_0" required>CT</label>'
        '<label for="id_study_1"><input type="radio" name="study" value="mri" id="id_study_1" required checked>MRI'
        "</label></div></fieldset>"
    )


def test_checkbox_field_is_one_line() -> None:
    assert html("{% field form.fasting %}", form=Weight()) == (
        '<div class="fld"><label class="ck"><input type="checkbox" name="fasting" id="id_fasting">Fasting</label></div>'
    )


def test_field_refuses_what_is_not_a_field() -> None:
    with pytest.raises(TypeError, match="field wants a form's field"):
        html("{% field form.nothing %}", form=Weight())


def test_form_fields_render_all_hidden_first() -> None:
    text = html("{% form_fields form %}", form=Weight())
    assert text.startswith('<input type="hidden" name="secret"')
    assert text.count('class="fld"') == 4


def test_error_summary_links_to_each_field_in_words() -> None:
    form = Weight({"kg": "x"})
    assert html("{% error_summary form %}", form=form) == (
        '<div class="box red" role="alert" tabindex="-1" data-autofocus><h3>'
        '<svg class="i" aria-hidden="true"><use href="/static/img/icons.svg#stop"/></svg>'
        "Two things need a look</h3><ul>"
        '<li><a class="red" href="#id_kg">Weight: Enter a number.</a></li>'
        '<li><a class="red" href="#id_study_0">Study: This field is required.</a></li></ul></div>'
    )


def test_error_summary_of_a_good_form_is_nothing() -> None:
    assert html("{% error_summary form %}", form=Weight({"kg": "58", "study": "ct"})) == ""


def test_error_summary_shows_errors_of_the_whole_form_without_a_link() -> None:
    form = Weight({"kg": "58", "study": "ct"})
    form.add_error(None, "Someone else saved meanwhile.")
    assert "<ul><li>Someone else saved meanwhile.</li></ul>" in html("{% error_summary form %}", form=form)
    assert "One thing needs a look" in html("{% error_summary form %}", form=form)


# --- lists ----------------------------------------------------------------------------------------------------------

DUE, NAME = Sort("due", "Due", ("due_on", "id")), Sort("seen", "Last seen", ("-seen_on", "id"), descending=True)


def page(*, sort: Sort = DUE, descending: bool = False, query: str = "", following: str | None = None) -> Page[int]:
    return Page((1,), sort, (DUE, NAME), descending, QueryDict(query), following, None)


def test_sort_header_of_the_current_column_turns_around_and_forgets_the_place() -> None:
    assert html('{% sort_th page "due" %}', page=page(query="state=open&after=7")) == (
        '<th scope="col" aria-sort="ascending"><a href="?state=open&amp;sort=-due">Due\N{NO-BREAK SPACE}▴</a></th>'
    )


def test_sort_header_of_another_column_starts_in_its_own_direction() -> None:
    assert html('{% sort_th page "seen" "Seen" css="num" %}', page=page(query="sort=due")) == (
        '<th scope="col" class="num"><a href="?sort=-seen">Seen</a></th>'
    )


def test_sort_header_of_a_descending_column_offers_the_way_up() -> None:
    assert 'href="?sort=seen"' in html('{% sort_th page "seen" %}', page=page(sort=NAME, descending=True))


def test_pager_of_a_single_page_is_nothing() -> None:
    assert html("{% pager page %}", page=page()) == ""


def test_pager_links_to_the_next_page() -> None:
    assert html("{% pager page %}", page=page(following="?after=7")) == (
        '<nav class="row pages" aria-label="Pages"><a class="btn sm" rel="next" href="?after=7">Next'
        '<svg class="i" aria-hidden="true"><use href="/static/img/icons.svg#right"/></svg></a></nav>'
    )


def test_toasts_carry_their_undo() -> None:
    messages = [Message(20, "Contact logged", extra_tags="undo:/undo/7/"), Message(20, "Saved <b>")]
    text = html("{% toast_list messages %}", messages=messages)
    assert text.count("data-toast") == 2
    assert '<form method="post" action="/undo/7/" data-undo>' in text
    assert "Saved &lt;b&gt;" in text


def test_a_warning_toast_has_a_shape() -> None:
    warning = html("{% toast_list messages %}", messages=[Message(20, "Not saved", extra_tags="amb undo:/undo/7/")])
    assert 'data-toast><svg class="i"' in warning
    assert 'action="/undo/7/"' in warning
    assert "data-toast><span data-text>Done" in html("{% toast_list messages %}", messages=[Message(20, "Done")])


def test_filters_keep_other_codes_and_need_no_script() -> None:
    class Filter(forms.Form):
        state = forms.ChoiceField(choices=[("", "All"), ("due", "Due")], required=False)

    text = html("{% filters form keep %}", form=Filter({"state": "due"}), keep={"sort": "-due"})
    assert '<form class="bar np" method="get"' in text
    assert '<input type="hidden" name="sort" value="-due">' in text
    assert '<option value="due" selected>Due</option>' in text
    assert '<button class="btn sm"' in text


# --- whole components -----------------------------------------------------------------------------------------------


def test_conflict_asks_only_about_what_differs() -> None:
    rows = [Difference("phone", "Phone", "1", "2", "1"), Difference("name", "Name", "A", "A", "A")]
    text = html(
        '{% include "components/conflict.html" %}', rows=rows, said="Dr B saved.", action="/x/", hidden={"v": 3}
    )
    assert '<input type="hidden" name="v" value="3">' in text
    assert 'name="take_phone" value="theirs" checked' in text
    assert "take_name" not in text


def test_banner_without_a_next_step_says_so_in_red() -> None:
    text = html(
        '{% include "components/patient_banner.html" %}',
        banner={"name": "A <B>", "age": None, "birth_date": None, "sex": "F", "mrn": "1", "url": "/p/1/", "facts": []},
    )
    assert "A &lt;B&gt;" in text
    assert "birth date unknown" in text
    assert "<b>No next step</b>" in text


def test_base_page_works_for_nobody_and_without_any_context() -> None:
    text = html('{% include "500.html" %}')
    assert "Something broke on our side" in text
    assert 'class="rail"' not in text


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([{"url": "/p/1/", "name": "Ann <A>", "mrn": "90-1", "detail": "67 F"}], "1 patient found"),
        ([], "No patient found"),
    ],
)
def test_search_results_say_how_many(results: list[dict[str, str]], said: str) -> None:
    text = html('{% include "components/search_results.html" %}', q="ann", results=results)
    assert f'<p class="vh" role="status">{said}</p>' in text
    assert "<A>" not in text


def test_search_without_a_question_is_empty() -> None:
    assert html('{% include "components/search_results.html" %}', q="", results=[]) == ""
