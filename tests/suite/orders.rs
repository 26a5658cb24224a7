//! Orders, payments and renewals, from HTTP to the provider's books and the mails (rules 59-61, 64-66).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use sportello_local::demo::{Account, NewHolder, NewService, active};
use sportello_local::payments::{Fault, WEBHOOK_SECRET};
use sportello_payments::{Secret, sign};
use sportello_rules::calendar::{add_months, date_of};
use sportello_rules::identity::IdentityType;
use sportello_rules::service::CredentialKind;
use sportello_store::key::Owner;
use sportello_store::record::OrderRecord;
use sportello_tests::{Answer, Request, World, at_once};

/// A customer who is signed in.
pub(crate) struct Buyer {
    pub(crate) account: Account,
    pub(crate) owner: Owner,
    pub(crate) token: String,
}

pub(crate) async fn buyer(world: &World) -> Buyer {
    let (account, owner) = world.customer().await;
    let token = world.sign_in_customer(&account).await;
    Buyer { account, owner, token }
}

impl Buyer {
    pub(crate) async fn act(&self, world: &World, method: &str, path: &str, body: Value) -> Answer {
        world.send(Request::new(method, path).token(&self.token).json(body)).await
    }

    pub(crate) async fn get(&self, world: &World, path: &str) -> Answer {
        world.get(path, &self.token).await
    }

    /// Signs in again after time has passed.
    pub(crate) async fn again(&mut self, world: &World) {
        self.token = world.sign_in_customer(&self.account).await;
    }

    /// Adds a payment method at the provider's page, as a browser does.
    pub(crate) async fn method(&self, world: &World, choice: &str) -> String {
        let url = self.act(world, "POST", "/v1/customer/payment-methods", json!({})).await.expect(201).text_at("/url");
        let before = self.methods(world).await;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let page = client.get(&url).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("value=\"paypal\""));
        let form = client.post(&url).header("content-type", "application/x-www-form-urlencoded").body(format!("choice={choice}"));
        assert_eq!(form.send().await.unwrap().status(), 303);
        world.stack.shared.payments.heard().await;
        let after = self.methods(world).await;
        after.into_iter().find(|method| !before.contains(method)).unwrap()
    }

    pub(crate) async fn methods(&self, world: &World) -> Vec<String> {
        let list = self.get(world, "/v1/customer/payment-methods").await.expect(200);
        list.body["items"].as_array().unwrap().iter().map(|method| method["paymentMethodId"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn pay(&self, world: &World, order: &str, method: &str) -> Answer {
        self.act(world, "POST", &format!("/v1/customer/orders/{order}/payment"), json!({ "paymentMethodId": method })).await
    }

    pub(crate) async fn order(&self, world: &World, kind: &str) -> String {
        self.act(world, "POST", "/v1/customer/orders", json!({ "type": kind })).await.expect(201).text_at("/orderId")
    }

    pub(crate) async fn state(&self, world: &World, order: &str) -> String {
        self.get(world, &format!("/v1/customer/orders/{order}")).await.expect(200).text_at("/state")
    }

    pub(crate) async fn service(&self, world: &World, id: &str) -> Answer {
        self.get(world, &format!("/v1/customer/services/{id}")).await.expect(200)
    }

    pub(crate) async fn renewals(&self, world: &World, service: &str) -> Vec<OrderRecord> {
        let records = world.stack.shared.app.store.customer(&self.owner).await.unwrap().unwrap();
        records.orders.into_iter().filter(|order| order.service_id == service).collect()
    }
}

/// Somebody who has bought and paid a new identity: its order and its service, which waits for its activation.
pub(crate) async fn bought(world: &World, kind: &str) -> (Buyer, String, String) {
    let buyer = buyer(world).await;
    let order = buyer.order(world, kind).await;
    let method = buyer.method(world, "accepted").await;
    buyer.pay(world, &order, &method).await.expect(200);
    let service = buyer.get(world, &format!("/v1/customer/orders/{order}")).await.expect(200).text_at("/serviceId");
    (buyer, order, service)
}

/// A service of a customer, with the holder's account.
async fn service(world: &World, buyer: &Buyer, kind: IdentityType, expires_on: Date, credentials: &[(CredentialKind, Date)]) -> (String, Account) {
    let now = world.now();
    let id = format!("srv-{}", world.username().replace(['@', '.'], "-"));
    let held = credentials.iter().map(|(kind, day)| (*kind, Some(*day))).collect::<Vec<_>>();
    let holder = NewHolder { kind, state: active(now), expires_on: Some(expires_on), credentials: held.clone(), ..world.holder() };
    let new = NewService { id: id.clone(), customer: buyer.owner, holder, contract_at: now, auto_renewal: false, credentials: held };
    let account = new.create(&world.stack.shared.app).await.unwrap();
    (id, account)
}

async fn run(world: &World, job: &str) -> Value {
    let shared = &world.stack.shared;
    let job = shared.jobs.iter().find(|entry| entry.spec.id == job).unwrap();
    serde_json::to_value(sportello_local::scheduler::run_job(shared, job).await.unwrap()).unwrap()
}

pub(crate) fn taken(world: &World, order: &str) -> u64 {
    world.stack.shared.payments.taken(order)
}

/// Sends the provider's message, signed as it signs.
async fn message(world: &World, body: &Value, at: Timestamp) -> Answer {
    let body = body.to_string();
    let signature = sign(body.as_bytes(), &Secret::new(WEBHOOK_SECRET), at);
    world.send(Request::new("POST", "/v1/payments/events").raw(body).header("content-type", "application/json").header("stripe-signature", &signature)).await
}

fn succeeded(buyer: &Buyer, order: &str, payment: &str, amount: u64, at: Timestamp, event: &str) -> Value {
    let metadata = json!({ "owner": buyer.owner.pk(), "order": order, "attempt": "1" });
    let object = json!({ "id": payment, "status": "succeeded", "amount": amount, "metadata": metadata });
    json!({ "id": event, "type": "payment_intent.succeeded", "created": at.as_second(), "data": { "object": object } })
}

const PRICE: u64 = 4270;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buying_an_identity_from_the_offer_to_the_invoice() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let offers = world.send(Request::new("GET", "/v1/customer/offers")).await.expect(200);
    let of = |subject: &str, kind: &str| {
        offers.body["offers"].as_array().unwrap().iter().filter(|offer| offer["subject"] == subject && offer["type"] == kind).cloned().collect::<Vec<_>>()
    };
    let professional = &of("identity", "professional")[0];
    assert_eq!(
        (professional["netCents"].as_u64(), professional["vatCents"].as_u64(), professional["grossCents"].as_u64()),
        (Some(3500), Some(770), Some(PRICE))
    );
    assert_eq!(of("identity", "personal")[0]["grossCents"], 0);
    assert!(of("credential", "minor").iter().all(|offer| offer["credential"] == "otp-token"), "never level 3 for a minor");
    assert_eq!(of("credential", "business").len(), 3);

    let order = buyer.order(&world, "professional").await;
    assert!(buyer.get(&world, "/v1/customer/services").await.body["items"].as_array().unwrap().is_empty(), "nothing is given before it is paid");
    let read = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200);
    assert_eq!((read.text_at("/state"), read.body["grossCents"].as_u64(), read.body["canPay"].as_bool()), ("unpaid".into(), Some(PRICE), Some(true)));
    buyer.get(&world, &format!("/v1/customer/orders/{order}/invoice")).await.refused(409, "no-invoice");
    buyer.pay(&world, &order, "pm_none").await.refused(409, "payment-method-missing");

    let method = buyer.method(&world, "accepted").await;
    assert_eq!(buyer.pay(&world, &order, &method).await.expect(200).text_at("/order/state"), "paid");
    buyer.pay(&world, &order, &method).await.refused(409, "already-paid");
    buyer.act(&world, "POST", &format!("/v1/customer/orders/{order}/cancellation"), json!({})).await.refused(409, "already-paid");
    world.stack.shared.payments.heard().await;
    assert_eq!(taken(&world, &order), PRICE, "once");
    let services = buyer.get(&world, "/v1/customer/services").await.expect(200);
    assert_eq!((services.text_at("/items/0/status"), services.text_at("/items/0/orderId")), ("to-activate".into(), order.clone()));
    let paid = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200);
    assert_eq!(paid.text_at("/invoice"), format!("{}/1", date_of(world.now()).year()));
    let invoice = buyer.get(&world, &format!("/v1/customer/orders/{order}/invoice")).await.expect(200);
    assert_eq!(invoice.header("content-type"), Some("application/pdf"));
    assert!(invoice.text.starts_with("%PDF-"));
    let subjects = world.subjects(&buyer.account).await;
    for subject in ["Ordine ricevuto", "Metodo di pagamento aggiunto", "Pagamento ricevuto"] {
        assert_eq!(subjects.iter().filter(|found| found.contains(subject)).count(), 1, "{subject} in {subjects:?}");
    }
    // What was bought and not activated is withdrawn from by the form (rule 62).
    let service = services.text_at("/items/0/serviceId");
    let cancel = buyer.act(&world, "POST", &format!("/v1/customer/services/{service}/cancellation"), json!({})).await.expect(200);
    assert_eq!(cancel.text_at("/form"), "within-14-days");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_free_is_given_at_once_and_cancelled_at_once() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    for kind in ["personal", "minor"] {
        let placed = buyer.act(&world, "POST", "/v1/customer/orders", json!({ "type": kind })).await.expect(201);
        assert_eq!(placed.text_at("/state"), "paid");
        assert_eq!(placed.body.get("invoice"), None);
        let service = placed.text_at("/serviceId");
        assert_eq!(buyer.service(&world, &service).await.text_at("/status"), "to-activate");
        let cancelled = buyer.act(&world, "POST", &format!("/v1/customer/services/{service}/cancellation"), json!({})).await.expect(200);
        assert_eq!(cancelled.text_at("/outcome"), "cancelled");
        let read = buyer.get(&world, &format!("/v1/customer/orders/{}", placed.text_at("/orderId"))).await.expect(200);
        assert_eq!((read.text_at("/state"), read.text_at("/refunded")), ("cancelled".into(), "no".into()), "{kind}: the order too (rule 62)");
    }
    assert!(world.stack.shared.payments.payments().is_empty());
    assert_eq!(world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Ordine confermato")).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_payment_takes_nothing_and_another_method_pays() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let order = buyer.order(&world, "business").await;
    let bad = buyer.method(&world, "declined").await;
    let good = buyer.method(&world, "paypal").await;
    buyer.pay(&world, &order, &bad).await.refused(402, "payment-declined");
    world.stack.shared.payments.heard().await;
    let read = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200);
    assert_eq!((read.text_at("/state"), read.text_at("/declined")), ("unpaid".into(), "card_declined".into()));
    buyer.pay(&world, &order, &bad).await.refused(402, "payment-declined");
    assert_eq!(buyer.pay(&world, &order, &good).await.expect(200).text_at("/order/state"), "paid");
    assert_eq!(taken(&world, &order), PRICE);
    assert_eq!(world.stack.shared.payments.payments().len(), 3);
    assert_eq!(world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Pagamento non riuscito")).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_that_asks_is_answered_at_its_own_page() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let method = buyer.method(&world, "confirmed").await;
    for (choice, state) in [("accept", "paid"), ("refuse", "unpaid")] {
        let order = buyer.order(&world, "professional").await;
        let pending = buyer.pay(&world, &order, &method).await.expect(200);
        assert_eq!(pending.text_at("/order/state"), "charging");
        buyer.act(&world, "POST", &format!("/v1/customer/orders/{order}/cancellation"), json!({})).await.refused(409, "payment-in-progress");
        // Asked again it is the same charge.
        let again = buyer.pay(&world, &order, &method).await.expect(200);
        assert_eq!(again.text_at("/confirmAt"), pending.text_at("/confirmAt"));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = client.post(pending.text_at("/confirmAt")).body(format!("choice={choice}"));
        assert_eq!(form.send().await.unwrap().status(), 303);
        world.stack.shared.payments.heard().await;
        assert_eq!(buyer.state(&world, &order).await, state);
        assert_eq!(taken(&world, &order), if state == "paid" { PRICE } else { 0 });
    }
    // Nobody confirms: after an hour the payment is called off.
    let order = buyer.order(&world, "professional").await;
    buyer.pay(&world, &order, &method).await.expect(200);
    world.pass(3 * 3600).await;
    let mut buyer = buyer;
    buyer.again(&world).await;
    assert_eq!(buyer.state(&world, &order).await, "unpaid");
    assert!(world.stack.shared.payments.payments().iter().any(|payment| payment.status == "canceled"));
}

