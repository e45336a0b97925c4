"""The application is made in one place, from settings alone."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

import blog
from blog import create_app, db
from blog.config import ROOT
from blog.errors import SettingError
from tests.cast import Visitor

MakeApp = Callable[..., Flask]


def test_the_package_hands_out_the_application_and_nothing_else() -> None:
    public = {name for name in vars(blog) if not name.startswith("_")}
    modules = {path.stem for path in Path(blog.__file__).parent.iterdir()}
    assert public - modules <= {"create_app", "annotations", "Mapping", "TYPE_CHECKING"}


def test_two_sites_in_one_process_do_not_know_each_other(make_app: MakeApp, tmp_path: Path) -> None:
    one = make_app()
    other = make_app(
        site_url="https://other.example",
        database_url=f"sqlite:///{tmp_path / 'other.db'}",
        instance_dir=str(tmp_path / "other"),
        secret_key="another secret, of another site, long enough",
    )
    assert one.secret_key != other.secret_key
    assert one.instance_path != other.instance_path
    assert Visitor(one).get("/readyz").status_code == 200
    assert Visitor(other).get("/readyz").status_code == 503
    assert Visitor(one).get("/").status_code == 200


def test_making_it_touches_no_database(make_app: MakeApp, tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    app = make_app(database_url=f"sqlite:///{path}")
    assert not path.exists()
    with app.app_context():
        assert db.db.engine.url.database == str(path)


def test_it_serves_no_folder_of_files(app: Flask, reader: Visitor) -> None:
    assert app.static_folder is None
    assert "static" not in app.view_functions
    for path in ("/secret_key", "/blog.db", "/limits.db", "/instance/secret_key", "/wsgi.py"):
        assert reader.get(path).status_code == 404


def test_it_never_shows_its_insides(app: Flask) -> None:
    assert not app.debug
    assert not app.testing


def test_a_setting_that_cannot_be_used_stops_it(environ: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="BLOG_SECRET_KEY"):
        create_app(environ | {"BLOG_SECRET_KEY": "short"})


def test_every_address_has_one_owner(app: Flask) -> None:
    owned = [
        (str(rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS"}
    ]
    assert len(owned) > 40
    assert len(set(owned)) == len(owned)


def test_any_wsgi_server_finds_it(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = runpy.run_path(str(ROOT / "wsgi.py"))
    assert {name for name in found if not name.startswith("_")} == {"app", "create_app"}
    assert Visitor(found["app"]).get("/readyz").status_code == 200
    with found["app"].app_context():
        db.close()


def test_importing_the_package_loads_no_framework() -> None:
    script = (
        "import sys, blog, blog.errors, blog.markup.renderer\n"
        "heavy = {'flask', 'sqlalchemy', 'wtforms', 'redis'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
    )
    run = [sys.executable, "-c", script]
    found = subprocess.run(run, env=os.environ, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
