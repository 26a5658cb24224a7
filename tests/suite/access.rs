//! The access history (rules 55-58): recorded once, in one chain, listed, counted, told of.

use jiff::civil::{Date, Weekday, date};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sportello_contract::problem::Language;
use sportello_contract::spec::Table;
use sportello_local::demo::{Account, NewHolder, active};
use sportello_rules::access::kept_from;
use sportello_rules::calendar::{date_of, end_of_day, start_of_day};
use sportello_rules::identity::IdentityState;
use sportello_rules::service::CredentialKind;
use sportello_store::meter::Kind;
use sportello_tests::{Answer, Request, World, at_once};

/// The present instant to the millisecond, as instants are kept; the clock goes on meanwhile.
fn present(world: &World) -> Timestamp {
    Timestamp::from_millisecond(world.now().as_millisecond()).unwrap()
}

/// A holder with one factor, signed in.
async fn signed_in(world: &World) -> (Account, String) {
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    (account, token)
}

fn results(answer: &Answer) -> Vec<&str> {
    answer.body["results"].as_array().unwrap().iter().map(|result| result["result"].as_str().unwrap()).collect()
}

async fn stored(world: &World, accesses: &[Value]) {
    let answer = world.record(accesses).await.expect(200);
    assert!(results(&answer).iter().all(|result| *result == "stored"), "{answer:?}");
}

/// Accesses of one account at these minutes before now, oldest first; every third one failed.
fn some(now: Timestamp, account: &Account, minutes: &[i64]) -> Vec<Value> {
    let each = minutes.iter().enumerate().map(|(index, minute)| {
        let mut access = World::access(&format!("_{}-{index}", account.username.replace('@', "-")), account, now - SignedDuration::from_mins(*minute));
        if index % 3 == 2 {
            access["outcome"] = json!("failure");
            access["failureReason"] = json!("timed-out");
        }
        access
    });
    each.collect()
}

async fn list(world: &World, token: &str, query: &str) -> Answer {
    world.get(format!("/v1/selfcare/accesses{query}"), token).await.expect(200)
}

fn instants(answer: &Answer) -> Vec<Timestamp> {
    answer.body["items"].as_array().unwrap().iter().map(|item| item["at"].as_str().unwrap().parse().unwrap()).collect()
}

async fn statistics(world: &World, token: &str) -> Value {
    world.get("/v1/selfcare/accesses/statistics", token).await.expect(200).body
}

