//! Refusals: one stable code each, answered as RFC 9457 problems in Italian or English.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Languages of texts that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Italian, the default: holders are Italian.
    #[default]
    It,
    /// English.
    En,
}

impl Language {
    /// Both languages.
    pub const ALL: [Self; 2] = [Self::It, Self::En];

    /// The tag of the language.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
        }
    }

    /// The language that an `Accept-Language` header prefers among ours; none where it names neither (RFC 9110, 12.5.4).
    #[must_use]
    pub fn from_header(header: &str) -> Option<Self> {
        let mut best: Option<(u32, Self)> = None;
        for range in header.split(',').take(32) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|p| p.strip_prefix("q=")).map_or(Some(1000), thousandths).unwrap_or_default();
            let language = match tag.split('-').next() {
                Some("it" | "*") => Self::It,
                Some("en") => Self::En,
                _ => continue,
            };
            if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

fn thousandths(quality: &str) -> Option<u32> {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let whole: u32 = whole.parse().ok().filter(|w| *w <= 1)?;
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some((whole * 1000 + fraction.parse::<u32>().ok()?).min(1000))
}

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $status:literal $code:literal, $it:literal, $en:literal;)*) => {
        /// Every way in which a request can be refused; the code is stable, the texts are for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$meta])* $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Status of the answer.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The stable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it says to a person.
            #[must_use]
            pub const fn text(self, language: Language) -> &'static str {
                match (self, language) { $((Self::$variant, Language::It) => $it, (Self::$variant, Language::En) => $en,)* }
            }
        }
    };
}

