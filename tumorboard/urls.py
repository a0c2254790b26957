"""Addresses of the tumorboard app. A view is imported here and nowhere else."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
