//! The provider's own pages: one on which a payment method is added, one on which a payment is confirmed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::interface::payment_json;
use super::{Manner, Payments, lock};

type Provider = State<Arc<Payments>>;

/// The style of the local stack's pages: these are at another address, and load nothing.
const STYLE: &str = include_str!("../../pages/style.css");

fn document(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"it\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"no-referrer\"><title>{title} – Simulatore dei pagamenti</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\
         <body><header><div><strong>Simulatore dei pagamenti <span class=\"soft\">stack locale</span></strong></div></header>\
         <main class=\"narrow\"><div class=\"card\"><h1>{title}</h1>{body}</div>\
         <p class=\"soft small\">Sta al posto delle pagine del fornitore: nessun dato è vero e nessun denaro si muove.</p></main></body></html>"
    ))
}

/// Who opens the provider's address learns what it is, and what it has in its books.
pub(super) async fn home(State(payments): Provider) -> Html<String> {
    let row = |payment: &super::Payment| {
        let (euros, cents) = (payment.amount / 100, payment.amount % 100);
        let state = if payment.refunded { "refunded" } else { &payment.status };
        format!("<tr><td><code>{}</code></td><td>{euros},{cents:02} €</td><td>{state}</td></tr>", payment.id)
    };
    let rows: String = payments.payments().iter().rev().map(row).collect();
    let rows = if rows.is_empty() { "<tr><td colspan=\"3\" class=\"soft\">Ancora nessuno.</td></tr>".to_owned() } else { rows };
    let head = "<thead><tr><th scope=\"col\">Pagamento</th><th scope=\"col\">Importo</th><th scope=\"col\">Stato</th></tr></thead>";
    document(
        "Pagamenti",
        &format!("<p>Alle sue pagine arriva chi aggiunge un metodo di pagamento o conferma un addebito.</p><table>{head}<tbody>{rows}</tbody></table>"),
    )
}

fn gone() -> Response {
    (StatusCode::GONE, document("Pagina non più valida", "<p>Questa pagina è già stata usata, o non è mai esistita.</p>")).into_response()
}

fn choice(body: &Bytes) -> String {
    form_urlencoded::parse(body).find(|(name, _)| name == "choice").map(|(_, value)| value.into_owned()).unwrap_or_default()
}

const CHECKOUT: &str = "<p>Quale metodo si aggiunge?</p><form method=\"post\" class=\"row\">\
<button name=\"choice\" value=\"accepted\">Carta che paga sempre</button>\
<button name=\"choice\" value=\"declined\">Carta sempre rifiutata</button>\
<button name=\"choice\" value=\"declined-later\">Carta che paga ora e viene rifiutata al rinnovo automatico</button>\
<button name=\"choice\" value=\"confirmed\">Carta che chiede conferma</button>\
<button name=\"choice\" value=\"paypal\">PayPal</button>\
<button name=\"choice\" value=\"cancel\">Annulla, senza aggiungere nulla</button></form>";

pub(super) async fn checkout(State(payments): Provider, Path(id): Path<String>) -> Response {
    if lock(&payments.kept).sessions.get(&id).is_none_or(|session| session.done) {
        return gone();
    }
    document("Aggiungi un metodo di pagamento", CHECKOUT).into_response()
}

pub(super) async fn checked_out(State(payments): Provider, Path(id): Path<String>, body: Bytes) -> Response {
    let (manner, paypal) = match choice(&body).as_str() {
        "accepted" => (Some(Manner::Accepted), false),
        "declined" => (Some(Manner::Declined), false),
        "declined-later" => (Some(Manner::DeclinedLater), false),
        "confirmed" => (Some(Manner::Confirmed), false),
        "paypal" => (Some(Manner::Accepted), true),
        _ => (None, false),
    };
    let session = payments.change(|kept| {
        let session = kept.sessions.get_mut(&id).filter(|session| !session.done)?;
        session.done = manner.is_some();
        Some(session.clone())
    });
    let Some(session) = session else { return gone() };
    match manner {
        None => Redirect::to(&session.cancel_url).into_response(),
        Some(manner) => {
            payments.add(&session.customer, manner, paypal, &session.metadata);
            Redirect::to(&session.success_url).into_response()
        }
    }
}

const CONFIRM: &str = "<p>La banca chiede di confermare il pagamento.</p><form method=\"post\" class=\"row\">\
<button class=\"main\" name=\"choice\" value=\"accept\">Conferma</button><button name=\"choice\" value=\"refuse\">Rifiuta</button></form>";

pub(super) async fn confirm(State(payments): Provider, Path(id): Path<String>) -> Response {
    if lock(&payments.kept).payments.get(&id).is_none_or(|payment| payment.status != "requires_action") {
        return gone();
    }
    document("Conferma il pagamento", CONFIRM).into_response()
}

pub(super) async fn confirmed(State(payments): Provider, Path(id): Path<String>, body: Bytes) -> Response {
    let accepted = choice(&body) == "accept";
    let payment = payments.change(|kept| {
        let payment = kept.payments.get_mut(&id).filter(|payment| payment.status == "requires_action")?;
        if accepted {
            "succeeded".clone_into(&mut payment.status);
        } else {
            "requires_payment_method".clone_into(&mut payment.status);
            payment.error = Some("payment_intent_authentication_failure".to_owned());
        }
        Some(payment.clone())
    });
    let Some(payment) = payment else { return gone() };
    let kind = if accepted { "payment_intent.succeeded" } else { "payment_intent.payment_failed" };
    payments.tell(kind, &payment_json(&payments, &payment), 1);
    match payment.return_url {
        Some(url) => Redirect::to(&url).into_response(),
        None => document("Fatto", "<p>Il pagamento è stato aggiornato.</p>").into_response(),
    }
}
