//! POST /v1/selfcare/codes: sends a code by SMS for an operation that is about to be confirmed (rules 17, 31, 32).

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{Channel, CodePurpose};
use sportello_rules::credential::CredentialState;
use sportello_rules::service::CredentialKind;
use sportello_rules::throttle::Gate;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::codes::{self, Sending};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::{SecondFactor, StoredCredential};

use crate::otp_sms_activate::allowed;

/// Sends a code.
pub struct CodeSend;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The operation that the code will confirm; it is good for no other.
    operation: Confirmable,
    /// What of the operation it will confirm, and nothing else: the `credential`, the `choice` or the `mode`, for an operation that has one.
    #[serde(default)]
    #[schemars(length(max = 32))]
    about: Option<String>,
}

macro_rules! confirmable {
    ($($(#[$meta:meta])* $variant:ident = $id:literal;)*) => {
        /// Operations that a code confirms, by their ids.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
        pub enum Confirmable { $($(#[$meta])* #[serde(rename = $id)] $variant,)* }

        impl Confirmable {
            const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }
        }
    };
}

confirmable! {
    /// Changing the password.
    PasswordChange = "selfcare.password.change";
    /// Suspending the identity.
    IdentitySuspend = "selfcare.identity.suspend";
    /// Lifting the holder's suspension.
    IdentityReactivate = "selfcare.identity.reactivate";
    /// Revoking the identity.
    IdentityRevoke = "selfcare.identity.revoke";
    /// Choosing what becomes of a minor's identity.
    AdultChoice = "selfcare.adult-choice.make";
    /// Suspending a credential.
    CredentialSuspend = "selfcare.credential.suspend";
    /// Taking a credential into use again; the messages too.
    CredentialReactivate = "selfcare.credential.reactivate";
    /// Revoking a credential.
    CredentialRevoke = "selfcare.credential.revoke";
    /// Enrolling the app.
    OtpAppEnrol = "selfcare.otp-app.enrol";
    /// Switching the second factor by QR code off.
    SsoQrRemove = "selfcare.sso-qr.remove";
    /// Activating messages.
    OtpSmsActivate = "selfcare.otp-sms.activate";
    /// Choosing what gives the codes.
    OtpModeChange = "selfcare.otp-mode.change";
    /// Activating a credential of level 3.
    L3Activate = "selfcare.l3.activate";
    /// Activating a physical token.
    OtpTokenActivate = "selfcare.otp-token.activate";
}

/// A code that is on its way.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// From this instant on it is good no more.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for CodeSend {
    const SPEC: Spec = Spec::create("selfcare.code.send", "/v1/selfcare/codes")
        .summary("Send a code by SMS for an operation that is about to be confirmed")
        .limit(Limit::GUARDED)
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[
            Code::CodeTooSoon,
            Code::CodesExhausted,
            Code::CodeNotNeeded,
            Code::ProofRefused,
            Code::AppUsable,
            Code::CredentialState,
            Code::NoMobile,
            Code::DowngradeGuard,
        ]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        let (owner, auth) = (&holder.owner, &holder.records.auth);
        let suspended = |c: &StoredCredential| c.kind == CredentialKind::OtpSms && c.dates.state(cx.now) == CredentialState::Suspended;
        match input.operation {
            Confirmable::OtpSmsActivate => allowed(cx, &holder)?,
            // Whoever has suspended the messages gets one to show that they come again.
            Confirmable::CredentialReactivate if auth.credentials.iter().any(suspended) => {}
            _ if auth.otp_factor(cx.now) == SecondFactor::SmsCode => {}
            _ => return Err(Code::CodeNotNeeded.into()),
        }
        // While codes are not looked at there is no use in one.
        if auth.otp_throttle().gate(&cx.policy().throttle, cx.now) != Gate::Open {
            return Err(Code::ProofRefused.into());
        }
        let sending = Sending { operation: input.operation.id(), value: input.about.as_deref().unwrap_or_default(), purpose: CodePurpose::Confirmation, channel: Channel::Sms };
        let mut commit = Commit::new();
        let update = codes::send(cx, owner, auth, &sending, Commit::auth(owner).version(auth.version), &mut commit)?;
        commit.update_auth(update, Code::ChangedMeanwhile);
        let valid = SignedDuration::from_mins(i64::from(cx.policy().code.valid_minutes));
        Ok(Reply::after(commit, Output { expires_at: cx.now.saturating_add(valid).unwrap_or(cx.now) }))
    }
}
