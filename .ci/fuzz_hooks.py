"""What schemathesis cannot know of this product."""

import datetime
import itertools
import json
import os
import re

import schemathesis

# Refusals of a request whose form is right: only the data decides. The document declares each of them. A refusal of the form
# itself (invalid-field, unknown-field, missing-field, malformed-json, ...) is not among them: where a request that the document
# allows gets one of those, document and behaviour differ. This list may only shrink, unless a new code is of this kind.
DATA_DECIDES = {
    "account-refused",  # what is a name, a fiscal code's check letter, a VAT number's check digit
    "email-refused",  # what is an address that mail can be sent to
    "access-refused",  # an instant too far ahead or back, and a success with a reason of failure
    "body-too-large",  # bytes on the way: the document can only bound characters, and JSON may write one of them in twelve bytes
    "confirmation-mismatch",  # two fields that must be equal
    "cursor-invalid",  # a cursor is a token: a made-up one is never good
    "idempotency-mismatch",  # the same key with another body
    "link-not-valid",  # a link's token: a made-up one is never good
    "period-refused",  # two days, the first of which comes after the last
    "person-refused",  # a fiscal code has a check letter, and exactly one of two codes is given
    "proof-unclear",  # exactly one of two proofs is given
    "password-refused",  # the rules of passwords
    "residence-refused",  # what a country asks of postal code and province, and words that are only white space
}

# What is confirmed by the password or by a code, whichever the holder's credentials ask for: the document cannot say which of the two misses.
# The fuzzer's holder has no second factor, and its one password would be locked by wrong ones: it sends codes only.
CONFIRMED = {
    "selfcare.identity.suspend",
    "selfcare.identity.reactivate",
    "selfcare.identity.revoke",
    "selfcare.adult-choice.make",
    "selfcare.credential.suspend",
    "selfcare.credential.reactivate",
    "selfcare.credential.revoke",
    "selfcare.otp-app.enrol",
    "selfcare.sso-qr.remove",
}

# What is proved by the customer's password.
PROVED = {
    "customer.account.email.change",
    "customer.account.otp.enrol",
    "customer.account.otp.remove",
    "customer.account.password.change",
}

VISIBLE = re.compile(r"[!#-\[\]-~]{1,255}")
KEYS = itertools.count()
RECENT = itertools.cycle([True, True, False])
ACCEPTED = itertools.cycle(["application/json", "text/calendar"])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure but a right request's refusal for its data."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    try:
        code = json.loads(response.content).get("code")
        return code not in DATA_DECIDES and not (code == "missing-field" and operation_of(case) in CONFIRMED)
    except (ValueError, AttributeError):
        return True


def operation_of(case):
    return case.operation.definition.raw.get("operationId")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives each request an Idempotency-Key of its own, and asks for both types of an answer that has two.

    Generated keys are all alike ("0"): without this most requests would be refused as another one under the same key.
    A key that is wrong in form stays, since that is what such a case is about.
    """
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and VISIBLE.fullmatch(key):
        case.headers["Idempotency-Key"] = f"fuzz-{next(KEYS)}-{key}"[:255]
    if operation_of(case) in CONFIRMED and isinstance(case.body, dict) and isinstance(case.body.get("password"), str):
        del case.body["password"]
    # It learns its own usernames from answers, and would lock itself out with wrong passwords.
    if isinstance(case.body, dict) and str(case.body.get("username")).strip().lower() in {os.environ["HOLDER"], os.environ["CUSTOMER"]}:
        case.body["username"] = "nobody@example.it"
    # The customer's own password, which wrong ones would lock; and data of the account without codes that check themselves.
    if operation_of(case) in PROVED and isinstance(case.body, dict):
        for field in ("password", "current"):
            if isinstance(case.body.get(field), str):
                case.body[field] = os.environ["PASSWORD"]
        # A new password that obeys every rule would be the customer's from then on.
        if "new" in case.body and case.body["new"] == case.body.get("confirmation"):
            case.body["confirmation"] = "another"
    if operation_of(case) == "customer.account.change" and isinstance(case.body, dict) and next(RECENT):
        for field in ("fiscalCode", "vatNumber", "address", "companyName"):
            case.body.pop(field, None)
    # Instants at random are never recent: without this no access would ever be recorded.
    if operation_of(case) == "internal.access.record" and isinstance(case.body, dict) and isinstance(case.body.get("accesses"), list):
        for access in case.body["accesses"]:
            if isinstance(access, dict) and isinstance(access.get("at"), str) and next(RECENT):
                access["at"] = datetime.datetime.now(datetime.timezone.utc).isoformat()
                if access.get("outcome") == "success":
                    access.pop("failureReason", None)
    if operation_of(case) == "selfcare.deadline.list" and "Accept" not in case.headers:
        case.headers["Accept"] = next(ACCEPTED)