/// Each fault between the provider and us: the money is taken once, and what was paid for is given once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_never_taken_twice_and_nothing_paid_is_lost() {
    for fault in [Fault::AnswerLost, Fault::NotReached, Fault::Broken, Fault::MessageFirst, Fault::MessageTwice, Fault::MessageHeld] {
        let world = World::new().await;
        let mut buyer = buyer(&world).await;
        let order = buyer.order(&world, "professional").await;
        let method = buyer.method(&world, "accepted").await;
        world.stack.shared.payments.fail_next(&[fault]);
        let answer = buyer.pay(&world, &order, &method).await.expect(200).text_at("/order/state");
        match fault {
            // The provider timed out, after it charged or before: the customer who presses Pay again is not charged again.
            Fault::AnswerLost => {
                assert_eq!((answer.as_str(), taken(&world, &order)), ("charging", PRICE));
                assert_eq!(buyer.pay(&world, &order, &method).await.expect(200).text_at("/order/state"), "paid");
            }
            // Nobody presses: it is looked up, and found not charged; then it can be paid.
            Fault::NotReached | Fault::Broken => {
                assert_eq!((answer.as_str(), taken(&world, &order)), ("charging", 0));
                world.pass(2 * 3600).await;
                buyer.again(&world).await;
                assert_eq!(buyer.state(&world, &order).await, "unpaid");
                assert_eq!(buyer.pay(&world, &order, &method).await.expect(200).text_at("/order/state"), "paid");
            }
            Fault::MessageFirst | Fault::MessageTwice | Fault::MessageHeld => assert_eq!(answer, "paid", "{fault:?}"),
        }
        world.stack.shared.payments.let_go();
        world.stack.shared.payments.heard().await;
        assert_eq!((buyer.state(&world, &order).await.as_str(), taken(&world, &order)), ("paid", PRICE), "{fault:?}");
        let services = buyer.get(&world, "/v1/customer/services").await;
        assert_eq!(services.body["items"].as_array().unwrap().len(), 1, "{fault:?}");
        let invoices = world.stack.shared.app.store.invoices(&date_of(world.now()).year().to_string()).await.unwrap();
        assert_eq!(invoices.len(), 1, "{fault:?}");
        assert_eq!(world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Pagamento ricevuto")).count(), 1, "{fault:?}");
    }
}

