//! Proof of the highest active factor, for what needs it besides the password (rules 15, 17).

use sportello_contract::secret::Secret;
use sportello_rules::otp::totp_step;
use sportello_runtime::profile::open_totp;
use sportello_runtime::{Cx, Failure};
use sportello_store::commit::AuthUpdate;
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, SecondFactor};

/// A factor that was proved.
pub(crate) struct Proof(Option<u64>);

impl Proof {
    /// Uses the proof up: a code is never good twice (rule 22).
    pub(crate) fn consume(&self, update: AuthUpdate) -> AuthUpdate {
        match self.0 {
            Some(step) => update.consume_step(step),
            None => update,
        }
    }
}

/// The proof that is needed beside the password; none where it was not given, or is of a factor that these operations do not take.
pub(crate) fn prove(cx: &Cx, owner: &Owner, auth: &AuthRecord, code: Option<&Secret>) -> Result<Option<Proof>, Failure> {
    match auth.second_factor(cx.today()) {
        SecondFactor::None => Ok(Some(Proof(None))),
        SecondFactor::Other => Ok(None),
        SecondFactor::AppCode => {
            let (Some(secret), Some(code)) = (open_totp(cx.keys(), owner, auth)?, code) else { return Ok(None) };
            let step = totp_step(&secret, code.expose(), cx.now, auth.totp_step, &cx.policy().totp);
            Ok(step.map_err(|error| Failure::fault(error.to_string()))?.map(|step| Proof(Some(step))))
        }
    }
}
