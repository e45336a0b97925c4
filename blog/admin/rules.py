"""The rules page: what is held by words of the author's own, tried on the past before it is made."""

from __future__ import annotations

from flask import Response, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, templating, urls
from blog.admin.desk import admin, back_to, desk, require
from blog.comments import rules
from blog.comments.rules import RuleKind, Trial
from blog.errors import Invalid
from blog.forms import RuleForm
from blog.permissions import Action
from blog.spam import Answer

PATH = "/admin/rules"


@admin.route("/rules", methods=["GET", "POST"])
def show_rules() -> AnyResponse:
    """List the rules, and make one: first tried, then made."""
    by = require(Action.JUDGE_ALL)
    form, now = RuleForm(), db.utc_now()
    if request.method == "GET" or not form.validate_on_submit():
        return _page(form, None)
    kind, answer = RuleKind(form.kind.data), Answer(form.answer.data)
    try:
        if "make" not in request.form:
            return _page(form, _said(rules.try_out(kind, form.pattern.data), answer))
        with db.writing():
            rule = rules.add(
                kind,
                form.pattern.data,
                answer,
                note=form.note.data,
                days=form.lives_days,
                by=by,
                now=now,
            )
            sentence = f"The rule for “{rule.pattern}” is made."
    except Invalid as error:
        form.pattern.errors = [error.fields["pattern"]]
        return _page(form, None)
    return back_to(PATH, sentence)


def _page(form: RuleForm, trial: str | None) -> Response:
    page = desk("rules.html", form=form, trial=trial, rules=rules.every(now=db.utc_now()))
    return make_response(page, 422 if form.errors else 200)


_WOULD = {Answer.HOLD: "held", Answer.SPAM: "put into spam", Answer.REJECT: "turned away"}


def _said(trial: Trial, answer: Answer) -> str:
    """Say what a rule would have done."""
    if not trial.looked_at:
        return "No comment has been decided yet, so this rule can’t be tried on any."
    last = templating.count(trial.looked_at, "decided comment")
    hit = f"This would have {_WOULD[answer]} {trial.hit or 'none'} of your last {last}"
    if not trial.hit:
        return f"{hit}."
    approved = f"{trial.approved}" if trial.approved else "none"
    return f"{hit}, {approved} of which you approved."


@admin.post(f"/rules/<{urls.ROW}:rule_id>/removal")
def remove_rule(rule_id: int) -> AnyResponse:
    """Take a rule away."""
    by = require(Action.JUDGE_ALL)
    with db.writing():
        gone = rules.remove(rule_id, by=by, now=db.utc_now())
    return back_to(PATH, "The rule is removed." if gone else "That rule was gone already.")
