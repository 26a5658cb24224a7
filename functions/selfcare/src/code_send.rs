//! POST /v1/selfcare/codes: sends a code by SMS for an operation that is about to be confirmed (rules 17, 31, 32).

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{Channel, CodePurpose};
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::codes::{self, Sending};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::SecondFactor;

/// Sends a code.
pub struct CodeSend;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The operation that the code will confirm; it is good for no other.
    operation: Confirmable,
}

/// Operations that a code confirms, by their ids.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub enum Confirmable {
    /// Changing the password.
    #[serde(rename = "selfcare.password.change")]
    PasswordChange,
    /// Suspending the identity.
    #[serde(rename = "selfcare.identity.suspend")]
    IdentitySuspend,
    /// Lifting the holder's suspension.
    #[serde(rename = "selfcare.identity.reactivate")]
    IdentityReactivate,
    /// Revoking the identity.
    #[serde(rename = "selfcare.identity.revoke")]
    IdentityRevoke,
}

impl Confirmable {
    const fn id(self) -> &'static str {
        match self {
            Self::PasswordChange => "selfcare.password.change",
            Self::IdentitySuspend => "selfcare.identity.suspend",
            Self::IdentityReactivate => "selfcare.identity.reactivate",
            Self::IdentityRevoke => "selfcare.identity.revoke",
        }
    }
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
        .problems(&[Code::CodeTooSoon, Code::CodesExhausted, Code::CodeNotNeeded]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        let (owner, auth) = (&holder.owner, &holder.records.auth);
        if auth.second_factor(cx.today()) != SecondFactor::SmsCode {
            return Err(Code::CodeNotNeeded.into());
        }
        let sending = Sending { operation: input.operation.id(), value: "", purpose: CodePurpose::Confirmation, channel: Channel::Sms };
        let mut commit = Commit::new();
        let update = codes::send(cx, owner, auth, &sending, Commit::auth(owner).version(auth.version), &mut commit)?;
        commit.update_auth(update, Code::ChangedMeanwhile);
        let valid = SignedDuration::from_mins(i64::from(cx.policy().code.valid_minutes));
        Ok(Reply::after(commit, Output { expires_at: cx.now.saturating_add(valid).unwrap_or(cx.now) }))
    }
}