/// The charge succeeds and our commit fails: here the process ends before it hears the answer, so that only the books of the provider know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_that_nobody_heard_of_is_found_in_the_provider_s_books() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let order = buyer.order(&world, "professional").await;
    let method = buyer.method(&world, "accepted").await;
    // Its message is lost too: it is never let go.
    world.stack.shared.payments.fail_next(&[Fault::AnswerLost]);
    buyer.pay(&world, &order, &method).await.expect(200);
    assert_eq!((buyer.state(&world, &order).await.as_str(), taken(&world, &order)), ("charging", PRICE));
    world.pass(2 * 3600).await;
    buyer.again(&world).await;
    assert_eq!((buyer.state(&world, &order).await.as_str(), taken(&world, &order)), ("paid", PRICE));
    assert_eq!(buyer.get(&world, "/v1/customer/services").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provider_s_messages_are_heard_by_signature_age_and_amount_only() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let order = buyer.order(&world, "professional").await;
    let now = world.now();
    let body = succeeded(&buyer, &order, "pi_1", PRICE, now, "evt_1");
    let unsigned = Request::new("POST", "/v1/payments/events").json(body.clone());
    world.send(unsigned.clone()).await.refused(401, "webhook-refused");
    world.send(unsigned.header("stripe-signature", &sign(b"{}", &Secret::new(WEBHOOK_SECRET), now))).await.refused(401, "webhook-refused");
    let other = sign(body.to_string().as_bytes(), &Secret::new("whsec_other"), now);
    world.send(Request::new("POST", "/v1/payments/events").json(body.clone()).header("stripe-signature", &other)).await.refused(401, "webhook-refused");
    let seconds = |seconds: i64| now + jiff::SignedDuration::from_secs(seconds);
    message(&world, &body, seconds(-302)).await.refused(401, "webhook-refused");
    message(&world, &body, seconds(400)).await.refused(401, "webhook-refused");
    assert_eq!(buyer.state(&world, &order).await, "unpaid");
    // A payment of another amount, of another order, of nobody.
    let short = succeeded(&buyer, &order, "pi_1", 1, now, "evt_0");
    assert_eq!(message(&world, &short, now).await.expect(200).text_at("/result"), "ignored");
    let nobody = succeeded(&buyer, "ord-none", "pi_1", PRICE, now, "evt_0");
    assert_eq!(message(&world, &nobody, now).await.expect(200).text_at("/result"), "ignored");
    assert_eq!(buyer.state(&world, &order).await, "unpaid");
    // Fifty at once, and again: it is heard once.
    let answers = at_once(20, |_| message(&world, &body, now)).await;
    let done = answers.iter().filter(|answer| answer.body["result"] == "done").count();
    assert_eq!((done, answers.iter().all(|answer| answer.status == 200)), (1, true), "{answers:?}");
    assert_eq!(message(&world, &body, now).await.expect(200).text_at("/result"), "known");
    assert_eq!(buyer.state(&world, &order).await, "paid");
    assert_eq!(buyer.get(&world, "/v1/customer/services").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_method_that_is_another_payer_s_is_not_kept() {
    let world = World::new().await;
    let (buyer, other) = (buyer(&world).await, buyer(&world).await);
    let theirs = other.method(&world, "accepted").await;
    buyer.method(&world, "accepted").await;
    let payer = world.stack.shared.app.store.customer(&other.owner).await.unwrap().unwrap().payer.unwrap();
    let setup = |customer: Value| json!({ "id": "seti_1", "status": "succeeded", "customer": customer, "payment_method": theirs, "metadata": { "owner": buyer.owner.pk() } });
    for customer in [json!(payer), json!(null)] {
        let created = world.now().as_second();
        let event = json!({ "id": "evt_s", "type": "setup_intent.succeeded", "created": created, "data": { "object": setup(customer) } });
        assert_eq!(message(&world, &event, world.now()).await.expect(200).text_at("/result"), "ignored");
    }
    assert!(!buyer.methods(&world).await.contains(&theirs));
    // What was heard once does not bring a method back that its owner has removed.
    let payer = world.stack.shared.app.store.customer(&buyer.owner).await.unwrap().unwrap().payer.unwrap();
    let event = json!({ "id": "evt_t", "type": "setup_intent.succeeded", "created": world.now().as_second(), "data": { "object": setup(json!(payer)) } });
    let remove = Request::new("DELETE", format!("/v1/customer/payment-methods/{theirs}")).token(&buyer.token);
    assert_eq!(message(&world, &event, world.now()).await.expect(200).text_at("/result"), "done");
    world.send(remove).await.expect(204);
    assert_eq!(message(&world, &event, world.now()).await.expect(200).text_at("/result"), "known");
    assert!(!buyer.methods(&world).await.contains(&theirs));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_payment_and_one_of_a_cancelled_order_are_given_back() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let order = buyer.order(&world, "professional").await;
    buyer.act(&world, "POST", &format!("/v1/customer/orders/{order}/cancellation"), json!({})).await.expect(200);
    buyer.pay(&world, &order, &method).await.refused(409, "order-cancelled");
    // Money that comes all the same.
    beside(&world, &buyer, &order, &method).await;
    assert_eq!(buyer.state(&world, &order).await, "cancelled");
    run(&world, "jobs.order.expire").await;
    world.stack.shared.payments.heard().await;
    assert_eq!(taken(&world, &order), 0, "given back");
    let read = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200);
    assert_eq!(read.text_at("/refunded"), "done");
    assert_eq!(world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Rimborso")).count(), 1);
    // An order that nobody pays ends by itself; it cannot be paid then.
    let order = buyer.order(&world, "professional").await;
    world.pass(14 * 86_400 - 60).await;
    buyer.again(&world).await;
    assert_eq!(buyer.state(&world, &order).await, "unpaid");
    world.pass(3600).await;
    buyer.again(&world).await;
    assert_eq!(buyer.state(&world, &order).await, "expired");
    buyer.pay(&world, &order, &method).await.refused(409, "order-expired");
    assert!(world.subjects(&buyer.account).await.iter().any(|subject| subject.contains("Ordine decaduto")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoices_have_consecutive_numbers_without_gaps_under_parallel_orders() {
    let world = World::new().await;
    let mut buyers = Vec::new();
    for _ in 0..4 {
        let buyer = buyer(&world).await;
        let method = buyer.method(&world, "accepted").await;
        buyers.push((buyer, method));
    }
    let mut orders = Vec::new();
    for (buyer, method) in &buyers {
        for _ in 0..4 {
            orders.push((buyer, method, buyer.order(&world, "business").await));
        }
    }
    let answers = at_once(orders.len(), |index| {
        let (buyer, method, order) = &orders[index];
        buyer.pay(&world, order, method)
    })
    .await;
    world.stack.shared.payments.heard().await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let year = date_of(world.now()).year().to_string();
    let invoices = world.stack.shared.app.store.invoices(&year).await.unwrap();
    let numbers: Vec<u64> = invoices.iter().map(|invoice| invoice.sk.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=orders.len() as u64).collect::<Vec<_>>());
    let of_orders: std::collections::BTreeSet<_> = invoices.iter().map(|invoice| invoice.order_id.clone()).collect();
    assert_eq!(of_orders.len(), orders.len(), "one each");
    for (_, _, order) in &orders {
        assert_eq!(taken(&world, order), PRICE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewing_by_hand_moves_the_old_expiry_by_the_term() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let today = date_of(world.now());
    let (far, soon) = (add_months(today, 5), add_months(today, 2));
    let method = buyer.method(&world, "accepted").await;
    let (id, holder) = service(&world, &buyer, IdentityType::Professional, soon, &[(CredentialKind::SmartCard, soon), (CredentialKind::OtpToken, far)]).await;
    let path = format!("/v1/customer/services/{id}/renewals");
    // Each alone: the identity, and one credential; what is far away and what is not there.
    buyer.act(&world, "POST", &path, json!({ "credential": "otp-token" })).await.refused(409, "not-yet-due");
    buyer.act(&world, "POST", &path, json!({ "credential": "remote-signature" })).await.refused(404, "not-found");
    let placed = at_once(10, |_| buyer.act(&world, "POST", &path, json!({}))).await;
    assert!(placed.iter().all(|answer| answer.status == 201 || answer.code() == "changed-meanwhile"), "{placed:?}");
    let order = buyer.act(&world, "POST", &path, json!({})).await.expect(201).text_at("/orderId");
    assert_eq!(buyer.renewals(&world, &id).await.len(), 1, "one order for one period");
    let answers = at_once(8, |_| buyer.pay(&world, &order, &method)).await;
    assert!(answers.iter().any(|answer| answer.status == 200), "{answers:?}");
    world.stack.shared.payments.heard().await;
    assert_eq!(taken(&world, &order), PRICE, "eight presses on Pay, one charge");
    let renewed = add_months(soon, 12);
    assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), renewed.to_string());
    assert_eq!(world.auth(&holder).await.expires_on, Some(renewed), "the identity itself");
    buyer.act(&world, "POST", &path, json!({})).await.refused(409, "not-yet-due");
    let card = buyer.act(&world, "POST", &path, json!({ "credential": "smart-card" })).await.expect(201);
    assert_eq!(card.text_at("/subject"), "credential-renewal");
    buyer.pay(&world, &card.text_at("/orderId"), &method).await.expect(200);
    let auth = world.auth(&holder).await;
    let kept = auth.credentials.iter().find(|credential| credential.kind == CredentialKind::SmartCard).unwrap();
    assert_eq!(kept.dates.expires_on, Some(add_months(soon, 36)));
    // Those that renew by themselves say so.
    for kind in [IdentityType::Personal, IdentityType::Minor] {
        let (id, _) = service(&world, &buyer, kind, soon, &[]).await;
        let path = format!("/v1/customer/services/{id}");
        buyer.act(&world, "POST", &format!("{path}/renewals"), json!({})).await.refused(409, "renewal-is-free");
        let on = json!({ "active": true, "paymentMethodId": method });
        buyer.act(&world, "PUT", &format!("{path}/auto-renewal"), on).await.refused(409, "renewal-is-free");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_is_bought_waits_in_the_selfcare() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let (id, holder) = service(&world, &buyer, IdentityType::Business, add_months(date_of(world.now()), 12), &[]).await;
    let path = format!("/v1/customer/services/{id}/credentials");
    for kind in ["otp-token", "smart-card", "remote-signature"] {
        let order = buyer.act(&world, "POST", &path, json!({ "credential": kind })).await.expect(201).text_at("/orderId");
        let again = buyer.act(&world, "POST", &path, json!({ "credential": kind })).await.expect(201).text_at("/orderId");
        assert_eq!(order, again, "one open order");
        assert!(world.auth(&holder).await.credentials.iter().all(|held| serde_json::to_value(held.kind).unwrap() != kind), "not before it is paid");
        buyer.pay(&world, &order, &method).await.expect(200);
        buyer.act(&world, "POST", &path, json!({ "credential": kind })).await.refused(409, "credential-held");
    }
    let token = world.sign_in(&holder).await;
    let credentials = world.get("/v1/selfcare/credentials", &token).await.expect(200);
    let waiting = credentials.body["items"].as_array().unwrap().iter().filter(|item| item["state"] == "waiting").count();
    assert_eq!(waiting, 3, "{credentials:?}");
    buyer.act(&world, "POST", &path, json!({ "credential": "otp-app" })).await.refused(400, "invalid-field");

    let (minor, _) = service(&world, &buyer, IdentityType::Minor, add_months(date_of(world.now()), 12), &[]).await;
    let path = format!("/v1/customer/services/{minor}/credentials");
    for kind in ["smart-card", "remote-signature"] {
        buyer.act(&world, "POST", &path, json!({ "credential": kind })).await.refused(409, "level-not-for-minors");
    }
    buyer.act(&world, "POST", &path, json!({ "credential": "otp-token" })).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_another_customer_s_orders_services_and_methods_are_as_missing_as_none() {
    let world = World::new().await;
    let (owner, thief) = (buyer(&world).await, buyer(&world).await);
    let method = owner.method(&world, "accepted").await;
    let order = owner.order(&world, "professional").await;
    let (id, _) = service(&world, &owner, IdentityType::Business, add_months(date_of(world.now()), 2), &[]).await;
    let own = thief.method(&world, "accepted").await;
    for (real, method, path, body) in [
        (&order, "POST", "/v1/customer/orders/{}/payment", json!({ "paymentMethodId": own })),
        (&order, "POST", "/v1/customer/orders/{}/cancellation", json!({})),
        (&id, "POST", "/v1/customer/services/{}/renewals", json!({})),
        (&id, "POST", "/v1/customer/services/{}/credentials", json!({ "credential": "smart-card" })),
        (&id, "PUT", "/v1/customer/services/{}/auto-renewal", json!({ "active": true, "paymentMethodId": own })),
    ] {
        let theirs = thief.act(&world, method, &path.replace("{}", real), body.clone()).await.refused(404, "not-found");
        let none = thief.act(&world, method, &path.replace("{}", "none"), body).await.refused(404, "not-found");
        assert_eq!((theirs.headers, without_id(theirs.body)), (none.headers, without_id(none.body)), "{path}");
    }
    for path in ["/v1/customer/orders/{}", "/v1/customer/orders/{}/invoice"] {
        thief.get(&world, &path.replace("{}", &order)).await.refused(404, "not-found");
    }
    world.send(Request::new("DELETE", format!("/v1/customer/payment-methods/{method}")).token(&thief.token)).await.refused(404, "not-found");
    thief
        .act(&world, "POST", &format!("/v1/customer/orders/{}/payment", thief.order(&world, "business").await), json!({ "paymentMethodId": method }))
        .await
        .refused(409, "payment-method-missing");
    assert!(thief.get(&world, &format!("/v1/customer/orders?service={id}")).await.expect(200).body["items"].as_array().unwrap().is_empty());
    assert_eq!(owner.state(&world, &order).await, "unpaid");
}

fn without_id(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("requestId");
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_automatic_renewal_charges_once_seven_days_before() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let expires_on = add_months(date_of(world.now()), 2);
    let (id, holder) = service(&world, &buyer, IdentityType::Professional, expires_on, &[]).await;
    let path = format!("/v1/customer/services/{id}/auto-renewal");
    buyer.act(&world, "PUT", &path, json!({ "active": true })).await.refused(409, "payment-method-missing");
    buyer.act(&world, "PUT", &path, json!({ "active": true, "paymentMethodId": method })).await.expect(204);
    buyer.act(&world, "POST", &format!("/v1/customer/services/{id}/renewals"), json!({})).await.refused(409, "renewal-is-automatic");
    assert_eq!(buyer.service(&world, &id).await.text_at("/renewal"), "automatic-on");
    assert!(world.auth(&holder).await.auto_renewal);
    world.send(Request::new("DELETE", format!("/v1/customer/payment-methods/{method}")).token(&buyer.token)).await.refused(409, "payment-method-in-use");
    let charged_from = sportello_rules::calendar::start_of_day(expires_on - jiff::Span::new().days(7));
    world.move_to(charged_from - jiff::SignedDuration::from_secs(10)).await;
    assert!(buyer.renewals(&world, &id).await.is_empty(), "not earlier");
    // Only the clock: moving the world would run the job before the two that race.
    world.stack.shared.clock.move_to(charged_from).unwrap();
    tokio::join!(run(&world, "jobs.renewal.charge"), run(&world, "jobs.renewal.charge"));
    run(&world, "jobs.renewal.charge").await;
    world.stack.shared.payments.heard().await;
    let orders = buyer.renewals(&world, &id).await;
    assert_eq!(orders.len(), 1, "{orders:?}");
    assert_eq!((taken(&world, &orders[0].order_id), orders[0].automatic), (PRICE, true));
    assert!(orders[0].charge_key.as_ref().unwrap().contains(&id) && orders[0].charge_key.as_ref().unwrap().ends_with(&expires_on.to_string()));
    buyer.again(&world).await;
    let renewed = add_months(expires_on, 12);
    assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), renewed.to_string(), "from the old expiry, not from the payment");
    assert_eq!(world.auth(&holder).await.expires_on, Some(renewed));
    // Switched off after a charge: nothing is refunded, nothing more is charged.
    buyer.act(&world, "PUT", &path, json!({ "active": false })).await.expect(204);
    world.move_to(sportello_rules::calendar::start_of_day(renewed)).await;
    assert_eq!(buyer.renewals(&world, &id).await.len(), 1);
    assert_eq!(taken(&world, &orders[0].order_id), PRICE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_automatic_charge_leaves_an_order_with_pay_and_cancel() {
    for choice in ["declined-later", "confirmed"] {
        let world = World::new().await;
        let mut buyer = buyer(&world).await;
        let bad = buyer.method(&world, choice).await;
        let good = buyer.method(&world, "accepted").await;
        let expires_on = add_months(date_of(world.now()), 1);
        let (id, _) = service(&world, &buyer, IdentityType::Business, expires_on, &[]).await;
        buyer.act(&world, "PUT", &format!("/v1/customer/services/{id}/auto-renewal"), json!({ "active": true, "paymentMethodId": bad })).await.expect(204);
        world.move_to(sportello_rules::calendar::start_of_day(expires_on)).await;
        world.stack.shared.payments.heard().await;
        buyer.again(&world).await;
        let orders = buyer.renewals(&world, &id).await;
        assert_eq!(orders.len(), 1, "tried once: {orders:?}");
        let order = &orders[0].order_id;
        let read = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200);
        assert_eq!((read.text_at("/state"), &read.body["canPay"], &read.body["canCancel"]), ("unpaid".into(), &json!(true), &json!(true)));
        assert_eq!(taken(&world, order), 0);
        assert_eq!(world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Pagamento non riuscito")).count(), 1);
        buyer.pay(&world, order, &good).await.expect(200);
        assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), add_months(expires_on, 12).to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_off_while_the_charge_is_under_way_keeps_what_was_paid() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let expires_on = add_months(date_of(world.now()), 1);
    let (id, _) = service(&world, &buyer, IdentityType::Professional, expires_on, &[]).await;
    let path = format!("/v1/customer/services/{id}/auto-renewal");
    buyer.act(&world, "PUT", &path, json!({ "active": true, "paymentMethodId": method })).await.expect(204);
    // The provider charges, and its answer and message stay out: the charge is under way while the customer switches off.
    world.stack.shared.payments.fail_next(&[Fault::AnswerLost]);
    world.move_to(sportello_rules::calendar::start_of_day(expires_on - jiff::Span::new().days(7))).await;
    buyer.again(&world).await;
    let orders = buyer.renewals(&world, &id).await;
    assert_eq!((orders.len(), buyer.state(&world, &orders[0].order_id).await.as_str()), (1, "charging"));
    buyer.act(&world, "PUT", &path, json!({ "active": false })).await.expect(204);
    world.stack.shared.payments.let_go();
    world.stack.shared.payments.heard().await;
    let service = buyer.service(&world, &id).await;
    assert_eq!((service.text_at("/expiry/on"), service.text_at("/renewal")), (add_months(expires_on, 12).to_string(), "automatic-off".into()));
    assert_eq!(taken(&world, &orders[0].order_id), PRICE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_and_minor_renew_free_of_charge_on_their_last_day() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let expires_on = add_months(date_of(world.now()), 1);
    let (id, holder) = service(&world, &buyer, IdentityType::Personal, expires_on, &[]).await;
    world.move_to(sportello_rules::calendar::start_of_day(expires_on) - jiff::SignedDuration::from_secs(10)).await;
    assert_eq!(world.auth(&holder).await.expires_on, Some(expires_on));
    world.stack.shared.clock.move_to(sportello_rules::calendar::start_of_day(expires_on)).unwrap();
    tokio::join!(run(&world, "jobs.renewal.charge"), run(&world, "jobs.renewal.charge"));
    let renewed = add_months(expires_on, 24);
    buyer.again(&world).await;
    assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), renewed.to_string());
    assert_eq!(world.auth(&holder).await.expires_on, Some(renewed));
    assert_eq!(world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Rinnovo gratuito")).count(), 1);
    assert!(world.stack.shared.payments.payments().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expiries_are_told_three_months_thirty_and_seven_days_before_once() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let expires_on = add_months(date_of(world.now()), 4);
    let (_, _) = service(&world, &buyer, IdentityType::Professional, expires_on, &[(CredentialKind::SmartCard, expires_on)]).await;
    let told = async |of: &str| world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains(of)).count();
    let mut expected = 0;
    for days in [add_months(expires_on, -3), expires_on - jiff::Span::new().days(30), expires_on - jiff::Span::new().days(7)] {
        let at = sportello_rules::calendar::start_of_day(days);
        world.move_to(at - jiff::SignedDuration::from_secs(10)).await;
        assert_eq!((told("servizio sta per scadere").await, told("credenziale sta per scadere").await), (expected, expected), "before {days}");
        world.move_to(at + jiff::SignedDuration::from_hours(2)).await;
        run(&world, "jobs.service.warn").await;
        expected += 1;
        assert_eq!((told("servizio sta per scadere").await, told("credenziale sta per scadere").await), (expected, expected), "from {days}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_given_any_more_is_paid_back() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let (id, holder) = service(&world, &buyer, IdentityType::Business, add_months(date_of(world.now()), 2), &[]).await;
    let order = buyer.act(&world, "POST", &format!("/v1/customer/services/{id}/renewals"), json!({})).await.expect(201).text_at("/orderId");
    let token = world.sign_in(&holder).await;
    let proof = json!({ "confirmation": "REVOKE", "code": world.fresh_code(&holder).await, "password": holder.password });
    let revoked = world.act(&token, "POST", "/v1/selfcare/identity/revocation", proof).await;
    assert!(revoked.status < 300, "{revoked:?}");
    buyer.again(&world).await;
    // What a revocation has made pointless is not charged (rule 36).
    buyer.pay(&world, &order, &method).await.refused(409, "order-obsolete");
    let read = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200);
    let listed = buyer.get(&world, "/v1/customer/orders").await.expect(200);
    for shown in [&read.body, &listed.body["items"][0]] {
        assert_eq!((&shown["state"], &shown["canPay"], &shown["canCancel"]), (&json!("unpaid"), &json!(false), &json!(true)));
    }
    assert!(world.stack.shared.payments.payments().is_empty());
    // Money that was under way all the same.
    beside(&world, &buyer, &order, &method).await;
    run(&world, "jobs.order.expire").await;
    world.stack.shared.payments.heard().await;
    assert_eq!(taken(&world, &order), 0);
    let invoices = world.stack.shared.app.store.invoices(&date_of(world.now()).year().to_string()).await.unwrap();
    assert!(invoices.is_empty(), "nothing was sold");
    let mut seen = BTreeMap::new();
    for subject in world.subjects(&buyer.account).await {
        *seen.entry(subject).or_insert(0) += 1;
    }
    assert!(seen.keys().any(|subject| subject.contains("Rimborso")), "{seen:?}");
}

/// A charge beside us, by the same customer, of which we hear by the provider's message.
async fn beside(world: &World, buyer: &Buyer, order: &str, method: &str) -> String {
    let records = world.stack.shared.app.store.customer(&buyer.owner).await.unwrap().unwrap();
    let amount = records.orders.iter().find(|kept| kept.order_id == order).unwrap().gross_cents;
    let payer = records.payer.unwrap();
    let client = world.stack.shared.app.payments.clone().unwrap();
    let pk = buyer.owner.pk();
    let metadata = [("owner", pk.as_str()), ("order", order), ("attempt", "1")];
    let charge = sportello_payments::Charge {
        customer: &payer,
        method,
        amount,
        currency: "eur",
        off_session: true,
        description: "x",
        metadata: &metadata,
        key: "beside",
        return_url: None,
    };
    let payment = client.charge(&charge).await.unwrap();
    world.stack.shared.payments.heard().await;
    payment.id
}

/// A Professional service that renews by itself, a month before its last day, with the instant of its charge.
async fn automatic(world: &World, buyer: &Buyer, method: &str) -> (String, Account, Date, Timestamp) {
    let expires_on = add_months(date_of(world.now()), 1);
    let (id, holder) = service(world, buyer, IdentityType::Professional, expires_on, &[]).await;
    let body = json!({ "active": true, "paymentMethodId": method });
    buyer.act(world, "PUT", &format!("/v1/customer/services/{id}/auto-renewal"), body).await.expect(204);
    (id, holder, expires_on, sportello_rules::calendar::start_of_day(expires_on - jiff::Span::new().days(7)))
}

/// The charge succeeds and our own commit never happens: the process ends between the two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_that_succeeded_before_our_commit_failed_is_neither_lost_nor_taken_twice() {
    use sportello_tests::door::Door;
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let (id, holder, expires_on, charged_from) = automatic(&world, &buyer, &method).await;
    world.stack.shared.clock.move_to(charged_from).unwrap();
    // Its message stays out too: only the provider's books know.
    world.stack.shared.payments.fail_next(&[Fault::MessageHeld]);
    let mut door = Door::before(&world.stack.shared.dynamodb).await;
    let entry = world.stack.shared.jobs.iter().find(|job| job.spec.id == "jobs.renewal.charge").unwrap();
    let running = tokio::spawn(entry.run(world.app_at(door.address.clone()), json!({}), "r".to_owned()));
    door.somebody().await;
    assert!(world.stack.shared.payments.payments().is_empty(), "nothing is asked before it is written that it may be");
    door.one();
    door.somebody().await;
    let order = buyer.renewals(&world, &id).await.remove(0);
    assert_eq!((taken(&world, &order.order_id), order.order.state), (PRICE, sportello_rules::order::State::Charging));
    running.abort();
    let _ = running.await;
    // Another run of the same job charges nothing, and what became of the charge is found an hour later.
    run(&world, "jobs.renewal.charge").await;
    assert_eq!(world.stack.shared.payments.payments().len(), 1);
    world.pass(2 * 3600).await;
    buyer.again(&world).await;
    assert_eq!(buyer.state(&world, &order.order_id).await, "paid");
    assert_eq!((taken(&world, &order.order_id), world.stack.shared.payments.payments().len()), (PRICE, 1));
    assert_eq!(world.auth(&holder).await.expires_on, Some(add_months(expires_on, 12)));
}

/// The customer switches the renewal off between the job's decision and its commit: nothing is charged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_off_before_the_charge_is_written_charges_nothing() {
    use sportello_tests::door::Door;
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let (id, _, expires_on, charged_from) = automatic(&world, &buyer, &method).await;
    world.stack.shared.clock.move_to(charged_from).unwrap();
    buyer.again(&world).await;
    let mut door = Door::before(&world.stack.shared.dynamodb).await;
    let entry = world.stack.shared.jobs.iter().find(|job| job.spec.id == "jobs.renewal.charge").unwrap();
    let running = tokio::spawn(entry.run(world.app_at(door.address.clone()), json!({}), "r".to_owned()));
    door.somebody().await;
    buyer.act(&world, "PUT", &format!("/v1/customer/services/{id}/auto-renewal"), json!({ "active": false })).await.expect(204);
    door.open();
    running.await.unwrap().unwrap();
    world.pass(2 * 3600).await;
    buyer.again(&world).await;
    assert!(world.stack.shared.payments.payments().is_empty() && buyer.renewals(&world, &id).await.is_empty());
    assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), expires_on.to_string());
}

/// The provider is away at the hour of the charge: it is asked again under the same key, and the customer hears of no failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_automatic_renewal_is_charged_although_the_provider_was_away_at_its_hour() {
    for fault in [Fault::Broken, Fault::NotReached] {
        let world = World::new().await;
        let mut buyer = buyer(&world).await;
        let method = buyer.method(&world, "accepted").await;
        let (id, _, expires_on, charged_from) = automatic(&world, &buyer, &method).await;
        // It may also be the customer's own order that it charges.
        let by_hand = fault == Fault::Broken;
        if by_hand {
            world.move_to(charged_from - jiff::SignedDuration::from_hours(2)).await;
            buyer.again(&world).await;
            let path = format!("/v1/customer/services/{id}/auto-renewal");
            buyer.act(&world, "PUT", &path, json!({ "active": false })).await.expect(204);
            buyer.act(&world, "POST", &format!("/v1/customer/services/{id}/renewals"), json!({})).await.expect(201);
            buyer.act(&world, "PUT", &path, json!({ "active": true, "paymentMethodId": method })).await.expect(204);
        }
        // At its hour, and once more an hour later.
        world.stack.shared.payments.fail_next(&[fault, fault]);
        world.move_to(charged_from).await;
        let order = buyer.renewals(&world, &id).await.remove(0);
        assert_eq!(order.order.state, sportello_rules::order::State::Charging);
        world.pass(3 * 3600).await;
        buyer.again(&world).await;
        assert_eq!(buyer.state(&world, &order.order_id).await, "paid");
        assert_eq!((taken(&world, &order.order_id), world.stack.shared.payments.payments().len()), (PRICE, 1));
        assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), add_months(expires_on, 12).to_string());
        assert!(!world.subjects(&buyer.account).await.iter().any(|subject| subject.contains("non riuscito")));
        let mails = world.mails(&buyer.account).await;
        assert!(!mails.iter().any(|mail| mail.text.contains("Non si rinnova da sé")), "{fault:?}: while it is charged nobody is told that it is not");
    }
}

