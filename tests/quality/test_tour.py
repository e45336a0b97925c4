"""The tour leaves nothing out."""

from tests.quality.tour import Tour, unvisited


def test_every_page_there_is_has_been_looked_at(tour: Tour) -> None:
    assert unvisited(tour) == []


def test_a_page_that_was_left_out_is_missed(tour: Tour) -> None:
    tour.routes.remove("/contact")
    tour.templates.remove("admin/mail.html")
    try:
        assert unvisited(tour) == ["/contact", "admin/mail.html"]
    finally:
        tour.routes.add("/contact")
        tour.templates.add("admin/mail.html")
