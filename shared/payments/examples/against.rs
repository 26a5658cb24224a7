//! The client against a Stripe-shaped server that somebody else wrote; `.ci/payments` starts one. Nothing here is part of the product.
//!
//! `against URL customer` makes a customer and prints its id.
//! `against URL pay CUSTOMER CARD DECLINED ASKING PORT SECRET` charges three cards of that customer and hears the server's messages at a port.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sportello_payments::{Charge, Client, Event, EventKind, MethodKind, PaymentError, PaymentStatus, Secret, Settings, WebhookError, verify};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

type Outcome = Result<(), Box<dyn Error>>;

const CENTS: u64 = 4270;

fn client(url: &str, key: &str) -> Client {
    Client::new(Settings { base_url: url.to_owned(), key: Secret::new(key), timeout: Duration::from_secs(10) })
}

/// Ends the run with what was expected, where it is not so.
fn expect(holds: bool, what: &str, found: &dyn std::fmt::Debug) -> Outcome {
    if !holds {
        return Err(format!("expected {what}, found {found:?}").into());
    }
    println!("  {what}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [url, "customer"] => {
            println!("{}", client(url, "sk_test_sportello").create_customer("customer", &[("owner", "c#1")]).await?);
            Ok(())
        }
        [url, "pay", customer, card, declined, asking, port, secret] => {
            let events = listen(port.parse()?, Secret::new(*secret)).await?;
            pay(&client(url, "sk_test_sportello"), customer, card, declined, asking).await?;
            let refused = client(url, "none").payment("pi_1").await;
            expect(matches!(refused, Err(PaymentError::Rejected { status: 401, .. })), "a wrong key is refused", &refused)?;
            heard(&events).await
        }
        _ => Err("against URL customer | against URL pay CUSTOMER CARD DECLINED ASKING PORT SECRET".into()),
    }
}

async fn pay(client: &Client, customer: &str, card: &str, declined: &str, asking: &str) -> Outcome {
    let metadata = [("order", "o-1"), ("attempt", "1")];
    // The server takes no description and no address to come back to: without them it is charged as at a renewal.
    let charge = Charge {
        customer,
        method: card,
        amount: CENTS,
        currency: "eur",
        off_session: true,
        description: "",
        metadata: &metadata,
        key: "o-1-1",
        return_url: None,
    };
    let method = client.method(card).await?;
    let of_card = matches!(&method.kind, MethodKind::Card { brand, last4, .. } if brand == "visa" && last4 == "4242");
    expect(of_card && method.customer.as_deref() == Some(customer), "the card is the customer's", &method)?;

    let paid = client.charge(&charge).await?;
    let is_paid = paid.status == PaymentStatus::Succeeded && paid.amount == CENTS && paid.metadata.get("order").map(String::as_str) == Some("o-1");
    expect(is_paid, "a card is charged off session", &paid)?;
    let read = client.payment(&paid.id).await?;
    expect(read == paid, "the payment is read as it was answered", &read)?;
    let called_off = client.cancel(&paid.id).await?;
    expect(called_off == paid, "what is paid is not called off", &called_off)?;

    let no = client.charge(&Charge { method: declined, key: "o-1-2", ..charge }).await;
    expect(matches!(&no, Err(PaymentError::Declined { code, .. }) if code == "card_declined"), "a card is declined", &no)?;

    let asked = client.charge(&Charge { method: asking, key: "o-1-3", ..charge }).await?;
    expect(matches!(asked.status, PaymentStatus::RequiresAction { .. }), "a card asks for its owner", &asked)?;
    let called_off = client.cancel(&asked.id).await?;
    expect(called_off.status == PaymentStatus::Canceled, "who does not come is not waited for", &called_off)?;

    let missing = client.charge(&Charge { method: "pm_none", key: "o-1-4", ..charge }).await;
    expect(matches!(missing, Err(PaymentError::Rejected { status: 404, .. })), "a card that there is not is not charged", &missing)?;
    client.refund(&paid.id, "refund-o-1", &metadata).await?;
    client.detach(card, "detach").await?;
    let method = client.method(card).await?;
    expect(method.customer.is_none(), "a payment is given back and a card forgotten", &method)
}

/// Hears messages; what they are, or why they are none.
async fn listen(port: u16, secret: Secret) -> Result<mpsc::Receiver<Result<Event, WebhookError>>, Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let (send, receive) = mpsc::channel();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = connection.read(&mut buffer).await {
                bytes.extend(buffer.iter().take(count));
                if let Some((signature, body)) = message(&bytes) {
                    drop(send.send(verify(&signature, body, std::slice::from_ref(&secret), now(), SignedDuration::from_secs(60))));
                    drop(connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await);
                    break;
                }
            }
        }
    });
    Ok(receive)
}

#[expect(clippy::disallowed_methods, reason = "somebody else's process signs by the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The signature and the body, once all of it has come.
fn message(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let header = |name: &str| head.lines().filter_map(|line| line.split_once(": ")).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let body = bytes.get(end..)?;
    let length: usize = header("content-length")?.parse().ok()?;
    (body.len() == length).then(|| (header("stripe-signature").unwrap_or_default().to_owned(), body))
}

async fn heard(events: &mpsc::Receiver<Result<Event, WebhookError>>) -> Outcome {
    let (mut paid, mut declined) = (false, false);
    for _ in 0..100 {
        while let Ok(event) = events.try_recv() {
            match event?.kind {
                EventKind::PaymentSucceeded(payment) => paid |= payment.amount == CENTS && payment.status == PaymentStatus::Succeeded,
                EventKind::PaymentFailed(payment) => declined |= payment.status == PaymentStatus::Failed { code: "card_declined".to_owned() },
                EventKind::SetupSucceeded { .. } | EventKind::Refunded { .. } | EventKind::RefundFailed { .. } | EventKind::Other => {}
            }
        }
        if paid && declined {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    expect(paid && declined, "its messages are signed as we verify them", &(paid, declined))
}
