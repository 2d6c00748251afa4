"""Every address of the exchange."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny

from accounts.forms import CodeForm
from exchange_site.pages import home, kpi, security, trade

handler400 = "common.api.error_views.bad_request"
handler403 = "common.api.error_views.permission_denied"
handler404 = "common.api.error_views.page_not_found"
handler500 = "common.api.error_views.server_error"

schema = SpectacularAPIView.as_view(permission_classes=[AllowAny])
docs = SpectacularSwaggerView.as_view(url_name="schema", permission_classes=[AllowAny])

# Of the browsable API, by the names under which Django REST framework looks for them.
log_in = LoginView.as_view(template_name="rest_framework/login.html", authentication_form=CodeForm)
browsable_api = [path("login/", log_in, name="login"), path("logout/", LogoutView.as_view(), name="logout")]

urlpatterns = [
    path("", home, name="home"),
    path("trade/<str:symbol>", trade, name="trade"),
    path("kpi", kpi, name="kpi"),
    path("security", security, name="security"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api-auth/", include((browsable_api, "rest_framework"))),
    path("api/schema", schema, name="schema"),
    path("api/docs", docs, name="docs"),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("market.urls")),
    path("api/v1/", include("trading.urls")),
    path("", include("kpi.urls")),
]
