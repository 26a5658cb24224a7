//! Confirming a change of the identity: by a code of the active second factor, or by the password where none is active (rules 32, 34, 36).

use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_runtime::throttle::Charge;
use sportello_runtime::{Cx, Failure, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, HolderRecords, SecondFactor};

use crate::second_factor::{charged, prove_factor};

/// A change that was confirmed.
pub(crate) struct Confirmed {
    /// The record as the charge found it.
    pub auth: AuthRecord,
    /// A change of it that uses the proof up, clears the tries and rests on the record's version.
    pub update: AuthUpdate,
}

/// Charges a try and looks at the proof.
///
/// # Errors
/// `missing-field` for the proof that is needed and was not given, before anything is charged; `proof-refused`.
pub(crate) async fn confirm(
    cx: &Cx,
    owner: &Owner,
    records: &HolderRecords,
    operation: &'static str,
    password: Option<&Secret>,
    code: Option<&Secret>,
) -> Result<Confirmed, Failure> {
    let missing = |field: &'static str| Failure::from(Problem::from(Code::MissingField).field(field));
    let factor = records.auth.second_factor(cx.today());
    match factor {
        SecondFactor::None => {
            let password = password.ok_or_else(|| missing("password"))?;
            let auth: AuthRecord = throttle::charge_password(cx, owner, Secrets::PASSWORD, password, Code::ProofRefused).await?;
            if !cx.hasher().matches(password.expose(), &auth.salt, &auth.password).await? {
                return Err(refused(cx, owner, &auth, Secrets::PASSWORD)?);
            }
            // The record is a later one than the session was found in: what is active, and whether sessions still hold, must not have changed.
            if auth.second_factor(cx.today()) != factor {
                return Err(Code::ChangedMeanwhile.into());
            }
            let update = Commit::auth(owner).version(auth.version).same_epoch(records.auth.epoch).clear_password_tries();
            Ok(Confirmed { auth, update })
        }
        // Nothing of it can be proved yet: no try is charged for that.
        SecondFactor::Other => Err(Code::ProofRefused.into()),
        SecondFactor::AppCode | SecondFactor::SmsCode => {
            let code = code.ok_or_else(|| missing("code"))?;
            let secrets = charged(factor, operation, Secrets::OTP);
            let auth = match throttle::charge::<AuthRecord>(cx, owner, secrets, Code::ProofRefused).await? {
                Charge::Look(auth) => auth,
                Charge::Refuse(commit) => return Err(Failure::with(Code::ProofRefused, commit)),
            };
            if auth.second_factor(cx.today()) != factor {
                return Err(Code::ChangedMeanwhile.into());
            }
            let Some(proof) = prove_factor(cx, owner, &auth, factor, (operation, ""), Some(code))? else {
                return Err(refused(cx, owner, &auth, Secrets::OTP)?);
            };
            let update = proof.consume(Commit::auth(owner).version(auth.version).same_epoch(records.auth.epoch)).clear_otp_tries();
            Ok(Confirmed { auth, update })
        }
    }
}

fn refused(cx: &Cx, owner: &Owner, auth: &AuthRecord, secrets: Secrets) -> Result<Failure, Failure> {
    Ok(Failure::with(Code::ProofRefused, throttle::after_failure(cx, owner, auth, secrets, Code::ProofRefused)?))
}
