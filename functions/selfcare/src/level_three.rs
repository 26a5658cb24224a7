//! Proving level 3 (rule 43): a signature over a challenge, or the certificate of the connection; the person must be the holder.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use sportello_certificate::{Person, Refusal, verify_client, verify_signature};
use sportello_contract::problem::{Code, Language, Problem, Violation};
use sportello_rules::fiscal_code::FiscalCode;
use sportello_rules::service::CredentialKind;
use sportello_runtime::profile::Profile;
use sportello_runtime::trust::TrustFailure;
use sportello_runtime::{Cx, Failure};
use sportello_store::record::AuthRecord;

/// Most characters of a signature: one with a chain of three certificates takes half of it.
const MOST: usize = 14_000;

/// A CMS signature in DER, base64.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Signature(Vec<u8>);

impl TryFrom<String> for Signature {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() || text.len() > MOST {
            return Err("expected a signature of bounded length");
        }
        // What is no base64 is no signature: it is refused like every other that is none.
        Ok(Self(STANDARD.decode(text).unwrap_or_default()))
    }
}

impl JsonSchema for Signature {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Signature".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64", "minLength": 1, "maxLength": MOST })
    }
}

/// What proves level 3.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// A signature over a challenge, by a card or remotely.
    Signature(&'a Signature, &'a str),
    /// The certificate of the connection: a card's.
    Connection,
}

/// What has to be signed to sign in.
#[must_use]
pub fn sign_in_challenge(nonce: &str) -> String {
    format!("sportello/sign-in/{nonce}")
}

/// What has to be signed to replace an expired password: a signature for the one serves not for the other.
#[must_use]
pub fn expired_password_challenge(nonce: &str) -> String {
    format!("sportello/expired-password/{nonce}")
}

/// What has to be signed to activate a credential; it changes with every change of the record.
#[must_use]
pub fn activation_challenge(auth: &AuthRecord) -> String {
    format!("sportello/activation/{}/{}", auth.identity_id, auth.version)
}

/// The person that is proved, who is the holder.
///
/// # Errors
/// `certificate-refused`, naming why; a fault where no authority is configured.
pub fn person(cx: &Cx, profile: &Profile, shown: Shown<'_>) -> Result<Person, Failure> {
    let trust = match cx.app.trust.trust() {
        Ok(trust) => trust,
        // A provider that trusts nobody gives no level 3.
        Err(TrustFailure::NotConfigured) => return Err(refused(cx, Refusal::Untrusted.code(), text(Refusal::Untrusted)).into()),
        Err(error) => return Err(Failure::Fault(error.into())),
    };
    let proved = match shown {
        Shown::Signature(signature, challenge) => verify_signature(&trust, &signature.0, challenge.as_bytes(), cx.now),
        Shown::Connection => match &cx.client_certificate {
            Some(pem) => verify_client(&trust, pem, cx.now),
            None => return Err(refused(cx, "no-certificate", ("Non è stato presentato alcun certificato.", "No certificate was presented.")).into()),
        },
    };
    let person = proved.map_err(|refusal| refused(cx, refusal.code(), text(refusal)))?;
    let code = |text: &str| FiscalCode::parse(text).ok();
    let same = match (code(&person.fiscal_code), profile.fiscal_code.as_deref().and_then(code)) {
        // To the letter: a form of omocodia is given to tell two persons apart.
        (Some(shown), Some(known)) => shown == known,
        _ => false,
    };
    if same {
        Ok(person)
    } else {
        Err(refused(cx, "another-person", ("Il certificato è di un'altra persona.", "The certificate is another person's.")).into())
    }
}

/// Whether a certificate is one that the holder has activated as a credential that is in use; those of before certificates were kept are any of the holder's.
#[must_use]
pub fn is_activated(cx: &Cx, auth: &AuthRecord, person: &Person, kinds: &[CredentialKind]) -> bool {
    let active: Vec<CredentialKind> = auth.active_credentials(cx.now).map(|(kind, _)| kind).filter(|kind| kinds.contains(kind)).collect();
    auth.credentials
        .iter()
        .filter(|credential| active.contains(&credential.kind) && credential.dates.state(cx.now) == sportello_rules::credential::CredentialState::Active)
        .any(|credential| credential.certificate.as_ref().is_none_or(|kept| kept.0 == person.fingerprint))
}

/// The refusal of a certificate, with its reason.
pub fn refused(cx: &Cx, code: &str, (it, en): (&str, &str)) -> Problem {
    let message = match cx.language {
        Language::It => it,
        Language::En => en,
    };
    Problem::from(Code::CertificateRefused).violations(vec![Violation { code: code.to_owned(), message: message.to_owned() }])
}

fn text(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Malformed => ("La firma o il certificato non hanno la forma prevista.", "The signature or the certificate is not of the agreed form."),
        Refusal::WeakAlgorithm => ("L'algoritmo o la chiave non sono accettati.", "The algorithm or the key is not accepted."),
        Refusal::SignatureWrong => ("La firma non è corretta.", "The signature is wrong."),
        Refusal::ContentDiffers => ("È stato firmato qualcos'altro.", "Something else was signed."),
        Refusal::NotYetValid => ("Un certificato non è ancora valido.", "A certificate is not valid yet."),
        Refusal::Expired => ("Un certificato è scaduto.", "A certificate has expired."),
        Refusal::Untrusted => ("Il certificato non è di un'autorità riconosciuta.", "No recognised authority vouches for the certificate."),
        Refusal::Revoked => ("Il certificato è stato revocato.", "The certificate was revoked."),
        Refusal::RevocationUnknown => ("Non è possibile verificare se il certificato è revocato.", "Whether the certificate is revoked cannot be verified."),
        Refusal::WrongUsage => ("Il certificato non è fatto per questo uso.", "The certificate is not made for this use."),
        Refusal::NoFiscalCode => ("Il certificato non riporta un codice fiscale.", "The certificate names no fiscal code."),
        Refusal::MoreThanOneSigner => ("C'è più di un firmatario.", "There is more than one signer."),
    }
}
