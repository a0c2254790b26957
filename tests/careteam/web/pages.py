"""A site of one page, the living page of components, for the browser tests: no table, no sign-in."""

from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.csrf import csrf_protect

from careteam.web.responses import toast
from careteam.web.states import states_context

RAIL = ("workspace", "patients", "imaging", "goals", "boards", "inbox", "reports")


def shell(request: HttpRequest) -> SimpleNamespace:
    """What the real shell gives, for an invented person."""
    return SimpleNamespace(
        user_name="Dana Whitcomb",
        role_label="Nurse coordinator",
        team_name="NET team",
        nav=[
            SimpleNamespace(key=key, label=key.title(), url=f"/{key}/", icon=key, count=3, current=key == "patients")
            for key in RAIL
        ],
        notices=[SimpleNamespace(strong="Demo data.", text="Every person here is invented.", kind="")],
        theme=request.GET.get("theme", "light"),
        view=request.GET.get("view", ""),
        shortcuts_on="quiet" not in request.GET,
        search_url="/search/",
        sign_out_url="/out/",
        preferences_url="/preferences/",
        is_demo=True,
    )


def states(request: HttpRequest) -> HttpResponse:
    return render(request, "components/states.html", {**states_context(), "shell": shell(request)})


def plain(request: HttpRequest, **_: object) -> HttpResponse:
    return render(request, "404.html", {"shell": shell(request)})


@csrf_protect
def search(request: HttpRequest) -> HttpResponse:
    names = ("Rosalind Achterberg", "Rosa Lind")
    hits = [SimpleNamespace(url=f"/hit/{n}/", name=name, mrn=f"90-{n}", detail="67 F") for n, name in enumerate(names)]
    return render(request, "components/search_results.html", {"q": request.POST["q"], "results": hits, "more": False})


@csrf_protect
def done(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(status=204)
    toast(request, "Row closed", undo_url="/undo/7/", response=response)
    return response


@csrf_protect
def undo(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(status=204)
    toast(request, "Row open again", response=response)
    return response


urlpatterns = [
    path("", states),
    path("search/", search),
    path("done/", done),
    path("undo/7/", undo),
    path("hit/<int:n>/", plain),
    *(path(f"{key}/", plain) for key in RAIL),
]
