"""ASGI entry point: `granian --interface asginl careteam.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "careteam.settings")
application = get_asgi_application()
