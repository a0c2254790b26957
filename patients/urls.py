"""Addresses of the patients app. A view is imported here and nowhere else."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
