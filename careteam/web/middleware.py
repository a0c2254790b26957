"""Headers of every page."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

FEATURES = ("accelerometer", "camera", "geolocation", "gyroscope", "magnetometer", "microphone", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in FEATURES)


class NoStoreMiddleware(MiddlewareMixin):
    """No browser, proxy or back button keeps a page: charts are read again (and audited again) each time.

    Static files are cached by WhiteNoise and left alone. A view that knows better sets Cache-Control itself.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The same response with Cache-Control and Permissions-Policy, where it does not have them already."""
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response
