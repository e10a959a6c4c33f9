"""Starting and stopping templates."""

from apps.core.transactions import in_transaction
from apps.coupons.errors import TemplateConflict, TemplateIncomplete, TemplateUnknown
from apps.coupons.models import Template
from apps.coupons.rules import faults
from apps.coupons.selectors import terms_of

Status = Template.Status


@in_transaction
def template_activate(*, template_id: int) -> Template:
    """Let coupons of a template be had, or let it apply itself; its terms are fixed from now on.

    One that was stopped goes on. Raises TemplateUnknown, TemplateIncomplete. Locks the template.
    """
    template = _lock(template_id)
    found = faults(terms_of(template))
    if template.applies == Template.Applies.AUTOMATIC:
        if template.code_source == Template.CodeSource.POOL or template.is_public:
            found.append("What applies by itself has no codes and cannot be claimed.")
        if template.issued:
            found.append("There are coupons of it, so it cannot apply by itself.")
    if found:
        raise TemplateIncomplete(" ".join(found))
    template.status = Status.ACTIVE
    template.save(update_fields=["status"])
    return template


@in_transaction
def template_stop(*, template_id: int) -> Template:
    """No more coupons of this template, and it no longer applies itself.

    Coupons in hand are promises and stay good. Raises TemplateUnknown, TemplateConflict for a draft.
    Locks the template.
    """
    template = _lock(template_id)
    if template.status == Status.DRAFT:
        raise TemplateConflict("A draft is not in use, so there is nothing to stop.")
    template.status = Status.STOPPED
    template.save(update_fields=["status"])
    return template


def _lock(template_id: int) -> Template:
    rows = Template.objects.select_for_update(of=("self",), no_key=True).filter(pk=template_id)
    template = rows.first()
    if template is None:
        raise TemplateUnknown()
    return template
