//! PUT /v1/selfcare/profile/residence: changes where the holder lives (rule 51).

use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::residence::Residence;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::SealedProfile;

/// Changes the residence.
pub struct ResidenceChange;

impl Operation for ResidenceChange {
    const SPEC: Spec = Spec::put("selfcare.residence.change", "/v1/selfcare/profile/residence")
        .summary("Change the residence; tells by mail")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::ResidenceRefused]);
    type Auth = HolderHighest;
    type Input = Residence;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Residence) -> Result<Reply<()>, Failure> {
        let (owner, records) = (&holder.owner, &holder.records);
        let residence = input.checked()?;
        let mut profile = Profile::open(cx, owner, &records.profile)?;
        let mut commit = Commit::new();
        if profile.residence.as_ref() == Some(&residence) {
            return Ok(Reply::after(commit, ()));
        }
        profile.residence = Some(residence);
        let key = cx.keys().data_key(owner, &records.profile.data_key)?;
        let sealed = profile.seal(&key, owner, cx.entropy())?;
        commit.put_profile(owner, &SealedProfile { sealed, ..records.profile.clone() });
        commit.update_auth(Commit::auth(owner).version(records.auth.version), Code::ChangedMeanwhile);
        let notice = Notice::ResidenceChanged { at: cx.now };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), records.auth.version);
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}
