"""WSGI entry point for tools that want one; production uses ASGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "careteam.settings")
application = get_wsgi_application()
