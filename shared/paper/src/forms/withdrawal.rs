//! The customer's withdrawal from a Professional or Business identity that is not active yet (rules 62 and 63).

use jiff::civil::Date;

use super::words::{dated, day};
use super::{IdentityKind, Provider};
use crate::error::PaperError;
use crate::language::Language;
use crate::pdf::{About, Document, Field, Signature};

/// Which of the two withdrawals it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Withdrawal {
    /// The right to think better of it, within the days that the law gives (Codice del consumo, from article 52 on).
    WithinDays,
    /// Leaving the contract after those days, without a refund.
    BeyondDays,
}

/// What the withdrawal is pre-filled with.
#[derive(Clone, PartialEq, Eq)]
pub struct WithdrawalForm {
    /// With whom the contract is.
    pub provider: Provider,
    /// Which of the two withdrawals it is.
    pub withdrawal: Withdrawal,
    /// How many days the right lasts.
    pub days: u32,
    /// Until the end of which day, in Rome, the right lasts: holidays may have moved it.
    pub last_day: Date,
    /// The customer's name.
    pub customer_name: String,
    /// The customer's e-mail address.
    pub customer_email: String,
    /// The order.
    pub order_id: String,
    /// The day of the contract.
    pub contract_date: Date,
    /// The service.
    pub service_id: String,
    /// What was bought.
    pub offer: String,
    /// Of which type the identity is.
    pub identity_type: IdentityKind,
    /// The holder's username; none before there is one.
    pub holder_username: Option<String>,
    /// The day on which the form was made, in Rome.
    pub printed_on: Date,
}

/// The withdrawal, as PDF.
///
/// # Errors
/// [`PaperError::Pdf`] or [`PaperError::Font`] when it cannot be written; no value of the form makes it fail.
pub fn withdrawal_form(form: &WithdrawalForm, language: Language) -> Result<Vec<u8>, PaperError> {
    let t = |it, en| language.pick(it, en);
    let title = title(form, language);
    let mut paper = Document::new(&About {
        title: &title,
        provider: &form.provider.name,
        support: &form.provider.support,
        reference_label: t("Ordine", "Order"),
        reference: &form.order_id,
        dated: &dated(form.printed_on, language),
        language,
        date: form.printed_on,
    })?;

    paper.heading(t("Cliente", "Customer"));
    paper.fields(&[
        vec![Field::new(t("Nome e cognome o denominazione", "Name"), &form.customer_name, 7), Field::new(t("E-mail", "E-mail"), &form.customer_email, 5)],
        vec![Field::blank(t("Indirizzo", "Address"), 12)],
    ]);

    paper.heading(t("Contratto", "Contract"));
    let last_day = match form.withdrawal {
        Withdrawal::WithinDays => t("Ultimo giorno per recedere", "Last day to withdraw"),
        Withdrawal::BeyondDays => t("Termine scaduto il", "Period ended on"),
    };
    paper.fields(&[
        vec![
            Field::new(t("Ordine", "Order"), &form.order_id, 4),
            Field::new(t("Data del contratto", "Date of the contract"), day(form.contract_date, language), 4),
            Field::new(last_day, day(form.last_day, language), 4),
        ],
        vec![Field::new(t("Servizio", "Service"), &form.service_id, 4), Field::new(t("Offerta", "Offer"), &form.offer, 8)],
        vec![
            Field::new(t("Tipo di identità", "Type of identity"), form.identity_type.name(language), 4),
            Field::optional(t("Nome utente del titolare", "Holder’s username"), form.holder_username.as_deref(), 8),
        ],
    ]);

    paper.heading(t("Dichiarazione", "Declaration"));
    paper.paragraph(&declaration(form, language));

    paper.heading(t("Che cosa succede dopo", "What happens next"));
    match form.withdrawal {
        Withdrawal::WithinDays => paper.bullets(&[
            t("L’ordine viene annullato e l’identità non potrà più essere attivata.", "The order is cancelled and the identity can no longer be activated."),
            t(
                "Quanto è stato pagato viene rimborsato con lo stesso mezzo di pagamento, nei tempi previsti dall’art.\u{a0}56 del Codice del consumo.",
                "What was paid is refunded by the same means of payment, within the time set by article\u{a0}56 of the Codice del consumo.",
            ),
        ]),
        Withdrawal::BeyondDays => paper.bullets(&[
            t("Il servizio viene cessato e l’identità non potrà più essere attivata.", "The service ends and the identity can no longer be activated."),
            t("Non spetta alcun rimborso, come stabilito dalle condizioni del contratto.", "There is no refund, as the conditions of the contract lay down."),
        ]),
    }

    paper.heading(t("Invio", "Sending"));
    let to = format!("{}: {}.", t("Il modulo si invia a", "Send the form to"), form.provider.forms_to);
    match form.withdrawal {
        Withdrawal::WithinDays => {
            let until = day(form.last_day, language);
            let in_time = match language {
                Language::It => format!("È in tempo se viene inviato entro la fine del giorno {until} (ora italiana): conta il momento dell’invio."),
                Language::En => format!("It is in time when it is sent by the end of {until} (Italian time): what counts is when it is sent."),
            };
            paper.bullets(&[&to, &in_time]);
        }
        Withdrawal::BeyondDays => paper.bullets(&[&to]),
    }

    paper.heading(t("Firma", "Signature"));
    paper.signature(&Signature {
        place: t("Luogo", "Place"),
        date: t("Data", "Date"),
        signer: t("Firma del cliente (solo se il modulo è su carta)", "Signature of the customer (only on paper)"),
    });
    paper.finish()
}

fn title(form: &WithdrawalForm, language: Language) -> String {
    let days = form.days;
    match (form.withdrawal, language) {
        (Withdrawal::WithinDays, Language::It) => format!("Modulo di recesso entro {days} giorni"),
        (Withdrawal::WithinDays, Language::En) => format!("Withdrawal within {days} days"),
        (Withdrawal::BeyondDays, Language::It) => format!("Modulo di recesso oltre {days} giorni"),
        (Withdrawal::BeyondDays, Language::En) => format!("Withdrawal after more than {days} days"),
    }
}

fn declaration(form: &WithdrawalForm, language: Language) -> String {
    let (name, days) = (&form.provider.name, form.days);
    match (form.withdrawal, language) {
        (Withdrawal::WithinDays, Language::It) => format!(
            "Il cliente comunica a {name} di recedere dal contratto indicato sopra entro {days} giorni dalla sua conclusione, senza doverne dare il motivo, \
             secondo gli artt.\u{a0}52 e seguenti del Codice del consumo (d.lgs. 6\u{a0}settembre\u{a0}2005, n.\u{a0}206)."
        ),
        (Withdrawal::WithinDays, Language::En) => format!(
            "The customer informs {name} of withdrawing from the contract above within {days} days of its conclusion, without having to give a reason, \
             under articles\u{a0}52 and following of the Italian consumer code (Codice del consumo, d.lgs. 6\u{a0}September\u{a0}2005, no.\u{a0}206)."
        ),
        (Withdrawal::BeyondDays, Language::It) => format!(
            "Il cliente comunica a {name} di recedere dal contratto indicato sopra secondo le sue condizioni. \
             I {days} giorni per il ripensamento sono trascorsi: il cliente sa che il prezzo pagato non viene rimborsato."
        ),
        (Withdrawal::BeyondDays, Language::En) => format!(
            "The customer informs {name} of withdrawing from the contract above under its conditions. \
             The {days} days of the right of withdrawal have passed: the customer knows that the price paid is not refunded."
        ),
    }
}
