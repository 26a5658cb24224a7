//! PUT /v1/selfcare/otp-mode: chooses what gives the codes of signing in, with proof of the present one (rule 42).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::identity::Status;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::confirmation::{GRANTS_PLAIN, confirm_by, word};
use crate::credentials::{guard, tell};
use crate::second_factor::Codes;

/// Chooses the mode.
pub struct OtpModeChange;

/// What gives codes of level 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The app.
    App,
    /// Messages to the mobile on file.
    Sms,
    /// The physical token.
    Token,
}

impl From<Mode> for CredentialKind {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::App => Self::OtpApp,
            Mode::Sms => Self::OtpSms,
            Mode::Token => Self::OtpToken,
        }
    }
}

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The mode from now on; its credential must be active.
    mode: Mode,
    /// A code of the present mode.
    code: Secret,
}

impl Operation for OtpModeChange {
    const SPEC: Spec = Spec::put("selfcare.otp-mode.change", "/v1/selfcare/otp-mode")
        .summary("Choose what gives the codes of signing in; tells by mail")
        .limit(Limit::GUARDED)
        .charges()
        .grants(GRANTS_PLAIN)
        .statuses(&[Status::ToActivate, Status::Active])
        .problems(&[Code::ProofRefused, Code::CredentialState, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let (auth, mode) = (&holder.records.auth, CredentialKind::from(input.mode));
        if !auth.active_credentials(cx.now).any(|(kind, _)| kind == mode) {
            return Err(Code::CredentialState.into());
        }
        guard(cx, auth)?;
        let confirmed = confirm_by(cx, &holder, (Self::SPEC.id, &word(input.mode)), auth.otp_factor(cx.now), Codes::one(Some(&input.code)), None).await?;
        let mut commit = Commit::new();
        commit.update_auth(confirmed.update.otp_mode(mode), Code::ChangedMeanwhile);
        tell(cx, &holder.owner, &confirmed.auth, &mut commit, (mode, CredentialChange::Chosen))?;
        Ok(Reply::after(commit, ()))
    }
}
