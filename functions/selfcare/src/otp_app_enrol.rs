//! POST /v1/selfcare/credentials/otp-app: begins to enrol the OTP app (rule 41).

use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::credential::CredentialState;
use sportello_rules::identity::Status;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::otp_app::App;
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::confirmation::{GRANTS_PLAIN, Input, confirm};
use crate::credentials::guard;
use crate::enrolment::begin;

/// Begins to enrol an app.
pub struct OtpAppEnrol;

impl Operation for OtpAppEnrol {
    const SPEC: Spec = Spec::create("selfcare.otp-app.enrol", "/v1/selfcare/credentials/otp-app")
        .summary("Begin to enrol the OTP app: its secret as address, text and QR code")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .grants(GRANTS_PLAIN)
        .statuses(&[Status::ToActivate, Status::Active])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::CredentialState, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = App;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<App>, Failure> {
        let auth = &holder.records.auth;
        // An app that is suspended is reactivated or revoked first: taking it away unasked would hide that it was lost.
        if auth.totp.as_ref().is_some_and(|totp| totp.dates.state(cx.now) != CredentialState::Active) {
            return Err(Code::CredentialState.into());
        }
        guard(cx, auth)?;
        let profile = Profile::open(cx, &holder.owner, &holder.records.profile)?;
        let confirmed = confirm(cx, &holder, Self::SPEC.id, input.code.as_ref(), input.password.as_ref()).await?;
        let (update, output) = begin(cx, &holder.owner, &confirmed.auth, &profile, false, confirmed.update)?;
        let mut commit = Commit::new();
        commit.update_auth(update, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, output))
    }
}