async fn chain(world: &World, token: &str) -> Value {
    world.get("/v1/selfcare/accesses/statistics?verify=true", token).await.expect(200).body["chain"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_is_recorded_once_and_shown_as_it_was() {
    let world = World::new().await;
    let now = present(&world);
    let (account, token) = signed_in(&world).await;
    assert_eq!(statistics(&world, &token).await, json!({ "total": 0, "successes": 0, "failures": 0 }));
    assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 0 }));
    let mut access = World::access("_a1", &account, now);
    access["outcome"] = json!("failure");
    access["failureReason"] = json!("consent-denied");
    assert_eq!(results(&world.record(std::slice::from_ref(&access)).await.expect(200)), ["stored"]);
    assert_eq!(results(&world.record(std::slice::from_ref(&access)).await.expect(200)), ["duplicate"]);
    for (field, value) in [
        ("serviceProvider", json!({ "entityId": "https://altro.example", "name": "Comune di Esempio" })),
        ("level", json!("l1")),
        ("at", json!(now - SignedDuration::from_secs(1))),
        ("failureReason", json!("timed-out")),
    ] {
        let mut other = access.clone();
        other[field] = value;
        assert_eq!(results(&world.record(&[other]).await.expect(200)), ["conflict"], "{field}");
    }
    let listed = list(&world, &token, "").await;
    let expected = json!({ "items": [{
        "at": access["at"], "outcome": "failure", "level": "l2", "credential": "otp-app", "failureReason": "consent-denied", "serviceProvider": access["serviceProvider"],
    }] });
    assert_eq!(listed.body, expected);
    let last = json!({ "at": access["at"], "outcome": "failure", "level": "l2", "serviceProvider": access["serviceProvider"] });
    assert_eq!(statistics(&world, &token).await, json!({ "total": 1, "successes": 0, "failures": 1, "lastAccess": last }));
    assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 1 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_answered_for_each_and_chained_for_each_identity() {
    let world = World::new().await;
    let now = present(&world);
    let ((anna, anna_token), (ugo, ugo_token)) = (signed_in(&world).await, signed_in(&world).await);
    let nobody = Account { username: "nessuno@example.it".into(), ..anna.clone() };
    let ago = |minutes| now - SignedDuration::from_mins(minutes);
    let of = |id: &str, account: &Account, minutes| World::access(id, account, ago(minutes));
    // A name that only looks different, an id twice, an id of somebody else's.
    let shouting = Account { username: anna.username.to_uppercase(), ..anna.clone() };
    let batch = [
        of("b1", &anna, 9),
        of("b2", &ugo, 8),
        of("b3", &nobody, 7),
        of("b4", &shouting, 6),
        of("b1", &anna, 9),
        of("b1", &anna, 5),
        of("b2", &anna, 8),
        of("b5", &ugo, 4),
    ];
    let answer = world.record(&batch).await.expect(200);
    // The identities come one after the other: Anna was first with b2.
    assert_eq!(results(&answer), ["stored", "conflict", "unknown-identity", "stored", "duplicate", "conflict", "stored", "stored"]);
    let ids: Vec<&str> = answer.body["results"].as_array().unwrap().iter().map(|result| result["requestId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["b1", "b2", "b3", "b4", "b1", "b1", "b2", "b5"]);
    assert_eq!(instants(&list(&world, &anna_token, "").await), [ago(6), ago(8), ago(9)]);
    assert_eq!(instants(&list(&world, &ugo_token, "").await), [ago(4)]);
    for (token, checked) in [(&anna_token, 3), (&ugo_token, 1)] {
        assert_eq!(chain(&world, token).await, json!({ "intact": true, "checked": checked }));
    }
    assert_eq!(results(&world.record(&batch).await.expect(200))[3], "duplicate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_whole_and_names_its_field() {
    let world = World::new().await;
    let now = present(&world);
    let (account, token) = signed_in(&world).await;
    let many: Vec<Value> = (0..26).map(|number| World::access(&format!("m{number}"), &account, now)).collect();
    assert_eq!(world.record(&many).await.refused(400, "invalid-field").text_at("/field"), "accesses");
    assert_eq!(world.record(&[]).await.refused(400, "invalid-field").text_at("/field"), "accesses");
    let with = |field: &str, value: Value| {
        let mut access = World::access("x1", &account, now);
        access[field] = value;
        vec![World::access("x0", &account, now), access]
    };
    let kept = kept_from(now, &world.policy().access);
    for (status, code, field, accesses) in [
        (422, "access-refused", "accesses[1].at", with("at", json!(now + SignedDuration::from_secs(330)))),
        (422, "access-refused", "accesses[1].at", with("at", json!(kept - SignedDuration::from_millis(1)))),
        (422, "access-refused", "accesses[1].failureReason", with("failureReason", json!("blocked"))),
        (400, "invalid-field", "accesses[1].at", with("at", json!("ieri"))),
        (400, "invalid-field", "accesses[1].requestId", with("requestId", json!("a/b"))),
        (400, "invalid-field", "accesses[1].requestId", with("requestId", json!("x".repeat(65)))),
        (400, "invalid-field", "accesses[1].level", with("level", json!("l4"))),
        (400, "invalid-field", "accesses[1].credential", with("credential", json!("fingerprint"))),
        (400, "invalid-field", "accesses[1].outcome", with("outcome", json!("maybe"))),
        (400, "unknown-field", "accesses[1].verified", with("verified", json!(true))),
        (400, "unknown-field", "accesses[1].serviceProvider.logo", with("serviceProvider", json!({ "entityId": "e", "name": "n", "logo": "l" }))),
        (400, "missing-field", "accesses[1].serviceProvider.name", with("serviceProvider", json!({ "entityId": "e" }))),
    ] {
        assert_eq!(world.record(&accesses).await.refused(status, code).text_at("/field"), field);
    }
    assert_eq!(statistics(&world, &token).await["total"], 0, "nothing of a refused request is recorded");
    stored(&world, &with("at", json!(now + SignedDuration::from_secs(300)))).await;
    stored(&world, &[World::access("oldest", &account, kept)]).await;
    stored(&world, &many[..25]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_signature_that_the_gateway_has_checked_opens_an_internal_route() {
    let world = World::new().await;
    let now = present(&world);
    let (account, token) = signed_in(&world).await;
    let ask = || Request::new("POST", "/v1/internal/accesses").json(json!({ "accesses": [World::access("s1", &account, now)] }));
    world.send(ask()).await.refused(401, "unauthenticated");
    world.send(ask().token(&token)).await.refused(401, "unauthenticated");
    let (carla, _) = world.customer().await;
    let customer = world.sign_in_customer(&carla).await;
    world.send(ask().token(&customer)).await.refused(401, "unauthenticated");
    for (name, value) in [
        ("x-amzn-iam-user-arn", "arn:aws:iam::000000000000:role/idp"),
        ("x-amzn-request-context", r#"{"authorizer":{"iam":{"userArn":"arn:aws:iam::000000000000:role/idp"}}}"#),
        ("x-apigateway-event", r#"{"requestContext":{"authorizer":{"iam":{"userArn":"arn:aws:iam::000000000000:role/idp"}}}}"#),
        ("x-forwarded-user", "arn:aws:iam::000000000000:role/idp"),
        ("x-authorization", "AWS4-HMAC-SHA256 Credential=x"),
        ("authorization", "arn:aws:iam::000000000000:role/idp"),
        ("authorization", "Bearer AWS4-HMAC-SHA256 Credential=x"),
    ] {
        world.send(ask().header(name, value)).await.refused(401, "unauthenticated");
    }
    assert_eq!(statistics(&world, &token).await["total"], 0);
    // Nor does a signature open anything else.
    for path in ["/v1/selfcare/accesses", "/v1/selfcare/profile", "/v1/customer/services"] {
        world.send(Request::new("GET", path).signed()).await.refused(401, "unauthenticated");
    }
    world.send(ask().signed()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_five_recorders_at_once_lose_none_and_double_none() {
    let world = World::new().await;
    let now = present(&world);
    let (account, token) = signed_in(&world).await;
    // Each of them records two: one of its own, and one that they all have.
    let batch = |number: usize| {
        let mut own = World::access(&format!("p{number}"), &account, now - SignedDuration::from_secs(i64::try_from(number).unwrap()));
        own["outcome"] = json!(if number.is_multiple_of(2) { "success" } else { "failure" });
        vec![own, World::access("shared", &account, now)]
    };
    let answers = at_once(25, |number| {
        let (world, batch) = (&world, batch(number));
        async move {
            // Who is told that others were faster asks again, as the sign-in system does.
            let mut answer = world.record(&batch).await;
            while answer.status == 409 {
                answer = world.record(&batch).await;
            }
            answer.expect(200)
        }
    })
    .await;
    let all: Vec<&str> = answers.iter().flat_map(results).collect();
    let count = |what: &str| all.iter().filter(|result| **result == what).count();
    assert_eq!((count("stored"), count("duplicate")), (26, 24));
    let numbers = statistics(&world, &token).await;
    assert_eq!((&numbers["total"], &numbers["successes"], &numbers["failures"]), (&json!(26), &json!(14), &json!(12)));
    assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 26 }));
    assert_eq!(instants(&list(&world, &token, "?limit=100").await).len(), 26);
}

/// The last Sunday of a month of last year, when Rome changes its clocks.
fn change_of_clocks(world: &World, month: i8) -> Date {
    let last = date(date_of(world.now()).year() - 1, month, 31);
    (0..7).map(|days| last - SignedDuration::from_hours(24 * days)).find(|day| day.weekday() == Weekday::Sunday).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_are_romes_with_both_ends_also_those_of_23_and_25_hours() {
    let world = World::new().await;
    for (month, hours) in [(3, 23), (10, 25)] {
        let (account, token) = signed_in(&world).await;
        let day = change_of_clocks(&world, month);
        let (begin, end) = (start_of_day(day), end_of_day(day));
        assert_eq!(end.duration_since(begin), SignedDuration::from_hours(hours));
        let moment = SignedDuration::from_millis(1);
        let at = [begin - moment, begin, begin + SignedDuration::from_mins(150), begin + SignedDuration::from_mins(210), end - moment, end];
        let accesses: Vec<Value> = at.iter().enumerate().map(|(index, at)| World::access(&format!("d{month}-{index}"), &account, *at)).collect();
        stored(&world, &accesses).await;
        let (before, after) = (day.yesterday().unwrap(), day.tomorrow().unwrap());
        let newest_first = |from: usize, to: usize| at[from..to].iter().rev().copied().collect::<Vec<_>>();
        for (query, expected) in [
            (format!("?from={day}&to={day}"), newest_first(1, 5)),
            (format!("?from={day}"), newest_first(1, 6)),
            (format!("?to={day}"), newest_first(0, 5)),
            (format!("?to={before}"), newest_first(0, 1)),
            (format!("?from={after}"), newest_first(5, 6)),
            (format!("?from={before}&to={after}"), newest_first(0, 6)),
        ] {
            assert_eq!(instants(&list(&world, &token, &query).await), expected, "{query}");
        }
        let refused = world.get(format!("/v1/selfcare/accesses?from={after}&to={day}"), &token).await.refused(422, "period-refused");
        assert_eq!(refused.text_at("/field"), "from");
        let odd = world.get(format!("/v1/selfcare/accesses?from={day}T00:00"), &token).await.refused(400, "invalid-field");
        assert_eq!(odd.text_at("/field"), "from");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_walked_both_ways_while_accesses_come() {
    let world = World::new().await;
    let now = present(&world);
    let (account, token) = signed_in(&world).await;
    let minutes: Vec<i64> = (10..17).rev().collect();
    // Two at the same millisecond, told apart by their requests.
    let mut accesses = some(now, &account, &minutes);
    accesses.push({
        let mut twin = accesses[3].clone();
        twin["requestId"] = json!("~twin");
        twin
    });
    stored(&world, &accesses).await;
    let page = async |cursor: Option<&str>| {
        let query = cursor.map_or_else(|| "?limit=3".to_owned(), |cursor| format!("?limit=3&cursor={cursor}"));
        list(&world, &token, &query).await
    };
    let whole = instants(&list(&world, &token, "?limit=100").await);
    assert_eq!(whole.len(), 8);
    let first = page(None).await;
    assert!(first.body.get("previous").is_none());
    let second = page(Some(&first.text_at("/next"))).await;
    stored(&world, &[World::access("new-1", &account, now), World::access("new-2", &account, now)]).await;
    let third = page(Some(&second.text_at("/next"))).await;
    assert!(third.body.get("next").is_none(), "the end");
    let walked: Vec<Timestamp> = [&first, &second, &third].into_iter().flat_map(instants).collect();
    assert_eq!(walked, whole, "each once, in order, whatever came meanwhile");
    let back = page(Some(&third.text_at("/previous"))).await;
    assert_eq!(back.body["items"], second.body["items"]);
    let front = page(Some(&back.text_at("/previous"))).await;
    assert_eq!(front.body["items"], first.body["items"]);
    let new = page(Some(&front.text_at("/previous"))).await;
    assert_eq!(instants(&new), [now, now]);
    assert!(new.body.get("previous").is_none());
    assert_eq!(page(Some(&new.text_at("/next"))).await.body["items"], first.body["items"]);
    // A cursor is of one list, and of one holder.
    let next = first.text_at("/next");
    for query in ["outcome=success", "from=2026-01-01", "to=2999-01-01"] {
        world.get(format!("/v1/selfcare/accesses?limit=3&{query}&cursor={next}"), &token).await.refused(400, "cursor-invalid");
    }
    let (_, stranger) = signed_in(&world).await;
    world.get(format!("/v1/selfcare/accesses?limit=3&cursor={next}"), &stranger).await.refused(400, "cursor-invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_only_cost_what_they_show() {
    let world = World::new().await;
    let now = present(&world);
    let (account, token) = signed_in(&world).await;
    for round in 0..8 {
        let accesses: Vec<Value> = (0..25)
            .map(|number| {
                let mut access = World::access(&format!("f{round}-{number}"), &account, now - SignedDuration::from_mins(round * 25 + number));
                access["outcome"] = json!(if number == 7 { "failure" } else { "success" });
                access
            })
            .collect();
        stored(&world, &accesses).await;
    }
    let failures = list(&world, &token, "?outcome=failure&limit=2").await;
    let observed = world.stack.shared.observed.all();
    let trips = &observed.iter().rev().find(|invocation| invocation.id == "selfcare.access.list").unwrap().trips;
    let history: Vec<_> = trips.iter().filter(|trip| trip.grants.iter().any(|grant| grant.table == Table::Accesses)).collect();
    assert_eq!(history.len(), 1, "{trips:?}");
    assert!(history[0].capacity <= 1.0 && history[0].kind == Kind::Read, "of 200 records four are read: {trips:?}");
    assert_eq!(instants(&failures).len(), 2);
    assert!(failures.body["items"].as_array().unwrap().iter().all(|item| item["outcome"] == "failure"));
    let rest = list(&world, &token, &format!("?outcome=failure&limit=100&cursor={}", failures.text_at("/next"))).await;
    assert_eq!(instants(&rest).len(), 6);
    assert_eq!(instants(&list(&world, &token, "?outcome=success&limit=100").await).len(), 100);
    let numbers = statistics(&world, &token).await;
    assert_eq!((&numbers["total"], &numbers["failures"]), (&json!(200), &json!(8)));
    assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 200 }));
}

/// The items of a holder's history as the database has them, oldest first by their place in the chain.
async fn behind(world: &World, account: &Account) -> Vec<Value> {
    let table = world.stack.shared.app.store.table(Table::Accesses);
    let values = json!({ ":pk": { "S": world.owner(account).pk() } });
    let found = world.behind("Query", json!({ "TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values })).await;
    let mut items = found["Items"].as_array().unwrap().clone();
    items.sort_by_key(|item| item["sequence"]["N"].as_str().unwrap().parse::<u64>().unwrap());
    items
}

async fn delete(world: &World, item: &Value) {
    let table = world.stack.shared.app.store.table(Table::Accesses);
    world.behind("DeleteItem", json!({ "TableName": table, "Key": { "pk": item["pk"], "sk": item["sk"] } })).await;
}

async fn put(world: &World, item: &Value) {
    world.behind("PutItem", json!({ "TableName": world.stack.shared.app.store.table(Table::Accesses), "Item": item })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_changes_the_history_behind_our_back_is_noticed() {
    let world = World::new().await;
    let now = present(&world);
    for what in ["altered", "moved", "turned into a success", "middle", "newest", "oldest", "all", "exchanged", "head"] {
        let (account, token) = signed_in(&world).await;
        // The third tells of something before the second: the chain is in the order of arrival.
        stored(&world, &some(now, &account, &[50, 30, 40, 20, 10])).await;
        assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 5 }), "{what}");
        let items = behind(&world, &account).await;
        let at = |minutes: i64| now - SignedDuration::from_mins(minutes);
        let expected = match what {
            "altered" => {
                let mut altered = items[1].clone();
                altered["sealed"] = items[0]["sealed"].clone();
                put(&world, &altered).await;
                Some(at(30))
            }
            "moved" => {
                let mut moved = items[1].clone();
                let key = moved["sk"]["S"].as_str().unwrap().replace(&at(30).as_millisecond().to_string(), &at(31).as_millisecond().to_string());
                moved["sk"]["S"] = json!(key);
                delete(&world, &items[1]).await;
                put(&world, &moved).await;
                Some(at(31))
            }
            "turned into a success" => {
                let mut turned = items[2].clone();
                turned["sk"]["S"] = json!(turned["sk"]["S"].as_str().unwrap().replacen('F', "S", 1));
                delete(&world, &items[2]).await;
                put(&world, &turned).await;
                Some(at(40))
            }
            "middle" => {
                delete(&world, &items[2]).await;
                Some(at(20))
            }
            "newest" => {
                delete(&world, &items[4]).await;
                None
            }
            "oldest" => {
                delete(&world, &items[0]).await;
                Some(at(30))
            }
            "all" => {
                for item in &items {
                    delete(&world, item).await;
                }
                None
            }
            "exchanged" => {
                for (one, other) in [(0, 1), (1, 0)] {
                    let mut exchanged = items[one].clone();
                    exchanged["sk"] = items[other]["sk"].clone();
                    put(&world, &exchanged).await;
                }
                Some(at(30))
            }
            _ => {
                // The newest goes, and the head is set back to what the record in front of it says.
                delete(&world, &items[4]).await;
                let table = world.stack.shared.app.store.table(Table::Identities);
                let key = json!({ "pk": items[4]["pk"], "sk": { "S": "ACCESSES" } });
                let values = json!({ ":hash": items[4]["previous_hash"], ":at": items[4]["previous_linked_at"], ":three": { "N": "3" } });
                let change = "SET newest = :hash, linked_at = :at, successes = :three";
                world.behind("UpdateItem", json!({ "TableName": table, "Key": key, "UpdateExpression": change, "ExpressionAttributeValues": values })).await;
                None
            }
        };
        let found = chain(&world, &token).await;
        assert_eq!(found["intact"], false, "{what}: {found}");
        if let Some(expected) = expected {
            assert_eq!(found["brokenAt"], json!(expected), "{what}");
        }
        assert!(found["brokenAt"].is_string(), "{what}");
        // What is left is still shown.
        list(&world, &token, "").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_the_months_is_not_shown_although_it_is_there() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let edge = kept_from(world.now(), &world.policy().access);
    let young = edge + SignedDuration::from_hours(54);
    let record = |id: &str, at| World::access(id, &account, at);
    stored(&world, &[record("r1", edge), record("r2", young)]).await;
    let token = world.sign_in(&account).await;
    assert_eq!(instants(&list(&world, &token, "").await), [young, edge]);
    // Two days: of one the months may make nothing, on the last day of a February.
    world.pass(2 * 86_400).await;
    let token = world.sign_in(&account).await;
    assert_eq!(instants(&list(&world, &token, "").await), [young]);
    let first_day = date_of(edge);
    assert_eq!(instants(&list(&world, &token, &format!("?from={first_day}")).await), [young], "no filter brings it back");
    assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 2 }));
    assert_eq!(statistics(&world, &token).await["total"], 2, "counted since the beginning");
    // What kept it from being recorded twice is over with it.
    world.record(&[record("r1", edge)]).await.refused(422, "access-refused");
    let now = present(&world);
    assert_eq!(results(&world.record(&[record("r1", now)]).await.expect(200)), ["stored"]);
    assert_eq!(results(&world.record(&[record("r2", now)]).await.expect(200)), ["conflict"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_may_be_tidied_away_and_what_is_not_may_not() {
    let mut policy = sportello_local::stack::local_policy();
    // Nobody's password or identity ends while two years pass.
    (policy.password.valid_days, policy.identity.inactivity_months) = (3650, 1200);
    let world = World::with(policy).await;
    let account = world.make(NewHolder { totp: false, document_expires_on: None, expires_on: None, ..world.holder() }).await;
    let begin = present(&world);
    stored(&world, &some(begin, &account, &[3])).await;
    let first = behind(&world, &account).await.remove(0);
    let tidied_at = Timestamp::from_second(first["ttl"]["N"].as_str().unwrap().parse().unwrap()).unwrap();
    world.pass(800 * 86_400).await;
    let now = present(&world);
    assert!(begin < kept_from(tidied_at, &world.policy().access) && tidied_at < now, "the database tidies what is shown no more, and then it does");
    stored(&world, &some(now, &account, &[3, 2, 1])[1..]).await;
    let token = world.sign_in(&account).await;
    assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 3 }));
    delete(&world, &first).await;
    assert_eq!(chain(&world, &token).await, json!({ "intact": true, "checked": 2 }), "over and gone");
    delete(&world, &behind(&world, &account).await[0]).await;
    assert_eq!(chain(&world, &token).await["intact"], false, "gone and not over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_holder_sees_nothing_of_it() {
    let world = World::new().await;
    let now = present(&world);
    let ((account, token), (_, stranger)) = (signed_in(&world).await, signed_in(&world).await);
    stored(&world, &some(now, &account, &[3, 2, 1])).await;
    assert_eq!(list(&world, &stranger, "").await.body, json!({ "items": [] }));
    assert_eq!(statistics(&world, &stranger).await, json!({ "total": 0, "successes": 0, "failures": 0 }));
    assert_eq!(instants(&list(&world, &token, "").await).len(), 3);
    // Nor does who reads the tables: where somebody went is sealed.
    let items = json!(behind(&world, &account).await).to_string();
    assert!(items.contains(&world.owner(&account).pk()) && !items.contains("Comune") && !items.contains("comune") && !items.contains("otp-app"));
}

async fn switch(world: &World, token: &str, credential: &str, enabled: bool) -> Answer {
    let path = format!("/v1/selfcare/credentials/{credential}/access-notice");
    world.send(Request::new("PUT", path).token(token).json(json!({ "enabled": enabled }))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accesses_are_told_by_mail_where_the_credentials_switch_is_on() {
    let world = World::new().await;
    let now = present(&world);
    for (language, done, failed, words) in [
        (Language::It, "Accesso a un servizio", "Accesso non riuscito", ["Servizio: Comune di Esempio", "Livello: 2"]),
        (Language::En, "Access to a service", "Failed access", ["Service: Comune di Esempio", "Level: 2"]),
    ] {
        let account = world.make(NewHolder { language, ..world.holder() }).await;
        let token = world.sign_in(&account).await;
        let mut accesses = some(now, &account, &[6, 5, 4, 3]);
        stored(&world, &accesses[..1]).await;
        assert_eq!(world.mails(&account).await.len(), 1, "of the new device; the switches begin off");
        switch(&world, &token, "otp-app", true).await.expect(204);
        switch(&world, &token, "otp-app", true).await.expect(204);
        accesses[3]["credential"] = json!("password");
        stored(&world, &accesses[1..]).await;
        let subjects = world.subjects(&account).await;
        assert_eq!(subjects.len(), 3, "{subjects:?}");
        assert!(subjects[..2].iter().any(|subject| subject.contains(done)) && subjects[..2].iter().any(|subject| subject.contains(failed)), "{subjects:?}");
        let mail = &world.mails(&account).await[0];
        assert!(words.iter().all(|word| mail.text.contains(word)), "{}", mail.text);
        assert!(World::link_token(mail, "blocks").is_some());
        world.record(&accesses).await.expect(200);
        assert_eq!(world.mails(&account).await.len(), 3, "a duplicate is told no more");
        switch(&world, &token, "otp-app", false).await.expect(204);
        stored(&world, &[World::access(&format!("off-{}", language.tag()), &account, now)]).await;
        assert_eq!(world.mails(&account).await.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_notice_of_an_access_holds_nothing_in_the_clear_and_its_link_suspends() {
    let world = World::new().await;
    let now = present(&world);
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    switch(&world, &token, "otp-app", true).await.expect(204);
    stored(&world, &[World::access("n1", &account, now)]).await;
    let mail = world.mails(&account).await[0].clone();
    let id = format!("access-made#{}#n1", world.owner(&account).pk());
    let notice = world.stack.shared.app.store.notice(&id).await.unwrap().unwrap();
    assert_eq!(notice.notice, "", "what was sealed for its delivery is forgotten after it");
    let link = format!("/v1/selfcare/blocks/{}", World::link_token(&mail, "blocks").unwrap());
    world.post(&link, json!({})).await.expect(200);
    world.get("/v1/selfcare/accesses", &token).await.refused(401, "unauthenticated");
    world.post(&link, json!({})).await.refused(410, "link-not-valid");
    // A suspended identity's accesses are evidence too.
    let token = world.sign_in(&account).await;
    stored(&world, &[World::access("n2", &account, now)]).await;
    assert_eq!(statistics(&world, &token).await["total"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_fails_holds_no_record_up() {
    let world = World::new().await;
    let now = present(&world);
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    switch(&world, &token, "otp-app", true).await.expect(204);
    world.mails(&account).await;
    world.break_mail().await;
    stored(&world, &[World::access("late", &account, now)]).await;
    assert_eq!(statistics(&world, &token).await["total"], 1);
    assert_eq!(world.mails(&account).await.len(), 1, "only that of the new device");
    let id = format!("access-made#{}#late", world.owner(&account).pk());
    let waits = world.stack.shared.app.store.notice(&id).await.unwrap().unwrap().notice;
    assert!(!waits.contains("omune") && waits.contains("sealed"), "nothing in the clear while it waits: {waits}");
    world.mend_mail().await;
    world.pass(2 * 3600).await;
    assert!(world.subjects(&account).await[0].contains("Accesso a un servizio"), "told later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_is_there_for_each_credential_that_one_has() {
    let world = World::new().await;
    let credentials = vec![(CredentialKind::OtpSms, None)];
    let account = world.make(NewHolder { totp: false, credentials, ..world.holder() }).await;
    let token = world.forge_session(&account, Some(sportello_rules::service::Level::L2)).await;
    for credential in ["password", "otp-sms"] {
        switch(&world, &token, credential, true).await.expect(204);
    }
    for credential in ["otp-app", "otp-token", "smart-card", "remote-signature"] {
        switch(&world, &token, credential, true).await.refused(404, "not-found");
    }
    for credential in ["fingerprint", "Password"] {
        assert_eq!(switch(&world, &token, credential, true).await.refused(400, "invalid-field").text_at("/field"), "credential");
    }
    switch(&world, &token, "password", false).await.expect(204);
    let shown = world.get("/v1/selfcare/credentials", &token).await.expect(200);
    let notices: Vec<_> = shown.body["items"].as_array().unwrap().iter().map(|item| (item["credential"].clone(), item["accessNotice"].clone())).collect();
    assert_eq!(notices, [(json!("password"), json!(false)), (json!("otp-sms"), json!(true))]);
    let body = Request::new("PUT", "/v1/selfcare/credentials/password/access-notice").token(&token).json(json!({ "enabled": "yes" }));
    assert_eq!(world.send(body).await.refused(400, "invalid-field").text_at("/field"), "enabled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_is_a_use_of_the_identity_which_never_goes_back() {
    let world = World::new().await;
    let now = present(&world);
    let account = world.active().await;
    let used = async || world.cx().store.holder(&world.owner(&account)).await.unwrap().unwrap().auth.last_used_at.unwrap();
    let before = used().await;
    let mut failure = World::access("u1", &account, now);
    failure["outcome"] = json!("failure");
    stored(&world, &[failure]).await;
    stored(&world, &[World::access("u2", &account, before - SignedDuration::from_hours(1))]).await;
    assert_eq!(used().await, before);
    let yesterday = now - SignedDuration::from_hours(24);
    stored(&world, &[World::access("u3", &account, yesterday)]).await;
    assert_eq!(used().await, yesterday);
    stored(&world, &[World::access("u4", &account, yesterday - SignedDuration::from_hours(1))]).await;
    assert_eq!(used().await, yesterday);
    stored(&world, &[World::access("u5", &account, now + SignedDuration::from_secs(200))]).await;
    assert!(used().await >= now && used().await <= world.now(), "a clock that is ahead makes no use in the future");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accesses_of_a_revoked_identity_are_recorded_and_told_to_nobody() {
    let world = World::new().await;
    let now = present(&world);
    let revoked = IdentityState { revoked_at: Some(now - SignedDuration::from_hours(24)), ..active(now) };
    let account = world.make(NewHolder { state: revoked, ..world.holder() }).await;
    let before = world.cx().store.holder(&world.owner(&account)).await.unwrap().unwrap().auth;
    let table = world.stack.shared.app.store.table(Table::Identities);
    let key = json!({ "pk": { "S": before.pk }, "sk": { "S": "AUTH" } });
    let on = json!({ ":on": { "L": [{ "S": "otp-app" }] } });
    world
        .behind("UpdateItem", json!({ "TableName": table, "Key": key, "UpdateExpression": "SET access_notices = :on", "ExpressionAttributeValues": on }))
        .await;
    stored(&world, &[World::access("w1", &account, now)]).await;
    let records = world.cx().store.holder(&world.owner(&account)).await.unwrap().unwrap();
    assert_eq!(records.accesses.unwrap().head().total(), 1);
    assert_eq!(records.auth.last_used_at, before.last_used_at, "what is over is not used");
    assert!(world.mails(&account).await.is_empty());
}
