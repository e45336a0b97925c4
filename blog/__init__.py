"""Clinic Blog: articles, moderated comments, and enquiries that reach the clinic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from blog.config import Frozen


def create_app(environ: Mapping[str, str] | None = None, *, frozen: Frozen | None = None) -> Flask:
    """Make the application, to serve the site or to copy it as files.

    Raises: SettingError for a setting that can't be used.
    """
    # Imported here, since a child process that only renders Markdown needs none of it.
    from flask import Flask

    from blog import assets, config, db, limits, pagecache, problems, reload, security, templating
    from blog.admin import admin, by_mail
    from blog.api import api
    from blog.embed import embed
    from blog.feeds import feeds
    from blog.ghost import ghost, older
    from blog.health import health
    from blog.public import public

    settings = config.load(environ)
    settings = frozen.applied(settings) if frozen else settings
    app = Flask("blog", static_folder=None, instance_path=str(settings.instance_dir))
    app.secret_key = settings.secret_key
    app.extensions["blog.settings"] = settings
    app.extensions["blog.frozen"] = frozen
    db.init_app(app, settings)
    security.init_app(app, settings)
    limits.init_app(app, settings)
    problems.init_app(app)
    templating.init_app(app)
    assets.init_app(app)
    look = None if frozen else reload.init_app(app, settings)
    pagecache.init_app(app, settings, look=look)
    for surface in (health, feeds, api, embed, admin, by_mail, public):
        app.register_blueprint(surface)
    if settings.ghost_api:
        app.register_blueprint(ghost)
        app.register_blueprint(older)
    return app
