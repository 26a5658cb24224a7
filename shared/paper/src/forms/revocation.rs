//! The request to revoke an identity: downloaded pre-filled, signed, registered by an operator (rule 36).

use jiff::civil::Date;

use super::words::{dated, day};
use super::{IdentityKind, Provider};
use crate::error::PaperError;
use crate::language::Language;
use crate::pdf::{About, Document, Field, Signature};

/// What the request is pre-filled with. What is missing is left to be written by hand.
#[derive(Clone, PartialEq, Eq)]
pub struct RevocationForm {
    /// Who issued the identity.
    pub provider: Provider,
    /// The holder's given name.
    pub given_name: String,
    /// The holder's family name.
    pub family_name: String,
    /// When the holder was born.
    pub birth_date: Option<Date>,
    /// Where the holder was born.
    pub birth_place: Option<String>,
    /// The holder's fiscal code.
    pub fiscal_code: String,
    /// The VAT number of a professional or a company; the field is left out without one.
    pub vat_number: Option<String>,
    /// Of which type the identity is.
    pub identity_type: IdentityKind,
    /// The identity's code; one that was never activated has none.
    pub spid_code: Option<String>,
    /// The SPID e-mail address.
    pub email: Option<String>,
    /// The SPID mobile number.
    pub mobile: Option<String>,
    /// Where the holder lives.
    pub residence: Option<String>,
    /// Number of the identity document on file.
    pub document_number: Option<String>,
    /// What the operator types to find the request.
    pub reference_code: String,
    /// The day on which the form was made, in Rome.
    pub printed_on: Date,
}

/// The request to revoke an identity, as PDF.
///
/// # Errors
/// [`PaperError::Pdf`] or [`PaperError::Font`] when it cannot be written; no value of the form makes it fail.
pub fn revocation_form(form: &RevocationForm, language: Language) -> Result<Vec<u8>, PaperError> {
    let t = |it, en| language.pick(it, en);
    let minor = form.identity_type == IdentityKind::Minor;
    let mut paper = Document::new(&About {
        title: t("Richiesta di revoca dell’identità digitale SPID", "Request to revoke a SPID digital identity"),
        provider: &form.provider.name,
        support: &form.provider.support,
        reference_label: t("Codice di riferimento", "Reference code"),
        reference: &form.reference_code,
        dated: &dated(form.printed_on, language),
        language,
        date: form.printed_on,
    })?;

    paper.heading(t("Titolare", "Holder"));
    let mut codes = vec![Field::new(t("Codice fiscale", "Fiscal code"), &form.fiscal_code, 4)];
    if form.vat_number.is_some() {
        codes.push(Field::optional(t("Partita IVA", "VAT number"), form.vat_number.as_deref(), 4));
    }
    codes.push(Field::optional(
        t("Documento d’identità n.", "Identity document no."),
        form.document_number.as_deref(),
        if form.vat_number.is_some() { 4 } else { 8 },
    ));
    paper.fields(&[
        vec![Field::new(t("Nome", "Given name"), &form.given_name, 6), Field::new(t("Cognome", "Family name"), &form.family_name, 6)],
        vec![
            Field::optional(t("Data di nascita", "Date of birth"), form.birth_date.map(|date| day(date, language)).as_deref(), 4),
            Field::optional(t("Luogo di nascita", "Place of birth"), form.birth_place.as_deref(), 8),
        ],
        codes,
        vec![Field::optional(t("Residenza", "Residence"), form.residence.as_deref(), 12)],
        vec![Field::optional(t("E-mail", "E-mail"), form.email.as_deref(), 7), Field::optional(t("Cellulare", "Mobile"), form.mobile.as_deref(), 5)],
    ]);
    if minor {
        paper.heading(t("Genitore o tutore che firma per il minore", "Parent or guardian who signs for the minor"));
        paper.fields(&[vec![Field::blank(t("Nome e cognome", "Given and family name"), 7), Field::blank(t("Codice fiscale", "Fiscal code"), 5)]]);
    }

    paper.heading(t("Identità da revocare", "Identity to revoke"));
    paper.fields(&[vec![
        Field::new(t("Tipo di identità", "Type of identity"), form.identity_type.name(language), 6),
        Field::optional(t("Codice identificativo SPID", "SPID code"), form.spid_code.as_deref(), 6),
    ]]);

    let name = &form.provider.name;
    paper.heading(t("Richiesta", "Request"));
    paper.lead(&match language {
        Language::It => format!("Chi firma chiede a {name} la revoca definitiva dell’identità indicata sopra, per il motivo seguente:"),
        Language::En => format!("The undersigned asks {name} to revoke the identity above for good, for this reason:"),
    });
    paper.choices(&[
        (t("l’identità non serve più", "the identity is no longer needed"), false),
        (
            t(
                "le credenziali non sono più sotto il controllo del titolare (smarrite, sottratte o note ad altri)",
                "the holder has lost control of the credentials (lost, stolen or known to others)",
            ),
            false,
        ),
        (t("si sospetta un uso fraudolento dell’identità", "fraudulent use of the identity is suspected"), false),
        (t("altro:", "other:"), true),
    ]);

    paper.heading(t("Che cosa comporta la revoca", "What revocation means"));
    paper.bullets(&[
        t(
            "È definitiva: un’identità revocata non si può riattivare. Per averne una nuova occorre una nuova richiesta.",
            "It is final: a revoked identity cannot be reactivated. A new one has to be applied for.",
        ),
        t(
            "Tutte le credenziali collegate, di ogni livello, cessano di funzionare insieme all’identità.",
            "Every credential that belongs to it, of any level, stops working together with the identity.",
        ),
        t("I rinnovi si fermano: nessun addebito viene più eseguito.", "Renewals stop: nothing more is charged."),
    ]);

    paper.heading(t("Firma", "Signature"));
    paper.lead(t(
        "Chi firma dichiara che i dati sono esatti e di avere letto che cosa comporta la revoca.",
        "The undersigned declares that the data are correct and to have read what revocation means.",
    ));
    paper.signature(&Signature {
        place: t("Luogo", "Place"),
        date: t("Data", "Date"),
        signer: if minor {
            t("Firma del genitore o tutore", "Signature of the parent or guardian")
        } else {
            t("Firma del titolare", "Signature of the holder")
        },
    });

    let office = paper.place();
    paper.heading(t("Come consegnare il modulo", "How to hand in the form"));
    paper.bullets(&[
        t(
            "Firmato a mano: si allega una copia leggibile, fronte e retro, di un documento d’identità valido di chi firma.",
            "Signed by hand: attach a legible copy, front and back, of a valid identity document of who signs.",
        ),
        t(
            "Oppure firmato digitalmente (PAdES o CAdES): la copia del documento non serve.",
            "Or signed digitally (PAdES or CAdES): no copy of a document is needed.",
        ),
        &format!("{}: {}.", t("In entrambi i casi si consegna a", "In both cases hand it in to"), form.provider.forms_to),
    ]);

    paper.heading(t("Riservato all’ufficio", "For office use"));
    paper.fields(&[vec![
        Field::blank(t("Ricevuto il", "Received on"), 3),
        Field::blank(t("Operatore", "Operator"), 3),
        Field::blank(t("Identità di chi firma verificata mediante", "Signer’s identity checked by"), 6),
    ]]);
    paper.keep_from(&office);
    paper.finish()
}