codes! {
    /// The body is no JSON.
    MalformedJson = 400 "malformed-json", "Il corpo della richiesta non è JSON valido.", "The body is not valid JSON.";
    /// The JSON nests too deep.
    JsonTooDeep = 400 "json-too-deep", "Il JSON è annidato troppo in profondità.", "The JSON nests too deep.";
    /// A field stands twice.
    DuplicateField = 400 "duplicate-field", "Un campo compare due volte.", "A field appears twice.";
    /// A field that the operation does not know.
    UnknownField = 400 "unknown-field", "Un campo non è previsto da questa operazione.", "This operation does not know a field.";
    /// A required field misses.
    MissingField = 400 "missing-field", "Manca un campo obbligatorio.", "A required field is missing.";
    /// A field has the wrong type or form.
    InvalidField = 400 "invalid-field", "Un campo ha un tipo o una forma non validi.", "A field has the wrong type or form.";
    /// The operation takes no body.
    BodyNotAllowed = 400 "body-not-allowed", "Questa operazione non accetta un corpo.", "This operation takes no body.";
    /// The cursor was not made here, or is too old.
    CursorInvalid = 400 "cursor-invalid", "Il cursore non è valido o è scaduto: ricominciare dalla prima pagina.", "The cursor is not valid or has expired: start from the first page.";
    /// The Idempotency-Key is not a quoted string of 1 to 255 visible characters.
    IdempotencyKeyInvalid = 400 "idempotency-key-invalid", "L'intestazione Idempotency-Key non è valida.", "The Idempotency-Key header is not valid.";
    /// No session, or one that is over.
    Unauthenticated = 401 "unauthenticated", "Occorre accedere: la sessione manca, è scaduta o è stata chiusa.", "Sign in first: the session is missing, expired or ended.";
    /// Wrong username, password or code, or too many tries; which of them is not told (rule 21).
    SignInRefused = 401 "sign-in-refused", "Accesso non riuscito: credenziali errate o temporaneamente bloccate.", "Sign-in failed: wrong or temporarily locked credentials.";
    /// The password is right, and the account asks for a code of its app too (rule 59).
    CodeRequired = 401 "code-required", "Occorre anche un codice dell'app OTP.", "A code of the OTP app is needed too.";
    /// The current password or the second factor was not proved.
    ProofRefused = 401 "proof-refused", "La password attuale o il codice non sono corretti, oppure i tentativi sono esauriti.", "The current password or the code is wrong, or there are no tries left.";
    /// Wrong username, emergency code, security answer or code, or too many tries; which of them is not told (rules 25-28).
    RecoveryRefused = 401 "recovery-refused", "Recupero non riuscito: dati errati o temporaneamente bloccati.", "Recovery failed: wrong or temporarily locked data.";
    /// The signature or the certificate does not prove the holder; the reason is named (rule 43).
    CertificateRefused = 401 "certificate-refused", "La firma o il certificato non provano l'identità del titolare.", "The signature or the certificate does not prove the holder.";
    /// No such token is to be had, or its two codes do not prove it (rule 41).
    TokenRefused = 422 "token-refused", "Il numero di serie o i due codici non corrispondono a un dispositivo da attivare.", "The serial number or the two codes do not belong to a device that can be activated.";
    /// Somebody has an identity of that type already (rule 28).
    AlreadyHeld = 409 "already-held", "Esiste già un'identità di questo tipo per questa persona.", "This person has an identity of that type already.";
    /// The session's level is below the highest active one (rule 18).
    LevelTooLow = 403 "level-too-low", "Occorre accedere con il livello più alto attivo.", "Sign in with the highest level that is active.";
    /// The identity's status does not allow it.
    StatusNotAllowed = 403 "status-not-allowed", "Lo stato dell'identità non consente questa operazione.", "The identity's status does not allow this operation.";
    /// There is nothing here, or not for the caller (rule 66).
    NotFound = 404 "not-found", "La risorsa non esiste.", "There is no such resource.";
    /// The path has other methods.
    MethodNotAllowed = 405 "method-not-allowed", "Il metodo non è previsto per questo indirizzo.", "This address does not have that method.";
    /// None of the accepted types can be produced.
    NotAcceptable = 406 "not-acceptable", "Nessuno dei formati accettati è disponibile.", "None of the accepted formats is available.";
    /// Another change came first; nothing was done.
    ChangedMeanwhile = 409 "changed-meanwhile", "I dati sono cambiati nel frattempo: nulla è stato modificato, riprovare.", "The data changed meanwhile: nothing was done, try again.";
    /// A request with the same Idempotency-Key is being processed.
    IdempotencyInFlight = 409 "idempotency-in-flight", "Una richiesta con la stessa Idempotency-Key è in corso.", "A request with the same Idempotency-Key is in flight.";
    /// The identity is not revoked yet (rule 62).
    RevokeFirst = 409 "revoke-first", "Prima di cancellare il servizio occorre revocare l'identità.", "Revoke the identity before cancelling the service.";
    /// The residence makes no sense in its country (rule 51).
    ResidenceRefused = 422 "residence-refused", "La residenza non è valida per il Paese indicato.", "The residence is not valid for its country.";
    /// A fiscal code, VAT number or address that cannot be one, or not exactly one of the two codes (rules 25, 28).
    PersonRefused = 422 "person-refused", "Il codice fiscale, la partita IVA o l'indirizzo non sono validi, oppure non è indicato esattamente uno dei due codici.", "The fiscal code, the VAT number or the address is not valid, or not exactly one of the two codes is given.";
    /// Not exactly one of the proofs that are possible was given (rule 26).
    ProofUnclear = 422 "proof-unclear", "Occorre indicare esattamente una delle prove possibili.", "Give exactly one of the possible proofs.";
    /// The pause before another code is not over (rule 31).
    CodeTooSoon = 429 "code-too-soon", "Un codice è appena stato inviato: attendere prima di chiederne un altro.", "A code was just sent: wait before asking for another one.";
    /// The operation or the day has had all its codes (rule 31).
    CodesExhausted = 429 "codes-exhausted", "Non è possibile inviare altri codici per questa operazione o per oggi.", "No more codes can be sent for this operation or today.";
    /// The active factor needs no code to be sent.
    CodeNotNeeded = 409 "code-not-needed", "Il fattore attivo non richiede l'invio di un codice.", "The active factor needs no code to be sent.";
    /// A level was lost a short time ago: what is sensitive waits (rule 44).
    DowngradeGuard = 409 "downgrade-guard", "Un livello è stato perso da poco: questa operazione sarà possibile più tardi.", "A level was lost a short time ago: this operation will be possible later.";
    /// The credential's state does not allow it (rule 44).
    CredentialState = 409 "credential-state", "Lo stato della credenziale non consente questa operazione.", "The credential's state does not allow this operation.";
    /// There is no mobile number on file to which a message could go.
    NoMobile = 409 "no-mobile", "Non c'è un numero di cellulare a cui inviare il codice.", "There is no mobile number to which a code could be sent.";
    /// The app can be used, so messages are not activated (rule 41).
    AppUsable = 409 "app-usable", "I codici via SMS si attivano solo dove l'app non può essere usata.", "Codes by SMS are activated only where the app cannot be used.";
    /// It was not bought (rules 41, 43).
    NotBought = 409 "not-bought", "La credenziale non è stata acquistata.", "The credential was not bought.";
    /// The identity waits for no choice (rule 38).
    NoChoiceDue = 409 "no-choice-due", "Non c'è alcuna scelta da fare.", "There is no choice to make.";
    /// The holder has not suspended the identity, so there is nothing of theirs to lift (rule 34).
    NotSuspended = 409 "not-suspended", "Non c'è una sospensione chiesta dal titolare da togliere.", "There is no suspension by the holder to lift.";
    /// This provider revokes by a signed form only (rule 36).
    RevocationByForm = 409 "revocation-by-form", "La revoca si chiede con il modulo firmato, non in linea.", "Revocation is asked for by the signed form, not online.";
    /// The service was cancelled before.
    AlreadyCancelled = 409 "already-cancelled", "Il servizio è già stato cancellato.", "The service is already cancelled.";
    /// A code was sent, with which the request is to be repeated (rules 15, 31).
    CodeSent = 409 "code-sent", "È stato inviato un codice via SMS: ripetere la richiesta con il codice.", "A code was sent by SMS: repeat the request with it.";
    /// The identity is revoked (rules 59-64).
    IdentityRevoked = 409 "identity-revoked", "L'identità è revocata.", "The identity is revoked.";
    /// The identity is not active yet (rules 60, 64).
    NotActive = 409 "not-active", "L'identità non è ancora attiva.", "The identity is not active yet.";
    /// The identity is suspended (rule 64).
    IdentitySuspended = 409 "identity-suspended", "L'identità è sospesa.", "The identity is suspended.";
    /// Personal and Minor renew by themselves, free of charge (rule 61).
    RenewalIsFree = 409 "renewal-is-free", "Il rinnovo è automatico e gratuito: non c'è nulla da attivare o pagare.", "The renewal is free and automatic: there is nothing to switch or to pay.";
    /// The automatic renewal is on (rule 60).
    RenewalIsAutomatic = 409 "renewal-is-automatic", "Il rinnovo automatico è attivo.", "The automatic renewal is on.";
    /// The expiry is not flagged yet (rule 60).
    NotYetDue = 409 "not-yet-due", "La scadenza è ancora lontana: il rinnovo è possibile da tre mesi prima.", "The expiry is still far away: renewal is possible from three months before.";
    /// There is no expiry date to move.
    DoesNotExpire = 409 "does-not-expire", "Non c'è una scadenza da spostare.", "It does not expire.";
    /// Never level 3 for a Minor (rules 38, 64).
    LevelNotForMinors = 409 "level-not-for-minors", "Il livello 3 non è previsto per i minori.", "Level 3 is not for minors.";
    /// It is not sold (rule 64).
    NotForSale = 409 "not-for-sale", "Non è in vendita.", "It is not for sale.";
    /// A credential of this kind is held already (rule 64).
    CredentialHeld = 409 "credential-held", "Una credenziale di questo tipo c'è già.", "A credential of this kind is held already.";
    /// The order is paid (rule 65).
    AlreadyPaid = 409 "already-paid", "L'ordine è già pagato.", "The order is paid already.";
    /// The order was cancelled (rule 65).
    OrderCancelled = 409 "order-cancelled", "L'ordine è stato annullato.", "The order was cancelled.";
    /// The order was not paid in time (rule 65).
    OrderExpired = 409 "order-expired", "L'ordine non è stato pagato in tempo.", "The order was not paid in time.";
    /// What was ordered cannot be given any more: the service or the credential is gone, or was renewed otherwise.
    OrderObsolete = 409 "order-obsolete", "Ciò che è stato ordinato non si può più fornire: annullare l'ordine.", "What was ordered cannot be given any more: cancel the order.";
    /// A payment of the order is under way (rule 65).
    PaymentInProgress = 409 "payment-in-progress", "Un pagamento dell'ordine è in corso.", "A payment of the order is under way.";
    /// The payment provider took nothing (rule 61).
    PaymentDeclined = 402 "payment-declined", "Il pagamento è stato rifiutato: nulla è stato addebitato.", "The payment was declined: nothing was charged.";
    /// There is no such payment method of this customer.
    PaymentMethodMissing = 409 "payment-method-missing", "Il metodo di pagamento non c'è: aggiungerlo prima.", "There is no such payment method: add it first.";
    /// An automatic renewal charges the payment method.
    PaymentMethodInUse = 409 "payment-method-in-use", "Il metodo di pagamento serve a un rinnovo automatico o a un pagamento in corso.", "The payment method serves an automatic renewal or a payment under way.";
    /// The order has no invoice: it is not paid, or costs nothing.
    NoInvoice = 409 "no-invoice", "L'ordine non ha fattura: non è pagato o è gratuito.", "The order has no invoice: it is not paid, or free of charge.";
    /// The service is cancelled without a form (rule 62).
    CancelDirectly = 409 "cancel-directly", "Per questo servizio non serve un modulo di recesso: si può annullare direttamente.", "This service needs no withdrawal form: it can be cancelled directly.";
    /// The e-mail address leads to another account (rule 50).
    EmailTaken = 409 "email-taken", "L'indirizzo e-mail appartiene già a un altro account.", "The e-mail address belongs to another account already.";
    /// Too many orders wait for their payment.
    TooManyOrders = 409 "too-many-orders", "Troppi ordini attendono il pagamento: pagarli o annullarli prima.", "Too many orders wait for payment: pay or cancel them first.";
    /// The message is not the payment provider's, or too old.
    WebhookRefused = 401 "webhook-refused", "La firma del messaggio non è valida o è troppo vecchia.", "The message's signature is not valid or too old.";
    /// The password is still valid: the ordinary change applies (rule 15).
    PasswordNotExpired = 409 "password-not-expired", "La password non è scaduta: usare il cambio password ordinario.", "The password has not expired: use the ordinary change.";
    /// The password has expired: the separate flow applies (rule 15).
    PasswordExpired = 409 "password-expired", "La password è scaduta: usare la procedura per password scaduta.", "The password has expired: use the expired-password procedure.";
    /// The link or the token was used, is over, or never was.
    LinkNotValid = 410 "link-not-valid", "Il collegamento non è valido, è scaduto o è già stato usato.", "The link is not valid, has expired or was already used.";
    /// The body is too large.
    BodyTooLarge = 413 "body-too-large", "Il corpo della richiesta è troppo grande.", "The body is too large.";
    /// The body's type is not JSON.
    UnsupportedMediaType = 415 "unsupported-media-type", "Il corpo deve essere application/json.", "The body must be application/json.";
    /// The first day of a period is behind its last one (rule 55).
    PeriodRefused = 422 "period-refused", "Il primo giorno del periodo viene dopo l'ultimo.", "The first day of the period comes after the last one.";
    /// A record of an access makes no sense: its instant lies ahead or before what is kept, or a success has a reason of failure (rule 58).
    AccessRefused = 422 "access-refused", "L'accesso non può essere registrato: istante nel futuro o troppo lontano, oppure dati discordanti.", "The access cannot be recorded: its instant lies ahead or too far back, or its data disagree.";
    /// Not an e-mail address that mail can be sent to.
    EmailRefused = 422 "email-refused", "L'indirizzo e-mail non è valido.", "The e-mail address is not valid.";
    /// Data of the customer's account that make no sense: a name, a fiscal code, a VAT number.
    AccountRefused = 422 "account-refused", "Un dato dell'account non è valido.", "A datum of the account is not valid.";
    /// The new password breaks rules, each named (rule 13).
    PasswordRefused = 422 "password-refused", "La nuova password non rispetta tutte le regole.", "The new password breaks one or more rules.";
    /// New password and confirmation differ (rule 17).
    ConfirmationMismatch = 422 "confirmation-mismatch", "La nuova password e la conferma non coincidono.", "The new password and its confirmation differ.";
    /// The Idempotency-Key was used with another request.
    IdempotencyMismatch = 422 "idempotency-mismatch", "La stessa Idempotency-Key è stata usata con un'altra richiesta.", "The Idempotency-Key was used with another request.";
    /// Too many tries from one address.
    TooManyRequests = 429 "too-many-requests", "Troppi tentativi: riprovare più tardi.", "Too many tries: try again later.";
    /// A fault of ours.
    Internal = 500 "internal", "Errore interno.", "Internal error.";
    /// A part that is needed does not answer; nothing was done.
    Unavailable = 503 "unavailable", "Servizio momentaneamente non disponibile: riprovare.", "Temporarily unavailable: try again.";
}

