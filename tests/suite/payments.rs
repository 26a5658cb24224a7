//! The local stack's payment provider as it is seen over HTTP: its books, the faults that are ordered, the messages that wait.

use serde_json::{Value, json};
use sportello_local::payments::Manner;
use sportello_payments::{Charge, Client, PaymentError, PaymentStatus};
use sportello_tests::{Request, World};

/// A charge of an order that nobody has placed: the product hears of it and lets it be.
fn charge<'a>(customer: &'a str, method: &'a str, metadata: &'a [(&'a str, &'a str)], key: &'a str) -> Charge<'a> {
    Charge { customer, method, amount: 4270, currency: "eur", off_session: true, description: "Identità", metadata, key, return_url: None }
}

async fn books(world: &World) -> Value {
    world.send(Request::new("GET", "/_local/payments")).await.expect(200).body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_faults_and_messages_of_the_provider_are_had_over_http() {
    let world = World::new().await;
    assert_eq!(books(&world).await, json!({ "taken": {}, "held": 0, "payments": [] }));
    let client: Client = world.stack.shared.app.payments.clone().unwrap();
    let customer = client.create_customer("customer", &[]).await.unwrap();
    let method = world.stack.shared.payments.add(&customer, Manner::Accepted, false, &std::collections::BTreeMap::new());

    let order = |body: Value| world.send(Request::new("POST", "/_local/payments/faults").json(body));
    order(json!({ "faults": ["answer-lost", "message-held"] })).await.expect(204);
    for wrong in [json!({ "faults": ["nothing"] }), json!({ "faults": [], "more": 1 }), json!({})] {
        order(wrong).await.expect(400);
    }
    let one = client.charge(&charge(&customer, &method, &[("order", "o-1")], "1")).await;
    assert!(matches!(one, Err(PaymentError::Unknown(_))), "{one:?}");
    let again = client.charge(&charge(&customer, &method, &[("order", "o-1")], "1")).await.unwrap();
    assert_eq!(again.status, PaymentStatus::Succeeded);
    let other = client.charge(&charge(&customer, &method, &[("order", "o-2")], "2")).await.unwrap();
    let kept = books(&world).await;
    assert_eq!((&kept["taken"], &kept["held"]), (&json!({ "o-1": 4270, "o-2": 4270 }), &json!(1)), "the second fault was the repeated request's");

    let released = world.send(Request::new("POST", "/_local/payments/messages").json(json!({}))).await.expect(200);
    assert_eq!((released.body["released"].as_u64(), books(&world).await["held"].as_u64()), (Some(1), Some(0)), "what the product does not know it takes");
    client.refund(&other.id, "refund", &[]).await.unwrap();
    assert_eq!(books(&world).await["taken"], json!({ "o-1": 4270, "o-2": 0 }));
}
