//! The provider's own pages: one on which a payment method is added, one on which a payment is confirmed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::interface::payment_json;
use super::{Manner, Payments, lock};

type Provider = State<Arc<Payments>>;

fn document(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"it\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>body{{font:16px/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}}button{{display:block;width:100%;margin:.5rem 0;padding:.7rem;font:inherit}}</style>\
         <h1>{title}</h1>{body}</html>"
    ))
}

fn gone() -> Response {
    (StatusCode::GONE, document("Pagina non più valida", "<p>Questa pagina è già stata usata, o non è mai esistita.</p>")).into_response()
}

fn choice(body: &Bytes) -> String {
    form_urlencoded::parse(body).find(|(name, _)| name == "choice").map(|(_, value)| value.into_owned()).unwrap_or_default()
}

const CHECKOUT: &str = "<p>Il simulatore del fornitore di pagamenti: nessun dato è vero. Quale metodo si aggiunge?</p><form method=\"post\">\
<button name=\"choice\" value=\"accepted\">Carta che paga sempre</button>\
<button name=\"choice\" value=\"declined\">Carta sempre rifiutata</button>\
<button name=\"choice\" value=\"declined-later\">Carta che paga ora e viene rifiutata al rinnovo automatico</button>\
<button name=\"choice\" value=\"confirmed\">Carta che chiede conferma</button>\
<button name=\"choice\" value=\"paypal\">PayPal</button>\
<button name=\"choice\" value=\"cancel\">Annulla</button></form>";

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

const CONFIRM: &str = "<p>La banca chiede di confermare il pagamento.</p><form method=\"post\">\
<button name=\"choice\" value=\"accept\">Conferma</button><button name=\"choice\" value=\"refuse\">Rifiuta</button></form>";

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
