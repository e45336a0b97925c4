"""Tells a supervisor whether the process lives and whether readers can be served."""

from __future__ import annotations

import shutil

from flask import Blueprint, Response, jsonify

from blog import config, db, outbox
from blog.errors import DatabaseUnready

LOW_DISK_BYTES = 50 * 1024 * 1024

health = Blueprint("health", __name__)


@health.get("/livez")
def show_life() -> Response:
    """Answer as long as the process can."""
    return jsonify(status="ok")


@health.get("/readyz")
def show_readiness() -> tuple[Response, int]:
    """Say what works; 503 only where a reader could not be served."""
    free_bytes = shutil.disk_usage(config.current().instance_dir).free
    found = {"status": "ok", "disk": "ok" if free_bytes > LOW_DISK_BYTES else "low"}
    try:
        db.check_ready()
    except DatabaseUnready:
        return jsonify(found | {"status": "unready", "database": "unready"}), 503
    return jsonify(found | {"database": "ok", "mail": outbox.health(now=db.utc_now())}), 200
