//! Confirming a change of the identity or of a credential: by a code of level 2, or by the password where no such code is active (rules 32, 34, 36, 42, 44).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Grant, Table, grant};
use sportello_runtime::access::HolderActor;
use sportello_runtime::{Cx, Failure, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::record::{AuthRecord, SecondFactor};

use crate::second_factor::{Codes, charged, prove_factor};

/// What a confirmed change of a credential does to the tables.
pub(crate) const GRANTS: &[Grant] =
    &[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)];

/// What a confirmed change of the `AUTH` item alone does to the tables.
pub(crate) const GRANTS_PLAIN: &[Grant] = &[grant(Table::Identities, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)];

/// What a confirmed change that the customer area shows too does to the tables.
pub(crate) const GRANTS_SHOWN: &[Grant] = &[
    grant(Table::Identities, Action::UpdateItem),
    grant(Table::Identities, Action::PutItem),
    grant(Table::Orders, Action::UpdateItem),
    grant(Table::Outbox, Action::PutItem),
];

/// What is proved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    pub code: Option<Secret>,
    /// The password; needed where no second factor is active.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// A change that was confirmed.
pub(crate) struct Confirmed {
    /// The record as the charge found it.
    pub auth: AuthRecord,
    /// A change of it that uses the proof up, clears the tries and rests on the record's version.
    pub update: AuthUpdate,
}

/// Charges a try and looks at the proof of what gives the codes of level 2.
///
/// # Errors
/// `missing-field` for the proof that is needed and was not given, before anything is charged; `proof-refused`.
pub(crate) async fn confirm(
    cx: &Cx,
    holder: &HolderActor,
    operation: &'static str,
    code: Option<&Secret>,
    password: Option<&Secret>,
) -> Result<Confirmed, Failure> {
    confirm_about(cx, holder, (operation, ""), code, password).await
}

/// The same of one value: a code that was sent for another one proves nothing (rule 31).
pub(crate) async fn confirm_about(
    cx: &Cx,
    holder: &HolderActor,
    about: (&'static str, &str),
    code: Option<&Secret>,
    password: Option<&Secret>,
) -> Result<Confirmed, Failure> {
    confirm_by(cx, holder, about, holder.records.auth.otp_factor(cx.now), Codes::one(code), password).await
}

/// A word of the interface, such as a credential or a choice, as a code is bound to it.
pub(crate) fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// The same by one factor, whichever is active.
pub(crate) async fn confirm_by(
    cx: &Cx,
    holder: &HolderActor,
    (operation, about): (&'static str, &str),
    factor: SecondFactor,
    codes: Codes<'_>,
    password: Option<&Secret>,
) -> Result<Confirmed, Failure> {
    let missing = |field: &'static str| Failure::from(Problem::from(Code::MissingField).field(field));
    let (owner, found) = (&holder.owner, &holder.records.auth);
    // The record is a later one than the session was found in: what is active, and whether sessions still hold, must not have changed.
    // What else was read with it, such as the profile or what is due, is written back as it was then.
    let same = |auth: &AuthRecord| auth.version == found.version && auth.otp_factor(cx.now) == found.otp_factor(cx.now);
    let unchanged = |auth: &AuthRecord| if same(auth) { Ok(()) } else { Err(Code::ChangedMeanwhile) };
    let update = |auth: &AuthRecord| Commit::auth(owner).version(auth.version).same_epoch(found.epoch);
    if factor == SecondFactor::None {
        let password = password.ok_or_else(|| missing("password"))?;
        let auth: AuthRecord = throttle::charge_password(cx, owner, Secrets::PASSWORD, password, Code::ProofRefused).await?;
        if !cx.hasher().matches(password.expose(), &auth.salt, &auth.password).await? {
            return Err(refused(cx, holder, &auth, Secrets::PASSWORD)?);
        }
        unchanged(&auth)?;
        let update = update(&auth).clear_password_tries();
        return Ok(Confirmed { auth, update });
    }
    if !codes.are_given() {
        return Err(missing("code"));
    }
    let auth: AuthRecord = throttle::charge_code(cx, owner, charged(factor, operation, Secrets::OTP), Code::ProofRefused).await?;
    unchanged(&auth)?;
    let Some(proof) = prove_factor(cx, owner, &auth, factor, (operation, about), codes)? else {
        return Err(refused(cx, holder, &auth, Secrets::OTP)?);
    };
    let update = proof.consume(update(&auth)).clear_otp_tries();
    Ok(Confirmed { auth, update })
}

fn refused(cx: &Cx, holder: &HolderActor, auth: &AuthRecord, secrets: Secrets) -> Result<Failure, Failure> {
    Ok(Failure::with(Code::ProofRefused, throttle::after_failure(cx, &holder.owner, auth, secrets, Code::ProofRefused)?))
}
