"""Makes `app`, for any WSGI server."""

from blog import create_app

app = create_app()
