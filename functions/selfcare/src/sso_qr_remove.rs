//! POST /v1/selfcare/sso-qr/removal: switches the second factor by QR code off again (rule 45).

use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::identity::Status;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::{AuthRecord, StoredTotp};

use crate::confirmation::{GRANTS_PLAIN, Input, confirm};
use crate::credentials::{guard, tell, write};

/// Switches it off.
pub struct SsoQrRemove;

impl Operation for SsoQrRemove {
    const SPEC: Spec = Spec::post("selfcare.sso-qr.remove", "/v1/selfcare/sso-qr/removal")
        .summary("Switch the second factor by QR code off, confirmed by a code; tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(GRANTS_PLAIN)
        .statuses(&[Status::Active])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::CredentialState, Code::DowngradeGuard, Code::ChangedMeanwhile]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let is_on = |auth: &AuthRecord| auth.totp.as_ref().is_some_and(|app| app.sso_qr);
        if !is_on(&holder.records.auth) {
            return Err(Code::CredentialState.into());
        }
        guard(cx, &holder.records.auth)?;
        let confirmed = confirm(cx, &holder, Self::SPEC.id, input.code.as_ref(), input.password.as_ref()).await?;
        let mut after = confirmed.auth.clone();
        after.totp = after.totp.map(|app| StoredTotp { sso_qr: false, ..app });
        let mut commit = Commit::new();
        commit.update_auth(write(confirmed.update, &confirmed.auth, &after), Code::ChangedMeanwhile);
        tell(cx, &holder.owner, &confirmed.auth, &mut commit, (CredentialKind::OtpApp, CredentialChange::QrOff))?;
        Ok(Reply::after(commit, ()))
    }
}