/// The charge has not reached the provider when the customer thinks better of it: it never does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_that_did_not_arrive_is_not_asked_for_again_once_nobody_wants_it() {
    for change in ["off", "method", "revoked"] {
        let world = World::new().await;
        let mut buyer = buyer(&world).await;
        let (method, other) = (buyer.method(&world, "accepted").await, buyer.method(&world, "paypal").await);
        let (id, holder, expires_on, charged_from) = automatic(&world, &buyer, &method).await;
        world.stack.shared.payments.fail_next(&[Fault::NotReached]);
        world.move_to(charged_from).await;
        buyer.again(&world).await;
        let order = buyer.renewals(&world, &id).await.remove(0).order_id;
        assert_eq!(buyer.state(&world, &order).await, "charging");
        let path = format!("/v1/customer/services/{id}/auto-renewal");
        match change {
            "off" => drop(buyer.act(&world, "PUT", &path, json!({ "active": false })).await.expect(204)),
            "method" => drop(buyer.act(&world, "PUT", &path, json!({ "active": true, "paymentMethodId": other })).await.expect(204)),
            _ => {
                let session = world.sign_in(&holder).await;
                let code = world.fresh_code(&holder).await;
                let revoke = json!({ "password": holder.password, "code": code, "confirmation": "REVOKE" });
                world.act(&session, "POST", "/v1/selfcare/identity/revocation", revoke).await.expect(200);
            }
        }
        world.pass(3 * 3600).await;
        buyer.again(&world).await;
        assert!(world.stack.shared.payments.payments().is_empty(), "{change}: nothing is charged");
        let state = if change == "revoked" { "cancelled" } else { "unpaid" };
        assert_eq!(buyer.state(&world, &order).await, state, "{change}");
        let asked_to_pay = world.subjects(&buyer.account).await.iter().any(|subject| subject.contains("non riuscito"));
        assert_eq!(asked_to_pay, change != "revoked", "{change}");
        if change != "revoked" {
            assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), expires_on.to_string(), "{change}");
            buyer.pay(&world, &order, &other).await.expect(200);
            assert_eq!(taken(&world, &order), PRICE, "{change}: by hand, and once");
        }
    }
}

