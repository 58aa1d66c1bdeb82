from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without our token: most often a page left open while somebody signed out and in."""
    return render(request, "403_csrf.html", status=403)
