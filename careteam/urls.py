"""Every address of the product, one line per area; the slices' own addresses are in their app's urls.py."""

from django.urls import URLPattern, URLResolver, include, path

from careteam import workspace

urlpatterns: list[URLPattern | URLResolver] = [
    path("", workspace.home, name="home"),
    path("accounts/", include("allauth.urls")),
    path("", include("patients.urls")),
    path("", include("tumorboard.urls")),
]