/// An automatic renewal that was declined leaves an order like any other: who pays it by hand is told what came of it, and by those words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_that_was_declined_is_paid_by_hand_as_any_order_is() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let (declined, good) = (buyer.method(&world, "declined-later").await, buyer.method(&world, "accepted").await);
    let (id, _, expires_on, charged_from) = automatic(&world, &buyer, &declined).await;
    // The customer's own order, placed long before: once it was charged in vain there is as much time as ever.
    world.move_to(charged_from - jiff::SignedDuration::from_hours(24 * 13)).await;
    buyer.again(&world).await;
    let path = format!("/v1/customer/services/{id}/auto-renewal");
    buyer.act(&world, "PUT", &path, json!({ "active": false })).await.expect(204);
    let order = buyer.act(&world, "POST", &format!("/v1/customer/services/{id}/renewals"), json!({})).await.expect(201).text_at("/orderId");
    buyer.act(&world, "PUT", &path, json!({ "active": true, "paymentMethodId": declined })).await.expect(204);
    world.move_to(charged_from).await;
    buyer.again(&world).await;
    let read = buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200);
    let pay_by: Timestamp = read.text_at("/payBy").parse().unwrap();
    assert_eq!((read.text_at("/state"), read.body["automatic"].as_bool()), ("unpaid".into(), Some(true)));
    assert!(pay_by >= charged_from + jiff::SignedDuration::from_hours(24 * 14), "{pay_by}");
    world.stack.shared.payments.fail_next(&[Fault::NotReached]);
    buyer.pay(&world, &order, &good).await.expect(200);
    world.pass(3 * 3600).await;
    buyer.again(&world).await;
    assert_eq!((buyer.state(&world, &order).await.as_str(), taken(&world, &order)), ("unpaid", 0), "nothing is charged behind the customer's back");
    let mails = world.mails(&buyer.account).await;
    let told = mails.iter().find(|mail| mail.subject.contains("non riuscito")).unwrap();
    assert!(!told.text.contains("rinnovo automatico"), "{}", told.text);
    buyer.pay(&world, &order, &good).await.expect(200);
    assert_eq!((taken(&world, &order), buyer.service(&world, &id).await.text_at("/expiry/on")), (PRICE, add_months(expires_on, 12).to_string()));
}

