//! Leaving a contract by its form, and asking for help (rules 62, 63, 65, 66).

use serde_json::{Value, json};
use sportello_local::demo::active;
use sportello_rules::identity::{IdentityState, IdentityType, Status};
use sportello_store::key::Owner;
use sportello_tests::{Answer, Request, World, at_once};

use crate::orders::{bought, taken};

fn form(id: &str) -> String {
    format!("/v1/customer/services/{id}/withdrawal-form")
}

async fn send(world: &World, id: &str, token: &str) -> Answer {
    world.act(token, "POST", form(id), json!({ "confirmation": "WITHDRAW" })).await
}

async fn pending(world: &World, owner: Owner, kind: IdentityType, contract_at: &str) -> String {
    world.service(owner, kind, IdentityState::default(), contract_at.parse().unwrap()).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_needed_where_the_table_says_so_and_nowhere_else() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let token = world.sign_in_customer(&carla).await;
    for kind in IdentityType::ALL {
        for status in Status::ALL {
            let mut state = active(world.now());
            match status {
                Status::ToActivate => state = IdentityState::default(),
                Status::Active => {}
                Status::Suspended => {
                    state.suspend(sportello_rules::identity::SuspensionReason::Fraud, world.now()).unwrap();
                }
                Status::Revoked => state.revoke(world.now()),
            }
            let (id, _) = world.service(owner, kind, state, world.now()).await;
            let paid = matches!(kind, IdentityType::Professional | IdentityType::Business);
            let (read, sent) = (world.get(form(&id), &token).await, send(&world, &id, &token).await);
            match status {
                Status::ToActivate if paid => {
                    assert!(read.expect(200).text.starts_with("%PDF-"));
                    assert_eq!(sent.expect(201).text_at("/form"), "within-14-days");
                }
                Status::Active | Status::Suspended => {
                    read.refused(409, "revoke-first");
                    sent.refused(409, "revoke-first");
                }
                Status::ToActivate | Status::Revoked => {
                    read.refused(409, "cancel-directly");
                    sent.refused(409, "cancel-directly");
                }
            }
        }
    }
    let (_, other) = world.customer().await;
    let foreign = pending(&world, other, IdentityType::Professional, "2026-11-19T22:30:00Z").await;
    for id in [foreign.as_str(), "servizio-999"] {
        world.get(form(id), &token).await.refused(404, "not-found");
        send(&world, id, &token).await.refused(404, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_instant_of_sending_decides_which_form_it_is() {
    let world = World::at("2026-12-01T12:00:00Z").await;
    let (carla, owner) = world.customer().await;
    // D+14 is Thursday 3 December 2026, until its last second in Rome.
    let contract = "2026-11-19T22:30:00Z";
    let (early, late) = (pending(&world, owner, IdentityType::Professional, contract).await, pending(&world, owner, IdentityType::Business, contract).await);
    world.move_to("2026-12-03T22:59:50Z".parse().unwrap()).await;
    let token = world.sign_in_customer(&carla).await;
    let before = world.download(&form(&late), &token).await;
    let sent = send(&world, &early, &token).await.expect(201);
    assert!(sent.text_at("/form") == "within-14-days" && sent.text_at("/sentAt").starts_with("2026-12-03T22:59:5"), "{sent:?}");
    let mail = &world.mails(&carla).await[0];
    assert!(
        mail.subject.ends_with("Modulo di recesso ricevuto")
            && mail.text.contains("Inviato: 3 dicembre 2026, ore 23:59")
            && mail.text.contains("entro i termini")
    );
    world.move_to("2026-12-03T23:00:00Z".parse().unwrap()).await;
    let token = world.sign_in_customer(&carla).await;
    assert_ne!(world.download(&form(&late), &token).await, before, "another form than a second before");
    let sent = send(&world, &late, &token).await.expect(201);
    assert_eq!((sent.text_at("/form"), sent.body["refundCents"].as_u64()), ("beyond-14-days".into(), Some(0)));
    assert!(world.mails(&carla).await[0].text.contains("oltre i termini"));
    // What was sent can still be downloaded, as it was: not the one of now.
    let kept = world.download(&form(&early), &token).await;
    world.pass(5 * 86_400).await;
    let token = world.sign_in_customer(&carla).await;
    assert_eq!(world.download(&form(&early), &token).await, kept);
    for id in [&early, &late] {
        send(&world, id, &token).await.refused(409, "already-cancelled");
        let service = world.get(format!("/v1/customer/services/{id}"), &token).await.expect(200);
        assert!(service.text_at("/status") == "revoked" && service.body["cancelledAt"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_the_days_what_was_paid_is_given_back_once() {
    let world = World::new().await;
    let (buyer, order, service) = bought(&world, "professional").await;
    assert_eq!(taken(&world, &order), 4270);
    let path = form(&service);
    let answers = at_once(10, |_| buyer.act(&world, "POST", &path, json!({ "confirmation": "WITHDRAW" }))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().find(|answer| answer.status == 201).unwrap().body["refundCents"], 4270);
    assert_eq!(buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.text_at("/refunded"), "due");
    world.pass(3600).await;
    world.stack.shared.payments.heard().await;
    assert_eq!(taken(&world, &order), 0);
    world.pass(2 * 3600).await;
    let subjects = world.subjects(&buyer.account).await;
    assert_eq!(subjects.iter().filter(|subject| subject.contains("Rimborso")).count(), 1, "{subjects:?}");
    // Whoever has left has no renewal and nothing to pay.
    let mut buyer = buyer;
    buyer.again(&world).await;
    let read = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await;
    assert_eq!((read.text_at("/state"), read.text_at("/refunded")), ("paid".into(), "done".into()));
    buyer.act(&world, "POST", &form(&service), json!({ "confirmation": "WITHDRAW" })).await.refused(409, "already-cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_says_that_it_is_meant() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let id = pending(&world, owner, IdentityType::Professional, "2026-11-19T22:30:00Z").await;
    let token = world.sign_in_customer(&carla).await;
    world.act(&token, "POST", form(&id), json!({ "confirmation": "withdraw" })).await.refused(400, "invalid-field");
    world.act(&token, "POST", form(&id), json!({})).await.refused(400, "missing-field");
    assert_eq!(world.get(format!("/v1/customer/services/{id}"), &token).await.body["cancelledAt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_help_menu_follows_type_and_status() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let token = world.sign_in_customer(&carla).await;
    let menu = async |id: &str| {
        let help = world.get(format!("/v1/customer/help{id}"), &token).await.expect(200);
        assert!(help.text_at("/contact").contains("assistenza") && help.body["ticket"]["possible"] == true);
        let guides = help.body["guides"].as_array().unwrap().clone();
        assert!(guides.iter().all(|guide| guide["url"].as_str().unwrap().contains("/guides/it/") && !guide["title"].as_str().unwrap().is_empty()));
        guides.iter().map(|guide| guide["guide"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(menu("").await, ["account", "orders", "activation"]);
    let (minor, _) = world.service(owner, IdentityType::Minor, IdentityState::default(), world.now()).await;
    assert_eq!(menu(&format!("?service={minor}")).await, ["minor-activation", "cancellation", "orders"]);
    let (business, _) = world.service(owner, IdentityType::Business, active(world.now()), world.now()).await;
    assert!(menu(&format!("?service={business}")).await.contains(&"paid-renewal".to_owned()));
    let (_, other) = world.customer().await;
    let foreign = pending(&world, other, IdentityType::Business, "2026-11-19T22:30:00Z").await;
    for id in [foreign.as_str(), "servizio-999"] {
        world.get(format!("/v1/customer/help?service={id}"), &token).await.refused(404, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_mails_support_and_the_customer() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let token = world.sign_in_customer(&carla).await;
    let (id, _) = world.service(owner, IdentityType::Personal, active(world.now()), world.now()).await;
    let text = "Non arriva il codice.\n\nVedi http://evil.example/x?a=<b>\r\nBcc: tutti@example.it";
    let opened = world.act(&token, "POST", "/v1/customer/tickets", json!({ "topic": "sign-in", "service": id, "text": text })).await.expect(201);
    let number = opened.text_at("/ticketId");
    let mine = &world.mails(&carla).await[0];
    assert!(mine.subject.ends_with("Richiesta di assistenza ricevuta") && mine.text.contains(&number) && !mine.text.contains("codice"));
    let support = &world.stack.shared.inbox.mails(Some("assistenza@sportello.example"))[0];
    assert_eq!(support.reply_to, std::slice::from_ref(&carla.email));
    assert!(support.text.contains(&number) && support.text.contains("Non arriva il codice.") && support.text.contains(&id));
    assert!(!support.text.contains("http://evil.example") && !support.text.lines().any(|line| line.starts_with("Bcc")) && !support.html.contains("<b>"));
    assert!(!support.text.contains(&carla.email), "the address is where an answer goes, and nowhere else");
    // The longest there is arrives, letter for letter.
    let longest = "è".repeat(2000);
    world.act(&token, "POST", "/v1/customer/tickets", json!({ "topic": "other", "text": longest })).await.expect(201);
    let mine = &world.mails(&carla).await[0];
    assert!(mine.subject.ends_with("Richiesta di assistenza ricevuta"));
    assert!(world.stack.shared.inbox.mails(Some("assistenza@sportello.example"))[0].text.contains(&longest));
    // What was written is kept sealed, and forgotten where it was told.
    let notice = world.stack.shared.app.store.notice(&format!("ticket-received#{}#{number}", owner.pk())).await.unwrap().unwrap();
    assert!(!notice.notice.contains("codice") && notice.notice.is_empty());
    let kept = world.stack.shared.app.store.tickets(&owner, None, 10).await.unwrap();
    assert!(!format!("{kept:?}").contains("codice"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_are_listed_newest_first_and_so_many_are_taken_in_a_day() {
    let world = World::at("2026-12-01T21:00:00Z").await;
    let (carla, owner) = world.customer().await;
    let token = world.sign_in_customer(&carla).await;
    let open = async |token: &str, text: &str| world.act(token, "POST", "/v1/customer/tickets", json!({ "topic": "other", "text": text })).await;
    for number in 1..=5 {
        world.pass(1).await;
        open(&token, &format!("domanda {number}")).await.expect(201);
    }
    let refused = open(&token, "domanda 6").await.refused(429, "too-many-requests");
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((2 * 3600 - 65..=2 * 3600 - 5).contains(&wait), "until midnight in Rome: {wait}");
    assert_eq!(world.get("/v1/customer/help", &token).await.body["ticket"]["possible"], false);
    let (mut texts, mut path) = (Vec::new(), "/v1/customer/tickets?limit=2".to_owned());
    loop {
        let page = world.get(&path, &token).await.expect(200);
        texts.extend(page.body["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/customer/tickets?limit=2&cursor={next}");
    }
    assert_eq!(texts, ["domanda 5", "domanda 4", "domanda 3", "domanda 2", "domanda 1"]);
    world.pass(wait).await;
    let token = world.sign_in_customer(&carla).await;
    // Parallel ones do not slip past the count.
    let answers = at_once(10, |_| open(&token, "domanda")).await;
    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    assert!((1..=5).contains(&taken) && answers.iter().all(|answer| matches!(answer.status, 201 | 409 | 429)), "{answers:?}");
    assert_eq!(world.stack.shared.app.store.tickets(&owner, None, 100).await.unwrap().len(), 5 + taken);
    // Another customer sees nothing of it.
    let (other, _) = world.customer().await;
    let other = world.sign_in_customer(&other).await;
    assert_eq!(world.get("/v1/customer/tickets", &other).await.expect(200).body["items"], json!([]));
    world.get(&path, &other).await.refused(400, "cursor-invalid");
    for (field, bad) in [("text", json!("   ")), ("text", json!("a".repeat(2001))), ("topic", json!("weather"))] {
        let mut body = json!({ "topic": "other", "text": "domanda" });
        body[field] = bad;
        assert_eq!(world.act(&token, "POST", "/v1/customer/tickets", body).await.refused(400, "invalid-field").text_at("/field"), field);
    }
    let body = json!({ "topic": "other", "text": "domanda", "service": "servizio-999" });
    world.act(&token, "POST", "/v1/customer/tickets", body).await.refused(404, "not-found");
}

/// Every operation of help and of the form, for the coverage tests.
pub(crate) async fn walk(world: &World) {
    let (buyer, _, service) = bought(world, "professional").await;
    buyer.get(world, "/v1/customer/help").await;
    let keyed = async |path: &str, body: Value| world.send(Request::new("POST", path).token(&buyer.token).json(body).header("idempotency-key", "\"w\"")).await;
    keyed("/v1/customer/tickets", json!({ "topic": "other", "text": "domanda" })).await.expect(201);
    buyer.get(world, "/v1/customer/tickets").await;
    buyer.get(world, &form(&service)).await;
    keyed(&form(&service), json!({ "confirmation": "WITHDRAW" })).await.expect(201);
    // An identity that waits is revoked with its contract.
    let (carla, owner) = world.customer().await;
    let token = world.sign_in_customer(&carla).await;
    let (id, _) = world.service(owner, IdentityType::Business, IdentityState::default(), world.now()).await;
    send(world, &id, &token).await.expect(201);
}
