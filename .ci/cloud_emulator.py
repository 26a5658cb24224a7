#!/usr/bin/env python3
"""Starts the local AWS of .ci/cloud, or the proxy that puts faults before it: cloud_emulator.py ministack|microburst [OPTIONS].

Both are as their authors made them (pinned in requirements-cloud.txt) but for what is changed here: where ministack is laxer than AWS, so that a
wrong role would pass; where it is stricter or has a gap, so that what is right would not; and where the functions' moved clock would be in its way.
A change whose place is not there any more fails at the start.
"""

import asyncio
import contextvars
import datetime
import functools
import itertools
import json
import os
import re
import sys
import time
import urllib.parse
from collections import Counter
from email.utils import parseaddr
from pathlib import Path

# The partition key of our tables, and that of their index of what is due.
PARTITION, INDEX_PARTITION = "pk", "due_kind"


def instead_of(owner, name):
    """Puts the decorated function in the place of one of a module or class, and hands it the replaced one as its first argument."""

    def put(function):
        plain = getattr(owner, name)

        @functools.wraps(plain)
        def changed(*arguments, **options):
            return function(plain, *arguments, **options)

        setattr(owner, name, changed)
        return plain

    return put


# ---- microburst ------------------------------------------------------------------------------------------------------


def microburst():
    from microburst import cli, forward

    # It would send its own Host, and no signature of a function would survive that.
    @instead_of(forward.Upstream, "_outbound_headers")
    def _(plain, self, request):
        return plain(self, request) | {"host": request.headers["Host"]}

    return cli.main()


# ---- ministack: time -------------------------------------------------------------------------------------------------


class MovedTime:
    """The module `time`, ahead as the functions are."""

    def __getattr__(self, name):
        return getattr(time, name)

    def time(self):
        ahead = re.match(r"[+-]\d+(\.\d+)?", Path(os.environ["FAKETIME_TIMESTAMP_FILE"]).read_text())
        return time.time() + float(ahead[0] if ahead else 0)


def mend_time():
    """A function's clock may be months ahead: its signatures would be refused and its deadline would be long over."""
    from ministack.core import lambda_runtime, sigv4

    @instead_of(sigv4, "request_time_failure")
    def _(plain, signature, *, now=None):
        return None

    assert lambda_runtime.time is time
    lambda_runtime.time = MovedTime()


# ---- ministack: functions --------------------------------------------------------------------------------------------


def mend_functions():
    from ministack.services import lambda_svc

    # Lambda tells a function how it is to log. The clock is only the functions', so it does not stand in ministack's own environment.
    @instead_of(lambda_svc, "_provided_worker_env")
    def _(plain, config, code_dir, port):
        logging = config.get("LoggingConfig") or {}
        told = {"AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"), "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO")}
        return plain(config, code_dir, port) | told | {"LD_PRELOAD": os.environ["CLOUD_PRELOAD"]}

    # A stream's batch: ministack takes items that failed for done, and retries a failed batch for ever.
    # Lambda retries as often as the mapping says (here the whole batch), then puts it aside.
    failures = Counter()

    @instead_of(lambda_svc, "_execute_function")
    def _(plain, function, event):
        result = plain(function, event)
        records = event.get("Records") or [{}] if isinstance(event, dict) else [{}]
        body = result.get("body")
        failed = result.get("error") or (isinstance(body, dict) and body.get("batchItemFailures"))
        if records[0].get("eventSource") != "aws:dynamodb" or not failed:
            return result
        stream, batch = records[0]["eventSourceARN"], records[0]["dynamodb"]["SequenceNumber"]
        mapping = next(it for _, _, it in lambda_svc._iter_all_esms() if it["EventSourceArn"] == stream)
        failures[batch] += 1
        if failures[batch] <= mapping.get("MaximumRetryAttempts", -1) % 10_000:
            return result | {"error": True, "body": {"errorType": "Failed", "errorMessage": f"failed {failures[batch]} times: {body}"}}
        lambda_svc._send_ddb_stream_failure_record(mapping, function, records, stream, result, "RetryAttemptsExhausted")
        return {"body": {}, "log": result.get("log", "")}


