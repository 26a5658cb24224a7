//! PUT /v1/selfcare/credentials/{credential}/access-notice: switches the mails about accesses with a credential on or off (rule 56).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::credential::{CredentialState, Dates};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::AuthRecord;

/// Switches the mails about accesses.
pub struct AccessNoticeChange;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The credential.
    #[schemars(with = "String", extend("enum" = ["password", "otp-app", "otp-sms", "otp-token", "smart-card", "remote-signature"]))]
    credential: CredentialKind,
    /// Whether each access with it is announced.
    enabled: bool,
}

impl Operation for AccessNoticeChange {
    const SPEC: Spec = Spec::put("selfcare.access-notice.change", "/v1/selfcare/credentials/{credential}/access-notice")
        .summary("Switch the mails about accesses with a credential on or off")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Identities, Action::UpdateItem)])
        .problems(&[Code::NotFound]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let auth = &holder.records.auth;
        let credential = input.credential;
        if !has(auth, credential, cx) {
            return Err(Code::NotFound.into());
        }
        let mut switches = auth.access_notices.clone();
        let changed = if input.enabled { switches.insert(credential) } else { switches.remove(&credential) };
        let mut commit = Commit::new();
        if changed {
            commit.update_auth(Commit::auth(&holder.owner).version(auth.version).access_notices(&switches), Code::ChangedMeanwhile);
        }
        Ok(Reply::after(commit, ()))
    }
}

/// Whether the holder has a credential, active or suspended; everybody has a password.
fn has(auth: &AuthRecord, kind: CredentialKind, cx: &Cx) -> bool {
    let usable = |dates: &Dates| matches!(dates.state(cx.now), CredentialState::Active | CredentialState::Suspended);
    kind == CredentialKind::Password || auth.dated_credentials().any(|(other, dates)| other == kind && usable(dates))
}