/// One broken rule of several, by stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// Stable code of the rule.
    pub code: String,
    /// What it says to a person.
    pub message: String,
}

/// A refusal on its way to the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which refusal.
    pub code: Code,
    /// JSON pointer-like name of the field at fault.
    pub field: Option<String>,
    /// Every broken rule, where there are several.
    pub violations: Vec<Violation>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, field: None, violations: Vec::new(), retry_after: None }
    }
}

impl Problem {
    /// The same refusal, naming the field at fault.
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The same refusal, naming every broken rule.
    #[must_use]
    pub fn violations(self, violations: Vec<Violation>) -> Self {
        Self { violations, ..self }
    }

    /// The same refusal, saying when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The body of the answer (RFC 9457). A 5xx carries no detail beyond its general text.
    #[must_use]
    pub fn body(&self, language: Language, request_id: &str) -> Value {
        let mut body = json!({
            "type": format!("urn:sportello:problem:{}", self.code.as_str()),
            "title": self.code.text(language),
            "status": self.code.status(),
            "code": self.code.as_str(),
            "requestId": request_id,
        });
        if let Some(object) = body.as_object_mut() {
            if let Some(field) = &self.field {
                object.insert("field".to_owned(), json!(field));
            }
            if !self.violations.is_empty() {
                object.insert("violations".to_owned(), json!(self.violations));
            }
        }
        body
    }
}

