"""The identity part of the API alone, with the error views of the whole site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("api/v1/", include("accounts.urls")), path("admin/", admin.site.urls)]
handler400 = "common.api.error_views.bad_request"
handler403 = "common.api.error_views.permission_denied"
handler404 = "common.api.error_views.page_not_found"
handler500 = "common.api.error_views.server_error"