# ---- ministack: permissions ------------------------------------------------------------------------------------------


class Resource(str):
    """A resource's ARN with the condition keys that the request has for it, and with further resources that the action needs."""

    context, further = {}, ()

    @classmethod
    def of(cls, arn, context, further=()):
        made = cls(arn)
        made.context, made.further = context, tuple(further)
        return made


def leading_key(request):
    """dynamodb:LeadingKeys of a request or of a part of a transaction. What is not understood is a key that nobody may touch."""
    item = request.get("Key") or request.get("Item")
    if item:
        return item.get(PARTITION, {}).get("S", "?")
    names, values = request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {}
    wanted = INDEX_PARTITION if request.get("IndexName") else PARTITION
    for name, value in re.findall(r"(#?\w+)\s*=\s*(:\w+)", request.get("KeyConditionExpression", "")):
        if names.get(name, name) == wanted:
            return values.get(value, {}).get("S", "?")
    return "?"


def mend_permissions():
    """Conditions and resources that ministack does not know, and keys that a service uses in its caller's name."""
    from ministack.core import iam_actions, iam_evaluator, responses
    from ministack.services import dynamodb, kms, ssm

    caller = contextvars.ContextVar("caller")

    @instead_of(iam_actions, "dynamodb_service_context")
    def _(plain, body):
        request = json.loads(body or b"{}")
        one = "TableName" in request and any(part in request for part in ("Key", "Item", "KeyConditionExpression"))
        return plain(body) | ({"dynamodb:LeadingKeys": [leading_key(request)]} if one else {})

    # Each part of a transaction is asked for with its own key.
    @instead_of(iam_actions, "dynamodb_transaction_checks")
    def _(plain, iam_action, body, region, account_id):
        checks = []
        for part in json.loads(body or b"{}").get("TransactItems", []):
            keys = {"dynamodb:LeadingKeys": [leading_key(*part.values())]}
            alone = json.dumps({"TransactItems": [part]}).encode()
            checks += [(action, Resource.of(arn, keys)) for action, arn in plain(iam_action, alone, region, account_id)]
        return checks

    # What is asked for besides a whole log group, a whole table and `*`.
    @instead_of(iam_actions, "extract_resource_arn")
    def _(plain, service, method, path, headers, body, query_params, region, account_id):
        found = plain(service, method, path, headers, body, query_params, region, account_id)
        if service == "ses":
            form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace")))
            return sending(form, f"arn:aws:ses:{region}:{account_id}:") if form.get("Action") == "SendEmail" else found
        if service in ("logs", "dynamodbstreams") and body:
            request = json.loads(body)
            if "logStreamName" in request and ":log-group:" in found:
                return f"{found}:log-stream:{request['logStreamName']}"
            return request.get("StreamArn", found)
        return found

    def sending(form, prefix):
        """The sender's identity, and the configuration set."""
        address = parseaddr(form.get("Source", ""))[1]
        sets = [prefix + "configuration-set/" + form[name] for name in ("ConfigurationSetName",) if name in form]
        return Resource.of(prefix + "identity/" + address.rpartition("@")[2], {"ses:FromAddress": address}, sets)

    @instead_of(iam_evaluator, "enforce")
    def _(plain, access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        # An Authorization that is no signature, as a bearer token, would make its sender root.
        if iam_action == "execute-api:Invoke" and not access_key_id:
            return iam_evaluator.AuthError("MissingAuthenticationToken", "Forbidden")
        caller.set(access_key_id)
        context = (service_context or {}) | getattr(resource_arn, "context", {})
        for arn in (resource_arn, *getattr(resource_arn, "further", ())):
            if denied := plain(access_key_id, iam_action, service, region, resource_arn=str(arn), service_context=context):
                return denied
        # DynamoDB opens a table with its caller's permission for the table's key.
        table = re.search(r":table/([^/]+)(/index/[^/]+)?$", resource_arn) if service == "dynamodb" else None
        key = ((dynamodb._tables.get(table[1]) or {}).get("SSEDescription") or {}).get("KMSMasterKeyArn") if table else None
        return may_use(key, "dynamodb", "aws:dynamodb:tableName", table[1]) if key else None

    def may_use(key, service, name, value):
        """None when the caller may have the key used through a service, with this encryption context; otherwise the refusal."""
        region = responses.get_region()
        context = {"kms:ViaService": f"{service}.{region}.amazonaws.com", f"kms:EncryptionContext:{name}": value}
        arn = kms._resolve_key(key)["Arn"]
        return iam_evaluator.enforce(caller.get(), "kms:Decrypt", "kms", region, resource_arn=arn, service_context=context)

    # ministack hands a sealed parameter to whoever may read it.
    @instead_of(ssm, "_get_parameter")
    def _(plain, data):
        parameter, _ = ssm._select_parameter(data.get("Name"))
        if parameter and parameter["Type"] == "SecureString" and data.get("WithDecryption"):
            if may_use(parameter["KeyId"], "ssm", "PARAMETER_ARN", parameter["ARN"]):
                return responses.error_response_json("AccessDeniedException", "The parameter's key may not be used.", 400)
        return plain(data)


# ---- ministack: mail -------------------------------------------------------------------------------------------------


def mend_mail():
    """Configuration sets are the same in both of SES's APIs, and what comes back of a mail goes to their topics."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import ses, ses_v2, sns

    @instead_of(ses, "_send_email")
    def _(plain, params):
        known = ses._p(params, "ConfigurationSetName") in ses_v2._config_sets
        answer = plain({name: value for name, value in params.items() if not (known and name == "ConfigurationSetName")})
        taken = re.search(rb"<MessageId>([^<]+)<", answer[2])
        if taken:
            for recipient in ses._collect_list(params, "Destination.ToAddresses.member"):
                tell(params, taken[1].decode(), parseaddr(recipient)[1])
        return answer

    def tell(params, message, recipient):
        """Events for the addresses of the mailbox simulator, as the configuration set wants them."""
        name, (local, _, domain) = ses._p(params, "ConfigurationSetName"), recipient.partition("@")
        outcomes = ses._SIMULATOR_OUTCOMES.get(local.partition("+")[0], ()) if domain == ses._SIMULATOR_DOMAIN else ()
        destinations = (ses_v2._config_sets.get(name) or {}).get("EventDestinations") or {}
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        tags = {"ses:configuration-set": [name]}
        for n in range(1, 51):
            if tag := ses._p(params, f"Tags.member.{n}.Name"):
                tags[tag] = [ses._p(params, f"Tags.member.{n}.Value")]
        mail = {"timestamp": now, "messageId": message, "source": ses._p(params, "Source"), "destination": [recipient], "tags": tags}
        owner = f"arn:aws:ses:{get_region()}:{get_account_id()}:configuration-set/{name}"
        for (kind, detail), it in itertools.product(outcomes, destinations.values()):
            topic = (it.get("SnsDestination") or {}).get("TopicArn", "")
            allowed = sns.topic_policy_allows(topic, "ses.amazonaws.com", owner, get_account_id())
            if it["Enabled"] and kind.upper() in it["MatchingEventTypes"] and allowed:
                event = {"eventType": kind, "mail": mail} | ses._notification_detail(kind, recipient, now, detail)
                sns.publish_internal(topic, json.dumps(event), "Amazon SES Email Event Notification")


def ministack():
    import hypercorn.config
    from ministack import app

    hypercorn.config.Config.accesslog = os.environ["CLOUD_ACCESS_LOG"]

    # Terraform's provider drops a connection whose answer comes within half a millisecond, and asks again: one of 500 requests,
    # and a second creation is refused. No AWS is that fast.
    plain = app.app

    async def unhurried(scope, receive, send):
        if any(name == b"user-agent" and b"Terraform" in value for name, value in scope.get("headers", [])):
            await asyncio.sleep(0.01)
        await plain(scope, receive, send)

    app.app = unhurried
    mend_time()
    mend_functions()
    mend_permissions()
    mend_mail()
    return app.main()


if __name__ == "__main__":
    sys.exit({"ministack": ministack, "microburst": microburst}[sys.argv.pop(1)]())