/// The shape of a problem answer, for the document.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ProblemDocument {
    /// `urn:sportello:problem:` and the code.
    pub r#type: String,
    /// What happened, in the language asked for.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// The request's id, as in the logs.
    pub request_id: String,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Every broken rule, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violations: Option<Vec<Violation>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(all.len(), Code::ALL.len());
        assert!(all.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }

    #[test]
    fn the_preferred_language_wins() {
        for (header, expected) in [
            ("en", Some(Language::En)),
            ("en-GB,it;q=0.9", Some(Language::En)),
            ("en;q=0.3, it;q=0.9", Some(Language::It)),
            ("de, fr;q=0.5", None),
            ("de, en;q=0.001", Some(Language::En)),
            ("it;q=0", None),
            ("*", Some(Language::It)),
            ("en;q=banana", None),
            ("", None),
        ] {
            assert_eq!(Language::from_header(header), expected, "{header}");
        }
    }

    #[test]
    fn a_problem_names_field_and_rules() {
        let violation = Violation { code: "password-too-short".into(), message: "Too short".into() };
        let body = Problem::from(Code::PasswordRefused).field("new").violations(vec![violation]).body(Language::En, "r1");
        assert_eq!(body["code"], "password-refused");
        assert_eq!(body["status"], 422);
        assert_eq!(body["field"], "new");
        assert_eq!(body["requestId"], "r1");
        assert_eq!(body["violations"][0]["code"], "password-too-short");
        let bare = Problem::from(Code::Internal).body(Language::It, "r2");
        assert_eq!(bare.as_object().map(serde_json::Map::len), Some(5));
    }
}