/// The customer's own payment is under way when the renewal falls due, and comes to nothing: the renewal charges then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_by_hand_that_comes_to_nothing_uses_no_automatic_renewal_up() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let (good, slow) = (buyer.method(&world, "accepted").await, buyer.method(&world, "confirmed").await);
    let expires_on = add_months(date_of(world.now()), 1);
    let (id, _) = service(&world, &buyer, IdentityType::Professional, expires_on, &[]).await;
    let charged_from = sportello_rules::calendar::start_of_day(expires_on - jiff::Span::new().days(7));
    world.move_to(charged_from - jiff::SignedDuration::from_mins(10)).await;
    buyer.again(&world).await;
    let order = buyer.act(&world, "POST", &format!("/v1/customer/services/{id}/renewals"), json!({})).await.expect(201).text_at("/orderId");
    // Nobody comes to the bank's page.
    buyer.pay(&world, &order, &slow).await.expect(200);
    let body = json!({ "active": true, "paymentMethodId": good });
    buyer.act(&world, "PUT", &format!("/v1/customer/services/{id}/auto-renewal"), body).await.expect(204);
    world.move_to(charged_from).await;
    assert_eq!(buyer.state(&world, &order).await, "charging");
    world.pass(4 * 3600).await;
    buyer.again(&world).await;
    assert_eq!(buyer.state(&world, &order).await, "paid");
    assert_eq!((taken(&world, &order), buyer.renewals(&world, &id).await.len()), (PRICE, 1));
    assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), add_months(expires_on, 12).to_string());
}

