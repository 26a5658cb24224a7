//! POST /v1/selfcare/unlocks/{token}: confirms the unlocking link of a mail: signing in is possible again (rule 21).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::Anyone;
use sportello_runtime::link;
use sportello_runtime::link::Link;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::HolderRecords;

/// Confirms the link.
pub struct UnlockByLink;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The last part of the link.
    token: Secret,
}

/// The link of a lock, whichever lock it is of.
pub(crate) async fn unlocking(cx: &Cx, token: &Secret) -> Result<(Link, HolderRecords, Purpose), Failure> {
    let of_recovery = Token::open(token.expose(), Purpose::UnlockRecovery, OwnerKind::Holder, cx.keys()).is_some();
    let purpose = if of_recovery { Purpose::UnlockRecovery } else { Purpose::Unlock };
    let (link, records) = link::holder(cx, token, purpose).await?;
    Ok((link, records, purpose))
}

impl Operation for UnlockByLink {
    const SPEC: Spec = Spec::post("selfcare.unlock.by-link", "/v1/selfcare/unlocks/{token}")
        .summary("Confirm the unlocking link: signing in is possible again")
        .nothing()
        .limit(Limit::GUARDED)
        .idempotent()
        .grants(&[
            grant(Table::Identities, Action::Query),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::LinkNotValid, Code::TooManyRequests]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let (link, records, what) = unlocking(cx, &input.token).await?;
        let owner = link.owner();
        let mut commit = Commit::new();
        link::unlock(cx, &mut commit, &link, &records.used)?;
        let update = Commit::auth(&owner).version(records.auth.version);
        // The link of one lock opens no other: it must not hand a guesser fresh tries elsewhere.
        let update = if what == Purpose::Unlock { update.clear_password_tries().clear_otp_tries() } else { update.clear_recovery_tries() };
        commit.update_auth(update, Code::ChangedMeanwhile);
        let notice = Notice::SignInUnlocked { at: cx.now };
        commit.notice(&format!("{}#{}", notice.kind(), link.nonce()), &owner, notice.to_json()?, cx.now, Code::LinkNotValid);
        Ok(Reply::after(commit, ()))
    }
}
