//! POST /v1/selfcare/identity/adult-choice: who has come of age keeps the identity, as a Personal one, or ends it (rule 38).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_rules::identity::{IdentityType, Requirements, Status, SuspensionReason};
use sportello_rules::policy::RevocationPolicy;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply, due, lookup, revocation};
use sportello_store::commit::Commit;
use sportello_store::record::{AuthRecord, SealedProfile};

use crate::confirmation::{confirm_about, word};

/// Makes the choice.
pub struct AdultChoiceMake;

/// What becomes of the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// It is kept, as a Personal one.
    Keep,
    /// It is revoked for good.
    Close,
}

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The choice.
    choice: Choice,
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    code: Option<Secret>,
    /// The password; needed where no second factor is active.
    #[serde(default)]
    password: Option<Secret>,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The identity's status now: active only where no other reason is in force.
    #[schemars(with = "String", extend("enum" = ["active", "suspended", "revoked"]))]
    status: Status,
    /// The identity's type now.
    #[schemars(with = "String", extend("enum" = ["personal", "minor"]))]
    r#type: IdentityType,
}

impl Operation for AdultChoiceMake {
    const SPEC: Spec = Spec::post("selfcare.adult-choice.make", "/v1/selfcare/identity/adult-choice")
        .summary("Who has come of age keeps the identity, as a Personal one, or ends it; tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Outbox, Action::PutItem),
            grant(Table::Lookups, Action::GetItem),
            grant(Table::Lookups, Action::PutItem),
            grant(Table::Lookups, Action::DeleteItem),
        ])
        .statuses(&[Status::Active, Status::Suspended])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::NoChoiceDue, Code::AlreadyHeld, Code::RevocationByForm, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        let owner = &holder.owner;
        // As it is now, whether or not a job has written it down.
        let waits = |auth: &AuthRecord| {
            let state = auth.state.at(cx.now, auth.requirements(), &cx.policy().identity);
            state.suspensions.contains_key(&SuspensionReason::Turned18)
        };
        if !waits(&holder.records.auth) {
            return Err(Code::NoChoiceDue.into());
        }
        if input.choice == Choice::Close && cx.policy().identity.revocation == RevocationPolicy::SignedForm {
            return Err(Code::RevocationByForm.into());
        }
        crate::credentials::guard(cx, &holder.records.auth)?;
        let confirmed = confirm_about(cx, &holder, (Self::SPEC.id, &word(input.choice)), input.code.as_ref(), input.password.as_ref()).await?;
        let auth = &confirmed.auth;
        let mut commit = Commit::new();
        if input.choice == Choice::Close {
            revocation::revoke(&mut commit, owner, auth, confirmed.update, cx.now);
            let notice = Notice::IdentityRevoked { at: cx.now, for_inactivity: false, unused_months: None };
            commit.notice(&revocation::notice_id(owner), owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
            return Ok(Reply::after(commit, Output { status: Status::Revoked, r#type: auth.kind }));
        }
        let mut state = auth.state.lifted(cx.now, auth.requirements(), &cx.policy().identity);
        let _ = state.lift(SuspensionReason::Turned18);
        let shown = state.at(cx.now, Requirements { of_age_on: None, ..auth.requirements() }, &cx.policy().identity);
        commit.update_auth(confirmed.update.clone().state(&state).kind(IdentityType::Personal), Code::ChangedMeanwhile);
        due::suspensions(&mut commit, owner, &holder.records, &state, cx);
        // Whoever looks for the person finds a Personal identity from now on.
        let mut profile = Profile::open(cx, owner, &holder.records.profile)?;
        for hash in lookup::of(cx.keys(), &profile, IdentityType::Personal) {
            if cx.store.person(&hash).await?.is_some_and(|held_by| held_by != *owner) {
                // The proof was right: it is used up, and was no failed try.
                let mut used_up = Commit::new();
                used_up.update_auth(confirmed.update, Code::ChangedMeanwhile);
                return Err(Failure::with(Code::AlreadyHeld, used_up));
            }
        }
        // A number that is the parent's stays known as such: it does not become the grown-up's own second factor (rule 38).
        let parent_mobile = profile.parent_mobile.take_if(|number| profile.mobile.as_ref() != Some(number));
        if parent_mobile.is_some() {
            let key = cx.keys().data_key(owner, &holder.records.profile.data_key)?;
            commit.put_profile(owner, &SealedProfile { sealed: profile.seal(&key, owner, cx.entropy())?, ..holder.records.profile.clone() });
        }
        for hash in lookup::of(cx.keys(), &profile, auth.kind) {
            commit.remove_person(&hash);
        }
        for hash in lookup::of(cx.keys(), &profile, IdentityType::Personal) {
            commit.put_person(&hash, owner, Code::AlreadyHeld);
        }
        if let Some(service) = &auth.service {
            commit.show_kind(service, IdentityType::Personal, shown.status());
        }
        let active = shown.status() == Status::Active;
        let notice = Notice::SuspensionLifted { at: cx.now, reason: SuspensionReason::Turned18, by_itself: false, active };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), auth.version);
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, Output { status: shown.status(), r#type: IdentityType::Personal }))
    }
}