/// After a failed charge whose order was closed the renewal by hand is there, and the holder's list promises no second charge.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_automatic_charge_leaves_a_way_to_renew_also_when_its_order_is_closed() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let (bad, good) = (buyer.method(&world, "declined-later").await, buyer.method(&world, "accepted").await);
    let (id, holder, expires_on, charged_from) = automatic(&world, &buyer, &bad).await;
    let kinds = async || {
        let token = world.sign_in(&holder).await;
        let list = world.get("/v1/selfcare/deadlines", &token).await.expect(200);
        list.body["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(kinds().await.contains(&"renewal-charge".to_owned()));
    world.move_to(charged_from).await;
    world.stack.shared.payments.heard().await;
    let after = kinds().await;
    assert!(!after.contains(&"renewal-charge".to_owned()) && after.contains(&"identity-expiry".to_owned()), "{after:?}");
    buyer.again(&world).await;
    let order = buyer.renewals(&world, &id).await.remove(0).order_id;
    let path = format!("/v1/customer/services/{id}/renewals");
    assert_eq!(buyer.act(&world, "POST", &path, json!({})).await.expect(201).text_at("/orderId"), order, "the open one is answered");
    buyer.act(&world, "POST", &format!("/v1/customer/orders/{order}/cancellation"), json!({})).await.expect(200);
    let body = json!({ "active": true, "paymentMethodId": good });
    buyer.act(&world, "PUT", &format!("/v1/customer/services/{id}/auto-renewal"), body).await.expect(204);
    let another = buyer.act(&world, "POST", &path, json!({})).await.expect(201).text_at("/orderId");
    assert_ne!(another, order);
    buyer.pay(&world, &another, &good).await.expect(200);
    assert_eq!(buyer.service(&world, &id).await.text_at("/expiry/on"), add_months(expires_on, 12).to_string());
}

/// The provider said that it would give the money back, and could not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_fails_afterwards_is_tried_again() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let order = buyer.order(&world, "professional").await;
    buyer.act(&world, "POST", &format!("/v1/customer/orders/{order}/cancellation"), json!({})).await.expect(200);
    let payment = beside(&world, &buyer, &order, &method).await;
    run(&world, "jobs.order.expire").await;
    world.stack.shared.payments.heard().await;
    let refunded = async || buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200).text_at("/refunded");
    assert_eq!(refunded().await, "done");
    let metadata = json!({ "owner": buyer.owner.pk(), "order": order });
    let object = json!({ "id": "re_x", "status": "failed", "payment_intent": payment, "amount": PRICE, "metadata": metadata });
    let event = json!({ "id": "evt_rf", "type": "refund.failed", "created": world.now().as_second(), "data": { "object": object } });
    assert_eq!(message(&world, &event, world.now()).await.expect(200).text_at("/result"), "done");
    assert_eq!(refunded().await, "due");
    assert_eq!(message(&world, &event, world.now()).await.expect(200).text_at("/result"), "known", "once for each message");
    world.pass(3600).await;
    let records = world.stack.shared.app.store.customer(&buyer.owner).await.unwrap().unwrap();
    let kept = records.orders.iter().find(|kept| kept.order_id == order).unwrap();
    assert_eq!(
        (kept.order.refund_attempt(&payment), kept.order.refunds.values().copied().collect::<Vec<_>>()),
        (1, vec![sportello_rules::order::Refund::Done])
    );
    assert_eq!(
        world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Rimborso")).count(),
        2,
        "told again, for it is given back only now"
    );
    let buyer = Buyer { token: world.sign_in_customer(&buyer.account).await, ..buyer };
    let refunded = async || buyer.get(&world, &format!("/v1/customer/orders/{order}")).await.expect(200).text_at("/refunded");
    // Of the first try nothing more is believed, whatever else tells of it; of the second all.
    let told = async |id: &str, number: &str| {
        let mut event = event.clone();
        (event["id"], event["data"]["object"]["metadata"]["refund"]) = (json!(id), json!(number));
        message(&world, &event, world.now()).await.expect(200).text_at("/result")
    };
    assert_eq!((told("evt_rg", "0").await, refunded().await), ("known".into(), "done".into()));
    assert_eq!((told("evt_rh", "1").await, refunded().await), ("done".into(), "due".into()));
}

/// What the provider answers at once is not always the end of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_is_refused_or_pending_is_not_said_to_be_done() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let order = buyer.order(&world, "professional").await;
    buyer.act(&world, "POST", &format!("/v1/customer/orders/{order}/cancellation"), json!({})).await.expect(200);
    let payment = beside(&world, &buyer, &order, &method).await;
    world.stack.shared.payments.refund_next(&["failed", "pending"]);
    let kept = async || {
        let records = world.stack.shared.app.store.customer(&buyer.owner).await.unwrap().unwrap();
        records.orders.into_iter().find(|kept| kept.order_id == order).unwrap().order
    };
    run(&world, "jobs.order.expire").await;
    assert_eq!((kept().await.refund_attempt(&payment), taken(&world, &order)), (1, PRICE));
    run(&world, "jobs.order.expire").await;
    world.stack.shared.payments.heard().await;
    assert_eq!((kept().await.refunds[&payment], taken(&world, &order)), (sportello_rules::order::Refund::Due, 0));
    // After a day the provider has forgotten the key, and only knows that there was a refund.
    world.pass(25 * 3600).await;
    run(&world, "jobs.order.expire").await;
    assert_eq!(kept().await.refunds[&payment], sportello_rules::order::Refund::Due);
    assert!(!world.subjects(&buyer.account).await.iter().any(|subject| subject.contains("Rimborso")));
    let metadata = json!({ "owner": buyer.owner.pk(), "order": order, "refund": "1" });
    let object = json!({ "id": "re_x", "status": "succeeded", "payment_intent": payment, "amount": PRICE, "metadata": metadata });
    let event = json!({ "id": "evt_ru", "type": "refund.updated", "created": world.now().as_second(), "data": { "object": object } });
    assert_eq!(message(&world, &event, world.now()).await.expect(200).text_at("/result"), "done");
    assert_eq!(kept().await.refunds[&payment], sportello_rules::order::Refund::Done);
    assert_eq!(world.subjects(&buyer.account).await.iter().filter(|subject| subject.contains("Rimborso")).count(), 1);
}

/// More payments than the provider lists at once: what became of a charge is found all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_is_found_among_many_others() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let (declined, good) = (buyer.method(&world, "declined").await, buyer.method(&world, "accepted").await);
    let first = buyer.order(&world, "professional").await;
    world.stack.shared.payments.fail_next(&[Fault::AnswerLost]);
    buyer.pay(&world, &first, &good).await.expect(200);
    let other = buyer.order(&world, "business").await;
    for _ in 0..101 {
        buyer.pay(&world, &other, &declined).await.refused(402, "payment-declined");
    }
    world.pass(2 * 3600).await;
    buyer.again(&world).await;
    assert_eq!((buyer.state(&world, &first).await.as_str(), taken(&world, &first)), ("paid", PRICE));
}

/// A payment that began before midnight is heard of after one of the next day: its invoice has the later number, and no earlier date.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_with_a_later_number_has_no_earlier_date() {
    use sportello_tests::door::Door;
    let world = World::at("2026-12-01T20:30:00Z").await;
    let (mut buyer, slow) = (buyer(&world).await, buyer(&world).await);
    let (method, of_slow) = (buyer.method(&world, "accepted").await, slow.method(&world, "accepted").await);
    let order_of_slow = slow.order(&world, "professional").await;
    world.stack.shared.payments.fail_next(&[Fault::AnswerLost]);
    slow.pay(&world, &order_of_slow, &of_slow).await.expect(200);
    world.stack.shared.clock.move_to("2026-12-01T22:59:50Z".parse().unwrap()).unwrap();
    let mut door = Door::before(&world.stack.shared.dynamodb).await;
    let entry = world.stack.shared.jobs.iter().find(|job| job.spec.id == "jobs.order.expire").unwrap();
    let running = tokio::spawn(entry.run(world.app_at(door.address.clone()), json!({}), "r".to_owned()));
    door.somebody().await;
    world.stack.shared.clock.move_to("2026-12-01T23:00:05Z".parse().unwrap()).unwrap();
    buyer.again(&world).await;
    let order = buyer.order(&world, "professional").await;
    buyer.pay(&world, &order, &method).await.expect(200);
    door.open();
    running.await.unwrap().unwrap();
    let invoices = world.stack.shared.app.store.invoices("2026").await.unwrap();
    let issued: Vec<_> = invoices.iter().map(|invoice| (invoice.order_id.as_str(), invoice.issued_on.to_string())).collect();
    assert_eq!(issued, [(order.as_str(), "2026-12-02".to_owned()), (order_of_slow.as_str(), "2026-12-02".to_owned())]);
}

/// A renewal never charges a method that is gone: whoever comes first, the other hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_is_not_removed_while_something_begins_to_use_it() {
    let world = World::new().await;
    let buyer = buyer(&world).await;
    let (id, _) = service(&world, &buyer, IdentityType::Professional, add_months(date_of(world.now()), 2), &[]).await;
    let path = format!("/v1/customer/services/{id}/auto-renewal");
    for _ in 0..8 {
        let method = buyer.method(&world, "accepted").await;
        let (place, body) = (format!("/v1/customer/payment-methods/{method}"), json!({ "active": true, "paymentMethodId": method }));
        let remove = world.send(Request::new("DELETE", &place).token(&buyer.token));
        tokio::join!(remove, buyer.act(&world, "PUT", &path, body));
        let records = world.stack.shared.app.store.customer(&buyer.owner).await.unwrap().unwrap();
        let service = records.services.iter().find(|service| service.service_id == id).unwrap();
        let is_there = records.methods.iter().any(|kept| kept.method_id == method);
        assert!(!service.auto_renewal || is_there, "on, and charges nothing");
        buyer.act(&world, "PUT", &path, json!({ "active": false })).await.expect(204);
    }
}

