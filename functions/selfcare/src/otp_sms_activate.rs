//! POST /v1/selfcare/credentials/otp-sms: activates codes by SMS, only where the app cannot be used (rules 38, 41).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::credential::Dates;
use sportello_rules::identity::Status;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply, codes};
use sportello_store::record::{SecondFactor, StoredCredential};

use crate::confirmation::{GRANTS, confirm_by};
use crate::credentials::{commit, guard};
use crate::second_factor::Codes;

/// Activates codes by SMS.
pub struct OtpSmsActivate;

/// Why the app cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutApp {
    /// The holder has no smartphone.
    NoSmartphone,
    /// The smartphone does not run the app.
    DeviceNotSupported,
    /// The holder cannot use the app because of a disability.
    Accessibility,
}

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The code that was sent to the mobile on file for this operation.
    code: Secret,
    /// Why the app cannot be used.
    #[expect(dead_code, reason = "the holder declares it; that there is no app is what counts")]
    without_app: WithoutApp,
}

/// Id under which its code is kept.
pub const OTP_SMS_ACTIVATE: &str = "selfcare.otp-sms.activate";

/// Whether messages can be a second factor of this holder: refuses where the app is one, where they are one already, and where the number is a parent's.
///
/// # Errors
/// `app-usable`, `credential-state`, `no-mobile`, `downgrade-guard`.
pub fn allowed(cx: &Cx, holder: &HolderActor) -> Result<(), Failure> {
    let auth = &holder.records.auth;
    guard(cx, auth)?;
    // One that is suspended is reactivated or revoked first.
    if auth.totp.is_some() {
        return Err(Code::AppUsable.into());
    }
    if auth.credentials.iter().any(|c| c.kind == CredentialKind::OtpSms && c.dates.revoked_at.is_none()) {
        return Err(Code::CredentialState.into());
    }
    let profile = Profile::open(cx, &holder.owner, &holder.records.profile)?;
    if codes::mobile(&profile, &cx.policy().code).is_some() { Ok(()) } else { Err(Code::NoMobile.into()) }
}

impl Operation for OtpSmsActivate {
    const SPEC: Spec = Spec::create(OTP_SMS_ACTIVATE, "/v1/selfcare/credentials/otp-sms")
        .summary("Activate codes by SMS where the app cannot be used, by a code to the mobile on file; ends every session and tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(GRANTS)
        .statuses(&[Status::ToActivate, Status::Active])
        .problems(&[Code::ProofRefused, Code::CredentialState, Code::AppUsable, Code::NoMobile, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        allowed(cx, &holder)?;
        let confirmed = confirm_by(cx, &holder, (Self::SPEC.id, ""), SecondFactor::SmsCode, Codes::one(Some(&input.code)), None).await?;
        let mut after = confirmed.auth.clone();
        after.credentials.push(StoredCredential::new(CredentialKind::OtpSms, Dates::active_since(cx.now, None)));
        let (records, update) = (&holder.records, confirmed.update.end_sessions());
        let done = (CredentialKind::OtpSms, CredentialChange::Activated);
        Ok(Reply::after(commit(cx, &holder.owner, records, (&confirmed.auth, &after), update, done)?, ()))
    }
}