/// An invoice that was issued names who bought then, in the customer's language of today.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_stays_as_it_was_issued() {
    let world = World::new().await;
    let (buyer, order, _) = bought(&world, "business").await;
    let path = format!("/v1/customer/orders/{order}/invoice");
    let before = world.download(&path, &buyer.token).await;
    let data = json!({ "givenName": "Altra", "familyName": "Persona", "language": "it", "companyName": "Altra S.p.A.", "vatNumber": "00743110157" });
    buyer.act(&world, "PUT", "/v1/customer/account", data).await.expect(204);
    assert_eq!(world.download(&path, &buyer.token).await, before);
    // The next one names who buys now.
    let method = buyer.method(&world, "accepted").await;
    let next = buyer.order(&world, "business").await;
    buyer.pay(&world, &next, &method).await.expect(200);
    let records = world.stack.shared.app.store.customer(&buyer.owner).await.unwrap().unwrap();
    let kept = format!("{:?}", records.orders);
    assert!(!kept.contains("Altra"), "sealed");
}

/// An order whose time is over is in nobody's way, also before the job has ended it; one of another day pays for nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_over_or_of_another_day_neither_holds_up_nor_pays() {
    let world = World::new().await;
    let mut buyer = buyer(&world).await;
    let method = buyer.method(&world, "accepted").await;
    let soon = add_months(date_of(world.now()), 2);
    let (id, holder) = service(&world, &buyer, IdentityType::Professional, soon, &[(CredentialKind::SmartCard, soon)]).await;
    let path = format!("/v1/customer/services/{id}/renewals");
    let first = buyer.act(&world, "POST", &path, json!({})).await.expect(201).text_at("/orderId");
    world.stack.shared.clock.move_to(world.now() + jiff::SignedDuration::from_hours(24 * 14)).unwrap();
    buyer.again(&world).await;
    let second = buyer.act(&world, "POST", &path, json!({})).await.expect(201).text_at("/orderId");
    assert_ne!(first, second);
    buyer.pay(&world, &first, &method).await.refused(409, "order-expired");
    buyer.pay(&world, &second, &method).await.expect(200);
    // A card's renewal is ordered, and the card is given up for another one.
    let card = buyer.act(&world, "POST", &path, json!({ "credential": "smart-card" })).await.expect(201).text_at("/orderId");
    let session = world.forge_session(&holder, Some(sportello_rules::service::Level::L3)).await;
    let code = world.fresh_code(&holder).await;
    world.act(&session, "POST", "/v1/selfcare/credentials/smart-card/revocation", json!({ "code": code })).await.expect(204);
    buyer.again(&world).await;
    buyer.pay(&world, &card, &method).await.refused(409, "order-obsolete");
    let adding = buyer.act(&world, "POST", &format!("/v1/customer/services/{id}/credentials"), json!({ "credential": "smart-card" })).await.expect(201);
    buyer.pay(&world, &adding.text_at("/orderId"), &method).await.expect(200);
    let bought_until = buyer.service(&world, &id).await.text_at("/credentials/0/expiry/on");
    buyer.pay(&world, &card, &method).await.refused(409, "order-obsolete");
    // Money that was under way all the same moves nothing, and comes back.
    beside(&world, &buyer, &card, &method).await;
    assert_eq!(buyer.service(&world, &id).await.text_at("/credentials/0/expiry/on"), bought_until);
    run(&world, "jobs.order.expire").await;
    world.stack.shared.payments.heard().await;
    assert_eq!(taken(&world, &card), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_listed_newest_first_and_no_more_are_taken_than_may_wait() {
    let world = World::new().await;
    let (buyer, other) = (buyer(&world).await, buyer(&world).await);
    let mut placed = Vec::new();
    for _ in 0..world.policy().order.max_open {
        placed.push(buyer.order(&world, "business").await);
        world.pass(1).await;
    }
    buyer.act(&world, "POST", "/v1/customer/orders", json!({ "type": "business" })).await.refused(409, "too-many-orders");
    // Identities that cost nothing are given at once: as many may wait for their activation, and what is paid for does not wait behind them.
    let free = at_once(30, |_| other.act(&world, "POST", "/v1/customer/orders", json!({ "type": "personal" }))).await;
    let given = free.iter().filter(|answer| answer.status == 201).count();
    assert!(free.iter().all(|answer| matches!(answer.status, 201 | 409)), "{free:?}");
    for _ in given..usize::try_from(world.policy().order.max_open).unwrap() {
        other.order(&world, "personal").await;
    }
    other.act(&world, "POST", "/v1/customer/orders", json!({ "type": "minor" })).await.refused(409, "too-many-orders");
    other.order(&world, "business").await;
    let first = buyer.get(&world, "/v1/customer/orders?limit=7").await.expect(200);
    let second = buyer.get(&world, &format!("/v1/customer/orders?limit=20&cursor={}", first.text_at("/next"))).await.expect(200);
    let all = first.body["items"].as_array().unwrap().iter().chain(second.body["items"].as_array().unwrap());
    let listed: Vec<String> = all.map(|order| order["orderId"].as_str().unwrap().to_owned()).collect();
    placed.reverse();
    assert_eq!(listed, placed);
}

/// Walks everything of orders, payments and renewals, each in every way in which it comes to the tables.
pub(crate) async fn walk(world: &World) {
    let mut buyer = buyer(world).await;
    let payments = &world.stack.shared.payments;
    world.send(Request::new("GET", "/v1/customer/offers")).await.expect(200);
    let method = buyer.method(world, "accepted").await;
    let keyed = |path: &str, key: &str, body: Value| Request::new("POST", path).token(&buyer.token).json(body).header("idempotency-key", &format!("\"{key}\""));
    world.send(keyed("/v1/customer/payment-methods", "m", json!({}))).await.expect(201);
    let free = world.send(keyed("/v1/customer/orders", "f", json!({ "type": "personal" }))).await.expect(201).text_at("/serviceId");
    world.send(keyed(&format!("/v1/customer/services/{free}/cancellation"), "g", json!({}))).await.expect(200);
    let order = world.send(keyed("/v1/customer/orders", "o", json!({ "type": "business" }))).await.expect(201).text_at("/orderId");
    world.send(keyed(&format!("/v1/customer/orders/{order}/cancellation"), "c", json!({}))).await.expect(200);
    let order = buyer.order(world, "professional").await;
    buyer.pay(world, &order, &method).await.expect(200);
    buyer.get(world, "/v1/customer/orders").await.expect(200);
    buyer.get(world, &format!("/v1/customer/orders/{order}/invoice")).await.expect(200);
    let soon = add_months(date_of(world.now()), 1);
    let (id, _) = service(world, &buyer, IdentityType::Professional, soon, &[(CredentialKind::SmartCard, soon)]).await;
    let (path, again) = (format!("/v1/customer/services/{id}"), "again");
    let token = world.send(keyed(&format!("{path}/credentials"), again, json!({ "credential": "otp-token" }))).await.expect(201).text_at("/orderId");
    // Its message stays out: whoever comes first gives what was paid for, and here that is who pays.
    payments.fail_next(&[Fault::MessageHeld]);
    buyer.pay(world, &token, &method).await.expect(200);
    world.send(keyed(&format!("{path}/renewals"), "r", json!({}))).await.expect(201);
    // One is heard of by the provider's message, another one is looked up in its books.
    payments.fail_next(&[Fault::AnswerLost, Fault::AnswerLost]);
    let order = buyer.act(world, "POST", &format!("{path}/credentials"), json!({ "credential": "remote-signature" })).await.expect(201).text_at("/orderId");
    buyer.pay(world, &order, &method).await.expect(200);
    payments.let_go();
    payments.heard().await;
    let order = buyer.act(world, "POST", &format!("{path}/renewals"), json!({ "credential": "smart-card" })).await.expect(201).text_at("/orderId");
    buyer.pay(world, &order, &method).await.expect(200);
    world.pass(2 * 3600).await;
    buyer.again(world).await;
    assert_eq!(buyer.state(world, &order).await, "paid");
    // Another service renews by itself: an identity and a credential.
    let (id, _) = service(world, &buyer, IdentityType::Business, soon, &[(CredentialKind::SmartCard, soon)]).await;
    let path = format!("/v1/customer/services/{id}/auto-renewal");
    let spare = buyer.method(world, "paypal").await;
    buyer.act(world, "PUT", &path, json!({ "active": true, "paymentMethodId": method })).await.expect(204);
    world.send(Request::new("DELETE", format!("/v1/customer/payment-methods/{spare}")).token(&buyer.token)).await.expect(204);
    world.pass(32 * 86_400).await;
    payments.heard().await;
}
